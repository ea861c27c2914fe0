import assert from "node:assert/strict";
import fc from "fast-check";
import { carryState } from "../../src/policy/carry_state.ts";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { levelAt } from "../../src/policy/limit.ts";
import type { Rule } from "../../src/policy/rule.ts";
import { advance, initialState, type PolicyState } from "../../src/policy/state.ts";
import { call, compile, document, rule } from "./support/build.ts";

const perHour = (calls: number, burst = calls) => ({ calls, perMs: 3_600_000, burst });
const limit = (id: string, to: Rule["to"]) => rule("limit", "*", { id, ...(to === undefined ? {} : { to }) });
const policyOf = (...limits: readonly Rule[]) => compile(document(limits, { default: "allow" }));

/** The state after so many calls at one moment. */
function used(policy: ReturnType<typeof policyOf>, calls: number, nowMs: number): PolicyState {
  let state = initialState(policy);
  for (let i = 0; i < calls; i++) {
    state = advance(state, policy, decide(policy, state, call("x"), noFacts, nowMs), nowMs);
  }
  return state;
}

function tokensAt(
  policy: ReturnType<typeof policyOf>,
  state: PolicyState,
  id: string,
  nowMs: number,
): number {
  return levelAt(policy.buckets.get(id)!, state.buckets[id], nowMs);
}

Deno.test("carryState() keeps the level of a limit whose rule and rate are the same, to the millisecond", () => {
  const before = policyOf(limit("pace", perHour(10)));
  const state = used(before, 4, 7_000);
  const after = policyOf(limit("pace", perHour(10)), limit("new", perHour(3)));
  assert.deepEqual(carryState(before, after, state, 9_000).buckets, {
    "1/pace": { tokens: 6, atMs: 7_000 },
    "1/new": { tokens: 3, atMs: 0 },
  });
});

Deno.test("carryState() keeps the tokens of a limit whose rate changes, as many as fit", () => {
  const before = policyOf(limit("pace", perHour(10)));
  const state = used(before, 4, 7_000);
  for (const [rate, tokens] of [[perHour(100), 6], [perHour(5), 5], [perHour(10, 20), 6]] as const) {
    const after = policyOf(limit("pace", rate));
    assert.equal(tokensAt(after, carryState(before, after, state, 7_000), "1/pace", 7_000), tokens);
  }
});

Deno.test("carryState() counts what was refilled up to the change at the old rate", () => {
  const before = policyOf(limit("pace", perHour(10)));
  const state = used(before, 10, 0);
  const after = policyOf(limit("pace", perHour(1000)));
  const carried = carryState(before, after, state, 720_000); // a fifth of an hour
  assert.equal(tokensAt(after, carried, "1/pace", 720_000), 2);
});

Deno.test("carryState() does not refill a limit that is renamed", () => {
  const before = policyOf(limit("pace", perHour(10)), limit("other", perHour(50)));
  const state = used(before, 10, 7_000);
  const after = policyOf(limit("tempo", perHour(10)), limit("other", perHour(50)));
  const carried = carryState(before, after, state, 7_000);
  assert.equal(decide(after, carried, call("x"), noFacts, 7_000).verdict, "limit");
  assert.deepEqual(carried.buckets["1/other"], { tokens: 40, atMs: 7_000 });
});

Deno.test("carryState() does not refill a limit without a name that another rule moved", () => {
  const before = policyOf(limit("rule-1", perHour(10)), limit("rule-2", perHour(10)));
  const state = used(before, 10, 7_000);
  const after = policyOf(
    limit("rule-1", perHour(500)),
    limit("rule-2", perHour(10)),
    limit("rule-3", perHour(10)),
  );
  const { buckets } = carryState(before, after, state, 7_000);
  assert.deepEqual(Object.values(buckets).map(({ tokens }) => tokens), [0, 0, 0]);
});

Deno.test("carryState() keeps limits without names apart where no limit has changed", () => {
  const rules = [limit("rule-1", perHour(10)), rule("limit", "y", { id: "rule-2", to: perHour(5) })];
  const before = policyOf(...rules);
  const state = used(before, 10, 7_000);
  const after = policyOf(...rules, rule("deny", "z"));
  assert.deepEqual(carryState(before, after, state, 7_000).buckets, state.buckets);
});

