/** What lies between the quotes of a JSON string: plain characters and escapes. RFC 8259 §7. */

import { byteAt } from "./json_tokens.ts";
import { writeCodePoint } from "./utf8.ts";

// The numbers go into the code: see json_tokens.ts.
const enum Byte {
  Quote = 0x22,
  Backslash = 0x5c,
  LowerU = 0x75,
}

/** 1 for bytes at which a run of plain ASCII ends: control characters, the quote, the backslash, and 0x7f up. */
const endsPlainRun = new Uint8Array(256);
endsPlainRun.fill(1, 0x00, 0x20);
endsPlainRun.fill(1, 0x7f);
endsPlainRun[Byte.Quote] = 1;
endsPlainRun[Byte.Backslash] = 1;

const enum ShortRun {
  /** Longer runs are for `longPlainRunEnd`, which first has to make a view. */
  BytesMax = 256,
}

/**
 * The offset of the first byte from `at` on that is no plain ASCII character of a string, at most `end`. It gives up
 * after 256 bytes: if a plain byte stands at the result, the run is for `longPlainRunEnd`.
 */
export function plainRunEnd(bytes: Uint8Array, at: number, end: number): number {
  const limit = end - at > ShortRun.BytesMax ? at + ShortRun.BytesMax : end;
  // Four look-ups and one branch: most of a message is plain text, and branches are what such a loop spends.
  while (
    at + 4 <= limit &&
    (endsPlainRun[bytes[at]] | endsPlainRun[bytes[at + 1]] |
        endsPlainRun[bytes[at + 2]] | endsPlainRun[bytes[at + 3]]) === 0
  ) at += 4;
  while (at < limit && endsPlainRun[bytes[at]] === 0) at++;
  return at;
}

/** As `plainRunEnd`, eight bytes at a time: three times as fast on base64 and long texts. */
export function longPlainRunEnd(bytes: Uint8Array, at: number, end: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, end); // reads words at any offset; Int32Array does not
  while (at + 8 <= end && hasOnlyPlainBytes(view.getInt32(at)) && hasOnlyPlainBytes(view.getInt32(at + 4))) {
    at += 8;
  }
  return plainRunEnd(bytes, at, end);
}

/**
 * Whether none of a word's four bytes ends a plain run. Each term sets the top bit of a byte: 0x80 up have it already;
 * 0x7f gets it by the addition; below 0x20 the subtraction borrows; the quote and the backslash become 0 by the XOR, and
 * then it borrows too. A borrow or carry can flag the byte above as well, never hide one: a plain word may look unplain
 * only beside an unplain byte.
 */
function hasOnlyPlainBytes(word: number): boolean {
  const fromDelete = word + 0x01010101;
  const belowSpace = word - 0x20202020;
  const isQuote = (word ^ 0x22222222) - 0x01010101;
  const isBackslash = (word ^ 0x5c5c5c5c) - 0x01010101;
  return ((word | fromDelete | belowSpace | isQuote | isBackslash) & 0x80808080) === 0;
}

const noEscape = -1;
const longEscapeBytes = 6; // \u000a
const shortEscapeBytes = 2; // \n

/** The code unit that a letter behind a backslash stands for, `noEscape` for other bytes. */
const shortEscapes = new Int8Array(256).fill(noEscape);
for (const [letter, character] of ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"]) {
  shortEscapes[letter.charCodeAt(0)] = character.charCodeAt(0);
}

const noDigit = -1;
const hexDigits = new Int8Array(256).fill(noDigit);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The UTF-16 code unit that the escape at `at` (its backslash) stands for; -1 where JSON has no such escape. */
export function escapedUnit(bytes: Uint8Array, at: number, end: number): number {
  if (byteAt(bytes, at + 1, end) !== Byte.LowerU) {
    return at + shortEscapeBytes <= end ? shortEscapes[bytes[at + 1]] : noEscape;
  }
  if (at + longEscapeBytes > end) return noEscape;
  let unit = 0;
  for (let i = at + 2; i < at + longEscapeBytes; i++) {
    const digit = hexDigits[bytes[i]];
    if (digit === noDigit) return noEscape;
    unit = unit << 4 | digit;
  }
  return unit;
}

/** Bytes of the escape at `at`, which `escapedUnit` has recognised. */
export function escapeLength(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] === Byte.LowerU ? longEscapeBytes : shortEscapeBytes;
}

/** U+D800 to U+DFFF: half a character. */
export function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800;
}

/** Whether an escaped trail surrogate stands at `at`: the second half of a character. */
export function isTrailEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return byteAt(bytes, at, end) === Byte.Backslash && isTrailSurrogate(escapedUnit(bytes, at, end));
}

export function isLeadSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isTrailSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00; // noEscape, all bits set, is none
}

/**
 * Writes the validated string content `bytes[from, end)` to `target[at …)` with its escapes resolved, as UTF-8 (a lone
 * surrogate as `writeCodePoint` does), and gives the offset behind it. The result is never longer than the content.
 */
export function unescapeInto(
  bytes: Uint8Array,
  from: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  while (from < end) {
    if (bytes[from] !== Byte.Backslash) {
      target[at++] = bytes[from++];
      continue;
    }
    let codePoint = escapedUnit(bytes, from, end);
    from += escapeLength(bytes, from);
    if (isLeadSurrogate(codePoint) && isTrailEscape(bytes, from, end)) {
      codePoint = 0x10000 + ((codePoint & 0x3ff) << 10 | escapedUnit(bytes, from, end) & 0x3ff);
      from += longEscapeBytes;
    }
    at = writeCodePoint(codePoint, target, at);
  }
  return at;
}

/**
 * Whether the validated string content `bytes[from, end)` spells a printable ASCII character as `\uXXXX`, which nothing
 * demands (`"` and `\` aside). No writer of JSON does that; whoever does means to be read in two ways.
 */
export function hasNeedlessEscape(bytes: Uint8Array, from: number, end: number): boolean {
  while (from < end) {
    if (bytes[from] !== Byte.Backslash) {
      from++;
      continue;
    }
    if (bytes[from + 1] === Byte.LowerU) {
      const unit = escapedUnit(bytes, from, end);
      if (unit >= 0x20 && unit < 0x7f && unit !== Byte.Quote && unit !== Byte.Backslash) return true;
    }
    from += escapeLength(bytes, from);
  }
  return false;
}
