/**
 * The keys of the objects that are open while a text is scanned, and the search for two that are alike once they are
 * unescaped.
 *
 * Its cost is linear in the text, whatever the sender chooses. Few keys are compared pairwise. Many go through a hash
 * table, when their object closes: so one table, sized for one object, serves every depth. The sender knows the hash
 * and can make keys collide; the steps of the search are therefore counted, and a search that exceeds its budget is
 * given up. A caller must refuse the text about which this table could not decide.
 */

import { keyProbesPerKeyMax } from "../limits.ts";
import { growArray } from "./grow_array.ts";
import { unescapeInto } from "./json_strings.ts";

/** No two keys of the object are alike. */
export const noDuplicate = -1;
/** The budget ran out before that was known. */
export const undecided = -2;

/** Up to here, comparing all pairs costs less than filling a table. Most objects have no more keys. */
const pairwiseKeysMax = 8;

/** Steps that every search may take besides those per key: chance must not exhaust the budget of a small table. */
const freeSteps = 256;

/** The mark of a key whose length and first byte are not those of its text. */
const allMarks = -1;

const firstKeys = 64;
/** Keys whose memory is kept from one text to the next (56 KiB in all); real messages need some hundred at a time. */
const keptKeysMax = 2048;

// One row per key, so that adding a key is one check of the length.
const enum Column {
  /** Where the key stands in the text, behind its quote. */
  Start = 0,
  /** Where its unescaped bytes begin: in the text, or `~offset` in the side buffer. */
  From = 1,
  /** How many unescaped bytes it has. */
  Length = 2,
  Count = 3,
}

export class KeyTable {
  #rows = new Int32Array(firstKeys * Column.Count);
  #count = 0;
  /** The side buffer: unescaped bytes of the keys that hold escapes. */
  #unescaped = new Uint8Array(firstKeys);
  #unescapedLength = 0;
  /** Hash of each key of the object that is being searched. */
  #hashes = new Int32Array(0);
  /** Open addressing, at most half full: a key's number in its object plus 1, or 0. */
  #slots = new Int32Array(0);
  #stepsLeft = 0;

  /** How many keys the open objects have: the number that the next key will get. */
  get count(): number {
    return this.#count;
  }

