/** The program as JavaScript: one module per part that is loaded at a time, and the stage as a module of its own. */

import { join } from "node:path";

/** A module of the program: its name and its text. */
export interface Module {
  readonly name: string;
  readonly text: string;
}

/** The module that runs the program, and the one that is the `__init` stage (`supervisor/stage_command.ts` looks for it). */
export const mainModule = "main.js";
export const stageModule = "init.js";

/**
 * Bundles the program that lies in `root`. The text of the modules depends on the source alone, wherever that lies.
 *
 * Deno fetches its bundler, esbuild, from the npm registry when it is not in its cache.
 *
 * @throws {Error} where the bundler fails, with what it said.
 */
export async function bundleProgram(root: string): Promise<Module[]> {
  const folder = await Deno.makeTempDir({ prefix: "lilith-bundle-" });
  try {
    await bundle(root, ["--code-splitting", "--outdir", join(folder, "program"), "mod.ts"]);
    const modules = new Map<string, string>();
    for await (const { name } of Deno.readDir(join(folder, "program"))) {
      modules.set(name, await Deno.readTextFile(join(folder, "program", name)));
    }
    await bundle(root, ["--output", join(folder, stageModule), "src/supervisor/init.ts"]);
    const stage = { name: stageModule, text: await Deno.readTextFile(join(folder, stageModule)) };
    return [...nameModules("mod.js", mainModule, modules), stage];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bundle(root: string, args: readonly string[]): Promise<void> {
  // "browser" chooses the build of a package that reads no environment and no file; Node's modules stay imports.
  const flags = ["--quiet", "--frozen", "--format=esm", "--platform=browser", "--minify"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, ...args],
    cwd: root,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`Cannot bundle the program: ${new TextDecoder().decode(stderr)}`);
}

/**
 * The modules that `entry` leads to, named by the order in which it leads to them. The bundler's own names hold a digest of
 * the paths that the packages have on this machine.
 *
 * ```ts
 * import { nameModules } from "./bundle.ts";
 *
 * const made = new Map([["mod.js", 'import"./chunk-9X.js";'], ["chunk-9X.js", "1;"]]);
 * const [main, part] = nameModules("mod.js", "main.js", made);
 * console.assert(main.text === 'import"./part_1.js";' && part.name === "part_1.js");
 * ```
 */
export function nameModules(
  entry: string,
  entryName: string,
  modules: ReadonlyMap<string, string>,
): Module[] {
  const names = new Map<string, string>();
  const visit = (made: string): void => {
    const text = modules.get(made);
    if (text === undefined || names.has(made)) return;
    names.set(made, names.size === 0 ? entryName : `part_${names.size}.js`);
    for (const [, reference] of text.matchAll(moduleReference)) visit(reference);
  };
  visit(entry);
  return [...names].map(([made, name]) => ({
    name,
    text: modules.get(made)!.replaceAll(moduleReference, (whole, reference) => {
      const renamed = names.get(reference);
      return renamed === undefined ? whole : `"./${renamed}"`;
    }),
  }));
}

/** How one module of a bundle refers to another. */
const moduleReference = /"\.\/([\w-]+\.js)"/g;
