import assert from "node:assert/strict";
import fc from "fast-check";
import type { Operation } from "../../src/mcp/operation.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { type Facts, factsAfter, noFacts, withShared } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import type { Quota } from "../../src/policy/rule.ts";
import { advance, initialState, type PolicyState } from "../../src/policy/state.ts";
import { anyDocument, anyOperation, disk } from "./support/arbitrary.ts";
import { call, compile, document, operation, rule } from "./support/build.ts";

const allow = rule("allow", "*");

function policyOf(...quotas: readonly Quota[]): CompiledPolicy {
  const rules = quotas.map((quota, index) => rule("limit", "*", { id: `quota-${index}`, quota }));
  return compile(document([allow, ...rules]));
}

/** Decides one after the other, each at its time. */
function judgeAll(
  policy: CompiledPolicy,
  steps: readonly (readonly [Operation, number])[],
): { readonly decisions: readonly Decision[]; readonly state: PolicyState } {
  let state = initialState(policy);
  const decisions = steps.map(([asked, nowMs]) => {
    const decision = decide(policy, state, asked, noFacts, nowMs);
    state = advance(state, policy, decision, nowMs);
    return decision;
  });
  return { decisions, state };
}

const verdicts = (policy: CompiledPolicy, steps: readonly (readonly [Operation, number])[]) =>
  judgeAll(policy, steps).decisions.map(({ verdict }) => verdict).join(" ");

const pay = (amount: string) => call("pay", `{"amount":${amount}}`);
const noon = Date.UTC(2026, 10, 20, 12);
const sum = (max: number, per: Quota["per"] = "session"): Quota => ({ per, max, sum: "amount" });

Deno.test("calls of a session are counted, and never come back", () => {
  const policy = policyOf({ per: "session", max: 2 });
  const { decisions } = judgeAll(policy, [0, 1, 2, 1e12].map((nowMs) => [call("x"), nowMs]));
  assert.equal(decisions.map(({ verdict }) => verdict).join(" "), "allow allow limit limit");
  const { code, reason, retryAfterMs } = decisions[2];
  assert.equal(code, "limit");
  assert.equal(reason, 'rule "quota-0" lets 2 calls per session through');
  assert.equal(retryAfterMs, undefined);
});

Deno.test("a window is an hour or a day of UTC, and has room again when the next begins", () => {
  const minutes = 60_000;
  const last = noon + 59 * minutes;
  const hourly = policyOf({ per: "hour", max: 1 });
  assert.equal(
    verdicts(hourly, [[call("x"), last], [call("x"), last + 1], [call("x"), noon + 60 * minutes]]),
    "allow limit allow",
  );
  assert.equal(judgeAll(hourly, [[call("x"), noon], [call("x"), last]]).decisions[1].retryAfterMs, minutes);
  const daily = policyOf({ per: "day", max: 1 });
  const midnight = Date.UTC(2026, 10, 21);
  assert.equal(
    verdicts(daily, [[call("x"), noon], [call("x"), midnight - 1], [call("x"), midnight]]),
    "allow limit allow",
  );
  assert.equal(
    judgeAll(daily, [[call("x"), noon], [call("x"), noon]]).decisions[1].retryAfterMs,
    12 * 60 * minutes,
  );
});

Deno.test("a clock that goes back opens no window anew", () => {
  const policy = policyOf({ per: "day", max: 1 });
  const dayMs = 86_400_000;
  const { decisions } = judgeAll(policy, [[call("x"), noon], [call("x"), noon - dayMs], [call("x"), noon]]);
  assert.equal(decisions.map(({ verdict }) => verdict).join(" "), "allow limit limit");
  assert.equal(decisions[1].retryAfterMs, 1.5 * dayMs);
});

Deno.test("amounts are summed up exactly, up to the maximum itself", () => {
  assert.equal(
    verdicts(policyOf(sum(0.3)), [[pay("0.1"), 0], [pay("0.2"), 0], [pay("1e-30"), 0], [pay("0"), 0]]),
    "allow allow limit allow",
  );
  assert.equal(
    verdicts(policyOf(sum(9007199254740992)), [[pay("9007199254740993"), 0], [pay("9007199254740992.0"), 0]]),
    "limit allow",
  );
});

