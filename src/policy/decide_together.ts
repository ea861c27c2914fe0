/** One verdict on a message that asks for several things. */

import type { Operation } from "../mcp/operation.ts";
import type { CompiledPolicy } from "./compiled.ts";
import { decide } from "./decide.ts";
import type { Decision, Observation } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { strictnessOf } from "./judgement.ts";
import type { PolicyState } from "./state.ts";
import { mergeTaints, type Taint } from "./taint.ts";

/** The strictest decision, and the operation that it is about. */
export interface JointDecision {
  readonly decision: Decision;
  readonly operation: Operation;
}

/**
 * Judges the operations of one message together: the strictest decides all of it, the first of equals. `rest`: those
 * that accompany `first`, so that only a deny can speak against them. `facts` answer `needsOfAll`.
 */
export function decideTogether(
  policy: CompiledPolicy,
  state: PolicyState,
  first: Operation,
  rest: readonly Operation[],
  facts: Facts,
  nowMs: number,
): JointDecision {
  const main = decide(policy, state, first, facts, nowMs);
  if (rest.length === 0) return { decision: main, operation: first };
  let strictest: JointDecision = { decision: main, operation: first };
  const observed = [...main.observed];
  let taints: readonly Taint[] = main.taints ?? [];
  for (const operation of rest) {
    const decision = decide(policy, state, operation, facts, nowMs);
    for (const one of decision.observed) if (!isAmong(one, observed)) observed.push(one);
    if (decision.taints !== undefined) taints = mergeTaints(taints, decision.taints);
    if (strictness(decision) > strictness(strictest.decision)) strictest = { decision, operation };
  }
  const { decision, operation } = strictest;
  if (decision.action === "deny") return strictest;
  // What accompanies costs nothing of its own, also where it is what the record speaks of.
  const { uses } = main;
  return {
    operation,
    decision: {
      ...decision,
      charges: main.charges,
      observed,
      ...(uses === undefined ? {} : { uses }),
      ...(taints.length === 0 ? {} : { taints }),
    },
  };
}

/** Whether one verdict counts more than another. */
export function isStricter(one: Decision, other: Decision): boolean {
  return strictness(one) > strictness(other);
}

/** What is done counts more than what is said; of what is only said (by what observes), the stricter. */
function strictness({ action, verdict }: Decision): number {
  return (action === "deny" ? 4 : 0) + strictnessOf[verdict];
}

/** One rule that only observes says the same of each of a hundred resources. */
function isAmong(one: Observation, all: readonly Observation[]): boolean {
  return all.some(({ policy, rule, verdict }) =>
    policy === one.policy && rule === one.rule && verdict === one.verdict
  );
}
