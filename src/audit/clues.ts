/**
 * One pass over a text that tells which recognisers have anything to look for. Most texts give no clue, and for those
 * this pass is all that masking costs.
 */

import { KeywordAutomaton } from "./keyword_automaton.ts";
import {
  BACKSLASH,
  beginsWord,
  endsWord,
  isAlphanumeric,
  isDigit,
  isHex,
  isLetter,
} from "./recognisers/characters.ts";
import { beginsIban } from "./recognisers/iban.ts";
import { jwtPrefix } from "./recognisers/jwt.ts";
import {
  nameSeparators,
  phoneWords,
  queryWords,
  type SecretWord,
  secretWords,
  shortPhoneWords,
  ssnWords,
} from "./recognisers/names.ts";
import { pemPrefix } from "./recognisers/pem.ts";
import { isInvisible, mayBeSpelt } from "./recognisers/spelt.ts";
import { type TokenShape, tokenShapes } from "./recognisers/tokens.ts";
import { foldWide } from "./recognisers/wide.ts";

/** What was seen, as bits. */
export const clue = {
  /** `@`, or `%40`. */
  at: 1,
  /** Digits enough for a telephone number, with nothing but separators between them. */
  digits: 2,
  /** Three points between numbers. */
  dotted: 4,
  /** A colon between hexadecimal digits and colons. */
  colons: 8,
  iban: 16,
  /** The prefix of a token, the name of an authentication scheme, a PEM header. */
  token: 32,
  /** A word that tells a secret. */
  name: 64,
  /** A character that stands for an ASCII letter or digit: look again once it is replaced. */
  wide: 128,
  /** A character that is spelt out (`\u0040`, `%40`, `&#64;`) or that nobody sees: it can hide anything. */
  spelt: 256,
  /** JSON only: white space that would break the line. */
  lineBreak: 512,
  /** A word that tells a telephone number; alone it is no clue. */
  phoneWord: 1024,
  /** A word that tells a social security number; alone it is no clue. */
  ssnWord: 2048,
} as const;

/** The clues that say nothing without others. */
export const weakClues = clue.phoneWord | clue.ssnWord;

/** A word that was found, and what it announces. */
export type Keyword =
  | { readonly kind: "token"; readonly shape: TokenShape }
  | { readonly kind: "jwt" | "pem" | "bearer" | "basic" | "query" | "phone" | "ssn" }
  | { readonly kind: "secret"; readonly word: SecretWord };

/** `keyword` stands at `[start, end)`. */
export interface Sighting {
  readonly keyword: Keyword;
  readonly start: number;
  readonly end: number;
}

interface Entry {
  readonly text: string;
  readonly keyword: Keyword;
  /** Seen only where it begins, or begins and ends, a word. */
  readonly bounds: "none" | "left" | "both";
}

const entries: readonly Entry[] = [
  ...tokenShapes.map((shape): Entry => ({
    text: shape.prefix,
    keyword: { kind: "token", shape },
    bounds: "left",
  })),
  { text: jwtPrefix, keyword: { kind: "jwt" }, bounds: "left" },
  { text: pemPrefix, keyword: { kind: "pem" }, bounds: "none" },
  { text: "bearer", keyword: { kind: "bearer" }, bounds: "both" },
  { text: "basic", keyword: { kind: "basic" }, bounds: "both" },
  ...secretWords.map((word): Entry => ({
    text: word.text,
    keyword: { kind: "secret", word },
    bounds: word.as === "name" ? "both" : "none",
  })),
  ...queryWords.map((text): Entry => ({ text, keyword: { kind: "query" }, bounds: "none" })),
  ...phoneWords.map((text): Entry => ({ text, keyword: { kind: "phone" }, bounds: "none" })),
  ...shortPhoneWords.map((text): Entry => ({ text, keyword: { kind: "phone" }, bounds: "both" })),
  ...ssnWords.map((text): Entry => ({ text, keyword: { kind: "ssn" }, bounds: "none" })),
];

const words = entries.map((entry) => entry.text.toLowerCase());
const automaton = new KeywordAutomaton(words, nameSeparators);
const { next, symbols, firstEnding } = automaton;

const keywordClues: Readonly<Record<Keyword["kind"], number>> = {
  token: clue.token,
  jwt: clue.token,
  pem: clue.token,
  bearer: clue.token,
  basic: clue.token,
  query: clue.name,
  secret: clue.name,
  phone: clue.phoneWord,
  ssn: clue.ssnWord,
};

