import assert from "node:assert/strict";
import fc from "fast-check";
import { formatEnd, parseEnd } from "../../../src/policy/document/moment.ts";
import { loadDocument } from "../../../src/policy/document.ts";
import { ruleComplaints } from "./load.ts";

function end(written: string): number {
  const read = parseEnd(written);
  assert.ok(read.kind === "ok", `${written} was refused`);
  return read.value;
}

function hint(written: string): string {
  const read = parseEnd(written);
  assert.ok(read.kind === "problem", `${written} was read`);
  return read.hint;
}

Deno.test("parseEnd() takes a day through its end, and a time as it stands", () => {
  assert.equal(end("2026-12-31"), Date.UTC(2027, 0, 1));
  assert.equal(end("2028-02-29"), Date.UTC(2028, 2, 1));
  assert.equal(end("2026-12-31T18:00Z"), Date.UTC(2026, 11, 31, 18));
  assert.equal(end("2026-12-31T18:00:59Z"), Date.UTC(2026, 11, 31, 18, 0, 59));
  assert.equal(end("2026-12-31T00:00Z"), Date.UTC(2026, 11, 31));
});

Deno.test("parseEnd() reads every second of every year back as it was written", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
    const iso = new Date(seconds * 1000).toISOString();
    assert.equal(end(`${iso.slice(0, 19)}Z`), seconds * 1000);
    assert.equal(end(iso.slice(0, 10)), (Math.floor(seconds / 86_400) + 1) * 86_400_000);
  }));
});

Deno.test("parseEnd() refuses what is no moment in UTC, and says what was meant where that is sure", () => {
  assert.equal(hint("2026-12-31 18:00"), "Did you mean 2026-12-31T18:00:00Z?");
  assert.equal(hint("2026-12-31T18:00+02:00"), "Did you mean 2026-12-31T16:00:00Z?");
  assert.equal(hint("2026-12-31T18:00:00.123Z"), "Did you mean 2026-12-31T18:00:00Z?");
  assert.equal(hint("2026/12/3"), "Did you mean 2026-12-03?");
  const form = /^A moment is written 2026-12-31/;
  for (
    const odd of [
      "31.12.2026",
      "12/31/2026",
      "tomorrow",
      "",
      "2026-12",
      "2026-1-41",
      "2026-12-31T25:00:00",
      "26-12-31",
    ]
  ) {
    assert.match(hint(odd), form, odd);
  }
  assert.match(hint("2026-02-29"), form);
  assert.match(hint("2026-13-01"), form);
  assert.equal(hint("2026-12-31T24:00Z"), "The last is T23:59:59Z");
  assert.equal(hint("2026-12-31T23:59:60Z"), "The last is T23:59:59Z");
});

Deno.test("formatEnd() tells a day without a time", () => {
  assert.equal(formatEnd(end("2026-12-31")), "the end of 2026-12-31");
  assert.equal(formatEnd(end("2026-12-31T18:00Z")), "2026-12-31T18:00:00Z");
});

Deno.test("until is read from any rule, and is wrong at its place", () => {
  for (const rule of ["allow: a", "deny: a", "{ limit: a, to: 1 call/day }"]) {
    const text = rule.startsWith("{")
      ? `  - ${rule.replace(" }", ", until: 2026-12-31 }")}\n`
      : `  - ${rule}\n    until: 2026-12-31\n`;
    assert.deepEqual(ruleComplaints(`${text}  - allow: "?"\n`), [], rule);
  }
  assert.deepEqual(ruleComplaints("  - allow: a\n    until: 2026-02-30\n"), [
    '4:12 policy_bad_value "until": the calendar has no 2026-02-30 | ' +
    "A moment is written 2026-12-31, which is through the end of that day, or 2026-12-31T18:00Z; both in UTC",
  ]);
  assert.deepEqual(ruleComplaints("  - allow: a\n    until: 2026\n"), [
    '4:12 policy_wrong_type "until" is the number 2026, where text is expected | Put it in quotes if it is text: "2026"',
  ]);
});

Deno.test("a rule that has ended is told, where the time is known", () => {
  const text = "version: 1\nrules:\n  - deny: a\n    until: 2026-12-31\n  - deny: b\n    until: 2027-12-31\n";
  const warnings = (options: { nowMs?: number }) =>
    loadDocument(text, "p.yaml", options).warnings.map(({ code, message, at }) =>
      `${at.line} ${code} ${message}`
    );
  assert.deepEqual(warnings({}), []);
  assert.deepEqual(warnings({ nowMs: Date.UTC(2026, 11, 31, 23, 59, 59, 999) }), []);
  assert.deepEqual(warnings({ nowMs: Date.UTC(2027, 0, 1) }), [
    '3 ended_rule the rule "rule-1" has ended with the end of 2026-12-31: it denies nothing any more',
  ]);
});
