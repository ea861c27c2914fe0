/**
 * Limits over a session or a window: so many calls, or so much in all. Windows are the hours and days of UTC, so that
 * everyone who shares them agrees on where they begin.
 */

import { isJsonNumber } from "../wire/json_value.ts";
import { readUnits, type Units, writeUnits } from "./decimal.ts";
import type { SharedUse } from "./facts.ts";
import type { Quota, Window } from "./rule.ts";
import type { PolicyState } from "./state.ts";
import { quote } from "./sentence.ts";
import { type SelectedPath, visitSelected } from "./select.ts";
import type { Found, Subject } from "./subject.ts";

/** A quota made ready. */
export interface CompiledQuota {
  /** Unique over all policies of the session. */
  readonly id: string;
  /** The policy's name and the rule's id, under which the window is shared. */
  readonly policy: string;
  readonly rule: string;
  readonly per: Window;
  readonly max: Units;
  /** What is summed up; undefined: calls are counted. */
  readonly sum: { readonly selector: string; readonly path: SelectedPath } | undefined;
}

/** What one call takes from a quota, if and only if it is forwarded. */
export interface Use {
  readonly quota: string;
  readonly policy: string;
  readonly rule: string;
  /** `2026-11-20T13`, `2026-11-20`, or empty: the session. */
  readonly window: string;
  /** Decimal numbers. */
  readonly amount: string;
  readonly max: string;
}

/** What a quota says to a call. */
export type Claim =
  | { readonly kind: "room"; readonly left: string; readonly use: Use }
  /** `left`: what there is still room for. `waitMs`: until the window ends; Infinity: it will never have room. */
  | { readonly kind: "full"; readonly left: string; readonly waitMs: number }
  /** There is no amount that could be summed up. */
  | { readonly kind: "no_amount"; readonly why: string };

/** The quota of a rule; undefined for one that cannot be kept exactly or would never have room. */
export function compileQuota(
  id: string,
  policy: string,
  rule: string,
  { per, max, sum }: Quota,
  path: SelectedPath | undefined,
): CompiledQuota | undefined {
  if (!Number.isFinite(max) || (sum === undefined) !== (path === undefined)) return undefined;
  const read = readUnits(String(max));
  if (read.kind !== "units" || read.units === 0n) return undefined;
  return {
    id,
    policy,
    rule,
    per,
    max: read.units,
    sum: sum === undefined || path === undefined ? undefined : { selector: sum, path },
  };
}

/** Whether a quota has room for a call. `shared`: what all who share it have used; undefined: only `state` knows. */
export function claim(
  quota: CompiledQuota,
  subject: Subject,
  state: PolicyState,
  shared: readonly SharedUse[] | undefined,
  nowMs: number,
): Claim {
  const amount = amountOf(quota, subject);
  if (typeof amount === "string") return { kind: "no_amount", why: amount };
  const now = windowAt(quota.per, nowMs);
  const last = shared === undefined ? state.used[quota.id] : lastShared(quota, shared, now);
  const before = last !== undefined && isSameKind(last.window, now) ? last : undefined;
  // A clock that went back opens no window anew: what was counted later still counts.
  const window = before !== undefined && before.window > now ? before.window : now;
  const used = before?.window === window ? unitsOf(before.used) : 0n;
  const left = used > quota.max ? 0n : quota.max - used;
  if (amount > left) {
    const waitMs = amount > quota.max ? Infinity : untilEndMs(quota.per, window, nowMs);
    return { kind: "full", left: writeUnits(left), waitMs };
  }
  const { id, policy, rule, max } = quota;
  return {
    kind: "room",
    left: writeUnits(left),
    use: { quota: id, policy, rule, window, amount: writeUnits(amount), max: writeUnits(max) },
  };
}

