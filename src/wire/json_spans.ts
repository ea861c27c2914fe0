/**
 * Where the parts of an array or object lie, in bytes that `JsonScanner` has found to be in order: to cut parts out,
 * or to read only some. Nothing is checked again, and nothing behind `end` is looked at.
 */

import { byteAt, type JsonKind, kindOfFirstByte, skipSpace } from "./json_tokens.ts";
import { decodeContent } from "./json_value.ts";

const enum Byte {
  Space = 0x20,
  Quote = 0x22,
  Comma = 0x2c,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
}

/** A value: `bytes[start, end)`, without white space around it. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: JsonKind;
}

/** A member of an object: its key, escapes resolved, and the span of its value. */
export interface JsonMember extends JsonSpan {
  readonly key: string;
}

/**
 * The elements of the array `bytes[start, end)`, in order; none for an empty array. With `elementsMax`, no more than so
 * many: who must bound them asks for one more than there may be.
 *
 * ```ts
 * import { arrayElements } from "./json_spans.ts";
 *
 * const bytes = new TextEncoder().encode('[1, {"a":2}]');
 * const [one, object] = arrayElements(bytes, 0, bytes.length);
 * console.assert(one.start === 1 && one.end === 2 && object.kind === "object");
 * ```
 */
export function arrayElements(
  bytes: Uint8Array,
  start: number,
  end: number,
  elementsMax: number = Infinity,
): JsonSpan[] {
  const elements: JsonSpan[] = [];
  let at = skipSpace(bytes, start + 1, end);
  while (at < end && bytes[at] !== Byte.CloseBracket && elements.length < elementsMax) {
    const element = spanAt(bytes, at, end);
    elements.push(element);
    at = behindComma(bytes, element.end, end);
  }
  return elements;
}

/** The members of the object `bytes[start, end)`, in order; both of two that have the same key. */
export function objectMembers(bytes: Uint8Array, start: number, end: number): JsonMember[] {
  const members: JsonMember[] = [];
  let at = skipSpace(bytes, start + 1, end);
  while (at < end && bytes[at] !== Byte.CloseBrace) {
    const behindKey = stringEnd(bytes, at, end);
    const colon = skipSpace(bytes, behindKey, end);
    const value = spanAt(bytes, skipSpace(bytes, Math.min(colon + 1, end), end), end);
    members.push({ key: decodeContent(bytes, at + 1, behindKey - 1), ...value });
    at = behindComma(bytes, value.end, end);
  }
  return members;
}

function spanAt(bytes: Uint8Array, start: number, end: number): JsonSpan {
  return { start, end: valueEnd(bytes, start, end), kind: kindOfFirstByte(bytes[start]) };
}

/** The offset of what follows the comma behind a value, or of the bracket or brace there. */
function behindComma(bytes: Uint8Array, at: number, end: number): number {
  at = skipSpace(bytes, at, end);
  return byteAt(bytes, at, end) === Byte.Comma ? skipSpace(bytes, at + 1, end) : at;
}

function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  switch (bytes[start]) {
    case Byte.Quote:
      return stringEnd(bytes, start, end);
    case Byte.OpenBrace:
    case Byte.OpenBracket:
      return nestedEnd(bytes, start, end);
    default:
      return scalarEnd(bytes, start, end);
  }
}

function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  while (at < end && bytes[at] !== Byte.Quote) at += bytes[at] === Byte.Backslash ? 2 : 1;
  return Math.min(at + 1, end);
}

/** Behind the bracket or brace that closes the one at `start`; in valid JSON it is enough to count them. */
function nestedEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  let at = start;
  while (at < end) {
    switch (bytes[at]) {
      case Byte.Quote:
        at = stringEnd(bytes, at, end);
        continue;
      case Byte.OpenBrace:
      case Byte.OpenBracket:
        depth++;
        break;
      case Byte.CloseBrace:
      case Byte.CloseBracket:
        if (--depth === 0) return at + 1;
        break;
    }
    at++;
  }
  return end;
}

/** Behind a number, `true`, `false` or `null`: these run to white space, a comma or a closing mark. */
function scalarEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const c = bytes[at];
    if (c <= Byte.Space || c === Byte.Comma || c === Byte.CloseBracket || c === Byte.CloseBrace) break;
    at++;
  }
  return at;
}
