/**
 * Holds the source to its architecture: who may import whom, which files are pure, which package stands where.
 *
 *     deno run --allow-read scripts/check_layers.ts [ROOT]
 *
 * Prints each violation as `file:line: what is wrong` and exits 1 if there is one.
 */

import { dirname, join, normalize } from "node:path/posix";
import { readEffects } from "./source/effects.ts";
import { type ModuleImport, readImports } from "./source/imports.ts";
import { tokenize, UnreadableSource } from "./source/tokens.ts";

interface Layer {
  readonly name: string;
  /** Pure files hold no effect, and a pure layer imports only pure layers. */
  readonly pure: boolean;
  /** Below src/: a folder ends in "/"; "audit/sink" is audit/sink.ts and audit/sink_file.ts. The longest that fits wins. */
  readonly files: readonly string[];
  /** Besides its own files and those of the ground, which everyone may import. */
  readonly mayImport: readonly string[];
}

/**
 * The layers, in the order of the data. A new file in a folder of the core is pure until it is named here as an
 * exception; a new folder must be placed here before it can be used.
 */
// deno-fmt-ignore
export const layers: readonly Layer[] = [
  //     name           holds      files below src/                     may import
  layer("ground",      "pure",    "errors.ts limits.ts version.ts",     ""),
  layer("wire",        "pure",    "wire/",                              ""),
  layer("mcp",         "pure",    "mcp/",                               "wire"),
  layer("policy",      "pure",    "policy/",                            "wire mcp"),
  layer("audit",       "pure",    "audit/",                             "wire mcp policy"),
  layer("session",     "pure",    "proxy/",                             "wire mcp policy audit"),
  layer("channel",     "pure",    "transport/channel.ts",               "wire mcp"),
  layer("containment", "pure",    "supervisor/containment.ts",          ""),
  layer("files",       "effects", "private_file.ts",                    ""),
  layer("sink",        "effects", "audit/sink",                         "wire audit files"),
  layer("state",       "effects", "state/",                             "policy files"),
  layer("transport",   "effects", "transport/",                         "wire mcp channel"),
  layer("client",      "effects", "client/",                            "wire mcp channel"),
  layer("supervisor",  "effects", "supervisor/",                        "containment"),
  layer("permissions", "effects", "permissions.ts",                     ""),
  layer("memory",      "effects", "memory.ts",                          ""),
  layer("relay",       "effects", "proxy/relay",                        "wire mcp policy audit session channel sink state"),
  layer("cli",         "effects", "cli/",                               "wire mcp policy audit session channel sink " +
                                                                        "relay state transport client containment supervisor " +
                                                                        "permissions memory"),
];

/** Which package may be imported where. What is not named may not be imported: no development package gets in. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  "zod": ["policy/document", "policy/schema"],
  "yaml": ["policy/document", "policy/yaml"],
  "re2js": ["policy/pattern"],
  "commander": ["cli/"],
  "@logtape/logtape": ["cli/"],
};

/** Functions of Node's modules that depend on their arguments alone. */
const pureNodeNames: Readonly<Record<string, readonly string[]>> = {
  "node:crypto": ["hash", "createHash", "createHmac"],
  "node:buffer": ["Buffer", "isUtf8"],
};

function layer(name: string, holds: "pure" | "effects", files: string, mayImport: string): Layer {
  const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
  return { name, pure: holds === "pure", files: words(files), mayImport: words(mayImport) };
}

/** A source file: its path from the root ("src/wire/frame.ts") and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Something that must not be, and where. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/**
 * Every violation in `files`, in their order; empty where all is well.
 *
 * ```ts
 * import { findViolations } from "./check_layers.ts";
 *
 * const text = 'import { decide } from "../policy/decide.ts";';
 * const [found] = findViolations([{ path: "src/wire/frame.ts", text }]);
 * console.assert(found.message === 'wire may not import policy ("../policy/decide.ts")');
 * ```
 */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    try {
      const tokens = tokenize(file.text);
      const imports = readImports(tokens);
      if (file.path === "mod.ts") return checkEntryPoint(file.path, imports);
      const layer = layerOf(file.path);
      if (layer === undefined) return [{ path: file.path, line: 1, message: noLayer }];
      const found = imports.flatMap((one) => checkImport(file.path, layer, one));
      if (!layer.pure) return found;
      return found.concat(
        readEffects(tokens).map(({ what, because, line }) => {
          return { path: file.path, line, message: `"${what}" in a pure file: ${because}` };
        }),
      );
    } catch (error) {
      if (!(error instanceof UnreadableSource)) throw error;
      return [{ path: file.path, line: error.line, message: `cannot read it: ${error.message}` }];
    }
  });
}

