import assert from "node:assert/strict";
import type { CompiledRule } from "../../src/policy/compiled.ts";
import { noFacts } from "../../src/policy/facts.ts";
import type { Answer } from "../../src/policy/answer.ts";
import { answerRule } from "../../src/policy/match.ts";
import type { PatternEngine } from "../../src/policy/pattern.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import type { Check } from "../../src/policy/rule.ts";
import { type JsonValue, readJson } from "../../src/wire/json_value.ts";
import { Subject } from "../../src/policy/subject.ts";
import {
  type Args,
  call,
  compile,
  document,
  equals,
  finds,
  matches,
  max,
  maxLength,
  min,
  number,
  oneOf,
  operation,
  present,
  rule,
  type RuleParts,
  under,
} from "./support/build.ts";

/** What a rule with these arguments answers to a call, as an allow and as a deny. */
function answers(args: Args, argumentsJson: string | undefined, parts: RuleParts = {}) {
  const policy = compile(document([
    rule("allow", "*", { ...parts, id: "a", args }),
    rule("deny", "*", { ...parts, id: "d", args }),
  ]));
  const subject = new Subject(call("tool", argumentsJson), noFacts, policy.paths);
  const { allow, deny } = policy.documents[0];
  return [
    answerRule(allow.rules[0] as CompiledRule, subject, "allow"),
    answerRule(deny.rules[0] as CompiledRule, subject, "deny"),
  ];
}

/** Both strictnesses give the one answer. */
function assertAnswer(args: Args, argumentsJson: string | undefined, answer: Answer): void {
  assert.deepEqual(
    answers(args, argumentsJson),
    [answer, answer],
    `${JSON.stringify(args)} on ${argumentsJson}`,
  );
}

/** Some check of each kind. */
const everyKind: readonly Check[] = [
  equals("x"),
  equals(number("5")),
  equals(true),
  oneOf("x", "y"),
  matches("x"),
  finds("x"),
  under("/tmp"),
  min(1),
  max(1),
  maxLength(1),
  present(true),
];

Deno.test("a rule without arguments says yes to any arguments", () => {
  for (const argumentsJson of [undefined, "null", "[]", "5", "{}", '{"path":null}']) {
    assertAnswer({}, argumentsJson, "yes");
  }
});

Deno.test("an absent argument is no to every check", () => {
  for (const check of everyKind) {
    assertAnswer({ path: [check] }, "{}", "no");
    assertAnswer({ path: [check] }, undefined, "no");
    assertAnswer({ path: [check] }, '{"other":"x"}', "no");
  }
});

Deno.test("`present: false` says yes to absence and no to a value", () => {
  assertAnswer({ path: [present(false)] }, "{}", "yes");
  assertAnswer({ path: [present(false)] }, undefined, "yes");
  assertAnswer({ path: [present(false)] }, '{"path":"x"}', "no");
  assertAnswer({ path: [present(true)] }, '{"path":"x"}', "yes");
  assertAnswer({ path: [present(true)] }, '{"path":false}', "yes");
  assertAnswer({ path: [present(false), equals("x")] }, "{}", "no");
});

Deno.test("null is unknown to every check, because some servers take it for absence", () => {
  for (const check of [...everyKind, present(false)]) {
    assertAnswer({ path: [check] }, '{"path":null}', "unknown");
  }
});

Deno.test("null equals null", () => {
  assertAnswer({ path: [equals(null)] }, '{"path":null}', "yes");
  assertAnswer({ path: [oneOf("x", null)] }, '{"path":null}', "yes");
  for (const other of ["0", '""', "false", "[]", "{}"]) {
    assertAnswer({ path: [equals(null)] }, `{"path":${other}}`, "unknown");
  }
});

Deno.test("a value of another type is unknown, because servers coerce", () => {
  for (const value of ["5", "true", '["x"]', '{"x":1}']) {
    for (const check of [equals("x"), oneOf("x", "y"), matches("x"), finds("x"), under("/tmp")]) {
      assertAnswer({ path: [check] }, `{"path":${value}}`, "unknown");
    }
  }
  for (const value of ['"5"', "true", "[5]", "{}"]) {
    for (const check of [equals(number("5")), min(1), max(9)]) {
      assertAnswer({ n: [check] }, `{"n":${value}}`, "unknown");
    }
  }
  for (const value of ['"true"', "1", "[true]"]) {
    assertAnswer({ b: [equals(true)] }, `{"b":${value}}`, "unknown");
  }
  for (const value of ["5", "true", "{}"]) assertAnswer({ s: [maxLength(9)] }, `{"s":${value}}`, "unknown");
});

