import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../src/wire/canonical_json.ts";
import { readJson } from "../../src/wire/json_value.ts";

function canonical(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return canonicalJson(readJson(bytes, 0, bytes.length));
}

Deno.test("canonicalJson() gives all spellings of a number one text, and different numbers different ones", () => {
  for (
    const [spellings, text] of [
      [["1", "1.0", "10e-1", "0.1E1", "1e0"], "1"],
      [["-0", "0", "0.000", "0e99"], "0"],
      [["100", "1e2", "1E+2"], "100"],
      [["0.5", "5e-1", "0.50"], "5e-1"],
      [["9007199254740993"], "9007199254740993"],
      [["9007199254740992"], "9007199254740992"],
      [["1e400"], "1e400"],
      [["-12.5"], "-125e-1"],
    ] as const
  ) {
    for (const spelling of spellings) assert.equal(canonical(spelling), text);
  }
});

Deno.test("canonicalJson() sorts keys, drops white space and needless escapes, and keeps the order of arrays", () => {
  assert.equal(canonical('{ "b" : [2, 1], "\\u0061": "\\u0041\\/" }'), '{"a":"A/","b":[2,1]}');
});

Deno.test("canonicalJson() keeps a key called __proto__, and half a character", () => {
  assert.equal(canonical('{"__proto__":{"a":1},"x":"\\ud800"}'), '{"__proto__":{"a":1},"x":"\\ud800"}');
});

Deno.test("canonicalJson() takes time linear in the length of a number", () => {
  const zeros = "0".repeat(1_000_000);
  assert.equal(canonical(`0.${zeros}1`), `1e-${1_000_001}`);
  assert.equal(canonical(`1${zeros}2${zeros}`).length, 1_000_002 + "e1000000".length);
});

Deno.test("property: canonicalJson() depends on what a text says, not on the order of its keys", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.integer(), (value, seed) => {
    assert.equal(canonical(JSON.stringify(value)), canonical(JSON.stringify(shuffle(value, seed))));
  }));
});

Deno.test("property: canonicalJson() gives the same value back, and itself again", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = canonical(JSON.stringify(value));
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assert.equal(canonical(text), text);
  }));
});

/** The same value with the keys of every object in another order. */
function shuffle(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((element) => shuffle(element, seed));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, shuffle(inner, seed)] as const);
  const turned = entries.map((_, i) => entries[(i + Math.abs(seed)) % entries.length]);
  return Object.fromEntries(seed % 2 === 0 ? turned : turned.reverse());
}