const noLayer = "belongs to no layer: give its folder a place in scripts/check_layers.ts";

/** mod.ts: the public face of the pure core. To import it must do nothing; what a program needs it loads when it is one. */
function checkEntryPoint(path: string, imports: readonly ModuleImport[]): Violation[] {
  return imports.flatMap(({ specifier, form, line }) => {
    const target = layerOf(join(dirname(path), specifier));
    if (form === "dynamic" && (target?.name === "cli" || target?.name === "supervisor")) return [];
    if (specifier.startsWith("./src/") && target?.pure) return [];
    return [{
      path,
      line,
      message: `mod.ts imports pure files, and the cli only dynamically (not "${specifier}")`,
    }];
  });
}

function checkImport(path: string, layer: Layer, { specifier, names, line }: ModuleImport): Violation[] {
  const violation = (message: string): Violation[] => [{ path, line, message }];

  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    const target = normalize(join(dirname(path), specifier));
    if (!target.startsWith("src/")) return violation(`the source imports only itself (not "${specifier}")`);
    const targetLayer = layerOf(target);
    if (targetLayer === undefined) return violation(`"${specifier}" ${noLayer}`);
    const allowed = targetLayer === layer || targetLayer.name === "ground" ||
      layer.mayImport.includes(targetLayer.name);
    return allowed ? [] : violation(`${layer.name} may not import ${targetLayer.name} ("${specifier}")`);
  }

  if (specifier.startsWith("node:")) {
    if (!layer.pure) return [];
    const allowed = pureNodeNames[specifier] ?? [];
    const refused = names.filter((name) => !allowed.includes(name));
    if (names.length > 0 && refused.length === 0) return [];
    const what = refused.length === 0 ? "its effects" : refused.map((name) => `"${name}"`).join(", ");
    return violation(`a pure file may not import ${what} from "${specifier}"`);
  }

  const places = packages[packageName(specifier)];
  if (places === undefined) return violation(`"${specifier}" is no package of the program`);
  return places.some((place) => isBelow(path, place))
    ? []
    : violation(`"${specifier}" may be imported only in src/${places.join(", src/")}`);
}

/** The layer whose entry fits the path best; none for a path outside src/ and in an unplaced folder. */
function layerOf(path: string): Layer | undefined {
  let best: { layer: Layer; length: number } | undefined;
  for (const layer of layers) {
    for (const place of layer.files) {
      if (isBelow(path, place) && place.length > (best?.length ?? 0)) best = { layer, length: place.length };
    }
  }
  return best?.layer;
}

/** "audit/sink" holds src/audit/sink.ts and src/audit/sink_file.ts, not src/audit/sinkhole.ts. */
function isBelow(path: string, place: string): boolean {
  const whole = `src/${place}`;
  if (!path.startsWith(whole)) return false;
  return whole.endsWith("/") || whole.endsWith(".ts") || /^[_./]/.test(path.slice(whole.length));
}

/** "yaml" of "yaml/util", "@logtape/logtape" of "@logtape/logtape/sink". */
function packageName(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** mod.ts and every TypeScript file below src/, sorted by path. */
export function readSourceFiles(root: string): SourceFile[] {
  const paths: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of Deno.readDirSync(`${root}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else if (/\.[cm]?[jt]sx?$/.test(entry.name)) paths.push(path);
    }
  };
  walk("src");
  return ["mod.ts", ...paths.sort()].map((path) => ({
    path,
    text: Deno.readTextFileSync(`${root}/${path}`),
  }));
}

if (import.meta.main) {
  const files = readSourceFiles(Deno.args[0] ?? ".");
  const violations = findViolations(files);
  for (const { path, line, message } of violations) console.error(`${path}:${line}: ${message}`);
  if (violations.length > 0) {
    console.error(
      `Cannot accept the layers: ${violations.length} violations (the table stands in scripts/check_layers.ts)`,
    );
    Deno.exit(1);
  }
  console.log(`Layers hold: ${files.length} files`);
}
