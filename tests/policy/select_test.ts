import assert from "node:assert/strict";
import fc from "fast-check";
import type { Answer } from "../../src/policy/answer.ts";
import { argumentOf } from "../../src/policy/compile_rule.ts";
import type { CompiledRule } from "../../src/policy/compiled.ts";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { answerRule } from "../../src/policy/match.ts";
import { pathQueries } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import { selectAll } from "../../src/policy/select.ts";
import { parseSelector } from "../../src/policy/selector.ts";
import { initialState } from "../../src/policy/state.ts";
import { Subject } from "../../src/policy/subject.ts";
import type { JsonValue } from "../../src/wire/json_value.ts";
import {
  type Args,
  call,
  compile,
  document,
  equals,
  max,
  number,
  operation,
  present,
  rule,
  type RuleParts,
  under,
} from "./support/build.ts";
import { disk } from "./support/arbitrary.ts";

/** What a rule with these arguments answers to a call, as an allow and as a deny. */
function answers(args: Args, argumentsJson: string, parts: RuleParts = {}): readonly Answer[] {
  const policy = compile(document([
    rule("allow", "*", { ...parts, id: "a", args }),
    rule("deny", "*", { ...parts, id: "d", args }),
  ]));
  const subject = new Subject(call("tool", argumentsJson), disk().all(), policy.paths);
  const { allow, deny } = policy.documents[0];
  return [
    answerRule(allow.rules[0] as CompiledRule, subject, "allow"),
    answerRule(deny.rules[0] as CompiledRule, subject, "deny"),
  ];
}

function assertTable(args: Args, table: readonly (readonly [string, Answer, Answer])[], parts?: RuleParts) {
  for (const [text, allow, deny] of table) assert.deepEqual(answers(args, text, parts), [allow, deny], text);
}

Deno.test("a path goes down into members; what is absent on the way is absent", () => {
  assertTable({ "a.b.c": [equals("x")] }, [
    ['{"a":{"b":{"c":"x"}}}', "yes", "yes"],
    ['{"a":{"b":{"c":"y"}}}', "no", "no"],
    ['{"a":{"b":{}}}', "no", "no"],
    ['{"a":{}}', "no", "no"],
    ["{}", "no", "no"],
    ['{"a.b.c":"x"}', "no", "no"],
    ['{"a":"{\\"b\\":{\\"c\\":\\"x\\"}}"}', "unknown", "unknown"],
  ]);
});

Deno.test("null or another type on the way is unknown", () => {
  for (const found of ["null", "5", '"b"', "true", "[]", '[{"b":"x"}]']) {
    assertTable({ "a.b": [equals("x")] }, [[`{"a":${found}}`, "unknown", "unknown"]]);
    assertTable({ "a.b": [present(false)] }, [[`{"a":${found}}`, "unknown", "unknown"]]);
  }
  for (const found of ["null", "5", '"x"', "true", "{}", '{"0":"x"}']) {
    assertTable({ "a[*]": [equals("x")] }, [[`{"a":${found}}`, "unknown", "unknown"]]);
  }
  for (const all of ["null", "5", "[]"]) assertTable({ "a.b": [equals("x")] }, [[all, "unknown", "unknown"]]);
});

Deno.test("a key that some server takes for a step is unknown, at every level", () => {
  assertTable({ "a.b.c": [equals("x")] }, [
    ['{"A":{"b":{"c":"x"}}}', "unknown", "unknown"],
    ['{"a":{"B":{"c":"x"}}}', "unknown", "unknown"],
    ['{"a":{"b":{"C":"x"}}}', "unknown", "unknown"],
    ['{"a":{"b":{"c":"x","C":"y"}}}', "unknown", "unknown"],
    ['{"a":{"b":{"c":"x"},"b\\u0000":1}}', "unknown", "unknown"],
    ['{"a":{"__proto__":{"b":{"c":"x"}}}}', "unknown", "unknown"],
    ['{"__proto__":{"a":1}}', "unknown", "unknown"],
    ['{"a":{"__proto__":1}}', "no", "no"],
    ['{"a":{"b":{"c":"x"},"B2":1,"__proto__":{}}}', "yes", "yes"],
  ]);
  assertTable({ "a[*].b": [equals("x")] }, [
    ['{"a":[{"b":"x"},{"B":"x"}]}', "unknown", "yes"],
    ['{"a":[{"b":"y"},{"B":"x"}]}', "no", "unknown"],
  ]);
});

