/** Where the outermost members of the scanned text stand: one row of numbers each, in text order. */

import { growArray } from "./grow_array.ts";
import { type JsonKind, kindOfFirstByte } from "./json_tokens.ts";

// Columns of a row. Rows, rather than one array per column: a member is written with one check of the length.
const enum Column {
  Parent = 0,
  KeyStart = 1,
  KeyEnd = 2,
  KeyHasEscapes = 3,
  ValueStart = 4,
  ValueEnd = 5,
  /** The first byte of the value, which tells its kind. */
  ValueFirstByte = 6,
  Count = 7,
}

const firstMembers = 64;
/** Members whose memory is kept between two texts (28 KiB); messages have some ten. */
const keptMembersMax = 1024;

export class MemberTable {
  #rows: Int32Array = new Int32Array(firstMembers * Column.Count);
  #count = 0;
  /** The member of the root whose value is being read. */
  #outer = -1;

  get count(): number {
    return this.#count;
  }

  /** Forgets every member, and the memory that an extraordinary text needed. */
  clear(): void {
    this.#count = 0;
    this.#outer = -1;
    if (this.#rows.length > keptMembersMax * Column.Count) {
      this.#rows = new Int32Array(firstMembers * Column.Count);
    }
  }

  /** Begins a member of the root object (`isOuter`), or one of the object that is the outer member's value. */
  open(isOuter: boolean, keyStart: number, keyEnd: number, keyHasEscapes: boolean): number {
    const member = this.#count++;
    const row = member * Column.Count;
    if (row === this.#rows.length) this.#rows = growArray(this.#rows);
    const rows = this.#rows;
    rows[row + Column.Parent] = isOuter ? -1 : this.#outer;
    rows[row + Column.KeyStart] = keyStart;
    rows[row + Column.KeyEnd] = keyEnd;
    rows[row + Column.KeyHasEscapes] = keyHasEscapes ? 1 : 0;
    if (isOuter) this.#outer = member;
    return member;
  }

  /** Notes the value of a member that `open` began. */
  setValue(member: number, start: number, end: number, firstByte: number): void {
    const rows = this.#rows;
    const row = member * Column.Count;
    rows[row + Column.ValueStart] = start;
    rows[row + Column.ValueEnd] = end;
    rows[row + Column.ValueFirstByte] = firstByte;
  }

  parent(member: number): number {
    return this.#at(member, Column.Parent);
  }

  keyStart(member: number): number {
    return this.#at(member, Column.KeyStart);
  }

  keyEnd(member: number): number {
    return this.#at(member, Column.KeyEnd);
  }

  keyHasEscapes(member: number): boolean {
    return this.#at(member, Column.KeyHasEscapes) === 1;
  }

  valueStart(member: number): number {
    return this.#at(member, Column.ValueStart);
  }

  valueEnd(member: number): number {
    return this.#at(member, Column.ValueEnd);
  }

  valueKind(member: number): JsonKind {
    return kindOfFirstByte(this.#at(member, Column.ValueFirstByte));
  }

  /** Rows behind `count` hold what earlier texts left there: reading one is a mistake that must not pass for a span. */
  #at(member: number, column: Column): number {
    if (!(member >= 0 && member < this.#count)) {
      throw new RangeError(`Cannot read member ${member}: the text has ${this.#count}`);
    }
    return this.#rows[member * Column.Count + column];
  }
}
