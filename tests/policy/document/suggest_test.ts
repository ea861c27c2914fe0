import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, nearest } from "../../../src/policy/document/suggest.ts";

Deno.test("nearest() finds the word that was meant", () => {
  const keys = ["id", "allow", "deny", "limit", "args", "max_length", "stop_timeout"];
  const table: [string, string | undefined][] = [
    ["alow", "allow"],
    ["dney", "deny"],
    ["Allow", "allow"],
    ["maxLength", "max_length"],
    ["stop-timeout", "stop_timeout"],
    ["arguments", undefined],
    ["zebra", undefined],
    ["", undefined],
    ["x".repeat(10_000), undefined],
  ];
  for (const [word, expected] of table) assert.equal(nearest(word, keys), expected, word.slice(0, 20));
});

Deno.test("editDistance() is a distance", () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
  fc.assert(fc.property(word, word, (a, b) => {
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.equal(editDistance(a, b) === 0, a === b);
    assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    assert.ok(editDistance(a, b) >= Math.abs(a.length - b.length));
  }));
  assert.equal(editDistance("deny", "dney"), 1);
});
