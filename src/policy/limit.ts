/**
 * Token buckets. A bucket holds `burst` tokens, loses one per call and refills evenly.
 *
 * The arithmetic is in whole *parts*: one token is `perMs` parts, and a millisecond brings `calls` parts. So the same
 * calls at the same times give the same verdicts on every machine, and a caller who waits as long as it was told has
 * its token.
 */

import { bucketPartsMax } from "../limits.ts";
import type { Rate } from "./rule.ts";

/** What a bucket is, for the whole session. */
export interface Bucket extends Rate {
  readonly id: string;
}

/** What is in a bucket. */
export interface BucketLevel {
  /** Tokens, not always a whole number. */
  readonly tokens: number;
  /** The time at which that was so, milliseconds; never goes back. */
  readonly atMs: number;
}

/** The bucket of a rate; undefined for a rate that cannot be kept exactly or would never have room. */
export function bucketOf(id: string, rate: Rate): Bucket | undefined {
  const { calls, perMs, burst } = rate;
  const isWhole = [calls, perMs, burst].every((count) => Number.isSafeInteger(count) && count >= 1);
  if (!isWhole || burst * perMs > bucketPartsMax || calls > bucketPartsMax) return undefined;
  return { id, calls, perMs, burst };
}

/** A bucket as the session finds it. */
export function fullLevel(bucket: Bucket): BucketLevel {
  return { tokens: bucket.burst, atMs: 0 };
}

/** Milliseconds until the bucket has the tokens for one more call; 0 where it has them now. */
export function waitMs(bucket: Bucket, level: BucketLevel, nowMs: number, tokens: number): number {
  const missing = tokens * bucket.perMs - partsAt(bucket, level, nowMs);
  if (missing <= 0) return 0;
  // A clock that went back refills nothing until it has caught up.
  const behindMs = Math.max(0, level.atMs - Math.floor(nowMs));
  return behindMs + Math.ceil(missing / bucket.calls);
}

/** Tokens in the bucket at a moment, not always a whole number. */
export function levelAt(bucket: Bucket, level: BucketLevel, nowMs: number): number {
  return partsAt(bucket, level, nowMs) / bucket.perMs;
}

/** The level after a call took its tokens. Never below empty. */
export function charge(bucket: Bucket, level: BucketLevel, nowMs: number, tokens: number): BucketLevel {
  const parts = Math.max(0, partsAt(bucket, level, nowMs) - tokens * bucket.perMs);
  return { tokens: parts / bucket.perMs, atMs: Math.max(level.atMs, Math.floor(nowMs)) };
}

/** So many tokens as a level of this bucket: no more than it holds, in whole parts, rounded down. */
export function levelOf(bucket: Bucket, tokens: number, atMs: number): BucketLevel {
  const parts = Math.min(bucket.burst * bucket.perMs, Math.floor(tokens * bucket.perMs));
  return { tokens: parts / bucket.perMs, atMs };
}

function partsAt(bucket: Bucket, level: BucketLevel, nowMs: number): number {
  const full = bucket.burst * bucket.perMs;
  const held = Math.min(full, Math.round(level.tokens * bucket.perMs));
  const elapsedMs = Math.max(0, Math.floor(nowMs) - level.atMs);
  // Compared before multiplying: years × calls need not fit.
  return elapsedMs >= (full - held) / bucket.calls ? full : held + elapsedMs * bucket.calls;
}