Deno.test("a literal of each type says yes to itself and no to another of its type", () => {
  assertAnswer({ a: [equals("x")] }, '{"a":"x"}', "yes");
  assertAnswer({ a: [equals("x")] }, '{"a":"y"}', "no");
  assertAnswer({ a: [equals(number("5"))] }, '{"a":5.0}', "yes");
  assertAnswer({ a: [equals(number("5"))] }, '{"a":6}', "no");
  assertAnswer({ a: [equals(true)] }, '{"a":true}', "yes");
  assertAnswer({ a: [equals(true)] }, '{"a":false}', "no");
});

Deno.test("one-of says yes to any of its literals, else unknown if one is of another type", () => {
  assertAnswer({ a: [oneOf("x", "y")] }, '{"a":"y"}', "yes");
  assertAnswer({ a: [oneOf("x", "y")] }, '{"a":"z"}', "no");
  assertAnswer({ a: [oneOf("x", number("5"))] }, '{"a":5}', "yes");
  assertAnswer({ a: [oneOf("x", number("5"))] }, '{"a":"5"}', "unknown");
  assertAnswer({ a: [oneOf()] }, '{"a":"x"}', "no");
});

Deno.test("arguments that are no object are unknown for every named argument", () => {
  for (const all of ["null", "[]", '["path"]', '"path"', "5", "true"]) {
    for (const check of [...everyKind, present(false)]) assertAnswer({ path: [check] }, all, "unknown");
  }
});

Deno.test("a key that differs from a named argument only by folding makes it unknown", () => {
  const alike = ["Path", "PATH", "path\\u0000", "path\\u0000x", "ｐａｔｈ", "pa\\u0074H"];
  for (const key of alike) {
    assertAnswer({ path: [equals("x")] }, `{"${key}":"x"}`, "unknown");
    assertAnswer({ path: [equals("x")] }, `{"path":"x","${key}":"y"}`, "unknown");
    assertAnswer({ path: [present(false)] }, `{"${key}":"x"}`, "unknown");
  }
  assertAnswer({ keys: [equals("x")] }, '{"\\u212aey\\u017f":"x"}', "unknown");
  assertAnswer({ path: [equals("x")] }, '{"path":"x","paths":"y","apath":"z"}', "yes");
});

Deno.test("an argument called __proto__ or constructor is an argument like any other", () => {
  assertAnswer({ ["__proto__"]: [present(true)] }, "{}", "no");
  assertAnswer({ ["__proto__"]: [equals("x")] }, '{"__proto__":"x"}', "yes");
  assertAnswer({ constructor: [present(true)] }, "{}", "no");
  assertAnswer({ constructor: [equals("x")] }, '{"constructor":"x"}', "yes");
});

Deno.test("an argument that could be inherited from __proto__ is not absent for certain", () => {
  for (const inherited of ['{"__proto__":{"recursive":true}}', '{"__proto__":[]}']) {
    assertAnswer({ recursive: [equals(true)] }, inherited, "unknown");
    assertAnswer({ recursive: [present(false)] }, inherited, "unknown");
  }
  // What stands in the message itself hides what could be inherited; and nobody inherits from a text.
  assertAnswer({ recursive: [equals(true)] }, '{"recursive":false,"__proto__":{"recursive":true}}', "no");
  assertAnswer({ recursive: [equals(true)] }, '{"__proto__":"x"}', "no");
});

Deno.test("a deny sees through a NUL, behind which a C library reads nothing", () => {
  const texts = ["k.pem\\u0000.txt", "k.pem%00.txt", "k.pem\\u0000"];
  for (const text of texts) {
    assert.deepEqual(answers({ a: [finds("\\.pem$")] }, `{"a":"${text}"}`), ["no", "yes"]);
    assert.deepEqual(answers({ a: [equals("K.PEM")] }, `{"a":"${text}"}`), ["no", "yes"]);
  }
});

Deno.test("a text with more combining marks than any language has makes a deny unknown", () => {
  const zalgo = `"ａ${"\u0301\u0316".repeat(16)}"`;
  assert.deepEqual(answers({ a: [equals("b")] }, `{"a":${zalgo}}`), ["no", "unknown"]);
  assert.deepEqual(answers({ "**": [finds("x")] }, `{"a":${zalgo}}`), ["no", "unknown"]);
});

