import assert from "node:assert/strict";
import fc from "fast-check";
import { policyAliasesMax } from "../../../src/limits.ts";
import { Report } from "../../../src/policy/document/diagnostic.ts";
import { readYaml } from "../../../src/policy/document/yaml_text.ts";
import { plainValue, toJson } from "../../../src/policy/document/yaml_tree.ts";

/** What is said of a text: `line:column what | hint`. */
function refusals(text: string): string[] {
  const report = new Report("p.yaml");
  assert.equal(readYaml(text, report), undefined, text);
  return report.errors().map(({ message, hint, at, code }) => {
    assert.ok(code === "policy_syntax" || code === "policy_too_large");
    return `${at?.line}:${at?.column} ${message.replace(/^.*?": /, "")}${
      hint === undefined ? "" : ` | ${hint}`
    }`;
  });
}

function read(text: string) {
  const report = new Report("p.yaml");
  const root = readYaml(text, report);
  assert.ok(root, report.errors().map(({ message }) => message).join("\n"));
  return root;
}

const indent = "Is the line indented as its neighbours are? Keys of one map begin in the same column";

Deno.test("readYaml() says of an unquoted star that it is an alias, and how to quote it", () => {
  const table: [string, string][] = [
    ["a: [*_read]", '1:5 "*_read" without quotes is a YAML alias | Quote the star: "*_read"'],
    ["a: [x, read_*, *]", '1:16 "*" without quotes is a YAML alias | Quote the star: "*"'],
    ["a: *", '1:4 "*" without quotes is a YAML alias | Quote the star: "*"'],
    ["a: **", '1:4 "**" without quotes is a YAML alias | Quote the star: "**"'],
    ["a:\n  **: { finds: x }\n", '2:3 "**" without quotes is a YAML alias | Quote the star: "**"'],
    ["a:\n  *: 1\n", '2:3 "*" without quotes is a YAML alias | Quote the star: "*"'],
    ["*x : 1", '1:1 "*x" without quotes is a YAML alias | Quote the star: "*x"'],
  ];
  for (const [text, expected] of table) assert.deepEqual(refusals(text), [expected], text);
});

Deno.test("readYaml() refuses what is no YAML, with the place and a way out", () => {
  const table: [string, string][] = [
    ["", "1:1 the file is empty | The shortest policy is one line, version: 1; it denies every call"],
    [
      "# only this",
      "1:1 the file is empty | The shortest policy is one line, version: 1; it denies every call",
    ],
    ["a:\n\tb: 1", "2:1 a tab at the start of the line | YAML is indented with spaces"],
    ["a:\n  - b\n\t- c", "3:1 a tab at the start of the line | YAML is indented with spaces"],
    [
      "a: 1\n---\nb: 2",
      "2:1 a second document (---) | One file holds one policy; --policy may be given several times",
    ],
    [
      "a: 1\n...\nb: 2",
      "3:1 a second document (---) | One file holds one policy; --policy may be given several times",
    ],
    ["a: 1\nb: 2\na: 3", '3:1 the key "a" stands twice | It stands first in line 1'],
    [
      'a: "\\d"',
      "1:5 in double quotes, an escape that YAML does not know | Write patterns in single quotes: '\\d+'",
    ],
    ["a: b: c", '1:4 a second ": " on one line | Put text that holds ": " in quotes'],
    ["a: @x", '1:4 text that begins with "@" | Put it in quotes'],
    ["a: 'x\nb: 1", "1:4 a text that is not closed | The quote that opens it needs one that closes it"],
    ['a: 1\nb: {c: "x\n', "2:8 a text that is not closed | The quote that opens it needs one that closes it"],
    ["a: [x\nb: 1", "1:4 a list that is not closed | The [ that opens it needs a ] that closes it"],
    ["a: {b: {c: 1}\nd: 1", "1:4 a map that is not closed | The { that opens it needs a } that closes it"],
    ["{a: 1, b: [}", "1:11 a list that is not closed | The [ that opens it needs a ] that closes it"],
    [
      "a: ['b' 'c']",
      "1:9 two values without a comma between them | " +
      "Put a comma between them, or quotes around one text that holds both",
    ],
    [
      "a:\n  - b: x\n   c: 1",
      "3:4 a line that belongs to no item of the list above it | " +
      "Indent it as the other keys of its item are, or begin a new item with a dash",
    ],
    [
      "a:\n  - b: 1\n\n      # c\n      d: 1",
      "5:7 a key that begins in another column than those before it | Keys of one map begin in the same column",
    ],
    [
      "a:1\nb: 2",
      "1:1 a line that is no key with a value | A key has a colon and a space behind it: version: 1",
    ],
    [
      "a: b\n  c: d",
      "1:4 a value that has keys below it | " +
      "A key has a value or keys below it, not both: is the next line indented too far?",
    ],
    [" a: 1\nb: 2", `2:1 unexpected scalar at node end | ${indent}`],
    ["%YAML 1.1\n---\na: 1", "1:1 a file of YAML 1.1 | Policies are YAML 1.2: leave the %YAML line out"],
    ["1: x", "1:1 a key that is not text | Put the key in quotes"],
    ["? [a]\n: x", "1:3 a key that is not text | Put the key in quotes"],
    ["<<: { a: 1 }", "1:1 a merge key (<<) | YAML 1.2 has none: write the keys out"],
    ['a: "\\uD800"', "1:4 a lone surrogate (\\uD800 to \\uDFFF without its partner)"],
  ];
  for (const [text, expected] of table) assert.deepEqual(refusals(text), [expected], text);
});