Deno.test("carryState() keeps two policies apart", () => {
  const before = compile([document([limit("a", perHour(10))]), document([limit("b", perHour(10))])]);
  const state = {
    ...initialState(before),
    buckets: { "1/a": { tokens: 0, atMs: 5 }, "2/b": { tokens: 9, atMs: 5 } },
  };
  const after = compile([document([limit("c", perHour(10))]), document([limit("d", perHour(10))])]);
  const { buckets } = carryState(before, after, state, 5);
  assert.deepEqual([buckets["1/c"].tokens, buckets["2/d"].tokens], [0, 9]);
});

Deno.test("carryState() keeps labels and the count of calls", () => {
  const policy = policyOf(limit("a", perHour(10)));
  const seen = { label: "private", by: 'tool "read"' };
  const state = { ...used(policy, 3, 1), taints: [seen] };
  const carried = carryState(policy, compile(document([])), state, 9);
  assert.deepEqual([carried.taints, carried.calls, carried.buckets], [[seen], 3, {}]);
});

const quota = (id: string, per: "session" | "hour" | "day", max: number, sum?: string) =>
  rule("limit", "*", { id, quota: { per, max, ...(sum === undefined ? {} : { sum }) } });
const noon = Date.parse("2026-11-20T12:30:00Z");

Deno.test("carryState() keeps what was used of a limit over a session or window, whatever its bound is now", () => {
  for (const per of ["session", "hour", "day"] as const) {
    const before = policyOf(quota("all", per, 10));
    const state = used(before, 4, noon);
    const after = policyOf(quota("all", per, 3));
    const carried = carryState(before, after, state, noon);
    assert.deepEqual(carried.used, state.used);
    assert.equal(decide(after, carried, call("x"), noFacts, noon).verdict, "limit");
  }
});

Deno.test("carryState() counts what was used in a window of another length, and what a renamed limit has used", () => {
  const before = policyOf(quota("all", "hour", 10));
  const state = used(before, 4, noon);
  for (const [id, per, window] of [["all", "day", "2026-11-20"], ["every", "session", ""]] as const) {
    const after = policyOf(quota(id, per, 5));
    const carried = carryState(before, after, state, noon);
    assert.deepEqual(carried.used[`1/${id}`], { window, used: "4" });
    const last = decide(after, carried, call("x"), noFacts, noon);
    assert.equal(last.verdict, "allow");
    const full = advance(carried, after, last, noon);
    const { verdict, retryAfterMs } = decide(after, full, call("x"), noFacts, noon);
    assert.equal(verdict, "limit");
    assert.ok(!Number.isNaN(retryAfterMs));
  }
});

Deno.test("carryState() takes neither another unit nor a window that is over for what was used", () => {
  const before = policyOf(quota("all", "hour", 10));
  const state = used(before, 4, noon);
  const summed = policyOf(quota("cents", "hour", 10, "amount"));
  assert.equal(carryState(before, summed, state, noon).used["1/cents"], undefined);
  const later = policyOf(quota("all", "day", 10));
  assert.equal(carryState(before, later, state, noon + 3_600_000).used["1/all"]?.window.length, 13);
  const decision = decide(
    later,
    carryState(before, later, state, noon + 3_600_000),
    call("x"),
    noFacts,
    noon,
  );
  assert.equal(decision.verdict, "allow");
});

const anyLimits = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom("a", "b", "rule-1", "rule-2", "rule-3"),
    calls: fc.integer({ min: 1, max: 9 }),
  }),
  { selector: ({ id }) => id, maxLength: 4 },
).map((all) => policyOf(...all.map(({ id, calls }) => limit(id, perHour(calls)))));

Deno.test("property: carrying a state to the same policy changes nothing, however often", () => {
  fc.assert(fc.property(anyLimits, fc.nat(12), fc.nat(9_999_999), (policy, calls, laterMs) => {
    const state = used(policy, calls, 1_000);
    assert.deepEqual(carryState(policy, policy, state, 1_000 + laterMs).buckets, state.buckets);
  }));
});

Deno.test("property: a limit that goes on under its name is never fuller than it was", () => {
  fc.assert(
    fc.property(anyLimits, anyLimits, fc.nat(12), fc.nat(9_999_999), (before, after, calls, laterMs) => {
      const nowMs = 1_000 + laterMs;
      const state = used(before, calls, 1_000);
      const carried = carryState(before, after, state, nowMs);
      for (const id of after.buckets.keys()) {
        if (!before.buckets.has(id)) continue;
        assert.ok(tokensAt(after, carried, id, nowMs) <= tokensAt(before, state, id, nowMs));
      }
    }),
  );
});
