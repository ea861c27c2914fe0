/**
 * Requests that wait for their answer, by id. A persistent table: adding and removing give a new table and leave the
 * old one as it was, at a cost that does not grow with the number of entries in practice (one small bucket, or 16).
 */

import type { ResultBound } from "../policy/result_bound.ts";

/** What must be known of a request when its answer comes. */
export interface PendingRequest {
  /** The id's key: equal ids have equal keys. */
  readonly key: string;
  /** The id as the asker spelt it, to answer in its place when the other side is gone. */
  readonly idSource: string;
  /** The number that joins this request's records. */
  readonly call: number;
  readonly method: string;
  /** Whether a denial may take the form of a tool result. */
  readonly isToolCall: boolean;
  /** The tool that was called, to be remembered with the task that the call may become. */
  readonly tool?: string | undefined;
  /** The largest answer that may be passed on, and the rule that says so; undefined where none does. */
  readonly resultBound?: ResultBound | undefined;
  /** Whether a result must say that it is complete (stateless revisions). */
  readonly stateless: boolean;
  /** Key of the token under which its progress is reported; undefined where it asks for none. */
  readonly progress: string | undefined;
  /** The batch in which it came, and with whose other answers its own leaves. */
  readonly batch: number | undefined;
  readonly sinceMs: number;
}

type Bucket = readonly PendingRequest[];

const bucketCount = 16;
const emptyBucket: Bucket = [];

/** So few are all in one bucket: most clients have one or two on their way. */
const fewMax = 8;

/** An immutable table of pending requests. */
export class PendingTable {
  static readonly empty = new PendingTable([emptyBucket], 0);

  /** One bucket for all, or `bucketCount` of them by the hash of the key. */
  private constructor(private readonly buckets: readonly Bucket[], readonly size: number) {}

  get(key: string): PendingRequest | undefined {
    if (this.size === 0) return undefined;
    const bucket = this.buckets[this.#bucketOf(key)];
    for (let i = 0; i < bucket.length; i++) if (bucket[i].key === key) return bucket[i];
    return undefined;
  }

  /** Whether one of the requests reports its progress under this token. */
  reports(progress: string): boolean {
    for (const bucket of this.buckets) {
      for (let i = 0; i < bucket.length; i++) if (bucket[i].progress === progress) return true;
    }
    return false;
  }

  /** The request with the oldest call; undefined in an empty table. */
  oldest(): PendingRequest | undefined {
    let oldest: PendingRequest | undefined;
    for (const bucket of this.buckets) {
      for (const request of bucket) if (oldest === undefined || request.call < oldest.call) oldest = request;
    }
    return oldest;
  }

  /** The table with `request` in it. Its key must not be in the table yet. */
  add(request: PendingRequest): PendingTable {
    if (this.buckets.length === 1 && this.size === fewMax) return this.#spread().add(request);
    const at = this.#bucketOf(request.key);
    return this.#replace(at, this.size === 0 ? [request] : [...this.buckets[at], request], 1);
  }

  /** The table without the request of that key; the same table where it holds none. */
  remove(key: string): PendingTable {
    const found = this.get(key);
    if (found === undefined) return this;
    if (this.size === 1) return PendingTable.empty;
    const at = this.#bucketOf(key);
    return this.#replace(at, this.buckets[at].filter((request) => request !== found), -1);
  }

  /** Every pending request, the oldest call first. */
  all(): readonly PendingRequest[] {
    return this.buckets.flat().sort((a, b) => a.call - b.call);
  }

  #bucketOf(key: string): number {
    return this.buckets.length === 1 ? 0 : bucketOf(key);
  }

  /** The same requests, by the hashes of their keys. */
  #spread(): PendingTable {
    const buckets = Array.from({ length: bucketCount }, (): PendingRequest[] => []);
    for (const request of this.buckets[0]) buckets[bucketOf(request.key)].push(request);
    return new PendingTable(buckets, this.size);
  }

  #replace(at: number, bucket: Bucket, change: number): PendingTable {
    if (this.buckets.length === 1) return new PendingTable([bucket], this.size + change);
    const buckets = this.buckets.slice();
    buckets[at] = bucket;
    return new PendingTable(buckets, this.size + change);
  }
}

/** FNV-1a over the last characters: counters and random ids alike differ there. The table is bounded, so a sender who makes ids collide gains nothing. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = Math.max(0, key.length - 16); i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (bucketCount - 1);
}
