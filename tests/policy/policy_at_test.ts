import assert from "node:assert/strict";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { policyAt } from "../../src/policy/policy_at.ts";
import type { Rule } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { couldAllow } from "../../src/policy/visible.ts";
import { call, compile, document, rule } from "./support/build.ts";

function verdicts(rules: readonly Rule[], ...timesMs: readonly number[]): string {
  const policy = compile(document(rules));
  return timesMs.map((nowMs) => {
    const { verdict, rule } = decide(policy, initialState(policy), call("read"), noFacts, nowMs);
    return `${verdict} ${rule}`;
  }).join(", ");
}

Deno.test("a rule is there before its end, and not at it", () => {
  assert.equal(
    verdicts([rule("allow", "read", { untilMs: 100 })], 99, 100, 101),
    "allow allow, deny default, deny default",
  );
});

Deno.test("a deny, a limit and an allow end each at its own time, and come back where the clock is set back", () => {
  const rules = [
    rule("deny", "read", { untilMs: 100 }),
    rule("allow", "read", { untilMs: 300 }),
    rule("allow", "other"),
  ].map((one, index) => ({ ...one, id: `r${index}` }));
  assert.equal(
    verdicts(rules, 0, 100, 299, 300, 200, 50),
    [
      "deny r0",
      "allow r1",
      "allow r1",
      "deny default",
      "allow r1",
      "deny r0",
    ].join(", "),
  );
});

Deno.test("a limit that has ended counts nothing", () => {
  const policy = compile(document([rule("allow", "read"), rule("limit", "read", { untilMs: 100 })]));
  assert.equal(decide(policy, initialState(policy), call("read"), noFacts, 99).charges.length, 1);
  assert.equal(decide(policy, initialState(policy), call("read"), noFacts, 100).charges.length, 0);
});

Deno.test("an ask that has ended asks nothing", () => {
  const policy = compile(document([rule("allow", "read"), rule("ask", "read", { untilMs: 100 })]));
  const verdicts = [99, 100].map((nowMs) =>
    decide(policy, initialState(policy), call("read"), noFacts, nowMs).verdict
  );
  assert.deepEqual(verdicts, ["ask", "allow"]);
});

Deno.test("a tool is hidden once the rule that allows it has ended, and shown once the one that denies it has", () => {
  const use = { from: "downstream", target: "tool", name: "read", method: "tools/call" } as const;
  const allowed = compile(document([rule("allow", "read", { untilMs: 100 })]));
  assert.deepEqual([99, 100].map((nowMs) => couldAllow(policyAt(allowed, nowMs), use)), [true, false]);
  const denied = compile(document([rule("allow", "*"), rule("deny", "read", { untilMs: 100 })]));
  assert.deepEqual([99, 100].map((nowMs) => couldAllow(policyAt(denied, nowMs), use)), [false, true]);
});

Deno.test("a policy in which nothing ends is never made anew, and one in which something has ended only once", () => {
  const plain = compile(document([rule("allow", "read")]));
  assert.equal(policyAt(plain, Number.MAX_SAFE_INTEGER), plain);
  const ending = compile(document([rule("allow", "read", { untilMs: 100 })]));
  assert.equal(policyAt(ending, 99), ending);
  assert.equal(policyAt(ending, 100), policyAt(ending, 1000));
  assert.equal(policyAt(policyAt(ending, 100), 1000), policyAt(ending, 100));
});
