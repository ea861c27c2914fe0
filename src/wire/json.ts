/**
 * A strict JSON reader that builds nothing: it walks the bytes of one message where they lie, says whether every
 * parser must read them alike, and notes where the outermost members stand.
 *
 * Strict: RFC 8259 to the letter, valid UTF-8, bounded depth, one value and nothing behind it, no byte order mark, and
 * no raw carriage return but the one that belongs to the line's end. Keys that stand twice and lone surrogates are
 * found but not refused: how deep they may stand depends on what the message is.
 */

import { jsonDepthMax } from "../limits.ts";
import {
  type JsonRefusal,
  type JsonRefusalCode,
  refuseAt,
  refuseBetweenTokens,
  refuseInString,
  refuseTrailing,
} from "./json_refusal.ts";
import {
  escapedUnit,
  escapeLength,
  hasNeedlessEscape,
  isLeadSurrogate,
  isSurrogate,
  isTrailEscape,
  longPlainRunEnd,
  plainRunEnd,
} from "./json_strings.ts";
import { byteAt, isWord, type JsonKind, kindOfFirstByte, numberEnd, skipSpace } from "./json_tokens.ts";
import { decodeContent } from "./json_value.ts";
import { KeyTable, noDuplicate, undecided } from "./key_table.ts";
import { MemberTable } from "./member_table.ts";
import { multibyteEnd } from "./utf8.ts";

export type { JsonKind, JsonRefusal, JsonRefusalCode };

// The numbers go into the code: see json_tokens.ts.
const enum Byte {
  Tab = 0x09,
  VerticalTab = 0x0b,
  CarriageReturn = 0x0d,
  Space = 0x20,
  Quote = 0x22,
  Comma = 0x2c,
  Colon = 0x3a,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  LowerF = 0x66,
  LowerN = 0x6e,
  LowerT = 0x74,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
  Delete = 0x7f,
  FirstMultibyte = 0x80,
}

const enum Result {
  /** What a function of the grammar gives where it refused the text; else the offset behind what it read. */
  Refused = -1,
}

const byteOrderMark = "\xef\xbb\xbf";

/**
 * Scans one text after the other. What a scan found is read off the scanner until the next one begins. The scanner
 * keeps no reference to the bytes: who asks for a key's text hands them over again.
 *
 * ```ts
 * import { JsonScanner } from "./json.ts";
 *
 * const line = new TextEncoder().encode('{"method":"ping","params":{"a":1}}\n');
 * const scanner = new JsonScanner();
 * const refusal = scanner.scan(line, 0, line.length - 1);
 * console.assert(refusal === undefined && scanner.memberCount === 3);
 * console.assert(scanner.keyIs(0, "method", line) && scanner.valueKind(0) === "string");
 * console.assert(scanner.memberParent(2) === 1); // "a" lies in "params"
 * ```
 */
export class JsonScanner {
  readonly #depthMax: number;
  readonly #keys = new KeyTable();
  readonly #members = new MemberTable();
  #start = 0;
  #rootStart = 0;
  #rootEnd = 0;
  #rootKind: JsonKind = "null";
  #rootIsObject = false;
  #refusal: JsonRefusal | undefined;
  /** Set when a string holds an escape; who reads a key clears it before. */
  #sawEscape = false;
  #duplicateDepth = 0;
  #duplicateOffset = -1;
  #isAscii = true;
  #hasOddCharacter = false;
  #surrogateDepth = 0;
  #keyEscapeDepth = 0;
  #surrogateOffset = -1;

  /** `depthMax`: nesting of arrays and objects, at most `jsonDepthMax`. */
  constructor(options: { readonly depthMax?: number } = {}) {
    this.#depthMax = Math.min(options.depthMax ?? jsonDepthMax, jsonDepthMax);
  }