Deno.test("readYaml() says what the parser found in a sentence, however long the word is", () => {
  const [said] = refusals(`a: ${"!".repeat(10_000)}`);
  assert.ok(said.length < 1000, said);
});

Deno.test("readYaml() refuses every tag, known or not", () => {
  for (const tag of ["!foo", "!!str", "!!binary", "!!js/function", "!"]) {
    const what = refusals(`a: ${tag} x`)[0];
    assert.match(what, /^1:\d+ the tag "/, tag);
  }
});

Deno.test("readYaml() refuses numbers that another reader takes for something else", () => {
  const hint = (value: number) => `Write ${value}, or put it in quotes if it is text`;
  const table: [string, string][] = [
    ["012", hint(12)],
    ["0x10", hint(16)],
    ["0o12", hint(10)],
    ["+1", hint(1)],
    [".5", hint(0.5)],
    ["5.", hint(5)],
    [".inf", "Write a number as in JSON, or put it in quotes if it is text"],
    ["1e400", "Write a number as in JSON, or put it in quotes if it is text"],
  ];
  for (const [number, expected] of table) {
    assert.match(
      refusals(`a: ${number}`)[0],
      /is a number to some readers of YAML and another number or text to others/,
    );
    assert.ok(refusals(`a: ${number}`)[0].endsWith(`| ${expected}`), number);
  }
});

Deno.test("readYaml() refuses characters that hide, turn or end a line, but takes them as escapes", () => {
  for (const character of ["\0", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\ufeff", "\r"]) {
    assert.match(refusals(`a: 1\nb: x${character}x`)[0], /^2:5 (the character U\+|a carriage return)/);
  }
  assert.equal(toJson(read('a: "\\u202e"')), '{"a":"\u202e"}');
  assert.equal(toJson(read("a: 1\r\nb: 2\r\n")), '{"a":1,"b":2}');
});

Deno.test("readYaml() expands anchors, but neither cycles nor bombs", () => {
  assert.equal(toJson(read("a: &x [1, 2]\nb: *x")), '{"a":[1,2],"b":[1,2]}');
  assert.deepEqual(refusals("a: &x [*x]"), ['1:8 the alias "*x" stands inside what it names']);
  const bomb = Array.from(
    { length: 9 },
    (_, i) => `k${i}: &k${i} [${Array(10).fill(i === 0 ? "x" : `*k${i - 1}`).join(", ")}]`,
  ).join("\n");
  assert.match(refusals(bomb)[0], new RegExp(`more than ${policyAliasesMax} aliases`));
  const wide = `a: &a [${"x,".repeat(5_000)}]\nb: [${"*a,".repeat(100)}]`;
  assert.match(refusals(wide)[0], /more than 200000 values/);
});

Deno.test("readYaml() refuses nesting that other code would have to follow", () => {
  assert.match(refusals("[".repeat(80) + "]".repeat(80))[0], /nested deeper than 64/);
  assert.match(refusals("[".repeat(100_000))[0], /nested too deeply/);
  const ladder = Array.from(
    { length: 8 },
    (_, i) => `k${i}: &k${i} ${"[".repeat(10)}${i === 0 ? "x" : `*k${i - 1}`}${"]".repeat(10)}`,
  );
  assert.match(refusals(ladder.join("\n"))[0], /nested deeper than 64/);
});

Deno.test("readYaml() keeps __proto__ a key like any other", () => {
  const root = read("__proto__: { a: 1 }");
  assert.deepEqual(Object.keys(plainValue(root) as object), ["__proto__"]);
  assert.equal(toJson(root), '{"__proto__":{"a":1}}');
});

Deno.test("readYaml() keeps numbers as they are spelt", () => {
  assert.equal(
    toJson(read("[9007199254740993, 1.0, 1e3, -0]")),
    "[9007199254740993,1.0,1e3,-0]",
  );
});

Deno.test("readYaml() reads any JSON as the same JSON", () => {
  // Raw, these characters are refused, and JSON.stringify leaves them raw.
  const refused = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/;
  const clean = (value: unknown) =>
    !refused.test(JSON.stringify(value)) && JSON.stringify(value).isWellFormed();
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4 }).filter((value) =>
        clean(value) && !JSON.stringify(value).includes("\\ud")
      ),
      (value) => {
        const text = JSON.stringify([value]);
        assert.equal(toJson(read(text)), text);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("readYaml() reads a large file of many keys in one pass", () => {
  const keys = 50_000;
  const root = read(Array.from({ length: keys }, (_, i) => `k${i}: ${i}`).join("\n"));
  assert.equal(root.kind === "map" && root.entries.length, keys);
});
