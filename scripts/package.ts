/**
 * Builds the archive for machines without a network: the runtime, the program, policies, licences, checksums.
 *
 *     deno run -A scripts/package.ts [--output FOLDER] [--runtime FILE]
 *
 * The same source, Deno and runtime give the same bytes. `--runtime` names another program than the Deno that runs this.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../src/version.ts";
import { bundleProgram } from "./package/bundle.ts";
import { collectLicences } from "./package/licences.ts";
import { type ArchiveFile, writeTar } from "./package/tar.ts";

/** An archive that was built. */
export interface Package {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The repository. */
const root = fileURLToPath(new URL("..", import.meta.url));

/** Builds the archive into `folder`, which is made where it is not there. */
export async function buildPackage(folder: string, runtime: string): Promise<Package> {
  const name = `lilith-zero-${version}-${Deno.build.target}`;
  const files = await collectFiles(runtime);
  const sums = files.map(({ path, bytes }) => `${sha256(bytes)}  ${path}\n`).join("");
  const all = [...files, textFile("SHA256SUMS", sums)];
  const inFolder = all.map((file) => ({ ...file, path: `${name}/${file.path}` }));

  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.tar.gz`);
  const unfinished = `${path}.tmp`;
  // Deno's gzip header holds no time and no name, so that the bytes depend on the content alone (RFC 1952 §2.3.1).
  const packed = ReadableStream.from(writeTar(inFolder)).pipeThrough(new CompressionStream("gzip"));
  const digest = createHash("sha256");
  let bytes = 0;
  using output = await Deno.open(unfinished, { write: true, create: true, truncate: true });
  for await (const part of packed) {
    digest.update(part);
    bytes += part.length;
    for (let at = 0; at < part.length;) at += await output.write(part.subarray(at));
  }
  await Deno.rename(unfinished, path);
  return { path, bytes, sha256: digest.digest("hex") };
}

/** What the archive holds, sorted by path. */
async function collectFiles(runtime: string): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [
    {
      path: "lilith-zero",
      bytes: await Deno.readFile(join(root, "scripts/package/launcher.sh")),
      isExecutable: true,
    },
    { path: "runtime/deno", bytes: await Deno.readFile(runtime), isExecutable: true },
    textFile("THIRD_PARTY_LICENSES", await collectLicences(root)),
    // Deno hands modules below node_modules to V8 as they are; others it first parses itself, at every start where it
    // has no cache.
    textFile(
      "node_modules/lilith-zero/package.json",
      JSON.stringify({ name: "lilith-zero", version, type: "module" }) + "\n",
    ),
  ];
  for (const { name, text } of await bundleProgram(root)) {
    files.push(textFile(`node_modules/lilith-zero/${name}`, text));
  }
  for (const name of ["README.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "docs/policy.md"]) {
    files.push({ path: name, bytes: await Deno.readFile(join(root, name)), isExecutable: false });
  }
  for await (const { name } of Deno.readDir(join(root, "policies"))) {
    files.push({
      path: `policies/${name}`,
      bytes: await Deno.readFile(join(root, "policies", name)),
      isExecutable: false,
    });
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

function textFile(path: string, text: string): ArchiveFile {
  return { path, bytes: new TextEncoder().encode(text), isExecutable: false };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { output: { type: "string" }, runtime: { type: "string" } } });
  const built = await buildPackage(values.output ?? join(root, "dist"), values.runtime ?? Deno.execPath());
  console.log(built.path);
  console.log(`${(built.bytes / 1e6).toFixed(1)} MB, SHA-256 ${built.sha256}`);
}
