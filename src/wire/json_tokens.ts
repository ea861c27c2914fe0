/**
 * The small pieces of JSON's grammar on bytes (RFC 8259 §2, §3, §6, §7). Each function takes the text as
 * `bytes[…, end)` and judges nothing behind `end`: a span may lie inside a larger text.
 */

// A const enum, here and in the other hot files: the compiler writes the numbers into the code. Constants from another
// module are fetched at every comparison, which costs the scanner a quarter of its speed.
const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  CarriageReturn = 0x0d,
  Space = 0x20,
  Quote = 0x22,
  Plus = 0x2b,
  Minus = 0x2d,
  Point = 0x2e,
  Zero = 0x30,
  Nine = 0x39,
  UpperE = 0x45,
  OpenBracket = 0x5b,
  LowerE = 0x65,
  LowerF = 0x66,
  LowerN = 0x6e,
  LowerT = 0x74,
  LowerU = 0x75,
  OpenBrace = 0x7b,
}

/** What `byteAt` gives where the text is over. */
export const noByte = -1;

/** The byte at `at`, or `noByte` where the text is over. */
export function byteAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? bytes[at] : noByte;
}

/**
 * The offset of the first byte that is no white space, at most `end`.
 *
 * A carriage return counts as white space only as the last byte of the text, where it belongs to the CR LF that ended
 * the line. Anywhere else it is left standing, and no rule of the grammar takes it: programs that read lines in text
 * mode end a line at every CR, so that one message for us would be several for them.
 */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const c = bytes[at];
    if (c === Byte.Space || c === Byte.LineFeed || c === Byte.Tab) continue;
    if (c !== Byte.CarriageReturn || at !== end - 1) break;
  }
  return at;
}

/** Whether `word` (ASCII) stands at `at`. */
export function isWord(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

/**
 * The offset behind the number that begins at `at`; where it breaks the grammar, `~offset` of the byte that does. The
 * complement keeps the place without a second result, and is negative for every offset.
 */
export function numberEnd(bytes: Uint8Array, at: number, end: number): number {
  if (byteAt(bytes, at, end) === Byte.Minus) at++;
  if (byteAt(bytes, at, end) === Byte.Zero) {
    at++; // a digit behind a leading zero is left standing, and refused as no rule takes it
  } else {
    at = digitsEnd(bytes, at, end);
    if (at < 0) return at;
  }
  if (byteAt(bytes, at, end) === Byte.Point) {
    at = digitsEnd(bytes, at + 1, end);
    if (at < 0) return at;
  }
  const c = byteAt(bytes, at, end);
  if (c === Byte.LowerE || c === Byte.UpperE) {
    const sign = byteAt(bytes, at + 1, end);
    at = digitsEnd(bytes, sign === Byte.Plus || sign === Byte.Minus ? at + 2 : at + 1, end);
  }
  return at;
}

/** The offset behind one or more digits; `~at` where there is none. */
function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = at;
  while (at < end && bytes[at] >= Byte.Zero && bytes[at] <= Byte.Nine) at++;
  return at === first ? ~at : at;
}

export type JsonKind = "object" | "array" | "string" | "number" | "boolean" | "null";

/** The kind of the value that begins with this byte, in text that is known to be JSON. */
export function kindOfFirstByte(first: number): JsonKind {
  switch (first) {
    case Byte.OpenBrace:
      return "object";
    case Byte.OpenBracket:
      return "array";
    case Byte.Quote:
      return "string";
    case Byte.LowerT:
    case Byte.LowerF:
      return "boolean";
    case Byte.LowerN:
      return "null";
    default:
      return "number";
  }
}
