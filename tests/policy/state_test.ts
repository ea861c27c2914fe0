import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { advance, initialState } from "../../src/policy/state.ts";
import { anyDocument, anyOperation, taintLabels } from "./support/arbitrary.ts";
import { call, compile, document, rule } from "./support/build.ts";

const pace = rule("limit", "*", { id: "pace", to: { calls: 2, perMs: 1_000, burst: 2 } });
const slow = rule("limit", "*", { id: "slow", to: { calls: 1, perMs: 60_000, burst: 1 } });

Deno.test("a session begins with full buckets, no taint and no call", () => {
  const policy = compile([document([pace, slow]), document([pace])]);
  assert.deepEqual(initialState(policy), {
    buckets: {
      "1/pace": { tokens: 2, atMs: 0 },
      "1/slow": { tokens: 1, atMs: 0 },
      "2/pace": { tokens: 2, atMs: 0 },
    },
    taints: [],
    used: {},
    calls: 0,
  });
});

Deno.test("a forwarded call is charged to every limit that covers it, of every policy, together", () => {
  const policy = compile([
    document([pace, slow], { default: "allow" }),
    document([pace], { default: "allow" }),
  ]);
  const state = initialState(policy);
  const decision = decide(policy, state, call("x"), noFacts, 7_000);
  assert.deepEqual(advance(state, policy, decision, 7_000), {
    buckets: {
      "1/pace": { tokens: 1, atMs: 7_000 },
      "1/slow": { tokens: 0, atMs: 7_000 },
      "2/pace": { tokens: 1, atMs: 7_000 },
    },
    taints: [],
    used: {},
    calls: 1,
  });
});

Deno.test("what is not forwarded changes nothing", () => {
  const policy = compile(document([pace, rule("allow", "y")]));
  const state = initialState(policy);
  const decision = decide(policy, state, call("x"), noFacts, 7_000);
  assert.equal(decision.action, "deny");
  assert.equal(advance(state, policy, decision, 7_000), state);
});

Deno.test("a bucket that the state does not have is full", () => {
  const policy = compile(document([pace], { default: "allow" }));
  const state = { buckets: {}, taints: [], used: {}, calls: 5 };
  const decision = decide(policy, state, call("x"), noFacts, 1_000);
  assert.deepEqual(advance(state, policy, decision, 1_000).buckets, { "1/pace": { tokens: 1, atMs: 1_000 } });
});

Deno.test("a charge to a bucket that the policy does not have is left alone", () => {
  const policy = compile(document([pace], { default: "allow" }));
  const state = initialState(policy);
  const decision = decide(policy, state, call("x"), noFacts, 1_000);
  const other = compile(document([], { default: "allow" }));
  assert.deepEqual(advance(state, other, decision, 1_000), { ...state, calls: 1 });
});

Deno.test("the state is never changed in place, survives JSON, and its taints and calls only grow", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      fc.array(anyOperation, { maxLength: 5 }),
      (documents, operations) => {
        const policy = compile(documents);
        let state = initialState(policy);
        for (const operation of operations) {
          const before = JSON.stringify(state);
          const decision = decide(policy, state, operation, noFacts, 1_000);
          const next = advance(state, policy, decision, 1_000);
          assert.equal(JSON.stringify(state), before);
          assert.deepEqual(JSON.parse(JSON.stringify(next)), next);
          for (const taint of state.taints) assert.ok(next.taints.includes(taint));
          for (const { label } of next.taints) seen.add(label);
          assert.equal(next.calls, state.calls + (decision.action === "forward" ? 1 : 0));
          state = next;
        }
      },
    ),
    { numRuns: 600 },
  );
  // (Otherwise none would have had the chance to shrink.)
  assert.deepEqual([...seen].sort(), [...taintLabels].sort());
});
