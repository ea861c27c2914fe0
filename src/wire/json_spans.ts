/** Where the parts of validated JSON lie, without reading them. */

import { type JsonKind, kindOfFirstByte, skipSpace } from "./json_tokens.ts";

export interface JsonSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: JsonKind;
}

/** The elements of the validated array `bytes[start, end)`, in order. */
export function arrayElements(bytes: Uint8Array, start: number, end: number): JsonSpan[] {
  const elements: JsonSpan[] = [];
  let at = skipSpace(bytes, start + 1, end);
  while (bytes[at] !== 0x5d) {
    const behind = valueEnd(bytes, at);
    elements.push({ start: at, end: behind, kind: kindOfFirstByte(bytes[at]) });
    at = skipSpace(bytes, behind, end);
    if (bytes[at] === 0x2c) at = skipSpace(bytes, at + 1, end);
  }
  return elements;
}

function valueEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start;; at++) {
    const byte = bytes[at];
    if (byte === 0x22) {
      at++;
      while (bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
      if (depth === 0) return at + 1;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (byte === 0x2c || byte === 0x20 || byte === 0x0a || byte === 0x09)) return at;
  }
}