  /**
   * Scans the text `bytes[start, end)`; undefined where it is in order, else why it is refused. The text may lie inside
   * a larger one: nothing behind `end` is judged. It is fastest where `bytes[end]` exists, as it does behind a frame.
   */
  scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    this.#reset(start);
    const rootStart = skipSpace(bytes, start, end);
    this.#rootIsObject = byteAt(bytes, rootStart, end) === Byte.OpenBrace;
    const rootEnd = this.#whole(bytes, rootStart, end);
    this.#keys.clear();
    if (rootEnd === Result.Refused) {
      const refusal = this.#refusal;
      this.#reset(start); // nothing that was found in a refused text may be taken for a finding
      return refusal;
    }
    this.#rootKind = kindOfFirstByte(bytes[rootStart]);
    this.#rootStart = rootStart;
    this.#rootEnd = rootEnd;
    return undefined;
  }

  /**
   * Forgets what the last scan found, and the memory that only an extraordinary text needs. The next scan does so
   * too; call it where that may be long in coming.
   */
  release(): void {
    this.#reset(0);
  }

  // ——— What the last scan found, where it refused nothing. Offsets of values and keys count from bytes[0]. ———

  /** The kind of the whole text's value. */
  get rootKind(): JsonKind {
    return this.#rootKind;
  }

  get rootStart(): number {
    return this.#rootStart;
  }

  get rootEnd(): number {
    return this.#rootEnd;
  }

  /** Whether every byte of the text is ASCII. */
  get isAscii(): boolean {
    return this.#isAscii;
  }

  /** Whether every character is printable ASCII or ordinary white space, however it is spelt. */
  get isPlain(): boolean {
    return this.#isAscii && !this.#hasOddCharacter;
  }

  /**
   * How many members were noted, in text order: those of the root object, each followed by those of its value where
   * that is an object. 0 where the root is no object.
   */
  get memberCount(): number {
    return this.#members.count;
  }

  /** The root's member in whose value member `i` lies; -1 where `i` is a member of the root itself. */
  memberParent(i: number): number {
    return this.#members.parent(i);
  }

  /** Where the key's content begins, behind its quote. */
  keyStart(i: number): number {
    return this.#members.keyStart(i);
  }

  /** Where the key's content ends, at its closing quote. */
  keyEnd(i: number): number {
    return this.#members.keyEnd(i);
  }

  keyHasEscapes(i: number): boolean {
    return this.#members.keyHasEscapes(i);
  }

  /** The key with its escapes resolved. `bytes` are those that were scanned. */
  keyText(i: number, bytes: Uint8Array): string {
    return decodeContent(bytes, this.keyStart(i), this.keyEnd(i));
  }

  /** Whether the key, its escapes resolved, is `name` (ASCII, without quotes and backslashes). */
  keyIs(i: number, name: string, bytes: Uint8Array): boolean {
    if (this.keyHasEscapes(i)) return this.keyText(i, bytes) === name;
    const start = this.keyStart(i);
    const end = this.keyEnd(i);
    return end - start === name.length && isWord(bytes, start, end, name);
  }

  valueStart(i: number): number {
    return this.#members.valueStart(i);
  }

  valueEnd(i: number): number {
    return this.#members.valueEnd(i);
  }

  valueKind(i: number): JsonKind {
    return this.#members.valueKind(i);
  }

  /**
   * How deep the outermost object lies that has two keys alike (the root is 1, `params` 2); 0 where none has. Keys are
   * compared with their escapes resolved.
   */
  get duplicateDepth(): number {
    return this.#duplicateDepth;
  }

  /** Bytes from the text's start to the first key in that object that repeats another; -1 where none does. */
  get duplicateOffset(): number {
    return this.#duplicateOffset;
  }

  /**
   * How deep the outermost object or array lies that directly holds a string or key with an escaped lone surrogate
   * (half a character, which UTF-8 cannot express); 0 where none does. A string that is the whole text counts as 1.
   */
  get surrogateDepth(): number {
    return this.#surrogateDepth;
  }

  /**
   * How deep the outermost object lies that has a key in which a printable ASCII character is spelt as `\\uXXXX` without
   * need; 0 where none has. V8 takes such a key for another one that it has met before (nodejs/node#63785: Node 24, 26,
   * Deno 2.9), so that a server may see another argument than stands there.
   */
  get keyEscapeDepth(): number {
    return this.#keyEscapeDepth;
  }

  /** Bytes from the text's start to that escape; -1 where there is none. */
  get surrogateOffset(): number {
    return this.#surrogateOffset;
  }

  // ——— The grammar: one function per rule. `depth` counts the arrays and objects around, or with, what is read. ———
  //
  // Compact text has no white space, so the functions look at the next byte before they think of skipping any. They
  // take a byte for a token only after they have made sure that it lies before `end`.

  /** One value with nothing but white space around it. Gives the offset behind the value. */
  #whole(bytes: Uint8Array, at: number, end: number): number {
    if (at === end) return this.#refuse("empty", bytes, at, end, "the end of the text, no value,");
    if (isWord(bytes, at, end, byteOrderMark)) {
      return this.#refuse("bom", bytes, at, end, "a byte order mark");
    }
    const valueEnd = this.#value(bytes, at, end, 0);
    if (valueEnd === Result.Refused) return valueEnd;
    const behind = skipSpace(bytes, valueEnd, end);
    return behind === end ? valueEnd : this.#refuseTrailing(bytes, behind, end);
  }

  #value(bytes: Uint8Array, at: number, end: number, depth: number): number {
    switch (byteAt(bytes, at, end)) {
      case Byte.Quote:
        return this.#string(bytes, at + 1, end, depth);
      case Byte.OpenBrace:
        return this.#object(bytes, at, end, depth + 1);
      case Byte.OpenBracket:
        return this.#array(bytes, at, end, depth + 1);
      case Byte.LowerT:
        return this.#word(bytes, at, end, "true");
      case Byte.LowerF:
        return this.#word(bytes, at, end, "false");
      case Byte.LowerN:
        return this.#word(bytes, at, end, "null");
      default:
        return this.#number(bytes, at, end);
    }
  }

  #object(bytes: Uint8Array, opening: number, end: number, depth: number): number {
    if (depth > this.#depthMax) return this.#refuse("depth", bytes, opening, end, this.#tooDeep());
    const firstKey = this.#keys.count;
    let marks = 0;
    let mayRepeat = false;
    const isNoted = depth === 1 || (depth === 2 && this.#rootIsObject);
    let at = afterSpace(bytes, opening + 1, end);
    if (byteAt(bytes, at, end) === Byte.CloseBrace) return at + 1;
    for (;;) {
      if (byteAt(bytes, at, end) !== Byte.Quote) return this.#refuseByte(bytes, at, end, "a key");
      const keyStart = at + 1;
      this.#sawEscape = false;
      at = this.#string(bytes, keyStart, end, depth);
      if (at === Result.Refused) return at;
      if (this.#sawEscape) this.#noteKeyEscape(bytes, keyStart, at - 1, depth);
      const mark = this.#keys.add(bytes, keyStart, at - 1, this.#sawEscape);
      mayRepeat ||= (marks & mark) !== 0;
      marks |= mark;
      const member = isNoted ? this.#members.open(depth === 1, keyStart, at - 1, this.#sawEscape) : -1;

      let c = bytes[at];
      if (c <= Byte.Space) {
        at = skipSpace(bytes, at, end);
        c = bytes[at];
      }
      if (c !== Byte.Colon || at >= end) return this.#refuseByte(bytes, at, end, "a colon");
      const valueStart = afterSpace(bytes, at + 1, end);
      at = this.#value(bytes, valueStart, end, depth);
      if (at === Result.Refused) return at;
      if (isNoted) this.#members.setValue(member, valueStart, at, bytes[valueStart]);

      c = bytes[at];
      if (c <= Byte.Space) {
        at = skipSpace(bytes, at, end);
        c = bytes[at];
      }
      if (c === Byte.CloseBrace && at < end) break;
      if (c !== Byte.Comma || at >= end) {
        return this.#refuseByte(bytes, at, end, "a comma or a closing brace");
      }
      at = afterSpace(bytes, at + 1, end);
    }
    if (mayRepeat && !this.#compareKeys(bytes, firstKey, depth)) {
      return this.#refuse("keys", bytes, opening, end, "keys made to collide, in the object");
    }
    this.#keys.dropFrom(firstKey);
    return at + 1;
  }

  #array(bytes: Uint8Array, opening: number, end: number, depth: number): number {
    if (depth > this.#depthMax) return this.#refuse("depth", bytes, opening, end, this.#tooDeep());
    let at = afterSpace(bytes, opening + 1, end);
    if (byteAt(bytes, at, end) === Byte.CloseBracket) return at + 1;
    for (;;) {
      at = this.#value(bytes, at, end, depth);
      if (at === Result.Refused) return at;
      let c = bytes[at];
      if (c <= Byte.Space) {
        at = skipSpace(bytes, at, end);
        c = bytes[at];
      }
      if (c === Byte.CloseBracket && at < end) return at + 1;
      if (c !== Byte.Comma || at >= end) {
        return this.#refuseByte(bytes, at, end, "a comma or a closing bracket");
      }
      at = afterSpace(bytes, at + 1, end);
    }
  }

  /** Reads on behind the opening quote. Most strings are one short plain run: those end here. */
  #string(bytes: Uint8Array, at: number, end: number, depth: number): number {
    const behind = plainRunEnd(bytes, at, end);
    return byteAt(bytes, behind, end) === Byte.Quote
      ? behind + 1
      : this.#restOfString(bytes, behind, end, depth);
  }

  #restOfString(bytes: Uint8Array, at: number, end: number, depth: number): number {
    for (;;) {
      const c = byteAt(bytes, at, end);
      if (c === Byte.Quote) return at + 1;
      let behind: number = Result.Refused;
      if (c === Byte.Backslash) {
        behind = this.#escape(bytes, at, end, depth);
      } else if (c >= Byte.FirstMultibyte) {
        this.#isAscii = false;
        behind = multibyteEnd(bytes, at, end);
      } else if (c === Byte.Delete) {
        this.#hasOddCharacter = true;
        behind = at + 1;
      } else if (c >= Byte.Space) {
        behind = longPlainRunEnd(bytes, at, end);
      }
      if (behind === Result.Refused) return this.#refuseInString(bytes, at, end);
      at = plainRunEnd(bytes, behind, end);
    }
  }

  #escape(bytes: Uint8Array, at: number, end: number, depth: number): number {
    this.#sawEscape = true;
    const unit = escapedUnit(bytes, at, end);
    if (unit < 0) return Result.Refused;
    if (
      unit < Byte.Space
        ? unit < Byte.Tab || unit > Byte.CarriageReturn || unit === Byte.VerticalTab
        : unit >= Byte.Delete
    ) {
      this.#hasOddCharacter = true;
    }
    const behind = at + escapeLength(bytes, at);
    if (!isSurrogate(unit)) return behind;
    if (isLeadSurrogate(unit) && isTrailEscape(bytes, behind, end)) {
      return behind + escapeLength(bytes, behind);
    }
    this.#noteSurrogate(at, depth);
    return behind;
  }

  #number(bytes: Uint8Array, at: number, end: number): number {
    const behind = numberEnd(bytes, at, end);
    if (behind >= 0) return behind;
    return this.#refuseByte(bytes, ~behind, end, ~behind === at ? "a value" : "a digit");
  }

  #word(bytes: Uint8Array, at: number, end: number, word: string): number {
    return isWord(bytes, at, end, word) ? at + word.length : this.#refuseByte(bytes, at, end, "a value");
  }

  // ——— Findings ———

  /** Looks for two keys alike in the object that closes. False where that cannot be told. */
  #compareKeys(bytes: Uint8Array, firstKey: number, depth: number): boolean {
    const isNews = this.#duplicateDepth === 0 || depth < this.#duplicateDepth;
    const key = isNews ? this.#keys.findDuplicate(bytes, firstKey) : noDuplicate;
    if (key >= 0) {
      this.#duplicateDepth = depth;
      this.#duplicateOffset = this.#keys.startOf(key) - this.#start;
    }
    return key !== undecided;
  }

  #noteSurrogate(at: number, depth: number): void {
    const holder = Math.max(depth, 1);
    if (this.#surrogateDepth !== 0 && this.#surrogateDepth <= holder) return;
    this.#surrogateDepth = holder;
    this.#surrogateOffset = at - this.#start;
  }

  #noteKeyEscape(bytes: Uint8Array, keyStart: number, keyEnd: number, depth: number): void {
    if (this.#keyEscapeDepth !== 0 && this.#keyEscapeDepth <= depth) return;
    if (hasNeedlessEscape(bytes, keyStart, keyEnd)) this.#keyEscapeDepth = depth;
  }

  // ——— Refusals: each notes the reason and gives `Refused` ———

  #refuseByte(bytes: Uint8Array, at: number, end: number, wanted: string): Result {
    this.#refusal = refuseBetweenTokens({ bytes, start: this.#start, end, at }, wanted);
    return Result.Refused;
  }

  #refuseInString(bytes: Uint8Array, at: number, end: number): Result {
    this.#refusal = refuseInString({ bytes, start: this.#start, end, at });
    return Result.Refused;
  }

  #tooDeep(): string {
    return `more than ${this.#depthMax} arrays and objects inside each other`;
  }

  #refuseTrailing(bytes: Uint8Array, at: number, end: number): Result {
    this.#refusal = refuseTrailing({ bytes, start: this.#start, end, at });
    return Result.Refused;
  }

  #refuse(code: JsonRefusalCode, bytes: Uint8Array, at: number, end: number, seen: string): Result {
    this.#refusal = refuseAt(code, { bytes, start: this.#start, end, at }, seen);
    return Result.Refused;
  }

  #reset(start: number): void {
    this.#start = start;
    this.#refusal = undefined;
    this.#rootStart = start;
    this.#rootEnd = start;
    this.#rootKind = "null";
    this.#keys.clear();
    this.#members.clear();
    this.#duplicateDepth = 0;
    this.#duplicateOffset = -1;
    this.#isAscii = true;
    this.#hasOddCharacter = false;
    this.#surrogateDepth = 0;
    this.#surrogateOffset = -1;
    this.#keyEscapeDepth = 0;
  }
}

/** As `skipSpace`; the comparison saves most calls. */
function afterSpace(bytes: Uint8Array, at: number, end: number): number {
  return bytes[at] > Byte.Space ? at : skipSpace(bytes, at, end);
}
