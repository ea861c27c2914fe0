import assert from "node:assert/strict";
import { LilithError } from "../../src/errors.ts";
import { loadPatternEngine, usesPatterns } from "../../src/policy/pattern.ts";
import type { Check } from "../../src/policy/rule.ts";
import { document, equals, finds, matches, rule } from "./support/build.ts";

const engine = await loadPatternEngine();

Deno.test("`matches` is the whole text and `finds` any part of it", () => {
  const pattern = engine.compile("a+|ab");
  assert.deepEqual([pattern.matches("ab"), pattern.matches("xab"), pattern.matches("ab\n")], [
    true,
    false,
    false,
  ]);
  assert.deepEqual([pattern.finds("xab"), pattern.finds("xb")], [true, false]);
});

Deno.test("a dollar is the end of the text, also before a line end", () => {
  assert.equal(engine.compile("a$").finds("a\n"), false);
  assert.equal(engine.compile("(?m)a$").finds("a\n"), true);
});

Deno.test("a pattern that has no linear-time form is refused with an alternative", () => {
  const cases: readonly (readonly [string, RegExp, RegExp])[] = [
    ["(?=a)b", /looks ahead/, /two checks/],
    ["(?!a)b", /looks ahead/, /deny rule/],
    ["(?<=a)b", /looks behind/, /part of the pattern/],
    ["(?<!a)b", /looks behind/, /deny rule/],
    ["(a)\\1", /refers back/, /alternatives/],
    ["(?<x>a)\\k<x>", /refers back/, /alternatives/],
    ["(?>a)b", /atomic/, /never backtracks/],
    ["a++b", /possessive/, /never backtracks/],
    ["a*+b", /possessive/, /never backtracks/],
    ["a{1001}", /more than 1000/, /max_length/],
    ["((a{1,100}){1,100}){1,100}", /more than 1000/, /max_length/],
    ["a\\Z", /\\Z/, /\\z/],
    ["\\u0041", /\\u/, /\\x/],
    ["(?x) a", /flag x/, /without spaces/],
    ["*.txt", /nothing before a \*/, /no glob/],
    ["(a", /missing closing \)/, /RE2/],
    ["[a", /missing closing \]/, /RE2/],
    ["[z-a]", /invalid character class range/, /RE2/],
  ];
  for (const [source, found, hint] of cases) {
    assert.throws(() => engine.compile(source), (error) => {
      assert.ok(error instanceof LilithError);
      assert.equal(error.code, "policy_bad_value");
      assert.match(error.message, /^Cannot use the pattern "/);
      assert.ok(error.message.includes(source.replaceAll("\\", "\\\\")), error.message);
      assert.match(error.message, found);
      assert.match(error.hint ?? "", hint);
      return true;
    });
  }
});

Deno.test("a refused pattern is refused with the place where it cannot be read", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a(?=b)", '(character 2: "(?=b)")'],
    ["[(?=]\\(?=(?=b)", '(character 10: "(?=b)")'],
    ["[](?=]x(?!y)", '(character 8: "(?!y)")'],
    ["[[:alpha:](?=]x(?!y)", '(character 16: "(?!y)")'],
    ["\\Q(?=[\\E(?=b)", '(character 9: "(?=b)")'],
    ["(?<=a)b", ""],
    ["ab(?<=a)b", '(character 3: "(?<=a)b")'],
    ["(a)\\\\\\1", '(character 6: "\\\\1")'],
    ["xa*+b", '(character 3: "*+b")'],
    ["(?:a{1000}){1000}", '(character 12: "{1000}")'],
    ["(?P<n>a)(?P<n>b)", '(character 12: "<n>b)")'],
    ["a[z-a]", '(character 3: "z-a]")'],
    ["a(?#c)", '(character 2: "(?#c)")'],
    ["a\\Gb", '(character 2: "\\\\Gb")'],
    ["(a", ""],
  ];
  for (const [source, place] of cases) {
    assert.throws(() => engine.compile(source), (error) => {
      assert.ok(error instanceof LilithError);
      assert.equal(/ \(character \d.*\)$/.exec(error.message)?.[0].trim() ?? "", place, source);
      return true;
    });
  }
});

Deno.test("patterns that take exponential time elsewhere come to an end on 100 KB", () => {
  const letters = "a".repeat(100_000);
  assert.equal(engine.compile("^(a+)+$").finds(`${letters}!`), false);
  assert.equal(engine.compile("(a|aa)+").matches(`${letters}!`), false);
  assert.equal(engine.compile("(a|a?)+$").matches(`${letters}!`), false);
  assert.equal(engine.compile("(.*a){20}").matches(letters), true);
  assert.equal(engine.compile("\\s+$").finds(`${" ".repeat(100_000)}x`), false);
  assert.equal(engine.compile("(x+x+)+y").finds("x".repeat(100_000)), false);
});

Deno.test("usesPatterns() says whether any rule has one", () => {
  const withArgs = (...checks: Check[]) =>
    document([rule("allow", "*"), rule("allow", "*", { args: { a: checks } })]);
  assert.equal(usesPatterns([]), false);
  assert.equal(usesPatterns([withArgs(equals("x"))]), false);
  assert.equal(usesPatterns([withArgs(equals("x")), withArgs(equals("x"), finds("x"))]), true);
  assert.equal(usesPatterns([withArgs(matches("x"))]), true);
});