/** The shortest telephone number, with its keyword. */
const digitsMin = 7;
/** ` - (`: more than three separators end a number. */
const separatorsMax = 3;

// What a character is to this pass.
const OTHER = 0;
const DIGIT = 1;
const SEPARATOR = 2;
const POINT = 3;
const COLON = 4;
const AT = 5;
const PERCENT = 6;
const BREAK = 7;
const MARK = 8;

const classes = new Uint8Array(128);
for (
  const [characters, itsClass] of [
    ["0123456789", DIGIT],
    [" -()/+", SEPARATOR],
    [".", POINT],
    [":", COLON],
    ["@", AT],
    ["%", PERCENT],
    ["\r\n", BREAK],
    ["\\&\x1b", MARK],
  ] as const
) {
  for (const c of characters) classes[c.charCodeAt(0)] = itsClass;
}

/**
 * Everything that `text` gives a clue of. `json`: it is the source text of a JSON value, whose strings hold escapes;
 * if that gives no clue, none of the strings in it would. `sightings` collects the words that were found.
 */
export function findClues(text: string, form: "text" | "json", sightings?: Sighting[]): number {
  let clues = 0;
  let state = 0;
  let digits = 0;
  let separators = 0;
  let points = 0;
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i);
    if (c === BACKSLASH && form === "json") {
      c = text.charCodeAt(++i);
      // \u0040, and the same in a string that is JSON itself: \\u0040
      if (c === 0x75 || (c === BACKSLASH && mayBeSpelt(text, i))) clues |= clue.spelt;
      // The character behind a backslash is no letter of a word. An escaped slash is a slash.
      if (c !== 0x2f) {
        state = digits = points = 0;
        continue;
      }
    }
    if (c >= 0x80) {
      const ascii = foldWide(c);
      if (ascii !== c && isAlphanumeric(ascii)) clues |= clue.wide;
      if (isInvisible(c)) clues |= clue.spelt;
      c = ascii < 0x80 ? ascii : 0;
    }
    state = next[(state << 6) | symbols[c]];
    if (state >= firstEnding) clues |= seeKeywords(text, i, state, sightings);
    const itsClass = classes[c];
    if (itsClass === OTHER) {
      digits = points = 0;
      continue;
    }
    switch (itsClass) {
      case DIGIT:
        separators = 0;
        if (++digits >= digitsMin) clues |= clue.digits;
        if (isDigit(text.charCodeAt(i - 1)) && isLetter(text.charCodeAt(i - 2)) && beginsIban(text, i - 3)) {
          clues |= clue.iban;
        }
        break;
      case POINT:
        points = isDigit(text.charCodeAt(i - 1)) ? points + 1 : 0;
        if (points >= 3) clues |= clue.dotted;
        if (++separators > separatorsMax) digits = 0;
        break;
      case SEPARATOR:
        points = 0;
        if (++separators > separatorsMax) digits = 0;
        break;
      case COLON:
        digits = 0;
        points = 0;
        if (joinsHex(text.charCodeAt(i - 1)) && joinsHex(text.charCodeAt(i + 1))) clues |= clue.colons;
        else if (text.charCodeAt(i + 1) === 0x3a && isHex(text.charCodeAt(i + 2))) clues |= clue.colons;
        break;
      case AT:
        digits = 0;
        clues |= clue.at;
        break;
      case PERCENT:
        digits = 0;
        if (text.startsWith("40", i + 1)) clues |= clue.at;
        if (mayBeSpelt(text, i)) clues |= clue.spelt;
        break;
      case MARK:
        digits = points = 0;
        if (mayBeSpelt(text, i)) clues |= clue.spelt;
        break;
      case BREAK:
        digits = 0;
        if (form === "json") clues |= clue.lineBreak;
        break;
    }
  }
  return clues;
}

/** On either side of a colon in an IPv6 address. */
function joinsHex(c: number): boolean {
  return isHex(c) || c === 0x3a;
}

function seeKeywords(text: string, last: number, state: number, sightings: Sighting[] | undefined): number {
  let clues = 0;
  const end = last + 1;
  for (const index of automaton.endings(state)) {
    const { keyword, bounds } = entries[index];
    const start = end - words[index].length;
    if (bounds !== "none" && !beginsWord(text, start)) continue;
    if (bounds === "both" && !endsWord(text, end)) continue;
    clues |= keywordClues[keyword.kind];
    sightings?.push({ keyword, start, end });
  }
  return clues;
}