/** What was used up in the window of `use`, with it. */
export function addUse(
  before: { readonly window: string; readonly used: string } | undefined,
  use: Use,
): string {
  const used = before === undefined || before.window !== use.window ? 0n : unitsOf(before.used);
  return writeUnits(used + unitsOf(use.amount));
}

/** The most of what was used of some quotas in windows that are not over; undefined where nothing was. */
export function mostUsed(
  quotas: readonly CompiledQuota[],
  used: PolicyState["used"],
  nowMs: number,
): string | undefined {
  let most: Units | undefined;
  for (const { id, per } of quotas) {
    const last = used[id];
    // A later window than now: the clock went back, and it still counts.
    if (last === undefined || last.window < windowAt(per, nowMs)) continue;
    const units = unitsOf(last.used);
    if (most === undefined || units > most) most = units;
  }
  return most === undefined ? undefined : writeUnits(most);
}

/** Whether `used` leaves room for `use`. */
export function hasRoomFor(used: string, use: Use): boolean {
  return unitsOf(used) + unitsOf(use.amount) <= unitsOf(use.max);
}

/** What is left where a use was taken back. */
export function takeBack(used: string, use: Use): string {
  const left = unitsOf(used) - unitsOf(use.amount);
  return writeUnits(left < 0n ? 0n : left);
}

/** The window that a moment lies in; empty for a session, which has but one. */
export function windowAt(per: Window, nowMs: number): string {
  switch (per) {
    case "session":
      return "";
    case "hour":
      return new Date(nowMs).toISOString().slice(0, "2026-11-20T13".length);
    case "day":
      return new Date(nowMs).toISOString().slice(0, "2026-11-20".length);
  }
}

/** Milliseconds until a window is over. Unix time has no leap seconds, so hours and days have one length each. */
function untilEndMs(per: Window, window: string, nowMs: number): number {
  switch (per) {
    case "session":
      return Infinity;
    case "hour":
      return Date.parse(`${window}:00:00Z`) + 3_600_000 - Math.floor(nowMs);
    case "day":
      return Date.parse(`${window}T00:00:00Z`) + 86_400_000 - Math.floor(nowMs);
  }
}

/** Whether two windows are both hours, days or sessions: a policy may have changed `per` since. */
function isSameKind(window: string, other: string): boolean {
  return window.length === other.length;
}

/** The last window in which somebody has used the quota. */
function lastShared(
  quota: CompiledQuota,
  shared: readonly SharedUse[],
  now: string,
): SharedUse | undefined {
  let last: SharedUse | undefined;
  for (const one of shared) {
    if (one.policy !== quota.policy || one.rule !== quota.rule || !isSameKind(one.window, now)) continue;
    if (last === undefined || one.window > last.window) last = one;
  }
  return last;
}

const oneCall = readUnits("1") as { readonly units: Units };

/** What the call takes: of a path through lists all that it selects; a reason where that cannot be told. */
function amountOf({ sum }: CompiledQuota, subject: Subject): Units | string {
  if (sum === undefined) return oneCall.units;
  let total = 0n;
  let problem: string | undefined;
  visitSelected(sum.path, subject, (found) => {
    const amount = amountIn(found);
    if (typeof amount === "string") problem = amount;
    else total += amount;
    return problem === undefined;
  });
  return problem ?? total;
}

function amountIn(found: Found): Units | string {
  switch (found.kind) {
    case "absent":
    case "no_object":
    case "misshapen":
      return "is missing";
    case "mistakable":
      return `could be ${quote(found.name)} or the other way round`;
    case "too_many":
      return "has more values than can be summed up";
    case "value": {
      if (!isJsonNumber(found.value)) return "is no number";
      const read = readUnits(found.value.source);
      if (read.kind === "negative") return "is negative";
      return read.kind === "too_long" ? "has more digits than can be summed up" : read.units;
    }
  }
}

function unitsOf(source: string): Units {
  const read = readUnits(source);
  if (read.kind !== "units") throw new RangeError("Cannot add up what was used: it is no sum");
  return read.units;
}
