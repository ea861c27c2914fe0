import assert from "node:assert/strict";
import fc from "fast-check";
import { findGlobProblem, TextGlob } from "../../src/policy/text_glob.ts";

function assertMatches(glob: string, matching: readonly string[], others: readonly string[]): void {
  const compiled = new TextGlob(glob);
  for (const text of matching) assert.equal(compiled.matches(text), true, `${glob} on ${text}`);
  for (const text of others) assert.equal(compiled.matches(text), false, `${glob} on ${text}`);
}

Deno.test("* is a run without /, ? one character without /, and the rest is itself", () => {
  assertMatches("*.txt", [".txt", "a.txt", "a.b.txt"], ["a/b.txt", "a.txt ", "a.TXT", "atxt", ""]);
  assertMatches("a?c", ["abc", "a😀c", "a\nc"], ["ac", "a/c", "abbc"]);
  assertMatches("/tmp/*/x", ["/tmp/a/x", "/tmp//x"], ["/tmp/x", "/tmp/a/b/x"]);
  assertMatches("a.c+(b)|^$", ["a.c+(b)|^$"], ["abc+(b)|^$", "a.cc(b)"]);
  assertMatches("😀*", ["😀", "😀a"], ["\ud83d", "a😀"]);
  assertMatches("plain", ["plain"], ["plai", "plainn", ""]);
  assertMatches("", [""], ["a"]);
});

Deno.test("** is any run; between slashes it stands for whole names, also for none", () => {
  assertMatches("**", ["", "a", "a/b\n/c"], []);
  assertMatches("/tmp/**", ["/tmp/", "/tmp/a", "/tmp/a/b"], ["/tmp", "/tmpx/a"]);
  assertMatches("**/.env", [".env", "a/.env", "/a/b/.env"], ["x.env", "a/x.env", ".env/a"]);
  assertMatches("a/**/b", ["a/b", "a/x/b", "a/x/y/b", "a//b"], ["a/xb", "axb", "a/x/bb"]);
  assertMatches("a/**/**/b", ["a/b", "a/x/b"], ["ab"]);
  assertMatches("**/*.ts", ["a.ts", "a/b.ts"], ["a.js"]);
  assertMatches("a**b", ["ab", "a/b", "a/x/b"], ["a/c"]);
  assertMatches("x**/b", ["x/b", "xy/b", "x/y/b"], ["xb", "b"]);
  assertMatches("***", ["a/b"], []);
});

Deno.test("a glob longer than one word of places works across its borders", () => {
  for (const length of [30, 31, 32, 33, 63, 64, 65, 100]) {
    const long = "a".repeat(length);
    assertMatches(long, [long], [`${long}a`, long.slice(1)]);
    assertMatches(`${long}*b`, [`${long}b`, `${long}xxb`], [`${long}/b`, long]);
    assertMatches(`${long}/**/b`, [`${long}/b`, `${long}/x/b`], [`${long}b`, `${long}/xb`]);
    assertMatches("?".repeat(length), [long], [`${long}a`, `${long.slice(1)}/`]);
  }
});

/** Straight from the description: every way to split is tried. */
function matchesNaively(glob: string, text: string, isStart = true): boolean {
  if (glob === "") return text === "";
  const stars = /^\*+/.exec(glob)?.[0].length ?? 0;
  const rest = glob.slice(Math.max(stars, 1));
  const [first] = text;
  const after = text.slice(first?.length ?? 0);
  if (stars === 0 && glob[0] !== "?") {
    const [wanted] = glob;
    return first === wanted && matchesNaively(glob.slice(wanted.length), after, wanted === "/");
  }
  if (stars === 0) return first !== undefined && first !== "/" && matchesNaively(rest, after, false);
  if (stars >= 2 && isStart && rest.startsWith("/") && matchesNaively(rest.slice(1), text, true)) return true;
  if (matchesNaively(rest, text, false)) return true;
  const mayTake = first !== undefined && (stars >= 2 || first !== "/");
  return mayTake && matchesNaively(glob, after, false);
}

Deno.test("a glob matches what a naive reading of its description matches", () => {
  const anyGlob = fc.array(fc.constantFrom("a", "b", "/", "*", "**", "**/", "/**/", "?", "😀"), {
    maxLength: 6,
  });
  const anyText = fc.array(fc.constantFrom("a", "b", "/", "😀", "\n"), { maxLength: 7 });
  let matched = 0;
  fc.assert(
    fc.property(anyGlob, anyText, (glob, text) => {
      const expected = matchesNaively(glob.join(""), text.join(""));
      assert.equal(new TextGlob(glob.join("")).matches(text.join("")), expected);
      if (expected) matched++;
    }),
    { numRuns: 20_000 },
  );
  assert.ok(matched > 1_000, `only ${matched} matches`);
});

Deno.test("each character of a text is looked at once, however the glob could be split", () => {
  // What a backtracking matcher would do again and again shows as a second look at the same place.
  const text = "a".repeat(2_000);
  for (
    const glob of [
      "*a*a*a*a*a*b",
      "**a**a**a**a**b",
      "a*".repeat(50) + "b",
      "**/*a/**/*b",
      "?*".repeat(40) + "b",
    ]
  ) {
    let looks = 0;
    const watched = {
      length: text.length,
      codePointAt: (at: number) => {
        looks++;
        return text.codePointAt(at);
      },
    };
    assert.equal(new TextGlob(glob).matches(watched as unknown as string), false);
    assert.ok(looks <= text.length, `${glob}: ${looks} looks`);
  }
});

Deno.test("findGlobProblem() refuses what other globs have and this one has not", () => {
  const table: [string, RegExp][] = [
    ["*.[jt]s", /has brackets.*list of globs/],
    ["*.{js,ts}", /has braces/],
    ["a\\*", /backslash, which escapes nothing/],
    ["!*.txt", /negates nothing.*deny rule/],
    ["a\u200b*", /cannot be seen/],
    ["./*.txt", /"\." or "\.\." for a name/],
    ["/tmp/../*", /"\." or "\.\." for a name/],
  ];
  for (const [glob, said] of table) {
    const problem = findGlobProblem(glob);
    assert.match(`${problem?.what} ${problem?.hint}`, said, glob);
  }
  for (const fine of ["*.txt", "**/.env", "..", "a..b*", "/tmp/.git/**", "~/x*"]) {
    assert.equal(findGlobProblem(fine), undefined, fine);
  }
});
