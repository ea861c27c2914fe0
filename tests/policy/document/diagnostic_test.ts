import assert from "node:assert/strict";
import { LilithError } from "../../../src/errors.ts";
import {
  type Diagnostic,
  endColumn,
  formatDiagnostic,
  Report,
} from "../../../src/policy/document/diagnostic.ts";

function errorAt(line: number, column: number): LilithError {
  return new LilithError("policy_unknown_key", {
    message: 'Cannot load policy "team.yaml": unknown key "rule"',
    hint: 'Did you mean "rules"?',
    at: { file: "team.yaml", line, column },
  });
}

Deno.test("formatDiagnostic() prints the place, the line, a caret and the hint", () => {
  assert.equal(
    formatDiagnostic(errorAt(2, 3), "version: 1\n  rule: []\n"),
    `team.yaml:2:3: error: unknown key "rule"
    2 |   rule: []
      |   ^^^^
  hint: Did you mean "rules"?`,
  );
});

Deno.test("formatDiagnostic() shows nothing that ends a line or moves a cursor", () => {
  const shown = formatDiagnostic(errorAt(1, 1), "a\u2028b\u2029c\x1b[2J\u202ed\te");
  assert.match(shown, /\| a\ufffdb\ufffdc\ufffd\[2J\ufffdd\te\n/);
});

Deno.test("formatDiagnostic() prints a warning without a hint", () => {
  const warning: Diagnostic = {
    severity: "warning",
    code: "dead_rule",
    message: "the rule never allows anything",
    at: { file: "a.yaml", line: 1, column: 1 },
  };
  assert.equal(
    formatDiagnostic(warning, "x"),
    "a.yaml:1:1: warning: the rule never allows anything\n    1 | x\n      | ^",
  );
});

Deno.test("formatDiagnostic() leaves the line out where there is no text or no such line", () => {
  const bare = 'team.yaml:2:1: error: unknown key "rule"\n  hint: Did you mean "rules"?';
  assert.equal(formatDiagnostic(errorAt(2, 1)), bare);
  assert.equal(formatDiagnostic(errorAt(2, 1), "one line"), bare);
});

Deno.test("formatDiagnostic() prints the whole sentence of an error without a place", () => {
  const error = new LilithError("policy_unreadable", {
    message: 'Cannot read policy "a": it is a directory',
  });
  assert.equal(formatDiagnostic(error), 'error: Cannot read policy "a": it is a directory');
});

Deno.test("formatDiagnostic() puts the caret below its character behind tabs, marks and CR LF", () => {
  const lines = formatDiagnostic(errorAt(1, 3), "\ufeff\tarule: 1\r\n").split("\n");
  assert.equal(lines[1], "    1 | \tarule: 1");
  assert.equal(lines[2], "      | \t ^");
});

Deno.test("formatDiagnostic() shows a long line around the place, and nothing that moves a terminal's cursor", () => {
  const lines = formatDiagnostic(errorAt(1, 5001), `${"a".repeat(5000)}b\x1b[2J\u202e${"c".repeat(5000)}`)
    .split("\n");
  assert.ok(lines[1].length < 140);
  assert.equal(lines[1][lines[2].indexOf("^")], "b");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(lines[1], /[\x1b\u202e]/);
});

Deno.test("Report tells one thing at one place once", () => {
  const report = new Report("a.yaml");
  const at = { file: "a.yaml", line: 1, column: 1 };
  report.error("policy_syntax", at, "a tab");
  report.error("policy_syntax", at, "a tab");
  report.error("policy_syntax", { ...at, line: 2 }, "a tab");
  report.warning("dead_rule", at, "dead");
  report.warning("dead_rule", at, "dead");
  assert.deepEqual(report.errors().map((error) => error.at?.line), [1, 2]);
  assert.equal(report.warnings().length, 1);
});

Deno.test("formatDiagnostic() marks the key, the text with its quotes or the number that begins at a place, and no more", () => {
  const table: readonly (readonly [string, number, string])[] = [
    ["rule: []", 1, "rule"],
    ['  - allow: [read, "list *", other]', 19, '"list *"'],
    ["  - allow: [read, 'it''s', other]", 19, "'it''s'"],
    ["  - { max: 50, min: 1 }", 12, "50"],
    ["    reason: all of it # why", 13, "all of it"],
    ["    under: ${root}/x", 12, "${root}/x"],
    ["  - allow: a", 3, "- allow"],
    ["    matches: 'a(?=b)'", 17, "?"],
    ["", 1, ""],
  ];
  for (const [line, column, marked] of table) {
    const at = { file: "a.yaml", line: 1, column };
    const shown = formatDiagnostic(new LilithError("policy_bad_value", { message: "no", at }), line).split(
      "\n",
    );
    assert.equal(shown[2].slice(8).trim().length, Math.max(1, marked.length), line);
    assert.equal(endColumn(line, at), column + Math.max(1, marked.length), line);
  }
});

Deno.test("formatDiagnostic() colours with what it is given, and marks a character of two units once", () => {
  const error = new LilithError("policy_bad_value", {
    message: "no",
    hint: "so",
    at: { file: "a", line: 1, column: 1 },
  });
  const paint = {
    place: (text: string) => `<${text}>`,
    severity: (text: string, severity: string) => `${severity}(${text})`,
    aside: (text: string) => `~${text}~`,
  };
  assert.deepEqual(formatDiagnostic(error, "😀x: 1", paint).split("\n"), [
    "<a:1:1:> error(error:) no",
    "~    1 |~ 😀x: 1",
    "~      |~ error(^^)",
    "  ~hint:~ so",
  ]);
});
