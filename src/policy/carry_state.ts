/** What a session has used up when its policy changes: a new policy must not give it back. */

import type { CompiledPolicy } from "./compiled.ts";
import { type Bucket, type BucketLevel, fullLevel, levelAt, levelOf } from "./limit.ts";
import { type CompiledQuota, mostUsed, windowAt } from "./quota.ts";
import type { PolicyState } from "./state.ts";

/**
 * The state with which `after` goes on where `before` ends, at `nowMs`.
 *
 * - A limit whose rule and rate are the same keeps its level; with another rate it keeps its tokens, as many as fit.
 * - A limit that is new begins full. But where the same policy has lost a limit, or has some that bear a number for a name
 *   (they may be others now), it begins no fuller than the emptiest of those: what is renamed or moved is not refilled.
 * - Labels and the count of calls stay as they are.
 */
export function carryState(
  before: CompiledPolicy,
  after: CompiledPolicy,
  state: PolicyState,
  nowMs: number,
): PolicyState {
  const [old, next] = [before, after].map(({ buckets }) => Map.groupBy(buckets.values(), policyNumber));
  const buckets: Record<string, BucketLevel> = {};
  for (const [policy, limits] of next) {
    const oldLimits = old.get(policy) ?? [];
    const gone = areSame(oldLimits, limits) ? [] : oldLimits.filter(({ id }) => isUncertain(id, after));
    for (const limit of limits) {
      const same = before.buckets.get(limit.id);
      const ancestors = isUncertain(limit.id, before) ? gone.filter(({ id }) => id !== limit.id) : [];
      buckets[limit.id] = inherit(limit, [...same === undefined ? [] : [same], ...ancestors], state, nowMs);
    }
  }
  return { ...state, buckets, used: carryUsed(before, after, state, nowMs) };
}

/** The same for limits over a session or a window: what was used in one that is not over counts in that of now. */
function carryUsed(
  before: CompiledPolicy,
  after: CompiledPolicy,
  state: PolicyState,
  nowMs: number,
): PolicyState["used"] {
  const [old, next] = [before, after].map(quotasOf);
  if (next.length === 0) return state.used;
  const used = { ...state.used };
  const isNamed = (id: string, others: readonly CompiledQuota[]) =>
    !numbered.test(id) && others.some((other) => other.id === id);
  for (const quota of next) {
    const same = old.find(({ id }) => id === quota.id);
    if (same !== undefined && isSameQuota(same, quota)) {
      if (!numbered.test(quota.id) || areSameQuotas(old, next, quota)) continue;
    }
    const ancestors = isNamed(quota.id, old)
      ? []
      : old.filter((other) =>
        policyNumber(other) === policyNumber(quota) && !isNamed(other.id, next) &&
        other.sum?.selector === quota.sum?.selector
      );
    const most = mostUsed(same === undefined ? ancestors : [same, ...ancestors], state.used, nowMs);
    if (most !== undefined) used[quota.id] = { window: windowAt(quota.per, nowMs), used: most };
  }
  return used;
}

function quotasOf({ documents }: CompiledPolicy): readonly CompiledQuota[] {
  return documents.flatMap(({ limit }) => limit.rules.flatMap(({ quota }) => quota ?? []));
}

/** Of one kind: what was used is told in the same unit, in the same windows. */
function isSameQuota(a: CompiledQuota, b: CompiledQuota): boolean {
  return a.id === b.id && a.per === b.per && a.sum?.selector === b.sum?.selector;
}

/** Whether the policy of `quota` has the same quotas on both sides, so that a number stands for the same rule. */
function areSameQuotas(
  old: readonly CompiledQuota[],
  next: readonly CompiledQuota[],
  quota: CompiledQuota,
): boolean {
  const [before, after] = [old, next].map((all) =>
    all.filter((other) => policyNumber(other) === policyNumber(quota))
  );
  return before.length === after.length &&
    before.every((one) => after.some((other) => isSameQuota(one, other) && one.max === other.max));
}

const numbered = /^\d+\/rule-\d+$/;

function inherit(
  limit: Bucket,
  ancestors: readonly Bucket[],
  state: PolicyState,
  nowMs: number,
): BucketLevel {
  const [first, ...others] = ancestors;
  if (first === undefined) return fullLevel(limit);
  const levelOfAncestor = (ancestor: Bucket) => state.buckets[ancestor.id] ?? fullLevel(ancestor);
  if (others.length === 0 && isSameLimit(first, limit)) return levelOfAncestor(first);
  const tokens = Math.min(
    ...ancestors.map((ancestor) => levelAt(ancestor, levelOfAncestor(ancestor), nowMs)),
  );
  const atMs = Math.max(Math.floor(nowMs), ...ancestors.map((ancestor) => levelOfAncestor(ancestor).atMs));
  return levelOf(limit, tokens, atMs);
}

/** Whether a limit's name does not tell which limit of the other policy it is: it is not there, or is a mere number. */
function isUncertain(id: string, other: CompiledPolicy): boolean {
  return !other.buckets.has(id) || numbered.test(id);
}

/** The id of a bucket, and of a quota, begins with the number of its policy. */
function policyNumber({ id }: { readonly id: string }): string {
  return id.slice(0, id.indexOf("/"));
}

function areSame(a: readonly Bucket[], b: readonly Bucket[]): boolean {
  return a.length === b.length && a.every((limit) => b.some((other) => isSameLimit(limit, other)));
}

function isSameLimit(a: Bucket, b: Bucket): boolean {
  return a.id === b.id && a.calls === b.calls && a.perMs === b.perMs && a.burst === b.burst;
}
