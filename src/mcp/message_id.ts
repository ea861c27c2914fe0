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
 * A whole number as every JSON reader reads and writes it: no fraction, no exponent, no zeros in front, no minus zero,
 * within ±(2^53 − 1).
 */
function isPlainInteger(source: string): boolean {
  const value = Number(source);
  return Number.isSafeInteger(value) && String(value) === source;
}

/** A number with nothing behind the point: the same value as its whole part. */
const integerWithZeros = /^(-?[0-9]+)\.0+$/;

/**
 * The id of a *request*: a string or a whole number within ±(2^53 − 1), as MCP demands of `RequestId` (2025-11-25,
 * schema). Anything else (null, 1.5, 2^53 + 1, true) gives undefined: servers drop such requests or round the number,
 * and the peer would wait for ever.
 */
export function readRequestId(bytes: Uint8Array, start: number, end: number): MessageId | undefined {
  if (bytes[start] === QUOTE) return stringId(bytes, start, end);
  const source = ascii(bytes, start, end);
  if (!isPlainInteger(source)) return undefined;
  return { source, key: `n${source}` };
}

/**
 * The id of an *answer*: as {@linkcode readRequestId}, and also a spelling of the same whole number that some servers
 * produce (`1.0` for 1). Undefined for everything else, null included: it answers no request of ours.
 */
export function readAnswerId(bytes: Uint8Array, start: number, end: number): MessageId | undefined {
  const id = readRequestId(bytes, start, end);
  if (id !== undefined || bytes[start] === QUOTE) return id;
  const source = ascii(bytes, start, end);
  const whole = integerWithZeros.exec(source)?.[1];
  if (whole === undefined || !isPlainInteger(whole)) return undefined;
  return { source, key: `n${whole}` };
}

/** The key of the id that a server may have meant which answers `"7"` for 7 or 7 for `"7"`; undefined where there is none. */
export function otherTypeKey(key: string): string | undefined {
  const value = key.slice(1);
  if (key.startsWith("n")) return `s${value}`;
  return isPlainInteger(value) ? `n${value}` : undefined;
}

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