Deno.test("`[*]`: an allow wants all elements and at least one, a deny any", () => {
  assertTable({ "a[*]": [equals("x")] }, [
    ['{"a":["x"]}', "yes", "yes"],
    ['{"a":["x","x"]}', "yes", "yes"],
    ['{"a":["x","y"]}', "no", "yes"],
    ['{"a":["y","z"]}', "no", "no"],
    ['{"a":["x",null]}', "unknown", "yes"],
    ['{"a":["y",null]}', "no", "unknown"],
    ['{"a":[]}', "no", "no"],
    ["{}", "no", "no"],
  ]);
  assertTable({ "a[*].b[*]": [max(5)] }, [
    ['{"a":[{"b":[1,2]},{"b":[3]}]}', "yes", "yes"],
    ['{"a":[{"b":[1,2]},{"b":[6]}]}', "no", "yes"],
    // An element without any: a server may take an empty list for all there is.
    ['{"a":[{"b":[1]},{"b":[]}]}', "no", "yes"],
    ['{"a":[{"b":[1]},{}]}', "no", "yes"],
    ['{"a":[{"b":[]}]}', "no", "no"],
    ['{"a":[{"b":[1]},5]}', "unknown", "yes"],
  ]);
  assertTable({ "a[*][*]": [equals(number("1"))] }, [
    ['{"a":[[1],[1,1]]}', "yes", "yes"],
    ['{"a":[1]}', "unknown", "unknown"],
  ]);
});

Deno.test("the checks of a selector hold together at each place, not across places", () => {
  const args = { "a[*]": [equals("x"), under("/wd")] };
  // One element is "x", another is under /wd: none is both.
  assertTable(args, [['{"a":["x","/wd/notes"]}', "no", "yes"]]);
  assertTable({ "a[*]": [equals("/tmp/a"), under("/wd")] }, [['{"a":["/tmp/a","/wd/notes"]}', "no", "no"]]);
});

Deno.test("`present: false` with a path: nothing there, at no place", () => {
  assertTable({ "a[*].b": [present(false)] }, [
    ["{}", "yes", "yes"],
    ['{"a":[]}', "yes", "yes"],
    ['{"a":[{},{"c":1}]}', "yes", "yes"],
    ['{"a":[{},{"b":1}]}', "no", "yes"],
    ['{"a":[{"b":1}]}', "no", "no"],
    ['{"a":[{"b":null}]}', "unknown", "unknown"],
  ]);
  assertTable({ "a.b": [present(true)] }, [
    ['{"a":{"b":1}}', "yes", "yes"],
    ['{"a":{}}', "no", "no"],
  ]);
});

Deno.test("`others: none` closes every object that a selector enters, and nothing below its end", () => {
  const closed = { others: "none" as const };
  const allow = (args: Args, text: string) => answers(args, text, closed)[0];
  const args = { "a.b": [equals("x")], "l[*].f": [equals("x")], e: [present(true)] };
  const good = '"l":[{"f":"x"}],"e":{"any":[{"thing":1}]}';
  assert.equal(allow(args, `{"a":{"b":"x"},${good}}`), "yes");
  assert.equal(allow(args, `{"a":{"b":"x","c":1},${good}}`), "no");
  assert.equal(allow(args, `{"a":{"b":"x"},${good},"z":1}`), "no");
  assert.equal(allow(args, '{"a":{"b":"x"},"l":[{"f":"x"},{"f":"x","g":1}],"e":1}'), "no");
  assert.equal(allow(args, '{"a":{"b":"x"},"l":[{"f":"x"},5],"e":1}'), "unknown");
  // Named as a whole and entered: the path closes it.
  assert.equal(allow({ a: [present(true)], "a.b": [equals("x")] }, '{"a":{"b":"x","c":1}}'), "no");
  assert.equal(allow({ "a.b": [present(false)] }, '{"a":{}}'), "yes");
  assert.equal(allow({ "a.b": [present(false)] }, '{"a":{"c":1}}'), "no");
  assert.equal(allow({ '"a.b".c': [equals("x")] }, '{"a.b":{"c":"x"}}'), "yes");
  assert.equal(allow({ '"a.b"': [equals("x")] }, '{"a.b":"x"}'), "yes");
});