/** How often keys that spell integers were put into any one Map, or searched in it, at most, while `act` ran. */
function numberedLookUps(act: () => void): number {
  const { get, has, set } = Map.prototype;
  const counts = new WeakMap<object, number>();
  let most = 0;
  const count = (map: object, key: unknown) => {
    if (typeof key !== "string" || !/^[0-9]+$/.test(key)) return;
    const number = (counts.get(map) ?? 0) + 1;
    counts.set(map, number);
    most = Math.max(most, number);
  };
  Map.prototype.get = function (key) {
    count(this, key);
    return get.call(this, key);
  };
  Map.prototype.has = function (key) {
    count(this, key);
    return has.call(this, key);
  };
  Map.prototype.set = function (key, value) {
    count(this, key);
    return set.call(this, key, value);
  };
  try {
    act();
  } finally {
    Object.assign(Map.prototype, { get, has, set });
  }
  return most;
}

Deno.test("no table is keyed by integers of the agent's choice, which all fall into one place", () => {
  const numbers = Array.from({ length: 2000 }, (_, index) => (index + 1) * 65536);
  const asKeys = `{${numbers.map((number) => `"${number}":0`).join()}}`;
  const bytes = new TextEncoder().encode(asKeys);
  const most = numberedLookUps(() => {
    const args = { a: [equals("x")], "**": [finds("x"), under("/tmp")] };
    assertAnswer(
      args,
      `{"a":"y","b":[${numbers.join()}],"c":[${numbers.map((one) => `"${one}"`).join()}]}`,
      "no",
    );
    const object = readJson(bytes, 0, bytes.length);
    const subject = new Subject(operation({ arguments: object }), noFacts, compile(document([])).paths);
    assert.deepEqual(subject.find("a", "a"), { kind: "absent" });
  });
  assert.ok(most <= 150, `${most} look-ups of integers in one Map`);
});

Deno.test("all checks of all arguments must hold together", () => {
  const args = { a: [min(1), max(5)], b: [equals("x")] };
  assertAnswer(args, '{"a":3,"b":"x"}', "yes");
  assertAnswer(args, '{"a":9,"b":"x"}', "no");
  assertAnswer(args, '{"a":3,"b":"y"}', "no");
  assertAnswer(args, '{"a":3,"b":null}', "unknown");
  assertAnswer(args, '{"a":9,"b":null}', "no");
  assertAnswer(args, '{"a":null,"b":"y"}', "no");
});

Deno.test("text: an allow takes it as it stands, a deny in every reading and ignoring case", () => {
  const loose = [
    "SECRET",
    "Secret",
    "%73ecret",
    "%2573ecret",
    "%252573ecret",
    "%53ECRET",
    "ｓｅｃｒｅｔ",
    "\u017fecret",
    "%EF%BD%93ecret",
    "％73ecret",
    " secret",
    "secret\n",
    '"secret"',
    "%20secret%20",
  ];
  for (const text of loose) {
    assert.deepEqual(answers({ a: [equals("secret")] }, JSON.stringify({ a: text })), ["no", "yes"], text);
    assert.deepEqual(
      answers({ a: [oneOf("x", "secret")] }, JSON.stringify({ a: text })),
      ["no", "yes"],
      text,
    );
  }
  for (const text of ["secre", "secrets", "%25252573ecret", "sec ret"]) {
    assertAnswer({ a: [equals("secret")] }, JSON.stringify({ a: text }), "no");
  }
  assertAnswer({ a: [equals("secret")] }, '{"a":"secret"}', "yes");
});

Deno.test("text: composed and decomposed spellings are one to a deny and two to an allow", () => {
  assert.deepEqual(answers({ a: [equals("caf\u00e9")] }, '{"a":"cafe\\u0301"}'), ["no", "yes"]);
  assert.deepEqual(answers({ a: [equals("cafe\u0301")] }, '{"a":"caf\\u00e9"}'), ["no", "yes"]);
  assert.deepEqual(answers({ a: [finds("caf\u00e9")] }, '{"a":"cafe\\u0301"}'), ["no", "yes"]);
});

