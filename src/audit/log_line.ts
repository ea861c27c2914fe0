/** What a whole line of the log ends with, and which hash it stands for. */

import { hash } from "node:crypto";

const sealStart = ',"hash":"';
const sealEnd = '"}';
const sumDigits = 64;
const sealBytes = sealStart.length + sumDigits + sealEnd.length;

/** The end of a record's line: `content` is everything before the hash, `sum` its SHA-256 in lower-case hex. */
export function seal(content: string, sum: string): string {
  return content + sealStart + sum + sealEnd;
}

/** A line taken apart: what its hash is over, and the hash that it claims. */
export interface Seal {
  readonly content: Uint8Array;
  readonly claimed: string;
}

/** The seal of `line` (without its line feed); undefined where it has none. */
export function readSeal(line: Uint8Array): Seal | undefined {
  const at = line.length - sealBytes;
  if (at < 0) return undefined;
  const end = String.fromCharCode(...line.subarray(at));
  const claimed = end.slice(sealStart.length, -sealEnd.length);
  if (!end.startsWith(sealStart) || !end.endsWith(sealEnd) || !/^[0-9a-f]{64}$/.test(claimed)) {
    return undefined;
  }
  return { content: line.subarray(0, at), claimed };
}

/** The hash by which a later line refers to `line`: what it claims itself, or that of its bytes where it claims none. */
export function anchorOf(line: Uint8Array): string {
  return readSeal(line)?.claimed ?? hash("sha256", line, "hex");
}
