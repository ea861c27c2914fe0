import assert from "node:assert/strict";
import { nameModules } from "../../../scripts/package/bundle.ts";

Deno.test("nameModules() gives the same modules whatever names the bundler made", () => {
  const made = (a: string, b: string) =>
    new Map([
      [b, `export let b=1;`],
      [a, `import{b}from"./${b}";`],
      ["mod.js", `import"./${a}";await import("./${b}");`],
    ]);
  const modules = nameModules("mod.js", "main.js", made("chunk-AA.js", "chunk-BB.js"));
  assert.deepEqual(modules, nameModules("mod.js", "main.js", made("chunk-ZZ.js", "chunk-YY.js")));
  assert.deepEqual(modules, [
    { name: "main.js", text: `import"./part_1.js";await import("./part_2.js");` },
    { name: "part_1.js", text: `import{b}from"./part_2.js";` },
    { name: "part_2.js", text: `export let b=1;` },
  ]);
});

Deno.test("nameModules() leaves out what nothing leads to, and leaves alone what is no module of the bundle", () => {
  const made = new Map([["mod.js", `import"node:fs";let s="./other.js";`], ["stray.js", ""]]);
  assert.deepEqual(nameModules("mod.js", "main.js", made), [{ name: "main.js", text: made.get("mod.js") }]);
});
