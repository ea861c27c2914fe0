/**
 * Characters that a person does not see and a model reads all the same: instructions can be written in them between the
 * letters of an innocent description, turned round by them, or hidden from a terminal. What scripts and emoji need is
 * ordinary and is not counted.
 */

import { decodeContent } from "./json_value.ts";

/** What can be hidden in a text. */
export type InvisibleKind =
  /** Zero-width spaces and joiners, invisible operators, fillers. */
  | "zero_width"
  /** Embeddings, overrides and isolates, which show a text in another order than it is read. */
  | "bidi"
  /** U+E0000 to U+E007F: ASCII over again, drawn by nothing. */
  | "tag"
  /** Several variation selectors in a row, which spell bytes. */
  | "variation_selector"
  /** ESC and CSI: they move a terminal's cursor, colour or erase what stands there. */
  | "terminal_escape"
  /** Other control characters. */
  | "control";

/** How many characters of each kind there are; kinds without any are left out. */
export type InvisibleCounts = { readonly [kind in InvisibleKind]?: number };

/**
 * Counts what is invisible in the strings (keys too) of the JSON `bytes[start, end)`, which the scanner has found to be
 * in order; undefined where there is nothing. Linear in the length.
 *
 * ```ts
 * import { findInvisible } from "./invisible_text.ts";
 *
 * const find = (text: string) => {
 *   const bytes = new TextEncoder().encode(JSON.stringify(text));
 *   return findInvisible(bytes, 0, bytes.length);
 * };
 * console.assert(find("plain\nwords, naïve, 👩‍👩‍👧, می‌خواهم") === undefined);
 * console.assert(find("a\u200bb\u202e")?.zero_width === 1);
 * ```
 */
export function findInvisible(bytes: Uint8Array, start: number, end: number): InvisibleCounts | undefined {
  if (!mayHide(bytes, start, end)) return undefined;
  const counts: { [kind in InvisibleKind]?: number } = {};
  let found = false;
  visitStrings(bytes, start, end, (text) => {
    for (const match of text.matchAll(suspicious)) {
      const kind = kindOf(text, match.index, match[0]);
      if (kind === undefined) continue;
      // (A run of several is one match.)
      counts[kind] = (counts[kind] ?? 0) + [...match[0]].length;
      found = true;
    }
  });
  return found ? counts : undefined;
}

const enum Byte {
  Quote = 0x22,
  Backslash = 0x5c,
  LowerB = 0x62,
  LowerU = 0x75,
}

/** First bytes of the characters in question, in UTF-8: U+007F to U+009F, U+180E, U+200B …, U+3164, U+FE00 …, U+E0000 …. */
const leads = new Uint8Array(256);
for (const lead of [0x7f, 0xc2, 0xe1, 0xe2, 0xe3, 0xef, 0xf3]) leads[lead] = 1;

/** Whether there is anything to look at more closely. */
function mayHide(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === Byte.Backslash) {
      const letter = bytes[++at];
      if (letter === Byte.LowerU || letter === Byte.LowerB) return true;
    } else if (leads[byte] === 1 && isHidden(byte, bytes[at + 1], bytes[at + 2])) {
      return true;
    }
  }
  return false;
}

/** Whether a character that begins with these bytes is one of `suspicious`, or near one. */
function isHidden(lead: number, second: number, third: number): boolean {
  switch (lead) {
    case 0x7f:
      return true;
    case 0xc2:
      return second < 0xa0;
    case 0xe1:
      return second === 0xa0 && third === 0x8e;
    case 0xe2:
      return (second === 0x80 && ((third >= 0x8b && third <= 0x8f) || (third >= 0xaa && third <= 0xae))) ||
        (second === 0x81 && third >= 0xa0 && third <= 0xaf);
    case 0xe3:
      return second === 0x85 && third === 0xa4;
    case 0xef:
      return (second === 0xb8 && third <= 0x8f) || (second === 0xbb && third === 0xbf) ||
        (second === 0xbe && third === 0xa0) || (second === 0xbf && third >= 0xb9 && third <= 0xbb);
    default:
      return second === 0xa0 || second === 0x84 || second === 0x85 || second === 0x86 || second === 0x87;
  }
}

