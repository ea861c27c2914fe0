/** The id that joins a request and its answer. Equal by type and exact value; forwarded as it was spelt. */

import { decodeString } from "../wire/json_value.ts";

/** An id as a peer wrote it. */
export interface MessageId {
  /** The JSON text: `7`, `"a"`, `1.0`. */
  readonly source: string;
  /** Two ids are the same if and only if their keys are: `n7`, `sa`, `n1`. */
  readonly key: string;
}

/**
 * The id that stands in `bytes[start, end)`, of a request or of an answer: a string, or a whole number within
 * ±(2^53 − 1), as MCP demands of `RequestId` (2025-11-25, schema). A number may be spelt in any way (`1`, `1.0`, `10e-1`):
 * readers that keep numbers as doubles answer 1 for all of them. Anything else (null, 1.5, 2^53 + 1, true) gives
 * undefined: servers drop such requests or round the number, and the peer would wait for ever.
 */
export function readMessageId(bytes: Uint8Array, start: number, end: number): MessageId | undefined {
  if (bytes[start] === QUOTE) return stringId(bytes, start, end);
  const count = readCount(bytes, start, end);
  if (count !== undefined) {
    const source = String(count);
    return { source, key: `n${source}` };
  }
  const source = ascii(bytes, start, end);
  const value = isPlainInteger(source) ? source : wholeNumber(source);
  return value === undefined ? undefined : { source, key: `n${value}` };
}

/**
 * The keys of the ids that a peer may have meant which answers `"7"` for 7 or 7 for `"7"`; none where there is no such
 * id. A string means the number that it spells; a number the string with the same digits, or with the same value.
 */
export function otherTypeKeys(id: MessageId): readonly string[] {
  const text = id.key.slice(1);
  if (id.key.startsWith("n")) return text === id.source ? [`s${text}`] : [`s${text}`, `s${id.source}`];
  const value = wholeNumber(text);
  return value === undefined ? [] : [`n${value}`];
}

/** A whole number as every JSON writer spells it: no fraction, no exponent, no zeros in front, no minus zero. */
function isPlainInteger(source: string): boolean {
  const value = Number(source);
  return Number.isSafeInteger(value) && String(value) === source;
}

/** A number of JSON (RFC 8259 §6): its sign, the digits before and behind the point, and the exponent. */
const jsonNumber = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** The digits of 2^53 − 1. */
const safeDigitsMax = 16;

/** The plain spelling of a number that is exactly a whole one within ±(2^53 − 1); undefined for everything else. */
function wholeNumber(source: string): string | undefined {
  const parts = jsonNumber.exec(source);
  if (parts === null) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = parts;
  const significant = (whole + fraction).replace(/^0+/, "");
  if (significant === "") return "0"; // minus zero too: the two are equal
  const digits = significant.replace(/0+$/, "");
  // Told from the digits and not from the double, which is whole for 1.00000000000000000001 too.
  const zeros = Number(exponent) - fraction.length + (significant.length - digits.length);
  if (zeros < 0 || digits.length + zeros > safeDigitsMax) return undefined;
  const plain = sign + digits + "0".repeat(zeros);
  return isPlainInteger(plain) ? plain : undefined;
}

/** Digits of which every number is exact as a double. */
const exactDigitsMax = 15;

/** The number in its plain spelling, as nearly every client counts; undefined for any other. */
function readCount(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start > exactDigitsMax || (bytes[start] === ZERO && end - start > 1)) return undefined;
  let count = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    count = count * 10 + digit;
  }
  return count;
}

const ZERO = 0x30;
const QUOTE = 0x22;

function stringId(bytes: Uint8Array, start: number, end: number): MessageId {
  return { source: utf8.decode(bytes.subarray(start, end)), key: `s${decodeString(bytes, start, end)}` };
}

/** Numbers and literals hold ASCII only: the reader has seen to that. */
function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
