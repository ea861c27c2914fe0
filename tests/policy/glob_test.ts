import assert from "node:assert/strict";
import fc from "fast-check";
import { isGlob, matchesGlob } from "../../src/policy/glob.ts";

Deno.test("a star is any run of characters and a question mark one", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*", "", true],
    ["*", "line\nbreak", true],
    ["a*", "a", true],
    ["a*", "ba", false],
    ["*a", "banana", true],
    ["*a", "bananas", false],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "acb", false],
    ["?", "", false],
    ["?", "😀", true],
    ["??", "😀", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["*?", "", false],
    ["**", "x", true],
    ["*.*", "a.b", true],
    ["*.*", "ab", false],
    ["", "", true],
    ["", "a", false],
    ["[ab]", "a", false],
    ["a+", "a+", true],
  ];
  for (const [glob, text, expected] of cases) {
    assert.equal(matchesGlob(glob, text), expected, `${glob} ? ${text}`);
  }
});

Deno.test("a glob says what the same pattern says", () => {
  const letters = (all: string) =>
    fc.array(fc.constantFrom(...all), { maxLength: 8 }).map((some) => some.join(""));
  fc.assert(
    fc.property(letters("ab*?"), letters("abc"), (glob, text) => {
      const pattern = new RegExp(`^${glob.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`, "u");
      assert.equal(matchesGlob(glob, text), pattern.test(text), `${glob} ? ${text}`);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("many stars over a long text come to an end", () => {
  assert.equal(matchesGlob("*a".repeat(50) + "b", "a".repeat(100_000)), false);
});

Deno.test("isGlob() tells a glob from a name", () => {
  assert.deepEqual(["a*", "?", "a", "", "[a]"].map(isGlob), [true, true, false, false, false]);
});
