/** UTF-8 as RFC 3629 §4 writes it down: no overlong forms, no surrogates, nothing above U+10FFFF. */

/**
 * Where the character that begins at `at` with a byte ≥ 0x80 ends: the offset behind it, or -1 where the bytes before
 * `end` are not UTF-8.
 */
export function multibyteEnd(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0xc2) return -1; // 0x80–0xBF continue a character; 0xC0 and 0xC1 could only be overlong
  if (lead < 0xe0) {
    return at + 2 <= end && isContinuation(bytes[at + 1]) ? at + 2 : -1;
  }
  if (lead < 0xf0) {
    if (at + 3 > end) return -1;
    const second = bytes[at + 1];
    if (lead === 0xe0 && second < 0xa0) return -1; // overlong
    if (lead === 0xed && second > 0x9f) return -1; // U+D800–U+DFFF, surrogates
    return isContinuation(second) && isContinuation(bytes[at + 2]) ? at + 3 : -1;
  }
  if (lead > 0xf4 || at + 4 > end) return -1;
  const second = bytes[at + 1];
  if (lead === 0xf0 && second < 0x90) return -1; // overlong
  if (lead === 0xf4 && second > 0x8f) return -1; // above U+10FFFF
  return isContinuation(second) && isContinuation(bytes[at + 2]) && isContinuation(bytes[at + 3])
    ? at + 4
    : -1;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * Writes one code point at `target[at]` and gives the offset behind it. A lone surrogate is written by the same scheme
 * (three bytes, as WTF-8 does): no valid text contains those bytes, so it stays distinct from every character.
 */
export function writeCodePoint(codePoint: number, target: Uint8Array, at: number): number {
  if (codePoint < 0x80) {
    target[at] = codePoint;
    return at + 1;
  }
  if (codePoint < 0x800) {
    target[at] = 0xc0 | codePoint >> 6;
    target[at + 1] = 0x80 | codePoint & 0x3f;
    return at + 2;
  }
  if (codePoint < 0x10000) {
    target[at] = 0xe0 | codePoint >> 12;
    target[at + 1] = 0x80 | codePoint >> 6 & 0x3f;
    target[at + 2] = 0x80 | codePoint & 0x3f;
    return at + 3;
  }
  target[at] = 0xf0 | codePoint >> 18;
  target[at + 1] = 0x80 | codePoint >> 12 & 0x3f;
  target[at + 2] = 0x80 | codePoint >> 6 & 0x3f;
  target[at + 3] = 0x80 | codePoint & 0x3f;
  return at + 4;
}
