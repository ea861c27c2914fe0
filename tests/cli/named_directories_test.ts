import assert from "node:assert/strict";
import { namedDirectories } from "../../src/cli/named_directories.ts";

Deno.test("namedDirectories() finds each directory that a command names, with links followed", async () => {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const name of ["work", "data", "home", "home/notes"]) await Deno.mkdir(`${root}/${name}`);
    await Deno.writeTextFile(`${root}/file`, "");
    await Deno.symlink("data", `${root}/link`);
    const found = (...args: string[]) => namedDirectories(args, `${root}/work`, `${root}/home`);
    assert.deepEqual(found("-y", "server", "", ".", "a\0b", `${root}/file`, `${root}/none`), []);
    assert.deepEqual(found(`${root}/data/`, "../data", "--root=../data"), [`${root}/data`]);
    assert.deepEqual(found("../link"), [`${root}/link`, `${root}/data`]);
    assert.deepEqual(found("~/notes", "~"), [`${root}/home/notes`, `${root}/home`]);
    assert.deepEqual(found("--allow=~/notes"), [`${root}/home/notes`]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
