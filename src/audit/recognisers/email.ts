/** E-mail addresses, as people and forms write them (RFC 5321 §4.1.2 without its quoted forms). */

import { isAlphanumeric, isIn, isLetter, setOf } from "./characters.ts";
import type { Found } from "./found.ts";

const localCharacters = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!$'*+-^_~%|");

/** RFC 5321 §4.5.3.1. */
const localCharactersMax = 64;
const domainCharactersMax = 255;

const AT = 0x40;
const POINT = 0x2e;
const HYPHEN = 0x2d;

/** Names of files and packages look like addresses: `icon@2x.png`, `lib@1.js`. */
const fileEndings = new Set([
  "png",
  "jpg",
  "jpeg",
  "gif",
  "svg",
  "webp",
  "js",
  "mjs",
  "ts",
  "css",
  "json",
  "tgz",
  "gz",
]);

export function findEmails(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === AT) findAround(text, i, i + 1, found);
    else if (c === 0x25 && text.startsWith("40", i + 1)) findAround(text, i, i + 3, found); // %40, as in URLs
  }
}

/** The sign takes `text[at, after)`. */
function findAround(text: string, at: number, after: number, found: Found[]): void {
  const start = localStart(text, at);
  if (start === at) return;
  const end = domainEnd(text, after);
  if (end === after || isUserInfo(text, start)) return;
  found.push({ start, end, kind: "email" });
}

function localStart(text: string, at: number): number {
  const first = Math.max(0, at - localCharactersMax);
  let start = at;
  while (start > first && isLocal(text.charCodeAt(start - 1))) start--;
  while (start < at && text.charCodeAt(start) === POINT) start++;
  return start;
}

/** Addresses may hold characters of every script: RFC 6531. */
function isLocal(c: number): boolean {
  return c >= 0x80 ? isWordOutsideAscii(c) : isIn(localCharacters, c);
}

/** Where the domain that begins at `start` ends; `start` where there is none. */
function domainEnd(text: string, start: number): number {
  if (text.charCodeAt(start) === 0x5b) return literalEnd(text, start);
  const last = Math.min(text.length, start + domainCharactersMax);
  let end = start;
  while (end < last && isDomain(text.charCodeAt(end))) end++;
  while (end > start && !isLabel(text.charCodeAt(end - 1))) end--;
  const domain = text.slice(start, end);
  const point = domain.lastIndexOf(".");
  if (point <= 0) return start;
  const ending = domain.slice(point + 1).toLowerCase();
  // No top-level domain has a digit, but for those that are spelt in Punycode. `name@1.2.3` is a package.
  if (ending.length < 2 || !(ending.startsWith("xn--") || isAllLetters(ending))) return start;
  return fileEndings.has(ending) ? start : end;
}

/** `[192.0.2.1]`, RFC 5321 §4.1.3. */
function literalEnd(text: string, start: number): number {
  let end = start + 1;
  while (end - start < 48 && isLiteral(text.charCodeAt(end))) end++;
  return text.charCodeAt(end) === 0x5d && end - start > 4 ? end + 1 : start;
}

function isLiteral(c: number): boolean {
  return isAlphanumeric(c) || c === POINT || c === 0x3a;
}

function isDomain(c: number): boolean {
  return isLabel(c) || c === POINT || c === HYPHEN;
}

function isLabel(c: number): boolean {
  return c >= 0x80 ? isWordOutsideAscii(c) : isAlphanumeric(c);
}

/** Not the quotation marks, dashes and spaces of U+2000 to U+206F, nor the punctuation of East Asia and Latin-1. */
function isWordOutsideAscii(c: number): boolean {
  return c >= 0xc0 && !(c >= 0x2000 && c <= 0x206f) && !(c >= 0x3000 && c <= 0x303f) &&
    !(c >= 0xff00 && c <= 0xff20);
}

function isAllLetters(word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    const c = word.charCodeAt(i);
    if (!(isLetter(c) || c >= 0x80)) return false;
  }
  return true;
}

/** `https://user:password@host` is another recogniser's: it leaves the host to be read. */
function isUserInfo(text: string, start: number): boolean {
  const first = Math.max(0, start - 128);
  for (let i = start - 1; i >= first; i--) {
    const c = text.charCodeAt(i);
    if (c === 0x2f) return text.startsWith("://", i - 2);
    if (c <= 0x20 || c === 0x22) return false;
  }
  return false;
}
