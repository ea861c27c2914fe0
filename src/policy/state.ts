/** What a session remembers between decisions: a value, to be kept, compared and written down. */

import type { CompiledPolicy } from "./compile.ts";
import type { Decision } from "./decision.ts";
import { type BucketLevel, charge, fullLevel } from "./limit.ts";

export interface PolicyState {
  /** Levels by the id of the bucket; a bucket that is not here is full. */
  readonly buckets: Readonly<Record<string, BucketLevel>>;
  /** Labels that the session has earned, sorted; they only grow. */
  readonly taints: readonly string[];
  /** Messages let through so far. */
  readonly calls: number;
}

/** The state in which a session begins: every bucket full. */
export function initialState(policy: CompiledPolicy): PolicyState {
  const buckets: Record<string, BucketLevel> = {};
  for (const bucket of policy.buckets.values()) buckets[bucket.id] = fullLevel(bucket);
  return { buckets, taints: [], calls: 0 };
}

/**
 * The state after a decision was carried out at `nowMs`. Only what was forwarded changes it; all of its charges are
 * taken together.
 */
export function advance(
  state: PolicyState,
  policy: CompiledPolicy,
  decision: Decision,
  nowMs: number,
): PolicyState {
  if (decision.action !== "forward") return state;
  const calls = state.calls + 1;
  if (decision.charges.length === 0) return { ...state, calls };
  const buckets = { ...state.buckets };
  for (const { bucket: id, tokens } of decision.charges) {
    const bucket = policy.buckets.get(id);
    if (bucket !== undefined) buckets[id] = charge(bucket, buckets[id] ?? fullLevel(bucket), nowMs, tokens);
  }
  return { ...state, buckets, calls };
}
