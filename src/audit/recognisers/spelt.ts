/**
 * Characters that are spelt out: `\u0040`, `\u{40}`, `\x40`, `%40`, `&#64;`, `\/`, whatever wrote them; and characters
 * that nobody sees, colours of a terminal among them. A number or a token with one of these in it is as good as without.
 */

import { isHex } from "./characters.ts";

/** A text with its spelt characters read, and where each of its characters stood before. */
export interface Read {
  readonly text: string;
  /** For each place in `text` the place in the original; one entry more, for its end. */
  readonly places: Uint32Array;
}

// Every repeat is bounded: a text of nothing but backslashes costs no more than its length. Programs that write strings
// into strings double the backslashes each time, and percent signs become %25.
const spelt = new RegExp(
  [
    // A terminal's escape sequence, itself or spelt (ECMA-48 §5.4): the letter that ends it is none of the word behind it.
    "(?:\\x1b|\\\\{1,8}(?:u001b|x1b))\\[[0-?]{0,32}[ -/]{0,4}[@-~]",
    "\\\\{1,8}u\\{([0-9a-f]{1,6})\\}",
    "\\\\{1,8}u([0-9a-f]{4})",
    "\\\\{1,8}x([0-9a-f]{2})",
    // The bytes of one character in UTF-8, RFC 3629 §4.
    `((?:%(?:25){0,4}[c-f][0-9a-f])(?:%(?:25){0,4}[89ab][0-9a-f]){1,3})`,
    "%(?:25){0,4}([0-7][0-9a-f])",
    "&#x([0-9a-f]{1,6});",
    "&#([0-9]{1,7});",
    "\\\\{1,8}/",
    "[\\u00ad\\u200b-\\u200d\\u2060\\ufeff]",
  ].join("|"),
  "gi",
);

/** Soft hyphen, zero-width spaces and joiners, word joiner, byte order mark. */
export function isInvisible(c: number): boolean {
  return c === 0xad || (c >= 0x200b && c <= 0x200d) || c === 0x2060 || c === 0xfeff;
}

/** Whether a spelt character may begin with the backslash, percent, ampersand or escape at `at`. */
export function mayBeSpelt(text: string, at: number): boolean {
  const next = text.charCodeAt(at + 1);
  switch (text.charCodeAt(at)) {
    case 0x5c: // \ before u, U, x, X, a slash, or one more
      return (next | 0x20) === 0x75 || (next | 0x20) === 0x78 || next === 0x2f || next === 0x5c;
    case 0x25: // %
      return isHex(next) && isHex(text.charCodeAt(at + 2));
    case 0x26: // &
      return next === 0x23;
    case 0x1b: // escape
      return next === 0x5b;
    default:
      return false;
  }
}

/** `text` with every spelt character read and the invisible ones left out; undefined where there are none. */
export function readSpelt(text: string): Read | undefined {
  let read = "";
  let copied = 0;
  const places = new Uint32Array(text.length + 1);
  const copy = (end: number) => {
    for (let i = copied; i < end; i++) places[read.length + i - copied] = i;
    read += text.slice(copied, end);
  };
  for (const match of text.matchAll(spelt)) {
    copy(match.index);
    const character = meaningOf(match);
    for (let i = 0; i < character.length; i++) places[read.length + i] = match.index;
    read += character;
    copied = match.index + match[0].length;
  }
  if (copied === 0) return undefined;
  copy(text.length);
  places[read.length] = text.length;
  return { text: read, places: places.subarray(0, read.length + 1) };
}

function meaningOf(match: RegExpMatchArray): string {
  const [whole, braced, four, two, bytes, percent, hexadecimal, decimal] = match;
  if (bytes !== undefined) return readBytes(bytes);
  const hex = braced ?? four ?? two ?? percent ?? hexadecimal;
  if (hex === undefined && decimal === undefined) return whole.endsWith("/") ? "/" : "";
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
  return code > 0x10ffff || isInvisible(code) ? "" : String.fromCodePoint(code);
}

/** `%C2%A0` */
function readBytes(bytes: string): string {
  try {
    return decodeURIComponent(bytes.replaceAll(/%(?:25){0,4}(?=[89a-f][0-9a-f])/gi, "%"));
  } catch {
    return bytes; // no UTF-8: another encoding, or no encoding at all
  }
}
