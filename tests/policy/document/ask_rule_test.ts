import assert from "node:assert/strict";
import { runExamples } from "../../../src/policy/examples.ts";
import { compile } from "../support/build.ts";
import { complaints, load, loadRules, ruleComplaints } from "./load.ts";

Deno.test("an ask rule is read with its checks, its reason and the time for which a yes holds", () => {
  const [rule] = loadRules(
    "  - { id: d, ask: [remove, 'drop_*'], args: { path: x }, others: none, for: 30s, reason: it is gone then }",
  );
  const { id, effect, scope, others, approvedForMs, reason } = rule;
  assert.deepEqual({ id, effect, tools: scope.tools, others, approvedForMs, reason }, {
    id: "d",
    effect: "ask",
    tools: ["remove", "drop_*"],
    others: "none",
    approvedForMs: 30_000,
    reason: "it is gone then",
  });
  assert.equal(loadRules("  - { ask: x }")[0].approvedForMs, undefined);
});

Deno.test("an approval that holds for ever, or in a rule that asks nobody, is refused", () => {
  assert.deepEqual(ruleComplaints("  - { ask: x, for: 25h }"), [
    '3:20 policy_bad_value "for": an approval that holds for more than a day | ' +
    "A person approves one call; what may always pass is a rule with allow",
  ]);
  assert.match(ruleComplaints("  - { ask: x, for: 0s }")[0], /^3:20 policy_bad_value/);
  assert.deepEqual(ruleComplaints("  - { allow: x, for: 5m }"), [
    '3:17 policy_bad_value "for" in a rule that does not ask | ' +
    "It belongs to ask: for how long an approval holds for the very same call",
  ]);
});

Deno.test("an ask that never matters is warned of", () => {
  assert.match(
    ruleComplaints("  - { id: a, ask: x }\n  - { id: b, deny: '*' }")[0],
    /^3:5 dead_rule the rule "a" never asks for anything/,
  );
  assert.match(
    ruleComplaints("  - { id: a, ask: { methods: [ping, tools/list] } }")[0],
    /^3:5 dead_rule the rule "a" never asks for anything/,
  );
  assert.deepEqual(ruleComplaints("  - { ask: { methods: sampling/createMessage } }"), []);
  assert.deepEqual(complaints("version: 1\ndefault: allow\nrules: [{ ask: x }]"), []);
});

Deno.test("examples expect that a person is asked", () => {
  const document = load(`
version: 1
rules:
  - { id: remove, ask: remove }
examples:
  - { call: { tool: remove }, expect: ask }
  - { call: { tool: remove }, expect: { ask: remove } }
  - { call: { tool: other }, expect: ask }
`);
  assert.deepEqual(runExamples(document, compile(document)).map(({ passed }) => passed), [true, true, false]);
});

Deno.test("an example cannot expect of an ask rule that it allows, or of the default that it asks", () => {
  const example = (expect: string) =>
    complaints(
      `version: 1\nrules: [{ id: r, ask: x }]\nexamples: [{ call: { tool: x }, expect: ${expect} }]`,
    );
  assert.deepEqual(example("{ ask: r }"), []);
  assert.match(example("{ allow: r }")[0], /the rule "r" can only ask, never allow \| Write ask: r/);
  assert.match(example("{ ask: default }")[0], /what no rule decides is allowed or denied, never asked for/);
});