/** Gives each string of validated JSON to `visit`, keys too. */
function visitStrings(bytes: Uint8Array, start: number, end: number, visit: (text: string) => void): void {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== Byte.Quote) continue;
    const from = ++at;
    while (at < end && bytes[at] !== Byte.Quote) at += bytes[at] === Byte.Backslash ? 2 : 1;
    visit(decodeContent(bytes, from, at));
  }
}

/** One character or a run of those of one family. Classes only: time is linear whatever the text. */
const suspicious =
  // deno-lint-ignore no-control-regex
  /[\u200b-\u200d\u2060-\u2065\ufeff\u180e\u3164\uffa0]+|[\u200e\u200f]+|[\u202a-\u202e\u2066-\u206f]+|[\u{e0000}-\u{e007f}]+|[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]+|[\u001b\u009b]|[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f\u007f-\u009a\u009c-\u009f\ufff9-\ufffb]+/gu;

/** What a run of such characters is; undefined where it is ordinary in its place. */
function kindOf(text: string, at: number, run: string): InvisibleKind | undefined {
  const first = run.codePointAt(0)!;
  if (first >= 0xe0100) return isVariant(text, at, run) ? undefined : "variation_selector";
  if (first >= 0xe0000) return isFlag(text, at, run) ? undefined : "tag";
  if (first >= 0xfff9 && first <= 0xfffb) return "control";
  if (first >= 0xfe00 && first <= 0xfe0f) {
    return run.length === 1 && at > 0 ? undefined : "variation_selector";
  }
  if (first === 0x200e || first === 0x200f) return isMark(text, at, run) ? undefined : "bidi";
  if ((first >= 0x202a && first <= 0x202e) || (first >= 0x2066 && first <= 0x206f)) return "bidi";
  if (first === 0x1b || first === 0x9b) return "terminal_escape";
  if (first < 0xa0) return "control";
  return isJoiner(text, at, run) ? undefined : "zero_width";
}

/** One selector behind an ideograph (UTS #37). */
function isVariant(text: string, at: number, run: string): boolean {
  return run.length === 2 && ideograph.test(characterBefore(text, at));
}
const ideograph = /^\p{Script=Han}$/u;

/** England, Scotland, Wales: the only flags that are spelt in tags (UTS #51, RGI emoji tag sequences). */
function isFlag(text: string, at: number, run: string): boolean {
  if (characterBefore(text, at) !== "\u{1f3f4}") return false;
  const letters = Array.from(run, (character) => String.fromCodePoint(character.codePointAt(0)! - 0xe0000));
  return ["gbeng\x7f", "gbsct\x7f", "gbwls\x7f"].includes(letters.join(""));
}

/** A direction mark or two in a text that has letters written from right to left. */
function isMark(text: string, at: number, run: string): boolean {
  return run.length <= 2 && rightToLeft.test(text.slice(Math.max(0, at - nearby), at + nearby));
}
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** A mark stands within a line of what it is about. */
const nearby = 256;

/** One joiner where a script or an emoji needs it, one zero-width space where words have no spaces between them. */
function isJoiner(text: string, at: number, run: string): boolean {
  if (run.length !== 1) return false;
  const before = characterBefore(text, at);
  const after = characterAfter(text, at + 1);
  switch (run) {
    case "\u200d":
      return (emojiPart.test(before) && emoji.test(after)) || joining.test(before);
    case "\u200c":
      return joining.test(before);
    case "\u200b":
      return unspaced.test(before) && unspaced.test(after);
    case "\u3164":
    case "\uffa0":
      return hangul.test(before) || hangul.test(after);
    default:
      return false;
  }
}
const emoji = /^\p{Extended_Pictographic}$/u;
const emojiPart = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u20e3]$/u;
/** Scripts whose letters join (Unicode, chapters 9, 12 and 13). */
const joining =
  /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\u064b-\u0655\u0670\u0964\u0965\u1cd0-\u1cfa]$/u;
const unspaced =
  /^[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const hangul = /^\p{Script=Hangul}$/u;

function characterBefore(text: string, at: number): string {
  if (at === 0) return "";
  const low = text.charCodeAt(at - 1);
  return low >= 0xdc00 && low <= 0xdfff && at > 1 ? text.slice(at - 2, at) : text[at - 1];
}

function characterAfter(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}
