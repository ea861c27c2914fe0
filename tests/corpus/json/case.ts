/** One text, what the world does with it, what we do with it, and why. */

import type { JsonRefusalCode } from "../../../src/wire/json_refusal.ts";

export interface JsonCase {
  /** Completes the sentence "scan() accepts …" or "scan() refuses …". */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What RFC 8259 has readers do; `either` where it leaves them the choice, or they take it. */
  readonly readers: "accept" | "reject" | "either";
  readonly ours: "accept" | JsonRefusalCode;
  readonly because: string;
}

/** A text that every reader accepts, and so do we. */
export function accepted(name: string, text: string | Uint8Array, because: string): JsonCase {
  return { name, bytes: toBytes(text), readers: "accept", ours: "accept", because };
}

/** A text that no reader may accept. */
export function rejected(
  name: string,
  text: string | Uint8Array,
  ours: JsonRefusalCode,
  because: string,
): JsonCase {
  return { name, bytes: toBytes(text), readers: "reject", ours, because };
}

/** A text that readers may take or not: what we do is our choice. */
export function disputed(
  name: string,
  text: string | Uint8Array,
  ours: "accept" | JsonRefusalCode,
  because: string,
): JsonCase {
  return { name, bytes: toBytes(text), readers: "either", ours, because };
}

/** The bytes that a string of characters U+0000 to U+00FF stands for, one each: `raw("\"\xff\"")` is no UTF-8. */
export function raw(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}
