import assert from "node:assert/strict";
import { patternSize } from "../../src/policy/pattern_size.ts";

const sizes: readonly (readonly [string, number])[] = [
  ["", 1],
  ["abc", 3],
  ["a{100}", 100],
  ["a{2,100}", 100],
  ["a{100,}", 100],
  ["(?:a{100}){100}", 10_000],
  ["((a{10}){10}|b){10}", 1000],
  ["[ab\\]c]{50}", 50],
  ["[]a]{50}", 50],
  ["[^]a]{50}", 50],
  ["\\d{50}", 50],
  ["\\x{200b}{50}", 50],
  ["a{,50}", 6],
  ["a{0}", 1],
  ["(", 1],
  [")", 1],
  ["[", 1],
  ["\\", 1],
];

for (const [source, size] of sizes) {
  Deno.test(`the size of ${JSON.stringify(source)} is at least ${size}, and of the same order`, () => {
    const found = patternSize(source);
    assert.ok(found >= size, `${found}`);
    assert.ok(found <= 2 * size + 10, `${found}`);
  });
}

Deno.test("the size of repeats inside repeats does not overflow into something small", () => {
  assert.ok(patternSize(`${"(".repeat(50)}a${"{999999999})".repeat(50)}`) > 1e100);
});
