/**
 * A JSON value as the policy looks at it: numbers keep their spelling, objects are maps (so that `__proto__` is a key
 * like any other), and nothing is coerced.
 */

import { jsonDepthMax, jsonValuesMax } from "../limits.ts";
import { isWord } from "./json_tokens.ts";

// The numbers go into the code: see json_tokens.ts.
const enum Unit {
  /** No code unit: the end of the text. */
  None = -1,
  Space = 0x20,
  Quote = 0x22,
  Plus = 0x2b,
  Comma = 0x2c,
  Minus = 0x2d,
  Point = 0x2e,
  Zero = 0x30,
  Nine = 0x39,
  Colon = 0x3a,
  UpperE = 0x45,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  LowerE = 0x65,
  LowerF = 0x66,
  LowerN = 0x6e,
  LowerT = 0x74,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
}

/** A number with the digits that stood in the text: `1.0`, `1e3` and 2^53 + 1 stay what the sender wrote. */
export interface JsonNumber {
  readonly kind: "number";
  readonly source: string;
  /** The nearest double. */
  readonly value: number;
}

export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonArray = readonly JsonValue[];
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject;

export function isJsonNumber(value: JsonValue | undefined): value is JsonNumber {
  return typeof value === "object" && value !== null && "kind" in value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

/** An object has two keys alike, so that there is no one value to give: readers take the first, the last, or neither. */
export class DuplicateKeyError extends Error {
  override readonly name = "DuplicateKeyError";

  constructor(readonly key: string) {
    super("Cannot read JSON: a key stands twice in one object");
  }
}

/** A value holds more values than anybody should build: 16 MiB of `{}` take more than a gigabyte. */
export class TooManyValuesError extends Error {
  override readonly name = "TooManyValuesError";

  constructor() {
    super(`Cannot read JSON: it holds more than ${jsonValuesMax} values`);
  }
}

/**
 * Reads the value `bytes[start, end)`, a span that `JsonScanner` has found to be in order. Strings may hold lone
 * surrogates, where the text has them escaped.
 *
 * Throws `DuplicateKeyError` where an object in it has two keys alike (escapes resolved): who must not throw asks
 * `JsonScanner.duplicateDepth` first. Throws `TooManyValuesError` beyond `jsonValuesMax` values. A span that was never validated ends in an `Error` or a wrong value.
 *
 * ```ts
 * import { readJson } from "./json_value.ts";
 *
 * const bytes = new TextEncoder().encode('{"big":9007199254740993}');
 * const value = readJson(bytes, 0, bytes.length);
 * console.assert(value instanceof Map && value.get("big").source === "9007199254740993");
 * ```
 */
export function readJson(bytes: Uint8Array, start: number, end: number): JsonValue {
  return new TextReader(decodeUtf8(bytes, start, end)).readWhole();
}

/** The text of the string value `bytes[start, end)`, quotes included, its escapes resolved. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  return decodeContent(bytes, start + 1, end - 1);
}

/** The text of validated string content `bytes[start, end)`, as between the quotes of a key. */
export function decodeContent(bytes: Uint8Array, start: number, end: number): string {
  return resolveEscapes(
    end - start <= shortBytesMax ? decodeShort(bytes, start, end) : decodeUtf8(bytes, start, end),
  );
}

/** Up to here, appending characters costs half of a call to the decoder. Keys are this short. */
const shortBytesMax = 16;

/** The last short texts: methods, keys and the names of tools come again and again, and need not be made again. */
const recentTexts = new Array<string>(256).fill("");

function decodeShort(bytes: Uint8Array, start: number, end: number): string {
  let hash = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] >= 0x80) return decodeUtf8(bytes, start, end);
    hash = (Math.imul(hash, 31) + bytes[at]) | 0;
  }
  const place = (hash ^ (hash >>> 8)) & 0xff;
  const recent = recentTexts[place];
  if (recent.length === end - start && isWord(bytes, start, end, recent)) return recent;
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  recentTexts[place] = text;
  return text;
}

// ignoreBOM: a string may begin with U+FEFF, and without this option the decoder would drop it.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end));
}

function resolveEscapes(content: string): string {
  return content.includes("\\") ? JSON.parse(`"${content}"`) : content;
}

/**
 * Reads validated JSON from its text rather than from its bytes: the span is decoded by one native call, and strings
 * are slices of it.
 *
 * JSON.parse would be faster and must not be used on objects from outside, besides dropping spellings and duplicates:
 * in V8 13.6 to 15.0, having read a key that begins with a backslash, it takes an escaped key of a later object for
 * that one (nodejs/node#63785). A sender could so rename the arguments that a policy looks at.
 */
class TextReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readWhole(): JsonValue {
    const value = this.#readValue();
    if (this.#skipSpace() !== Unit.None) throw notValidated();
    return value;
  }