Deno.test("`matches` is about the whole text and `finds` about any part", () => {
  assertAnswer({ a: [matches("b+")] }, '{"a":"bb"}', "yes");
  assertAnswer({ a: [matches("b+")] }, '{"a":"abb"}', "no");
  assert.deepEqual(answers({ a: [matches("b+")] }, '{"a":"bb\\n"}'), ["no", "yes"]);
  assertAnswer({ a: [matches("a|ab")] }, '{"a":"ab"}', "yes");
  assertAnswer({ a: [finds("b+")] }, '{"a":"abba"}', "yes");
  assert.deepEqual(answers({ a: [finds("b$")] }, '{"a":"b\\n"}'), ["no", "yes"]);
  assertAnswer({ a: [finds("b$")] }, '{"a":"b\\na"}', "no");
  assertAnswer({ a: [finds("^b")] }, '{"a":"a\\nb"}', "no");
});

Deno.test("patterns: a deny looks at every reading, but case is the pattern's own", () => {
  const args = { a: [finds("/\\.ssh/")] };
  for (const text of ["/%2essh/", "%2F.ssh%2F", "/%252essh/", "／.ssh／", "/．ssh/"]) {
    assert.deepEqual(answers(args, JSON.stringify({ a: text })), ["no", "yes"], text);
  }
  assertAnswer(args, '{"a":"/.SSH/"}', "no");
  assertAnswer({ a: [finds("(?i)/\\.ssh/")] }, '{"a":"/.SSH/"}', "yes");
});

Deno.test("numbers are compared as they are spelt", () => {
  assertAnswer({ n: [equals(number("5"))] }, '{"n":5e0}', "yes");
  assertAnswer({ n: [min(0)] }, '{"n":-0}', "yes");
  assertAnswer({ n: [min(0.1), max(0.1)] }, '{"n":0.1}', "yes");
  assertAnswer({ n: [max(10)] }, '{"n":10.5}', "no");
  assertAnswer({ n: [min(10)] }, '{"n":9.5}', "no");
  assertAnswer({ n: [max(2 ** 53)] }, '{"n":9007199254740991}', "yes");
});

Deno.test("a number that a double cannot hold is unknown where that makes a difference", () => {
  assertAnswer({ n: [max(2 ** 53)] }, '{"n":9007199254740993}', "unknown");
  assertAnswer({ n: [equals(number("9007199254740992"))] }, '{"n":9007199254740993}', "unknown");
  assertAnswer({ n: [equals(number("9007199254740993"))] }, '{"n":9007199254740993}', "yes");
  assertAnswer({ n: [max(5)] }, '{"n":5.00000000000000000001}', "unknown");
  assertAnswer({ n: [max(0)] }, '{"n":1e-400}', "unknown");
  assertAnswer({ n: [min(2 ** 53)] }, '{"n":9007199254740993}', "yes");
});

Deno.test("a number beyond every double is unknown", () => {
  for (const check of [min(0), max(0), equals(number("5"))]) {
    assertAnswer({ n: [check] }, '{"n":1e400}', "unknown");
    assertAnswer({ n: [check] }, '{"n":-1e400}', "unknown");
  }
});

Deno.test("max_length counts UTF-16 code units of a text and elements of an array", () => {
  assertAnswer({ a: [maxLength(2)] }, '{"a":"ab"}', "yes");
  assertAnswer({ a: [maxLength(2)] }, '{"a":"abc"}', "no");
  assertAnswer({ a: [maxLength(2)] }, '{"a":"😀"}', "yes");
  assertAnswer({ a: [maxLength(2)] }, '{"a":[1,2]}', "yes");
  assertAnswer({ a: [maxLength(2)] }, '{"a":[1,2,3]}', "no");
});

Deno.test('"**" sees strings, keys and spelt numbers at any depth', () => {
  const args = { "**": [finds("needle")] };
  for (
    const all of [
      '{"a":"a needle"}',
      '{"needle":1}',
      '{"a":{"b":[{"needles":null}]}}',
      '["x",["needle"]]',
      '"needle"',
    ]
  ) {
    assert.equal(answers(args, all)[1], "yes", all);
  }
  assert.deepEqual(answers({ "**": [finds("^1e3$")] }, '{"a":[1e3]}'), ["no", "yes"]);
  assert.deepEqual(answers({ "**": [matches("1.0|a")] }, '{"a":1.0}'), ["yes", "yes"]);
  assertAnswer(args, '{"a":[true,null]}', "no");
});

