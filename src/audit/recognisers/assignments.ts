/**
 * Secrets in running text by the name in front of them: `password=hunter2`, `"apiKey": "…"`, `--token …`,
 * `Authorization: …`, `<secret>…</secret>`, `?access_token=…`.
 */

import { BACKSLASH, isIn, isNameCharacter, isSpace, setOf } from "./characters.ts";
import type { Found } from "./found.ts";
import { type SecretWord, tellsSecret } from "./names.ts";

/** How far a name reaches to either side of its telling word. */
const nameCharactersMax = 48;

const HYPHEN = 0x2d;
const LESS = 0x3c;
const GREATER = 0x3e;
const EQUALS = 0x3d;
const COLON = 0x3a;

const quotes = setOf("\"'`");
const closers = setOf("])");
/** What ends a value that has no quotation marks. */
const wordEnds = setOf(" \t\r\n,;&#\"'`<>)]}|");
const lineEnds = setOf("\r\n\"'`<>");
const tagEnds = setOf("<");

/** Reports the value of the name that holds `word` at `text[start, end)`, if the name tells a secret and has a value. */
export function findAssigned(
  text: string,
  word: SecretWord,
  start: number,
  end: number,
  found: Found[],
): void {
  const nameStart = skipNameBack(text, start);
  const nameEnd = skipName(text, end);
  if (!tellsSecret(text.slice(nameStart, nameEnd), word, start - nameStart, end - nameStart)) return;
  const value = findValue(text, nameStart, nameEnd);
  if (value === undefined || isNoSecret(text, value)) return;
  const valueEnd = findValueEnd(text, value);
  if (valueEnd > value.start) found.push({ start: value.start, end: valueEnd, kind: "secret" });
}

/** Reports the value of a query parameter; `text[start, end)` is its name with the equals sign. */
export function findQueryValue(text: string, start: number, end: number, found: Found[]): void {
  const before = text.charCodeAt(start - 1);
  if (before !== 0x3f && before !== 0x26 && before !== 0x2d && before !== 0x3b) return; // ? & - ;
  const to = skipUntil(text, end, wordEnds, text.length);
  if (to - end >= queryValueLengthMin) found.push({ start: end, end: to, kind: "secret" });
}

/** `?code=404` and `?key=name` are no secrets. */
const queryValueLengthMin = 8;

function skipNameBack(text: string, start: number): number {
  const first = Math.max(0, start - nameCharactersMax);
  let at = start;
  while (at > first && isNameCharacter(text.charCodeAt(at - 1))) at--;
  return at;
}

function skipName(text: string, end: number): number {
  let at = end;
  while (at - end < nameCharactersMax && isNameCharacter(text.charCodeAt(at))) at++;
  return at;
}

/** Where a value begins, and what ends it. */
interface Value {
  readonly start: number;
  readonly until: "quote" | "line" | "word" | "tag";
}

/** The value of a name; undefined where what follows is none. */
function findValue(text: string, nameStart: number, nameEnd: number): Value | undefined {
  let at = skipQuote(text, nameEnd);
  while (at - nameEnd < 8 && isIn(closers, text.charCodeAt(at))) at++;
  if (text.charCodeAt(nameStart - 1) === LESS && text.charCodeAt(at) === GREATER) {
    return { start: at + 1, until: "tag" };
  }
  const spaced = skipSpaces(text, at);
  const sign = text.charCodeAt(spaced);
  if (sign === COLON || sign === EQUALS) {
    at = spaced + 1;
    // => == := and their kin.
    while (at - spaced < 4 && (text.charCodeAt(at) === EQUALS || text.charCodeAt(at) === GREATER)) at++;
    const isLine = sign === COLON && isHeader(text.slice(nameStart, nameEnd));
    return beginValue(text, skipSpaces(text, at), isLine ? "line" : "word");
  }
  // --token VALUE
  const isOption = text.charCodeAt(nameStart) === HYPHEN && spaced > at && text.charCodeAt(spaced) !== HYPHEN;
  return isOption ? beginValue(text, spaced, "word") : undefined;
}