  #readValue(): JsonValue {
    if (++this.#values > jsonValuesMax) throw new TooManyValuesError();
    switch (this.#skipSpace()) {
      case Unit.OpenBrace:
        return this.#readObject();
      case Unit.OpenBracket:
        return this.#readArray();
      case Unit.Quote:
        return this.#readString();
      case Unit.LowerT:
        return this.#readWord("true", true);
      case Unit.LowerF:
        return this.#readWord("false", false);
      case Unit.LowerN:
        return this.#readWord("null", null);
      default:
        return this.#readNumber();
    }
  }

  #readObject(): JsonObject {
    let members = new Map<string, JsonValue>();
    let numbered = 0;
    this.#enter();
    if (!this.#passes(Unit.CloseBrace)) {
      do {
        if (this.#skipSpace() !== Unit.Quote) throw notValidated();
        const key = this.#readString();
        if (isOfNumber(key.charCodeAt(0)) && ++numbered === numberedKeysMax) {
          members = new NumberedMembers(members);
        }
        if (members.has(key)) throw new DuplicateKeyError(key);
        if (!this.#passes(Unit.Colon)) throw notValidated();
        members.set(key, this.#readValue());
      } while (this.#passes(Unit.Comma));
      if (!this.#passes(Unit.CloseBrace)) throw notValidated();
    }
    this.#depth--;
    return members;
  }

  #readArray(): JsonArray {
    const elements: JsonValue[] = [];
    this.#enter();
    if (!this.#passes(Unit.CloseBracket)) {
      do elements.push(this.#readValue()); while (this.#passes(Unit.Comma));
      if (!this.#passes(Unit.CloseBracket)) throw notValidated();
    }
    this.#depth--;
    return elements;
  }

  /** Passes an opening bracket or brace. The scanner bounds the depth; so that no other text overflows the stack: */
  #enter(): void {
    this.#at++;
    if (++this.#depth > jsonDepthMax) throw notValidated();
  }

  #readString(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end >= 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) throw notValidated();
    this.#at = end + 1;
    return resolveEscapes(this.#text.slice(start + 1, end));
  }

  /** An odd number of backslashes stands before: the last of them belongs to this character. */
  #isEscaped(at: number): boolean {
    let first = at;
    while (this.#text.charCodeAt(first - 1) === Unit.Backslash) first--;
    return (at - first) % 2 === 1;
  }

  #readNumber(): JsonNumber {
    const start = this.#at;
    while (isOfNumber(this.#text.charCodeAt(this.#at))) this.#at++;
    const source = this.#text.slice(start, this.#at);
    const value = Number(source);
    if (source === "" || Number.isNaN(value)) throw notValidated();
    return { kind: "number", source, value };
  }

  #readWord<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw notValidated();
    this.#at += word.length;
    return value;
  }

  /** Passes this code unit where it comes next, and says whether it did. */
  #passes(unit: Unit): boolean {
    if (this.#skipSpace() !== unit) return false;
    this.#at++;
    return true;
  }

  /** Goes to the next code unit that is no white space and gives it; `None` at the end. */
  #skipSpace(): Unit {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit > Unit.Space) return unit;
      if (Number.isNaN(unit)) return Unit.None;
      this.#at++;
    }
  }
}

/** From so many keys on that could spell integers, an object guards against their collisions. */
const numberedKeysMax = 64;

/**
 * Members whose keys may spell integers. V8 hashes such keys (`"65536"`) without a secret, so that a sender can make
 * them collide by the thousand, and a plain `Map` of them takes time with the square of their number. With a quote in
 * front of them, they are hashed as all other texts are.
 */
class NumberedMembers extends Map<string, JsonValue> {
  constructor(members: JsonObject) {
    super();
    for (const [key, value] of members) this.set(key, value);
  }

  override has(key: string): boolean {
    return super.has(`"${key}`);
  }

  override get(key: string): JsonValue | undefined {
    return super.get(`"${key}`);
  }

  override set(key: string, value: JsonValue): this {
    return super.set(`"${key}`, value);
  }

  override delete(key: string): boolean {
    return super.delete(`"${key}`);
  }

  override *keys(): MapIterator<string> {
    for (const key of super.keys()) yield key.slice(1);
  }

  override *entries(): MapIterator<[string, JsonValue]> {
    for (const [key, value] of super.entries()) yield [key.slice(1), value];
  }

  override [Symbol.iterator](): MapIterator<[string, JsonValue]> {
    return this.entries();
  }

  override forEach(visit: (value: JsonValue, key: string, map: Map<string, JsonValue>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }
}

/** Digits, signs, the point and the exponent's letter: where a number ends in validated text. */
function isOfNumber(unit: number): boolean {
  return (unit >= Unit.Zero && unit <= Unit.Nine) || unit === Unit.Point || unit === Unit.Minus ||
    unit === Unit.Plus || unit === Unit.LowerE || unit === Unit.UpperE;
}

function notValidated(): Error {
  return new Error("Cannot read JSON: the span was not validated by JsonScanner");
}
