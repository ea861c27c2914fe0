/** What a whole line of the log ends with, and which hash it stands for. */

import { hash } from "node:crypto";

const sealStart = ',"hash":"';
const sealEnd = '"}';
const lineEnd = sealEnd + "\n";
const sumDigits = 64;
const sealBytes = sealStart.length + sumDigits + sealEnd.length;

const encoder = new TextEncoder();

/** Lines are made in blocks, one behind the other: memory of its own for each costs more than all else about it. */
const blockBytes = 8 * 1024;
let block = new Uint8Array(0);
let blockAt = 0;

/** The line of a record, line feed included: `content` is everything before the hash, `sum` its SHA-256 in lower-case hex. */
export function sealedLine(content: string): { readonly line: Uint8Array; readonly sum: string } {
  // UTF-8 takes at most three bytes for a unit of UTF-16.
  const bytesMax = 3 * content.length + sealBytes + 1;
  if (block.length - blockAt < bytesMax) {
    block = new Uint8Array(Math.max(blockBytes, bytesMax));
    blockAt = 0;
  }
  const start = blockAt;
  const contentEnd = start + encoder.encodeInto(content, block.subarray(start)).written;
  // Of the bytes, not of the text: that would encode it a second time.
  const sum = hash("sha256", block.subarray(start, contentEnd), "hex");
  let at = contentEnd;
  at = writeAscii(sealStart, at);
  at = writeAscii(sum, at);
  at = writeAscii(lineEnd, at);
  blockAt = at;
  return { line: block.subarray(start, at), sum };
}

/** For a few characters a loop is faster than the encoder. */
function writeAscii(text: string, at: number): number {
  for (let i = 0; i < text.length; i++) block[at + i] = text.charCodeAt(i);
  return at + text.length;
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