  /** Forgets every key, and the memory that only an extraordinary text needs. */
  clear(): void {
    this.#count = 0;
    this.#unescapedLength = 0;
    if (this.#rows.length > keptKeysMax * Column.Count) this.#rows = new Int32Array(firstKeys * Column.Count);
    if (this.#unescaped.length > keptKeysMax) this.#unescaped = new Uint8Array(firstKeys);
    if (this.#hashes.length > keptKeysMax) this.#hashes = new Int32Array(0);
    if (this.#slots.length > tableSize(keptKeysMax)) this.#slots = new Int32Array(0);
  }

  /**
   * Adds the key whose validated content is `bytes[start, end)` to the innermost object, and gives its mark: keys that
   * are equal have a bit in common. An object whose marks have none in common needs no search, and most have not.
   */
  add(bytes: Uint8Array, start: number, end: number, hasEscapes: boolean): number {
    const row = this.#count * Column.Count;
    if (row === this.#rows.length) this.#rows = growArray(this.#rows);
    this.#count++;
    const rows = this.#rows;
    rows[row + Column.Start] = start;
    rows[row + Column.From] = start;
    rows[row + Column.Length] = end - start;
    if (hasEscapes) {
      this.#unescape(bytes, start, end, row);
      return allMarks;
    }
    return 1 << end - start + bytes[start];
  }

  #unescape(bytes: Uint8Array, start: number, end: number, row: number): void {
    const from = this.#unescapedLength;
    while (this.#unescaped.length < from + end - start) this.#unescaped = growArray(this.#unescaped);
    this.#unescapedLength = unescapeInto(bytes, start, end, this.#unescaped, from);
    this.#rows[row + Column.From] = ~from;
    this.#rows[row + Column.Length] = this.#unescapedLength - from;
  }

  /** Forgets the keys from number `first` on: those of the innermost object. */
  dropFrom(first: number): void {
    this.#count = first;
  }

  /** Where key number `key` stands in the text, behind its quote. */
  startOf(key: number): number {
    return this.#rows[key * Column.Count + Column.Start];
  }

  /**
   * The number of the first key, of those from number `first` on, that is equal to an earlier one of them;
   * `noDuplicate`; or `undecided`.
   */
  findDuplicate(bytes: Uint8Array, first: number): number {
    const count = this.#count - first;
    return count <= pairwiseKeysMax
      ? this.#findPairwise(bytes, first)
      : this.#findByTable(bytes, first, count);
  }

  #findPairwise(bytes: Uint8Array, first: number): number {
    for (let key = first + 1; key < this.#count; key++) {
      for (let earlier = first; earlier < key; earlier++) {
        if (this.#lengthOf(key) !== this.#lengthOf(earlier)) continue;
        if (this.#equalBytes(bytes, key, earlier) === this.#lengthOf(key)) return key;
      }
    }
    return noDuplicate;
  }

  #findByTable(bytes: Uint8Array, first: number, count: number): number {
    const size = tableSize(count);
    if (this.#slots.length < size) this.#slots = new Int32Array(size);
    else this.#slots.fill(0, 0, size);
    if (this.#hashes.length < count) this.#hashes = new Int32Array(size / 2); // size is at least twice count
    this.#stepsLeft = count * keyProbesPerKeyMax + freeSteps;
    for (let key = first; key < first + count; key++) {
      const isNew = this.#insert(bytes, first, key, size - 1);
      if (!isNew) return key;
      if (this.#stepsLeft < 0) return undecided;
    }
    return noDuplicate;
  }

  /** Puts a key into the table; false where an equal one is there already. Stops early when the steps run out. */
  #insert(bytes: Uint8Array, first: number, key: number, mask: number): boolean {
    const hashes = this.#hashes;
    const slots = this.#slots;
    const hash = this.#hash(bytes, key);
    let slot = hash & mask;
    while (slots[slot] !== 0 && this.#stepsLeft >= 0) {
      const other = slots[slot] - 1;
      if (hashes[other] === hash && this.#isEqualWithinSteps(bytes, key, first + other)) return false;
      this.#stepsLeft--;
      slot = slot + 1 & mask;
    }
    hashes[key - first] = hash;
    slots[slot] = key - first + 1;
    return true;
  }

  /** Unlike keys may share a hash and a long beginning: what was compared in vain counts as steps too. */
  #isEqualWithinSteps(bytes: Uint8Array, key: number, other: number): boolean {
    const length = this.#lengthOf(key);
    if (this.#lengthOf(other) !== length) return false;
    const equal = this.#equalBytes(bytes, key, other);
    if (equal === length) return true;
    this.#stepsLeft -= equal;
    return false;
  }

  /** How many bytes two keys of one length have in common from the start. */
  #equalBytes(bytes: Uint8Array, key: number, other: number): number {
    const keyFrom = this.#fromOf(key);
    const otherFrom = this.#fromOf(other);
    const keyBytes = keyFrom < 0 ? this.#unescaped : bytes;
    const otherBytes = otherFrom < 0 ? this.#unescaped : bytes;
    const keyStart = keyFrom < 0 ? ~keyFrom : keyFrom;
    const otherStart = otherFrom < 0 ? ~otherFrom : otherFrom;
    const length = this.#lengthOf(key);
    let equal = 0;
    while (equal < length && keyBytes[keyStart + equal] === otherBytes[otherStart + equal]) equal++;
    return equal;
  }

  #hash(bytes: Uint8Array, key: number): number {
    const from = this.#fromOf(key);
    return from < 0
      ? hashBytes(this.#unescaped, ~from, this.#lengthOf(key))
      : hashBytes(bytes, from, this.#lengthOf(key));
  }

  #fromOf(key: number): number {
    return this.#rows[key * Column.Count + Column.From];
  }

  #lengthOf(key: number): number {
    return this.#rows[key * Column.Count + Column.Length];
  }
}

/** FNV-1a, then the last mixing of MurmurHash3, without which `k1`, `k2` … would crowd in neighbouring slots. */
function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}

/** The power of two that leaves the table at most half full: a search then takes two or three steps. */
function tableSize(keys: number): number {
  return 1 << 33 - Math.clz32(keys - 1);
}
