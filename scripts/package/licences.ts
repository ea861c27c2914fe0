/** The licences of what the archive holds besides the program itself. */

import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { packages } from "../check_layers.ts";

/**
 * One text with the licence of each package that the program imports.
 *
 * @throws {Error} where a package has no file named LICENSE: it must not be shipped.
 */
export async function collectLicences(root: string): Promise<string> {
  const folders = await packageFolders(root);
  const parts = [introduction(Deno.version)];
  for (const name of Object.keys(packages).sort()) {
    const exact = (config.imports as Record<string, string>)[name].replace(/^npm:/, "");
    const folder = folders[exact]?.localPath;
    if (folder === undefined) throw new Error(`Cannot find the package ${exact}: is it in deno.lock?`);
    const licence = await Deno.readTextFile(join(folder, "LICENSE"));
    parts.push(`${"=".repeat(78)}\n${exact}\n${"=".repeat(78)}\n\n${licence.trimEnd()}\n`);
  }
  return parts.join("\n");
}

/** Where Deno keeps each package, by name and exact version. */
async function packageFolders(root: string): Promise<Record<string, { localPath?: string }>> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "mod.ts"],
    cwd: root,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot list the packages: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout)).npmPackages;
}

function introduction({ deno, v8 }: typeof Deno.version): string {
  return `Lilith Zero is under the Apache License 2.0, see LICENSE. The archive also holds:

runtime/deno: Deno ${deno}, with V8 ${v8} and the libraries that it is built from.
  Copyright 2018-2026 the Deno authors. MIT License:
  https://github.com/denoland/deno/blob/v${deno}/LICENSE.md
  V8: Copyright 2014, the V8 project authors. BSD 3-Clause License:
  https://github.com/v8/v8/blob/main/LICENSE

node_modules/lilith-zero/: the program, with parts of the packages below.
`;
}