Deno.test("a call that is too much takes nothing, and a smaller one still has room", () => {
  const { decisions, state } = judgeAll(policyOf(sum(100)), [[pay("60"), 0], [pay("50"), 0], [pay("40"), 0]]);
  assert.equal(decisions.map(({ verdict }) => verdict).join(" "), "allow limit allow");
  assert.equal(
    decisions[1].reason,
    'rule "quota-0" lets 100 of argument "amount" per session through, of which 40 is left',
  );
  assert.deepEqual(state.used, { "1/quota-0": { window: "", used: "100" } });
});

for (
  const [what, argumentsJson, why] of [
    ["is missing", "{}", "is missing"],
    ["is not there, as there are no arguments", undefined, "is missing"],
    ["is in arguments that are no object", "[5]", "is missing"],
    ["is negative", '{"amount":-1}', "is negative"],
    ["is a text", '{"amount":"5"}', "is no number"],
    ["is null", '{"amount":null}', "is no number"],
    ["is a list", '{"amount":[5]}', "is no number"],
    ["is too large for anybody", '{"amount":1e400}', "has more digits than can be summed up"],
    ["has too many places", '{"amount":1e-31}', "has more digits than can be summed up"],
    ["stands under a name that servers confuse", '{"Amount":5}', 'could be "Amount" or the other way round'],
    [
      "stands there twice, in two cases",
      '{"amount":1,"AMOUNT":5}',
      'could be "AMOUNT" or the other way round',
    ],
  ] as const
) {
  Deno.test(`a call whose amount ${what} is limited, and not worth a second try`, () => {
    const decision = decide(
      policyOf(sum(100)),
      initialState(policyOf(sum(100))),
      call("pay", argumentsJson),
      noFacts,
      0,
    );
    assert.deepEqual([decision.verdict, decision.code, decision.retryAfterMs], ["limit", "limit", undefined]);
    assert.equal(
      decision.reason,
      `argument "amount" ${why}, and rule "quota-0" limits it per session`,
    );
  });
}

Deno.test("a selector through a list sums up all of its elements", () => {
  const policy = compile(document([
    allow,
    rule("limit", "pay", { quota: { per: "session", max: 10, sum: "items[*].price" } }),
  ]));
  const items = (...prices: readonly string[]) =>
    call("pay", `{"items":[${prices.map((price) => `{"price":${price}}`).join(",")}]}`);
  assert.equal(
    verdicts(policy, [[items("3", "4"), 0], [items("2", "2"), 0], [items(), 0], [items("1", '"1"'), 0]]),
    "allow limit limit limit",
  );
  assert.equal(verdicts(policy, [[items("3", "4"), 0], [items("3"), 0]]), "allow allow");
});

Deno.test("limits of every kind are charged together or not at all", () => {
  const policy = compile(document([
    allow,
    rule("limit", "*", { id: "rate", to: { calls: 5, perMs: 60_000, burst: 5 } }),
    rule("limit", "*", { id: "calls", quota: { per: "session", max: 5 } }),
    rule("limit", "*", { id: "sum", quota: sum(10) }),
  ]));
  const { decisions, state } = judgeAll(policy, [[pay("4"), 0], [pay("7"), 0]]);
  assert.deepEqual(decisions[0].charges, [{ bucket: "1/rate", tokens: 1 }]);
  assert.deepEqual(decisions[0].uses?.map(({ quota, amount }) => [quota, amount]), [
    ["1/calls", "1"],
    ["1/sum", "4"],
  ]);
  assert.equal(decisions[1].uses, undefined);
  assert.deepEqual(decisions[1].charges, []);
  assert.deepEqual(state.used["1/calls"], { window: "", used: "1" });
  assert.equal(state.buckets["1/rate"].tokens, 4);
});

Deno.test("what accompanies an operation, and the protocol's own messages, use up no quota", () => {
  const policy = policyOf({ per: "session", max: 1 });
  const ping = operation({ method: "ping", target: "method", name: "ping", housekeeping: true });
  for (const free of [{ ...call("x"), accompanies: true }, ping]) {
    assert.equal(judgeAll(policy, [[free, 0]]).decisions[0].uses, undefined);
  }
});