/** A header's value has spaces: `Authorization: Digest username=…`, `Cookie: a=1; b=2`. */
function isHeader(name: string): boolean {
  return /(?:authorization|cookie)$/i.test(name);
}

function beginValue(text: string, at: number, unquoted: "line" | "word"): Value | undefined {
  const start = skipQuote(text, at);
  if (start > at) return { start, until: "quote" };
  const c = text.charCodeAt(at);
  // An object or a list: the names inside it speak for themselves.
  if (c === 0x7b || c === 0x5b) return undefined;
  return { start, until: unquoted };
}

function findValueEnd(text: string, value: Value): number {
  switch (value.until) {
    case "quote":
      return closingQuote(text, value.start);
    case "line":
      return skipUntil(text, value.start, lineEnds, text.length);
    case "word":
      return skipUntil(text, value.start, wordEnds, text.length);
    case "tag":
      return skipUntil(text, value.start, tagEnds, text.length);
  }
}

/** Behind the quotation mark at `at`, and the backslashes in front of it where the text is a string inside a string. */
function skipQuote(text: string, at: number): number {
  let behind = at;
  while (behind - at < 8 && text.charCodeAt(behind) === BACKSLASH) behind++;
  return isIn(quotes, text.charCodeAt(behind)) ? behind + 1 : at;
}

/** Where the value ends whose opening quotation mark stands before `start`: the end of the text where it never closes. */
function closingQuote(text: string, start: number): number {
  const depth = backslashesBefore(text, start - 1);
  const quote = text[start - 1];
  for (let at = text.indexOf(quote, start); at >= 0; at = text.indexOf(quote, at + 1)) {
    // One that is escaped once more than the opening one belongs to the value.
    const backslashes = backslashesBefore(text, at);
    if (backslashes <= depth) return at - backslashes;
  }
  return text.length;
}

function backslashesBefore(text: string, at: number): number {
  let count = 0;
  while (count < 8 && text.charCodeAt(at - 1 - count) === BACKSLASH) count++;
  return count;
}

function skipSpaces(text: string, at: number): number {
  let behind = at;
  while (behind - at < 8 && isSpace(text.charCodeAt(behind))) behind++;
  return behind;
}

function skipUntil(text: string, at: number, ends: Uint8Array, last: number): number {
  let end = at;
  while (end < last && !isIn(ends, text.charCodeAt(end))) end++;
  return end;
}

const codeWords = new Set(
  ("string str number int integer boolean bool null none nil undefined true false any object required optional " +
    "await async void new typeof").split(" "),
);

/** Enough of a value to tell program text by. */
const headCharactersMax = 64;

/** Program text and templates that only name a secret: a type, a variable, a call, a placeholder, a mask of ours. */
function isNoSecret(text: string, { start, until }: Value): boolean {
  const end = skipUntil(text, start, wordEnds, Math.min(text.length, start + headCharactersMax));
  const head = text.slice(start, end);
  if (head.startsWith("‹")) return true;
  // "string" as the first word of a pass phrase is no type.
  const isWhole = until === "word" || end === text.length ||
    isIn(until === "tag" ? tagEnds : lineEnds, text.charCodeAt(end));
  return isWhole &&
    (codeWords.has(head.toLowerCase()) || placeholder.test(head) || (until === "word" && code.test(head)));
}

/** `${TOKEN}`, `$TOKEN`, `{{token}}`, `%s` */
const placeholder = /^(?:\$\{[^}]{1,60}\}?$|\$\(|\{\{|%s$|\$[A-Z_][A-Z0-9_]*$)/;
/** `getToken(`, `process.env.TOKEN` */
const code =
  /^(?:[A-Za-z_$][A-Za-z_$.]{0,60}\(|(?:this|self|req|request|process|os|config|options|opts|props|params|args|ctx|env|settings)\.[A-Za-z_$])/;