Deno.test('"**": an allow wants all of them and at least one, a deny any', () => {
  const args = { "**": [matches("[a-z]+")] };
  assertAnswer(args, '{"a":"b","c":["d"]}', "yes");
  assert.deepEqual(answers(args, '{"a":"b","c":"D"}'), ["no", "yes"]);
  assertAnswer(args, "{}", "no");
  assertAnswer(args, undefined, "no");
  assertAnswer(args, '"D"', "no");
  assertAnswer(args, "[true]", "no");
});

Deno.test('"**": one unknown text makes an allow unknown, and a deny unless another fires', () => {
  assert.deepEqual(answers({ "**": [min(1)] }, "[5,1e400]"), ["unknown", "yes"]);
  assert.deepEqual(answers({ "**": [min(1)] }, '[5,"x"]'), ["unknown", "yes"]);
  assert.deepEqual(answers({ "**": [min(1)] }, '[0,"x"]'), ["no", "unknown"]);
});

Deno.test('"**" with `present` is about whether there is any text', () => {
  assertAnswer({ "**": [present(true)] }, '{"a":1}', "yes");
  assertAnswer({ "**": [present(true)] }, "{}", "no");
  assertAnswer({ "**": [present(false)] }, "[null]", "yes");
  assertAnswer({ "**": [present(true), finds("x")] }, '["x"]', "yes");
});

Deno.test('"**" is unknown for more texts than are looked at', () => {
  const many = `[${Array.from({ length: 100_001 }, (_, index) => index).join(",")}]`;
  assertAnswer({ "**": [finds("x")] }, many, "unknown");
  const repeated = `[${Array.from({ length: 100_001 }, () => 7).join(",")}]`;
  assertAnswer({ "**": [finds("x")] }, repeated, "no");
});

Deno.test("`others: none` says no to an argument that nobody named, in an allow", () => {
  const closed = { others: "none" as const };
  assert.deepEqual(answers({ a: [present(true)] }, '{"a":1,"b":2}', closed), ["no", "yes"]);
  assert.deepEqual(answers({ a: [present(true)] }, '{"a":1}', closed), ["yes", "yes"]);
  assert.deepEqual(answers({}, "{}", closed), ["yes", "yes"]);
  assert.deepEqual(answers({}, undefined, closed), ["yes", "yes"]);
  assert.deepEqual(answers({}, "null", closed), ["unknown", "yes"]);
  assert.deepEqual(answers({}, '["x"]', closed), ["unknown", "yes"]);
  // "**" looks at texts; it does not name arguments.
  assert.deepEqual(answers({ "**": [finds("")] }, '{"a":"x"}', closed), ["no", "yes"]);
});

Deno.test("a text longer than is looked at is unknown to patterns, paths and a deny", () => {
  const long = JSON.stringify({ a: "x".repeat(1024 * 1024 + 1) });
  for (const check of [matches("x+"), finds("y"), under("/tmp")]) {
    assertAnswer({ a: [check] }, long, "unknown");
  }
  assert.deepEqual(answers({ a: [equals("x")] }, long), ["no", "unknown"]);
});

Deno.test("a check that throws is unknown", () => {
  const broken: PatternEngine = {
    compile: () => ({
      matches() {
        throw new Error("broken");
      },
      finds() {
        throw new Error("broken");
      },
    }),
  };
  const policy = compilePolicies(
    [document([rule("allow", "*", { args: { a: [finds("x")] } })])],
    { workingDirectory: "/wd", pathCase: "exact", ownFiles: [] },
    broken,
  );
  const subject = new Subject(call("tool", '{"a":"x"}'), noFacts, policy.paths);
  assert.equal(answerRule(policy.documents[0].allow.rules[0], subject, "allow"), "unknown");
  assert.equal(answerRule(policy.documents[0].allow.rules[0], subject, "deny"), "unknown");
});

Deno.test("arguments nested deeper than any stack are looked at all the same", () => {
  let value: JsonValue = "needle";
  for (let depth = 0; depth < 200_000; depth++) value = [value];
  const policy = compile(document([rule("deny", "*", { args: { "**": [finds("needle")] } })]));
  const subject = new Subject({ ...call("tool"), arguments: value }, noFacts, policy.paths);
  assert.equal(answerRule(policy.documents[0].deny.rules[0], subject, "deny"), "yes");
});
