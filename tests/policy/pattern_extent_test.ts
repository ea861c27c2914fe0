import assert from "node:assert/strict";
import fc from "fast-check";
import { loadPatternEngine } from "../../src/policy/pattern.ts";
import { loadExtents } from "../../src/policy/pattern_extent.ts";

const engine = await loadPatternEngine();
const extentOf = await loadExtents();

Deno.test("a pattern that no text has is told from one that some text has", () => {
  for (const source of ["a^", "$x", "[^\\x00-\\x{10FFFF}]", "x\\by", "\\n^x", "a^|$b", "(a^)+", "x\\B\\by"]) {
    assert.equal(extentOf(source, true), "nothing", source);
    assert.equal(extentOf(source, false), "nothing", source);
  }
  for (const source of ["a|b^c", "x\\By", "(?m)\\n^x", "^$", "(?i)k", "(?i)\u017f", "(a^)*b"]) {
    assert.equal(extentOf(source, true), "some", source);
  }
  // A search may begin behind a word, the whole text may not.
  assert.equal(extentOf("\\Bx", true), "nothing");
  assert.equal(extentOf("\\Bx", false), "some");
  assert.equal(extentOf("x\\B", true), "nothing");
  assert.equal(extentOf("x\\B", false), "some");
});

Deno.test("a pattern that every text has is told", () => {
  for (const source of ["(?s).*", "[\\s\\S]*", "(.|\\n)*", "(?s)^.*$", "((?s:.)*)"]) {
    assert.equal(extentOf(source, true), "everything", source);
  }
  for (const source of [".*", "^.*$", "(.*)*"]) assert.equal(extentOf(source, true), "lines", source);
  for (const source of ["", ".*", "a*", "(a|b?)", "^", "$"]) {
    assert.equal(extentOf(source, false), "everything", source);
  }
  for (const source of [".+", "^$", "\\b", "a*b"]) assert.equal(extentOf(source, false), "some", source);
});

Deno.test("what is said of a pattern holds for every text that is tried", () => {
  const atom = fc.constantFrom(
    "a",
    "b",
    ".",
    "^",
    "$",
    "\\b",
    "\\B",
    "\\n",
    "[^a]",
    "(?i)k",
    "\\W",
    "(?m:^)",
    "(?m:$)",
    "(?s:.)",
  );
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc.tuple(tie("pattern"), tie("pattern")).map(([left, right]) => `${left}${right}`),
      fc.tuple(tie("pattern"), tie("pattern")).map(([left, right]) => `(?:${left}|${right})`),
      tie("pattern").map((inner) => `(?:${inner})*`),
      tie("pattern").map((inner) => `(?:${inner})?`),
    ),
  }));
  const text = fc.array(fc.constantFrom("a", "b", "\n", " ", "k", "\u212a"), { maxLength: 5 }).map((all) =>
    all.join("")
  );
  fc.assert(
    fc.property(
      pattern,
      fc.boolean(),
      fc.array(text, { minLength: 5, maxLength: 20 }),
      (source, whole, texts) => {
        const compiled = engine.compile(source);
        const extent = extentOf(source, whole);
        for (const one of ["", ...texts]) {
          const holds = whole ? compiled.matches(one) : compiled.finds(one);
          if (extent === "nothing") assert.equal(holds, false, JSON.stringify([source, one]));
          if (extent === "everything") assert.equal(holds, true, JSON.stringify([source, one]));
          if (extent === "lines") {
            assert.equal(
              holds || one.includes("\n"),
              true,
              JSON.stringify([source, one]),
            );
          }
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
