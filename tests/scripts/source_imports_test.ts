import assert from "node:assert/strict";
import { readImports } from "../../scripts/source/imports.ts";
import { tokenize, UnreadableSource } from "../../scripts/source/tokens.ts";

function read(text: string): string[] {
  return readImports(tokenize(text)).map((one) =>
    `${one.line} ${one.form} ${one.specifier} ${one.names.join()}`
  );
}

Deno.test("readImports() finds every form of import and the names that it takes", () => {
  const cases: [text: string, found: string[]][] = [
    ['import "a";', ["1 static a "]],
    ['import a from "a";', ["1 static a default"]],
    ['import * as b from "a";', ["1 static a *"]],
    ['import a, { b as c, type D, default as e } from "a";', ["1 static a default,b,D,default"]],
    ['import a, * as b from "a";', ["1 static a default,*"]],
    ['import type A from "a";', ["1 static a default"]],
    ['import type { A, B as C } from "a";', ["1 static a A,B"]],
    ['import type * as A from "a";', ["1 static a *"]],
    ['import type from "a";', ["1 static a default"]],
    ['import { type } from "a";', ["1 static a type"]],
    ['import { type as t, from } from "a";', ["1 static a type,from"]],
    ['import { type type as T } from "a";', ["1 static a type"]],
    ['import {} from "a";', ["1 static a "]],
    ['import a from "a" with { type: "json" };', ["1 static a default"]],
    ['export * from "a";', ["1 static a *"]],
    ['export * as b from "a";', ["1 static a *"]],
    ['export { b, c as d } from "a";', ["1 static a b,c"]],
    ['export type { B } from "a";', ["1 static a B"]],
    ['export type * from "a";', ["1 static a *"]],
    ['const a = await import("a");', ["1 dynamic a *"]],
    ['type A = import("a").B<"c">;', ["1 dynamic a *"]],
    ['import(\n  "a",\n  { with: {} },\n);', ["2 dynamic a *"]],
    ['import {\n  a,\n} from "a";\nimport b from "b";', ["3 static a a", "4 static b default"]],
  ];
  for (const [text, found] of cases) assert.deepEqual(read(text), found, text);
});

Deno.test("readImports() takes nothing else for an import", () => {
  const text = `
    // import "a";
    const b = 'import "c";';
    export { b };
    export const from = "d";
    export type E = { import: string; from: string };
    const f = { import: "g" }.import;
    import.meta.url;
    export { b as from }; "h";
  `;
  assert.deepEqual(read(text), []);
});

Deno.test("readImports() refuses an import that is not a plain string", () => {
  const texts = [
    "import(a)",
    "import(`a`)",
    'import("a" + b)',
    'import a = require("a");',
    'import.defer("a")',
    "import a;",
  ];
  for (const text of texts) assert.throws(() => read(text), UnreadableSource, text);
});