Deno.test("sums never exceed the maximum, in whatever order calls of two sessions that share it come", () => {
  const amounts = ["0.1", "0.2", "1", "2.5", "3", "-1", '"2"', "4e-1", "1e2", "null"];
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.constantFrom(...amounts), fc.boolean(), fc.nat(3)), { maxLength: 30 }),
    fc.constantFrom("session", "hour", "day" as const),
    (calls, per) => {
      const quota = sum(5, per as Quota["per"]);
      const shared = compile(document([allow, rule("limit", "*", { id: "quota-0", quota })]), {
        sharesState: true,
      });
      const states = [initialState(shared), initialState(shared)];
      let facts: Facts = withShared(noFacts, { kind: "known", taints: [], used: [] });
      const byWindow = new Map<string, number>();
      for (const [amount, isFirst, hour] of calls) {
        const nowMs = noon + hour * 3_600_000;
        const which = isFirst ? 0 : 1;
        const decision = decide(shared, states[which], pay(amount), facts, nowMs);
        states[which] = advance(states[which], shared, decision, nowMs);
        facts = factsAfter(facts, decision);
        if (decision.action !== "forward") continue;
        const { window } = decision.uses![0];
        // (In thousandths, so that the test itself adds up whole numbers.)
        byWindow.set(window, (byWindow.get(window) ?? 0) + Math.round(Number(amount) * 1_000));
      }
      for (const total of byWindow.values()) assert.ok(total <= 5_000, `${total}`);
    },
  ));
});

Deno.test("one session that shares its state is judged as one that does not", () => {
  fc.assert(fc.property(
    fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(anyOperation, fc.constantFrom(0, 1_000, 3_600_000)), { maxLength: 6 }),
    (documents, steps) => {
      // Two of one name would share their windows.
      const named = documents.map((one, index) => ({ ...one, name: `policy-${index}` }));
      const alone = compile(named);
      const sharing = compile(named, { sharesState: true });
      let state = initialState(alone);
      let other = initialState(sharing);
      let shared: Facts = withShared(noFacts, { kind: "known", taints: [], used: [] });
      let nowMs = noon;
      for (const [asked, passedMs] of steps) {
        nowMs += passedMs;
        const onDisk = disk().answer(needs(alone, asked));
        const decision = decide(alone, state, asked, onDisk, nowMs);
        const facts = withShared(onDisk, shared.shared!);
        assert.deepEqual(decide(sharing, other, asked, facts, nowMs), decision);
        state = advance(state, alone, decision, nowMs);
        // What it remembers of its own is less than what is shared: it may as well forget.
        other = initialState(sharing);
        other = { ...other, buckets: state.buckets };
        shared = factsAfter(shared, decision);
      }
    },
  ));
});

Deno.test("needs() asks for what is shared only where a rule has to do with it, and only where it is shared", () => {
  const rules = [allow, rule("limit", "pay", { quota: sum(5) })];
  const sharing = compile(document(rules), { sharesState: true });
  assert.deepEqual(needs(sharing, pay("1")), [{ kind: "shared_state" }]);
  assert.deepEqual(needs(sharing, call("PAY")), [{ kind: "shared_state" }]);
  assert.deepEqual(needs(sharing, call("read")), []);
  assert.deepEqual(needs(compile(document(rules)), pay("1")), []);
  assert.deepEqual(needs(compile(document([allow]), { sharesState: true }), pay("1")), []);
});

Deno.test("what is shared and cannot be told is denied, and only that", () => {
  const sharing = compile(document([allow, rule("limit", "pay", { quota: sum(5) })]), { sharesState: true });
  const unknown = withShared(noFacts, { kind: "unknown", why: "the disk is gone" });
  for (const facts of [noFacts, unknown]) {
    const { verdict, code, rule: by, action } = decide(sharing, initialState(sharing), pay("1"), facts, 0);
    assert.deepEqual([verdict, code, by, action], ["deny", "error", "shared-state", "deny"]);
    assert.equal(decide(sharing, initialState(sharing), call("read"), facts, 0).verdict, "allow");
  }
});
