/** What a server asks of the agent inside another message: each judged and recorded like a request of its own. */

import type { Message } from "../mcp/message.ts";
import type { ReadOperation } from "../mcp/operation.ts";
import { decide } from "../policy/decide.ts";
import { isStricter } from "../policy/decide_together.ts";
import type { Decision } from "../policy/decision.ts";
import { type Facts, factsAfter } from "../policy/facts.ts";
import { needs } from "../policy/needs.ts";
import { quote } from "../policy/sentence.ts";
import { advance, type PolicyState } from "../policy/state.ts";
import { recordDecision } from "./decision_record.ts";
import type { Turn } from "./turn.ts";

export interface AskedVerdict {
  readonly operation: ReadOperation;
  readonly decision: Decision;
}

/** The verdicts on all that one message asks for, and the state that they lead to. */
export interface AskedVerdicts {
  readonly all: readonly AskedVerdict[];
  /** The first of the strictest, where the message may not pass. */
  readonly denied: AskedVerdict | undefined;
  /** The state once the message has passed, everything in it charged. */
  readonly policy: PolicyState;
}

/** Judges in order, each after those before it were charged: three at once are held to a limit as three are. */
export function decideAsked(
  turn: Turn,
  before: PolicyState,
  operations: readonly ReadOperation[],
  facts: Facts,
): AskedVerdicts {
  let policy = before;
  let known = facts;
  const all: AskedVerdict[] = [];
  let denied: AskedVerdict | undefined;
  for (const operation of operations) {
    const decision = decide(turn.gate.policy, policy, operation, known, turn.nowMs);
    policy = advance(policy, turn.gate.policy, decision, turn.nowMs);
    known = factsAfter(known, decision);
    const verdict = { operation, decision };
    all.push(verdict);
    if (decision.action === "forward") continue;
    if (denied === undefined || isStricter(decision, denied.decision)) denied = verdict;
  }
  return { all, denied, policy };
}

/** All of it passes. */
export function carryOutAsked(turn: Turn, { all, policy }: AskedVerdicts): void {
  turn.policy = policy;
  for (const { decision } of all) turn.share(decision);
}

/**
 * Records each verdict, and gives the call number of the one that denied. Where one is denied none of the others passes
 * either, whatever was said of it.
 */
export function recordAsked(
  turn: Turn,
  message: Message,
  { all, denied }: AskedVerdicts,
  facts: Facts,
  within: number | undefined,
): number {
  let deniedCall = 0;
  for (const verdict of all) {
    const { operation, decision } = verdict;
    const call = turn.nextCall();
    if (verdict === denied) deniedCall = call;
    recordDecision(turn, "upstream", {
      message,
      operation,
      judged: operation,
      queries: facts.size === 0 ? [] : needs(turn.gate.policy, operation),
      facts,
      decision: denied === undefined ? decision : { ...decision, action: "deny" },
      call,
      within,
    });
  }
  return deniedCall;
}

/** The beginning of a denial that answers the agent: it did not ask for this itself. */
export function aboutAsked({ operation }: AskedVerdict): string {
  return `The server asked for ${quote(operation.method)}.`;
}
