/**
 * Telephone numbers: international ones (ITU-T E.123), national ones in the shapes that people write, and whatever
 * follows a word like "phone".
 */

import { isAlphanumeric, isDigit } from "./characters.ts";
import type { Found } from "./found.ts";

// Every pattern is sticky and bounded in each of its repeats: what it costs at one place has a ceiling, and places are
// visited once.

/** `+49 (0) 30 / 123 456` */
const international = /\+[1-9](?:[ .\-\/()]{0,3}\d){7,14}/y;
/** `0049 30 123456`: without separators it could be any number with leading zeros. */
const doubleZero = /00[1-9]\d{0,2}[ .\-\/](?:[ .\-\/()]{0,3}\d){6,12}/y;
/** North American numbering plan: `(212) 555-0123`, `1-212-555-0123`, `001.212.555.0123`. */
const northAmerican =
  /(?:(?:001|1)[ .\-])?(?:\([2-9]\d{2}\)[ .\-]?\d{3}[ .\-]?\d{4}|[2-9]\d{2}([ .\-])\d{3}[ .\-]\d{4})/y;
/** An area code in parentheses: `(08) 9012 3456`, `(11) 98765-4321`. */
const bracketed =
  /\(0?[1-9] ?\d{0,4}\)[ .\-]{0,2}\d{2,5}(?:[ .\-]\d{2,5}){1,3}|\(0\d ?\d{1,4}\)[ .\-]?\d{5,8}/y;
/** A trunk prefix: `030 / 123 456`, `06-12345678`, `01.23.45.67.89`. */
const trunk = /0[1-9]\d{0,4}(?: ?[ .\-\/] ?\d{2,8}){1,5}/y;
/** Groups of unlike length, as no thousands are written: `612 34 56 78`, `22 123 45 67`, `98765 43210`, `138 1234 5678`. */
const grouped = new RegExp(
  [
    "[6-9]\\d{2}( )\\d{2} \\d{2} \\d{2}",
    "[1-9]\\d \\d{3} \\d{2} \\d{2}",
    "[1-9]\\d \\d{3} \\d{4}",
    "[2-9]\\d{2} \\d{2} \\d{3}",
    "[29]\\d \\d{3} \\d{3} \\d{4}",
    "[29]\\d \\d{6}",
    "[6-9]\\d{2}[ \\-]\\d{3}[ \\-]\\d{3}",
    "[6-9]\\d{4}[ \\-]\\d{5}",
    "1[3-9]\\d[ \\-]\\d{4}[ \\-]\\d{4}",
    "[2-9]\\d-\\d{2}-\\d{2}-\\d{2}",
  ].join("|"),
  "y",
);
/** Behind a telling word nearly everything is a number. */
const named = /\+?\(?\d(?:[ .\-\/()]{0,3}\d){5,14}/y;

const extension = / ?(?:x|ext\.?|#) ?\d{1,6}/iy;

const PLUS = 0x2b;
const OPEN = 0x28;
const ZERO = 0x30;

/** Numbers that are known by their shape alone. */
export function findPhones(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== PLUS && c !== OPEN && !isDigit(c)) continue;
    const end = mayBegin(text, i) ? bareEnd(text, i, c) : undefined;
    if (end !== undefined) {
      found.push({ start: i, end, kind: "phone" });
      i = end - 1;
    } else if (isDigit(c)) {
      i = digitsEnd(text, i) - 1;
    }
  }
}

/** The number behind a telling word that ends at `at`: the first within a few words (`phone number of the office: …`). */
export function findNamedPhone(text: string, at: number, found: Found[]): void {
  const last = Math.min(text.length, at + wordsBetweenMax);
  let start = at;
  while (start < last && !isDigit(text.charCodeAt(start)) && text.charCodeAt(start) !== PLUS) start++;
  if (start === last) return;
  if (text.charCodeAt(start - 1) === OPEN) start--;
  const end = namedEnd(text, start);
  if (end !== undefined) found.push({ start, end, kind: "phone" });
}

const wordsBetweenMax = 28;

/** Numbers in a text that is known to hold them: the value of a key called "phone". */
export function findPhonesByKey(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== PLUS && c !== OPEN && !isDigit(c)) continue;
    const end = namedEnd(text, i);
    if (end === undefined) continue;
    found.push({ start: i, end, kind: "phone" });
    i = end - 1;
  }
}

