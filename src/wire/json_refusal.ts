/** Why a text is not taken as JSON: a closed set of codes, and a sentence about what was seen and where. */

import { byteAt, noByte } from "./json_tokens.ts";

const enum Byte {
  CarriageReturn = 0x0d,
  Space = 0x20,
  Backslash = 0x5c,
  LowerU = 0x75,
  Delete = 0x7f,
}

export type JsonRefusalCode =
  /** Nothing but white space. */
  | "empty"
  /** A byte order mark at the start: RFC 8259 §8.1 forbids to send one and lets readers differ about it. */
  | "bom"
  /** The text ends inside a value. */
  | "unfinished"
  /** A byte that the grammar has no place for. */
  | "syntax"
  /** Bytes inside a string that are not UTF-8. */
  | "utf8"
  /** A raw control character, inside a string or between tokens. */
  | "control_character"
  /** A raw carriage return anywhere but at the end of the line: text-mode readers split the message there. */
  | "stray_cr"
  /** Arrays and objects nested too deep. */
  | "depth"
  /** Keys made so that comparing them would not be linear. */
  | "keys"
  /** Something behind the value. */
  | "trailing";

export interface JsonRefusal {
  readonly code: JsonRefusalCode;
  /** Bytes from the start of the text to what was seen. */
  readonly offset: number;
  /** What was seen and where, for the peer to read. Of the peer's text it holds one byte at most. */
  readonly message: string;
}

/** Where something was seen: at `bytes[at]` of the text `bytes[start, end)`. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly at: number;
}

/** A refusal whose sentence is `seen`, with the place appended. */
export function refuseAt(code: JsonRefusalCode, place: Place, seen: string): JsonRefusal {
  const offset = place.at - place.start;
  return { code, offset, message: `${seen} at byte ${offset}` };
}

/** The refusal of a byte between tokens where the grammar asks for `wanted`, for instance "a colon". */
export function refuseBetweenTokens(place: Place, wanted: string): JsonRefusal {
  const c = byteAt(place.bytes, place.at, place.end);
  if (c === noByte) return refuseAt("unfinished", place, `the end of the text instead of ${wanted}`);
  if (c === Byte.CarriageReturn) return refuseCarriageReturn(place);
  if (c < Byte.Space) {
    return refuseAt("control_character", place, `control character ${nameOf(c)} between tokens`);
  }
  return refuseAt("syntax", place, `${nameOf(c)} instead of ${wanted}`);
}

/** The refusal of whatever stands behind the value. */
export function refuseTrailing(place: Place): JsonRefusal {
  const c = place.bytes[place.at];
  if (c === Byte.CarriageReturn) return refuseCarriageReturn(place);
  return refuseAt("trailing", place, `${nameOf(c)} behind the end of the value`);
}

/** The refusal of a byte with which a string cannot go on. */
export function refuseInString(place: Place): JsonRefusal {
  const c = byteAt(place.bytes, place.at, place.end);
  if (c === noByte) return refuseAt("unfinished", place, "the end of the text inside a string");
  if (c === Byte.CarriageReturn) return refuseCarriageReturn(place);
  if (c < Byte.Space) {
    return refuseAt("control_character", place, `control character ${nameOf(c)} inside a string`);
  }
  if (c === Byte.Backslash) return refuseEscape(place);
  return refuseAt("utf8", place, `${nameOf(c)}, which begins no valid UTF-8 character,`);
}

function refuseEscape(place: Place): JsonRefusal {
  const letter = byteAt(place.bytes, place.at + 1, place.end);
  if (letter === noByte) return refuseAt("unfinished", place, "the end of the text inside an escape");
  if (letter !== Byte.LowerU) return refuseAt("syntax", place, `${nameOf(letter)} behind a backslash`);
  return refuseAt("syntax", place, "\\u without four hexadecimal digits");
}

function refuseCarriageReturn(place: Place): JsonRefusal {
  return refuseAt("stray_cr", place, "a raw carriage return inside the line");
}

/** A byte as a person reads it: `0x41 ("A")`. */
function nameOf(c: number): string {
  const hex = `0x${c.toString(16).toUpperCase().padStart(2, "0")}`;
  return c > Byte.Space && c < Byte.Delete ? `${hex} ("${String.fromCharCode(c)}")` : hex;
}
