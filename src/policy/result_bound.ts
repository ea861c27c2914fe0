/** How large the answer to a call may be that a rule lets through. */

import type { Operation } from "../mcp/operation.ts";
import type { CompiledPolicy } from "./compiled.ts";
import type { Facts } from "./facts.ts";
import { answerRule } from "./match.ts";
import { policyAt } from "./policy_at.ts";
import { Subject } from "./subject.ts";

export interface ResultBound {
  readonly bytesMax: number;
  /** The rule whose bound it is, and its policy. */
  readonly policy: string;
  readonly rule: string;
}

/**
 * The smallest bound of every allow and ask rule that covers the operation as a deny would and of which no check says no,
 * whichever of them let it through: the order of rules does not matter, nor does a spelling that a server takes for the
 * rule's. Undefined where none has one.
 */
export function resultBound(
  policy: CompiledPolicy,
  operation: Operation,
  facts: Facts,
  nowMs: number,
): ResultBound | undefined {
  if (!policy.boundsResults || operation.accompanies === true) return undefined;
  const { documents, paths } = policyAt(policy, nowMs);
  const subject = new Subject(operation, facts, paths);
  let smallest: ResultBound | undefined;
  for (const { name, mode, bounds } of documents) {
    if (mode !== "enforce" || bounds === undefined) continue;
    for (const rule of bounds.covering(subject)) {
      const { id, resultBytesMax } = rule;
      if (resultBytesMax === undefined || resultBytesMax >= (smallest?.bytesMax ?? Infinity)) continue;
      if (answerRule(rule, subject, "deny") === "no") continue;
      smallest = { bytesMax: resultBytesMax, policy: name, rule: id };
    }
  }
  return smallest;
}

/** The stricter of two. */
export function smallerBound(
  left: ResultBound | undefined,
  right: ResultBound | undefined,
): ResultBound | undefined {
  return left === undefined || (right !== undefined && right.bytesMax < left.bytesMax) ? right : left;
}
