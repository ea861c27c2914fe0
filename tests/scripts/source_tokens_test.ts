import assert from "node:assert/strict";
import { tokenize, UnreadableSource } from "../../scripts/source/tokens.ts";

/** `kind text`, one per token: easy to compare. */
function read(text: string): string[] {
  return tokenize(text).map((token) => `${token.kind} ${token.text}`);
}

Deno.test("tokenize() leaves comments out", () => {
  assert.deepEqual(read("a // b 'c\n/* d \" ` */ e /**/ f"), ["name a", "name e", "name f"]);
});

Deno.test("tokenize() reads a string as one token, whatever stands in it", () => {
  assert.deepEqual(read(`"a // b" 'it\\'s' "\\"/*"`), ["string a // b", "string it\\'s", 'string \\"/*']);
});

Deno.test("tokenize() reads the code inside a template and nothing of its text", () => {
  const text = "`fetch ${a + `${b}` + { c: 1 }.c} Deno \\` \\${ $` + d";
  const names = tokenize(text).filter((token) => token.kind === "name").map((token) => token.text);
  assert.deepEqual(names, ["a", "b", "c", "c", "d"]);
});

Deno.test("tokenize() tells a pattern from a division", () => {
  const patterns: [text: string, count: number][] = [
    ["x = /a'b/;", 1],
    ["x = a / b / c;", 0],
    ["f(/[/'`]/g)", 1],
    ["return /a/.test(b)", 1],
    ["(a) / b / c", 0],
    ["a[0] / b / c", 0],
    ["if (a) /b/.test(c)", 1],
    ["if (f(a)) /b/.test(c)", 1],
    ["i++ / b / c", 0],
    ["a! / b / c", 0],
    ["!/a/.test(b)", 1],
    ["{} /a/.test(b)", 1],
    ["x.return / b / c", 0],
    ["`${/a/.source}`", 1],
    ["`${a}` / b / c", 0],
    ["() => /a/u", 1],
    ["1 / 2 / 3", 0],
  ];
  for (const [text, count] of patterns) {
    const found = tokenize(text).filter((token) => token.kind === "pattern").length;
    assert.equal(found, count, text);
  }
});

Deno.test("tokenize() counts lines through comments, strings and templates", () => {
  const text = "/*\n\n*/ a\n`\n${b}\n` // x\n'\\\n' c";
  const lines = tokenize(text).filter((token) => token.kind === "name").map((token) =>
    `${token.text}${token.line}`
  );
  assert.deepEqual(lines, ["a3", "b5", "c8"]);
});

Deno.test("tokenize() reads numbers, names and marks of every shape", () => {
  assert.deepEqual(read("1e-5 0xFFn 1_000.5 .5 1..a"), [
    "number 1e-5",
    "number 0xFFn",
    "number 1_000.5",
    "number .5",
    "number 1.",
    "mark .",
    "name a",
  ]);
  assert.deepEqual(read("#a $b _c é a?.b ...d"), [
    "name #a",
    "name $b",
    "name _c",
    "name é",
    "name a",
    "mark ?.",
    "name b",
    "mark ...",
    "name d",
  ]);
});

Deno.test("tokenize() refuses what it cannot read for certain, and names the line", () => {
  for (
    const text of ["\n'a", '\n"a\nb"', "\n`a", "\n`${a", "\n/* a", "\n= /a", "\n\\u0044eno", "\n}", "\n(]"]
  ) {
    assert.throws(
      () => tokenize(text),
      (error) => error instanceof UnreadableSource && error.line === 2,
      text,
    );
  }
  assert.throws(() => tokenize("{"), UnreadableSource);
});
