/** What a session remembers between decisions: a value, to be kept, compared and written down. */

import type { CompiledPolicy } from "./compiled.ts";
import type { Decision } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { type BucketLevel, charge, fullLevel } from "./limit.ts";
import { addUse } from "./quota.ts";
import { mergeTaints, type Taint } from "./taint.ts";

export interface PolicyState {
  /** Levels by the id of the bucket; a bucket that is not here is full. */
  readonly buckets: Readonly<Record<string, BucketLevel>>;
  /** Labels that the session has earned, sorted; they only grow. */
  readonly taints: readonly Taint[];
  /** What was used up of each quota in its window, by the quota's id; not here: nothing. */
  readonly used: Readonly<Record<string, { readonly window: string; readonly used: string }>>;
  /** Messages let through so far. */
  readonly calls: number;
}

/** The state in which a session begins: every bucket full. */
export function initialState(policy: CompiledPolicy): PolicyState {
  const buckets: Record<string, BucketLevel> = {};
  for (const bucket of policy.buckets.values()) buckets[bucket.id] = fullLevel(bucket);
  return { buckets, taints: [], used: {}, calls: 0 };
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
  if (decision.uses !== undefined || decision.taints !== undefined) state = earn(state, decision);
  const calls = state.calls + 1;
  if (decision.charges.length === 0) return { ...state, calls };
  const buckets = { ...state.buckets };
  for (const { bucket: id, tokens } of decision.charges) {
    const bucket = policy.buckets.get(id);
    if (bucket !== undefined) buckets[id] = charge(bucket, buckets[id] ?? fullLevel(bucket), nowMs, tokens);
  }
  return { ...state, buckets, calls };
}

/** With the labels that the decision brings in, and with what it takes from quotas. */
function earn(state: PolicyState, { uses = [], taints = [] }: Decision): PolicyState {
  const used = { ...state.used };
  for (const use of uses) used[use.quota] = { window: use.window, used: addUse(used[use.quota], use) };
  return { ...state, taints: mergeTaints(state.taints, taints), used };
}

/** What the session has earned, also by other proxies. */
export function earnedTaints({ taints }: PolicyState, { shared }: Facts): readonly Taint[] {
  return shared?.kind === "known" ? mergeTaints(shared.taints, taints) : taints;
}