Deno.test("a denial names the place that does not pass", () => {
  const reason = (args: Args, text: string, parts: RuleParts = {}) => {
    const policy = compile(document([rule("allow", "t", { ...parts, args })]));
    return decide(policy, initialState(policy), call("t", text), noFacts, 0).reason;
  };
  const args = { "a[*].b": [equals("x")] };
  const said = (what: string) => `no rule allows tool "t" with these arguments: ${what}`;
  assert.equal(reason(args, '{"a":[{"b":"y"}]}'), said('argument "a[*].b" must be "x"'));
  assert.equal(reason(args, '{"a":[{"b":"x"},{}]}'), said('argument "a[*].b" is missing'));
  assert.equal(reason(args, '{"a":[{"b":"x"},5]}'), said('argument "a[*]" must be an object'));
  assert.equal(reason(args, '{"a":{}}'), said('argument "a" must be a list'));
  assert.equal(
    reason(args, '{"a":[{"b":null}]}'),
    said('argument "a[*].b" must be "x", and it is null'),
  );
  assert.equal(
    reason(args, '{"a":[{"B":"x"}]}'),
    said('argument "B" could be taken for argument "a[*].b"'),
  );
  assert.equal(
    reason(args, '{"a":[{"b":"x","c":1}]}', { others: "none" }),
    said('argument "a[*].c" is not expected'),
  );
  assert.equal(
    reason(args, '{"a":"x"}', { others: "none" }),
    said('argument "a" must be a list'),
  );
});

Deno.test("a path to more places than the bound is unknown", () => {
  const many = (count: number) => new Map([["a", Array.from({ length: count }, () => "x" as JsonValue)]]);
  const answer = (count: number, effect: "allow" | "deny") => {
    const policy = compile(document([rule(effect, "*", { args: { "a[*]": [equals("x")] } })]));
    const subject = new Subject(operation({ arguments: many(count) }), noFacts, policy.paths);
    return answerRule(policy.documents[0][effect].rules[0], subject, effect);
  };
  assert.equal(answer(99_999, "allow"), "yes");
  assert.equal(answer(100_000, "allow"), "unknown");
});

Deno.test("needs() asks for the paths at every place of a selector", () => {
  const policy = compile(document([rule("allow", "*", { args: { "e[*].f": [under("/tmp")] } })]));
  const asked = needs(policy, call("t", '{"e":[{"f":"/tmp/a"},{"f":5},{"f":"/tmp/b"}]}'));
  assert.deepEqual(pathQueries(asked).map(({ path }) => path), ["/tmp", "/tmp/a", "/tmp/b"]);
});

Deno.test("a path selects what walking down by hand finds", () => {
  const anyKey = fc.constantFrom("a", "a", "a", "b", "b", "A", "__proto__");
  const { value: anyValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: "large" },
      fc.constantFrom<JsonValue>("x", null, true),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.array(fc.tuple(anyKey, tie("value")), { maxLength: 3 }).map((members) => new Map(members)),
    ),
  }));
  const anySelector = fc.array(fc.constantFrom(".a", ".a", ".b", "[*]", "[*]"), { maxLength: 4 })
    .map((below) => `a${below.join("")}`);

  /** Values as they are; "absent" and "unknown" as words that no value is. */
  const byHand = (value: JsonValue, selector: string): unknown[] => {
    if (selector === "") return [value];
    if (selector.startsWith("[*]")) {
      if (!Array.isArray(value)) return ["?"];
      return value.length === 0 ? ["-"] : value.flatMap((one) => byHand(one, selector.slice(3)));
    }
    if (!(value instanceof Map)) return ["?"];
    const name = selector[1];
    if ([...value.keys()].some((key) => key !== name && key.toLowerCase() === name)) return ["?"];
    if (value.has(name)) return byHand(value.get(name)!, selector.slice(2));
    return typeof value.get("__proto__") === "object" && value.get("__proto__") !== null ? ["?"] : ["-"];
  };
  let depth = 0;
  fc.assert(
    fc.property(anyValue, anySelector, (value, selector) => {
      const parsed = parseSelector(selector);
      assert.equal(parsed.kind, "path");
      if (parsed.kind !== "path") return;
      const policy = compile(document([]));
      const all = new Map([["a", value]]);
      const subject = new Subject(operation({ arguments: all }), noFacts, policy.paths);
      const found = selectAll(argumentOf(parsed.steps), subject).map((place) =>
        place.kind === "value" ? place.value : place.kind === "absent" ? "-" : "?"
      );
      assert.deepEqual(found, byHand(all, `.${selector}`));
      if (found.some((one) => one !== "-" && one !== "?")) depth = Math.max(depth, parsed.steps.length);
    }),
    { numRuns: 2_000, seed: 1 }, // some values have to be found far down, and not by chance
  );
  assert.ok(depth >= 3, `no value was found deeper than ${depth} steps`);
});
