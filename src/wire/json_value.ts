/**
 * A JSON value as the policy looks at it: numbers keep their spelling, objects are maps (so that `__proto__` is a key
 * like any other), and nothing is coerced.
 */

import { jsonDepthMax } from "../limits.ts";

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

/**
 * Reads the value `bytes[start, end)`, a span that `JsonScanner` has found to be in order. Strings may hold lone
 * surrogates, where the text has them escaped.
 *
 * Throws `DuplicateKeyError` where an object in it has two keys alike (escapes resolved): who must not throw asks
 * `JsonScanner.duplicateDepth` first. Throws `Error` where the span was never validated.
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

function decodeShort(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) {
    if (bytes[at] >= 0x80) return decodeUtf8(bytes, start, end);
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}

// ignoreBOM: a string may begin with U+FEFF, and without this option the decoder would drop it.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

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

  constructor(text: string) {
    this.#text = text;
  }

  readWhole(): JsonValue {
    const value = this.#readValue();
    if (this.#peek() !== "") throw notValidated();
    return value;
  }

  #readValue(): JsonValue {
    switch (this.#peek()) {
      case "{":
        return this.#readNested(() => this.#readObject());
      case "[":
        return this.#readNested(() => this.#readArray());
      case '"':
        return this.#readString();
      case "t":
        return this.#readWord("true", true);
      case "f":
        return this.#readWord("false", false);
      case "n":
        return this.#readWord("null", null);
      default:
        return this.#readNumber();
    }
  }

  /** The scanner bounds the depth of what it accepts; the bound is kept here so that no other text can overflow the stack. */
  #readNested<T>(read: () => T): T {
    if (++this.#depth > jsonDepthMax) throw notValidated();
    const value = read();
    this.#depth--;
    return value;
  }

  #readObject(): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#at++;
    if (this.#skip("}")) return members;
    do {
      if (this.#peek() !== '"') throw notValidated();
      const key = this.#readString();
      if (members.has(key)) throw new DuplicateKeyError(key);
      if (!this.#skip(":")) throw notValidated();
      members.set(key, this.#readValue());
    } while (this.#skip(","));
    if (!this.#skip("}")) throw notValidated();
    return members;
  }

  #readArray(): JsonArray {
    const elements: JsonValue[] = [];
    this.#at++;
    if (this.#skip("]")) return elements;
    do elements.push(this.#readValue()); while (this.#skip(","));
    if (!this.#skip("]")) throw notValidated();
    return elements;
  }

  #readString(): string {
    const start = this.#at + 1;
    let end = this.#text.indexOf('"', start);
    while (end >= 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) throw notValidated();
    this.#at = end + 1;
    return resolveEscapes(this.#text.slice(start, end));
  }

  /** An odd number of backslashes before a character: the last of them belongs to it. */
  #isEscaped(at: number): boolean {
    let first = at;
    while (this.#text[first - 1] === "\\") first--;
    return (at - first) % 2 === 1;
  }

  #readNumber(): JsonNumber {
    numberPattern.lastIndex = this.#at;
    const source = numberPattern.exec(this.#text)?.[0];
    if (source === undefined) throw notValidated();
    this.#at += source.length;
    return { kind: "number", source, value: Number(source) };
  }

  #readWord<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw notValidated();
    this.#at += word.length;
    return value;
  }

  /** Passes `mark` where it comes next, and says whether it did. */
  #skip(mark: string): boolean {
    if (this.#peek() !== mark) return false;
    this.#at++;
    return true;
  }

  /** The next character that is no white space; empty at the end. */
  #peek(): string {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }
}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

function notValidated(): Error {
  return new Error("Cannot read JSON: the span was not validated by JsonScanner");
}
