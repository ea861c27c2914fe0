import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { type Facts, withConsents, withSurface } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import { advance, initialState } from "../../src/policy/state.ts";
import { anyDocument, anyOperation, disk, ownFile } from "./support/arbitrary.ts";
import { compile } from "./support/build.ts";
import { decideNaively, type NaiveDecision, type NaiveSession } from "./support/naive_interpreter.ts";

/** What the interpreter can tell of a decision: everything but the wording. */
function withoutWords(decision: Decision): NaiveDecision {
  const { verdict, action, code, policy, rule, retryAfterMs, asks, observed, charges, uses, taints } =
    decision;
  return {
    verdict,
    action,
    code,
    policy,
    rule,
    retryAfterMs,
    asks: (asks ?? []).map(({ key }) => key),
    observed: observed.map(({ policy, rule, verdict }) => `${policy}/${rule}/${verdict}`),
    charged: charges.map(({ bucket }) => bucket),
    used: (uses ?? []).map(({ quota, window, amount }) => ({ id: quota, window, amount })),
    taints: (taints ?? []).map(({ label }) => label),
  };
}

/** Few operations again and again, so that limits run dry. */
const anySteps = fc.record({
  operations: fc.array(anyOperation, { minLength: 1, maxLength: 2 }),
  steps: fc.array(
    fc.record({
      which: fc.nat({ max: 1 }),
      // Also standing still, and clocks that go back.
      /** How many of the asking rules a person agrees to. */
      agrees: fc.constantFrom(0, 0, 1, 9),
      declared: fc.constantFrom("yes", "no", "unknown" as const, undefined),
      passedMs: fc.constantFrom(0, 0, 0, 1, 100, 999, 1_000, 8_571, 8_572, 30_000, 60_000, -500, -60_000),
    }),
    { minLength: 1, maxLength: 8 },
  ),
}).map(({ operations, steps }) =>
  steps.map(({ which, ...step }) => ({ operation: operations[which % operations.length], ...step }))
);

Deno.test("decide() says what a naive interpreter of the documents says, call after call", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      anySteps,
      fc.boolean(),
      fc.constantFrom<readonly string[]>([], [ownFile]),
      fc.constantFrom("exact", "fold" as const),
      (documents, steps, hasFacts, ownFiles, pathCase) => {
        const policy = compile(documents, { ownFiles, pathCase: pathCase as "exact" | "fold" });
        const session: NaiveSession = {
          documents,
          workingDirectory: "/wd",
          fold: pathCase === "fold",
          ownFiles,
          buckets: new Map(),
          receipts: [],
          taints: new Set(),
        };
        let state = initialState(policy);
        let nowMs = 1_000_000;
        for (const { operation, agrees, declared, passedMs } of steps) {
          nowMs += passedMs;
          const answered: Facts = hasFacts ? disk().answer(needs(policy, operation)) : new Map();
          const found = declared === undefined
            ? answered
            : withSurface(answered, { standing: "unlocked", schema: { answer: declared, why: "" } });
          const asked = decide(policy, state, operation, found, nowMs).asks ?? [];
          const consents = new Set(asked.slice(0, agrees).map(({ key }) => key));
          const facts = withConsents(found, consents);
          const decision = decide(policy, state, operation, facts, nowMs);
          state = advance(state, policy, decision, nowMs);
          const naive = decideNaively(
            { ...session, consents, ...(declared === undefined ? {} : { declared }) },
            operation,
            hasFacts ? disk().all() : facts,
            nowMs,
          );
          assert.deepEqual(withoutWords(decision), naive, decision.reason);
          const kind = `${naive.verdict} ${naive.code ?? naive.rule.replace(/-\d$/, "")} ${naive.action}`;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      },
    ),
    { numRuns: 2_000 },
  );
  // The comparison is worth something only if every way to decide was met.
  for (
    const kind of [
      "allow allow forward",
      "allow default forward",
      "allow protocol forward",
      "deny default deny",
      "deny schema deny",
      "deny rule deny",
      "deny rule forward",
      "deny own_file deny",
      "ask ask deny",
      "ask ask forward",
      "allow ask forward",
      "deny taint deny",
      "limit limit deny",
      "limit limit forward",
    ]
  ) {
    assert.ok(seen.has(kind), `none of "${kind}": ${JSON.stringify([...seen])}`);
  }
});
