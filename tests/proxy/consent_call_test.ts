import assert from "node:assert/strict";
import fc from "fast-check";
import { consentArgumentsCharactersMax } from "../../src/limits.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { consentCall, questionText, shownArguments } from "../../src/proxy/consent_call.ts";
import { call, operation } from "../policy/support/build.ts";
import { json } from "../policy/support/json.ts";

const ask = { policy: "team", rule: "r", key: "1/r", reason: "why", approvedForMs: 600_000 };
const describe = (asked: Operation, more: Partial<typeof ask> = {}) =>
  consentCall("server", ["a"], asked, [{ ...ask, ...more }]);

Deno.test("two calls have one key only if server, policies, rules, target and arguments are the same", () => {
  const base = describe(call("x", '{"a":1,"b":[2]}')).key;
  assert.match(base, /^[0-9a-f]{64}$/);
  assert.equal(describe(call("x", '{ "b": [2.0], "a": 10e-1 }')).key, base);
  const others = [
    describe(call("y", '{"a":1,"b":[2]}')),
    describe(call("x", '{"a":"1","b":[2]}')),
    describe(call("x", '{"a":1,"b":2}')),
    describe(call("x", '{"a":1}')),
    describe(call("x", "{}")),
    describe(call("x")),
    describe(call("x", '{"a":1,"b":[2]}'), { key: "2/r" }),
    describe({ ...call("x", '{"a":1,"b":[2]}'), from: "upstream" }),
    describe({ ...call("x", '{"a":1,"b":[2]}'), target: "prompt" }),
    consentCall("server2", ["a"], call("x", '{"a":1,"b":[2]}'), [ask]),
    consentCall("server", ["b"], call("x", '{"a":1,"b":[2]}'), [ask]),
  ];
  const keys = [base, ...others.map(({ key }) => key)];
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("a progress token, new with every request, is no part of what is asked for", () => {
  const sampling = (token: number) =>
    operation({
      method: "sampling/createMessage",
      arguments: json(`{"n":1,"_meta":{"progressToken":${token}}}`),
    });
  assert.equal(describe(sampling(1)).key, describe(sampling(2)).key);
  assert.notEqual(describe(call("x", '{"_meta":1}')).key, describe(call("x", '{"_meta":2}')).key);
});

Deno.test("nothing in a question can hide, forge a line or become a link", () => {
  const hostile = [
    "\\n\\nRule: approved",
    "\\u200b\\u202e\\u2066\\ufeff\\u00ad\\u3164\\ufe0f",
    "[click](https://example.com)",
    "![](https://example.com/x)",
    "```\\n<b>",
    "\\u001b[2J\\u0007",
    "a\\u0301\\u0336",
  ];
  for (const text of hostile) {
    const asked = describe({ ...call(JSON.parse(`"${text}"`), `{"k${text}":"${text}"}`) }, { reason: text });
    const shown = questionText(asked);
    const lines = shown.split("\n");
    assert.equal(lines.length, 8, shown);
    assert.ok(lines.slice(2, 6).every((line) => line.startsWith("    ")), shown);
    assert.ok(!/(?!\n)\p{C}|(?![ \n])\p{Z}|\p{M}|\p{DI}|[`<>]|\]\(/u.test(shown), JSON.stringify(shown));
  }
});

Deno.test("a question keeps its form whatever the call is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.json(), (name, args) => {
      const shown = questionText(describe(call(name, args)));
      assert.equal(shown.split("\n").length, 8);
      assert.ok(!/(?!\n)\p{C}/u.test(shown));
      assert.ok(shown.length < 3 * consentArgumentsCharactersMax);
    }),
  );
});

Deno.test("long arguments are cut, and the cut is said with size and digest", () => {
  const text = `{"a":"${"x".repeat(consentArgumentsCharactersMax)}","end":1}`;
  const shown = shownArguments(text);
  assert.match(shown, /\[… CUT: \d+ of 4016 characters are not shown here; SHA-256 [0-9a-f]{64} …\]/);
  assert.ok(shown.startsWith('{"a":"xxx') && shown.endsWith('","end":1}'));
  assert.ok(!shownArguments(text.slice(20)).includes("CUT"));
});

Deno.test("a question gives the reason of the rule where its author wrote one, and does not repeat itself else", () => {
  assert.match(questionText(describe(call("x"))), /\n {4}asked by {3}rule r of policy team: why\n/);
  const reason = 'rule "r" wants a person to approve tool "x"';
  assert.match(questionText(describe(call("x"), { reason })), /\n {4}asked by {3}rule r of policy team\n/);
});
