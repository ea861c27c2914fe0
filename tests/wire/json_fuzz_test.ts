import assert from "node:assert/strict";
import { JsonScanner } from "../../src/wire/json.ts";
import { canaries } from "../fuzz/json_canaries.ts";
import { canaryTextsMax, fuzzJson } from "../fuzz/json_fuzz.ts";

Deno.test("the fuzzer finds no disagreement in its first texts, and accepts a good part of them", () => {
  const { texts, accepted, disagreement } = fuzzJson(new JsonScanner(), 1, 6000);
  assert.equal(disagreement?.what, undefined);
  assert.ok(accepted > texts / 10, `${accepted} of ${texts} accepted`);
});

Deno.test("the fuzzer makes the same texts of the same seed", () => {
  const results = [7, 7, 8].map((seed) => fuzzJson(new JsonScanner(), seed, 2000).accepted);
  assert.equal(results[0], results[1]);
  assert.notEqual(results[0], results[2]);
});

for (const { name, make } of canaries) {
  Deno.test(`the fuzzer notices a scanner that ${name}`, () => {
    assert.notEqual(fuzzJson(make(), 1, canaryTextsMax).disagreement, undefined);
  });
}