/** Whether these digits could be dialled. */
export function isDiallable(digits: string): boolean {
  return digits.length >= 7 && digits.length <= 15;
}

function namedEnd(text: string, start: number): number | undefined {
  const end = matchEnd(named, text, start);
  if (end === undefined || isDate(text, start)) return undefined;
  return isDiallable(digitsOf(text, start, end)) ? finish(text, end) : undefined;
}

function bareEnd(text: string, start: number, c: number): number | undefined {
  if (c === PLUS) return finish(text, matchEnd(international, text, start));
  if (c === OPEN) {
    const end = matchEnd(northAmerican, text, start) ?? matchEnd(bracketed, text, start);
    return end !== undefined && digitsOf(text, start, end).length >= 8 ? finish(text, end) : undefined;
  }
  const american = matchEnd(northAmerican, text, start);
  if (american !== undefined) return finish(text, american);
  if (continuesRow(text, start)) return undefined;
  if (c !== ZERO) return finishAlone(text, matchEnd(grouped, text, start));
  const end = matchEnd(doubleZero, text, start) ?? matchEnd(trunk, text, start);
  if (end === undefined || isDate(text, start)) return undefined;
  const count = digitsOf(text, start, end).length;
  return count >= 9 && count <= 15 ? finishAlone(text, end) : undefined;
}

function matchEnd(pattern: RegExp, text: string, start: number): number | undefined {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** No letter and no digit may follow, else it is a part of something else. */
function finish(text: string, end: number | undefined): number | undefined {
  if (end === undefined) return undefined;
  const whole = withExtension(text, end);
  return whole === end && isAlphanumeric(text.charCodeAt(end)) ? undefined : whole;
}

/** Neither may another group of digits: rows of numbers (`01 02 03 04 05 06`) are no telephone numbers. */
function finishAlone(text: string, end: number | undefined): number | undefined {
  const whole = finish(text, end);
  if (whole === undefined) return undefined;
  const second = text.charCodeAt(whole + 1);
  switch (text.charCodeAt(whole)) {
    case 0x2d: // -
      // 01-23-45-67-89-AB is the address of a network card.
      return isDigit(second) || /^[a-f]{2}(?![a-z])/i.test(text.slice(whole + 1, whole + 4))
        ? undefined
        : whole;
    case 0x20: // space
    case 0x2c: // ,
    case 0x2e: // .
    case 0x2f: // /
    case 0x3a: // :
      return isDigit(second) ? undefined : whole;
    default:
      return whole;
  }
}

/** Whether a group of one or two digits stands right before: `01 02 03 04 05 06` again, from its middle. */
function continuesRow(text: string, start: number): boolean {
  if (text.charCodeAt(start - 1) !== 0x20 || !isDigit(text.charCodeAt(start - 2))) return false;
  return !isDigit(text.charCodeAt(start - 3)) || !isDigit(text.charCodeAt(start - 4));
}

function withExtension(text: string, end: number): number {
  const behind = matchEnd(extension, text, end);
  return behind === undefined || isAlphanumeric(text.charCodeAt(behind)) ? end : behind;
}

/** Not inside a word, a number, an identifier (`SKU-555-123-4567`) or a chain of numbers. */
function mayBegin(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return text.charCodeAt(at - 2) === 0x5c && !isDigit(before);
  // A plus sign behind a separator begins a number whatever stands in front: `/srv/log2/+49 30 901820`.
  if (text.charCodeAt(at) === PLUS) return before !== PLUS;
  const second = text.charCodeAt(at - 2);
  switch (before) {
    case 0x2d: // -
    case 0x2e: // .
    case 0x5f: // _
      return !isAlphanumeric(second);
    case 0x2c: // ,
    case 0x2f: // /
    case 0x3a: // :
      return !isDigit(second);
    case PLUS: // was tried already
      return false;
    default:
      return true;
  }
}

const date = /(?:\d{4}([.\-\/])(?:0?[1-9]|1[0-2])\1\d{1,2}|\d{1,2}([.\-\/])\d{1,2}\2(?:19|20)\d{2})(?!\d)/y;

function isDate(text: string, start: number): boolean {
  return matchEnd(date, text, start) !== undefined;
}

function digitsOf(text: string, start: number, end: number): string {
  return text.slice(start, end).replaceAll(/\D/g, "");
}

function digitsEnd(text: string, at: number): number {
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}
