/** Masks personal data and secrets in a JSON text, which keeps its structure and the spelling of its numbers. */

import { jsonDepthMax } from "../limits.ts";
import { findClues, type Sighting, weakClues } from "./clues.ts";
import { type MaskKind, maskOf } from "./mask.ts";
import { type MaskTally, pointerStep } from "./mask_tally.ts";
import { isCardNumber } from "./recognisers/card.ts";
import { tellsSecret } from "./recognisers/names.ts";
import { isDiallable } from "./recognisers/phone.ts";
import { isSsn } from "./recognisers/ssn.ts";
import { type Expectation, expectNothing, maskText } from "./redact_text.ts";

/**
 * `text`, which must be valid JSON, with everything masked that is found: in string values, in keys, in numbers, and
 * whole values under telling keys. It comes out on one line, without white space between its tokens. What was masked
 * is added to `tally`, at places that begin with `path`.
 */
export function maskJson(text: string, path: string, tally: MaskTally): string {
  return new JsonMasker(text, tally, 0).value(path, expectNothing);
}

/** Strings that are JSON, in strings that are JSON …: deeper ones are masked as text alone. */
const nestingMax = 3;

interface Member {
  /** The key as it is shown, with its quotation marks. */
  readonly key: string;
  readonly path: string;
  readonly isValue: boolean;
  value: string;
}

/** Reads the text once, from front to back; each method leaves `#at` behind what it has read. */
class JsonMasker {
  readonly #text: string;
  readonly #tally: MaskTally;
  readonly #nesting: number;
  #at = 0;

  constructor(text: string, tally: MaskTally, nesting: number) {
    this.#text = text;
    this.#tally = tally;
    this.#nesting = nesting;
  }

  value(path: string, expected: Expectation): string {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(path);
      case "[":
        return this.#array(path, expected);
      case '"':
        return this.#maskString(this.#readString(), path, expected);
      default:
        return this.#maskScalar(this.#readScalar(), path, expected);
    }
  }

  #object(path: string): string {
    const members: Member[] = [];
    const keys = new Set<string>();
    // { "name": "API_KEY", "value": "…" } is how lists of headers and of variables are written, in either order.
    let namesSecret = false;
    this.#at++;
    while (this.#skipSpace() !== "}") {
      const keySource = this.#readString();
      const key = decodeString(keySource);
      const shown = this.#maskKey(key, path, keys);
      const memberPath = path + pointerStep(shown);
      const meaning = readKey(key);
      this.#skipSpace();
      this.#at++; // the colon
      const value = meaning.secret
        ? this.#maskWhole(this.#readValue(), memberPath)
        : this.value(memberPath, meaning);
      if (nameKeys.has(key.toLowerCase()) && value.startsWith('"')) {
        namesSecret ||= readKey(decodeString(value)).secret;
      }
      members.push({
        key: shown === key ? keySource : JSON.stringify(shown),
        path: memberPath,
        isValue: valueKeys.has(key.toLowerCase()),
        value,
      });
      this.#skipComma();
    }
    this.#at++;
    if (namesSecret) {
      for (const member of members) {
        if (member.isValue) member.value = this.#maskWhole(member.value, member.path);
      }
    }
    return "{" + members.map((member) => member.key + ":" + member.value).join(",") + "}";
  }

  #array(path: string, expected: Expectation): string {
    const elements: string[] = [];
    // ["--token", "…"]: a command line. ["X-Api-Key", "…"]: one header of a list of pairs.
    let namesNext = false;
    this.#at++;
    while (this.#skipSpace() !== "]") {
      const elementPath = `${path}/${elements.length}`;
      if (this.#text[this.#at] === '"') {
        const source = this.#readString();
        const isFirst = elements.length === 0;
        elements.push(
          namesNext ? this.#maskWhole(source, elementPath) : this.#maskString(source, elementPath, expected),
        );
        const word = decodeString(source);
        namesNext = isSecretOption(word) || (isFirst && this.#endsAfterOneMore() && isSecretName(word));
      } else {
        elements.push(this.value(elementPath, expected));
        namesNext = false;
      }
      this.#skipComma();
    }
    this.#at++;
    return "[" + elements.join(",") + "]";
  }

  /** Whether the array that is being read has one more element, a string, and no other. */
  #endsAfterOneMore(): boolean {
    const before = this.#at;
    this.#skipComma();
    let isLast = false;
    if (this.#skipSpace() === '"') {
      this.#readString();
      isLast = this.#skipSpace() === "]";
    }
    this.#at = before;
    return isLast;
  }

  /** The key without what must not be shown; two keys that then look the same are kept apart by a number. */
  #maskKey(key: string, path: string, keys: Set<string>): string {
    const masked = maskText(key, expectNothing);
    let shown = masked.text;
    for (let i = 2; keys.has(shown); i++) shown = `${masked.text} ${i}`;
    keys.add(shown);
    for (const [kind, count] of masked.masks) this.#tally.add(kind, path + pointerStep(masked.text), count);
    return shown;
  }

  #maskString(source: string, path: string, expected: Expectation): string {
    const text = decodeString(source);
    const inner = this.#maskInnerJson(text, path);
    if (inner !== undefined) return inner === text ? source : JSON.stringify(inner);
    const masked = maskText(text, expected);
    for (const [kind, count] of masked.masks) this.#tally.add(kind, path, count);
    return masked.text === text ? source : JSON.stringify(masked.text);
  }

  /** A string that is JSON itself, masked as such; undefined where it is none, or where there is nothing to mask. */
  #maskInnerJson(text: string, path: string): string | undefined {
    if (this.#nesting >= nestingMax || !/^\s{0,16}[{[]/.test(text)) return undefined;
    if ((findClues(text, "json") & ~weakClues) === 0 || !isJson(text)) return undefined;
    return new JsonMasker(text, this.#tally, this.#nesting + 1).value(path, expectNothing);
  }

  #maskScalar(source: string, path: string, expected: Expectation): string {
    const kind = numberKind(source, expected);
    if (kind === undefined) return source;
    this.#tally.add(kind, path, 1);
    return `"${maskOf(kind)}"`;
  }

  /** In place of a value that is a secret as a whole. Where there is no value, that may be seen. */
  #maskWhole(source: string, path: string): string {
    if (source === "null" || source === '""' || source === maskedSecret) return source;
    this.#tally.add("secret", path, 1);
    this.#hide(source);
    return maskedSecret;
  }

  /** Every text in `source`, or the number that it is. */
  #hide(source: string): void {
    if (source.startsWith("{") || source.startsWith("[")) {
      for (const text of source.match(/"(?:[^"\\]|\\.)*"/g) ?? []) this.#tally.hide(decodeString(text));
    } else if (source.startsWith('"')) {
      this.#tally.hide(decodeString(source));
    } else if (/^-?\d/.test(source)) {
      this.#tally.hide(source);
    }
  }

  #readValue(): string {
    this.#skipSpace();
    const start = this.#at;
    let depth = 0;
    do {
      const c = this.#skipSpace();
      if (c === '"') {
        this.#readString();
      } else if (c === "{" || c === "[") {
        depth++;
        this.#at++;
      } else if (c === "}" || c === "]") {
        depth--;
        this.#at++;
      } else if (c === "," || c === ":") {
        this.#at++;
      } else {
        this.#readScalar();
      }
    } while (depth > 0);
    return this.#text.slice(start, this.#at);
  }

  /** With its quotation marks. */
  #readString(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (isEscaped(this.#text, end)) end = this.#text.indexOf('"', end + 1);
    if (this.#text[start] !== '"' || end < 0) throw notJson();
    this.#at = end + 1;
    return this.#text.slice(start, this.#at);
  }

  #readScalar(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !",:]} \t\r\n".includes(this.#text[this.#at])) this.#at++;
    if (this.#at === start) throw notJson();
    return this.#text.slice(start, this.#at);
  }

  #skipComma(): void {
    if (this.#skipSpace() === ",") this.#at++;
  }

  /** Gives the character behind the white space. */
  #skipSpace(): string {
    while (this.#at < this.#text.length && " \t\r\n".includes(this.#text[this.#at])) this.#at++;
    if (this.#at === this.#text.length) throw notJson();
    return this.#text[this.#at];
  }
}

/** The caller's error: better an exception, which denies the message, than a loop without an end. */
function notJson(): Error {
  return new Error("what was to be masked is not valid JSON");
}

const maskedSecret = JSON.stringify(maskOf("secret"));

/** The keys of a list of pairs. */
const nameKeys = new Set(["name", "key", "header", "field", "variable"]);
const valueKeys = new Set(["value", "values", "val"]);

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let count = 0;
  while (text.charCodeAt(at - 1 - count) === 0x5c) count++;
  return count % 2 === 1;
}

function decodeString(source: string): string {
  return source.includes("\\") ? JSON.parse(source) as string : source.slice(1, -1);
}

function isJson(text: string): boolean {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i) | 0x20;
    if (c === 0x7b) deepest = Math.max(deepest, ++depth); // { and [
    else if (c === 0x7d) depth--; // } and ]
  }
  if (deepest > jsonDepthMax) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

interface KeyMeaning extends Expectation {
  readonly secret: boolean;
}

const meaningless: KeyMeaning = { secret: false, ...expectNothing };

/** What a key says of its value. */
function readKey(key: string): KeyMeaning {
  const sightings: Sighting[] = [];
  findClues(key, "text", sightings);
  if (sightings.length === 0) return meaningless;
  return {
    secret: sightings.some(({ keyword, start, end }) =>
      keyword.kind === "secret" && tellsSecret(key, keyword.word, start, end)
    ),
    phone: sightings.some(({ keyword }) => keyword.kind === "phone"),
    ssn: sightings.some(({ keyword }) => keyword.kind === "ssn"),
  };
}

/** `X-Api-Key`: a name by itself, not a sentence with such a word in it. */
function isSecretName(word: string): boolean {
  return /^[A-Za-z][\w.-]{0,63}$/.test(word) && readKey(word).secret;
}

/** `--token`, whose value is the next word of the command line. */
export function isSecretOption(word: string): boolean {
  return word.startsWith("-") && !word.includes("=") && readKey(word.replace(/^-+/, "")).secret;
}

/** A number, if what it spells must not be shown. */
function numberKind(source: string, expected: Expectation): MaskKind | undefined {
  if (source.length < 7) return undefined;
  const digits = integerDigits(source);
  if (isCardNumber(digits)) return "card";
  if (expected.phone && isDiallable(digits)) return "phone";
  if (expected.ssn && isSsn(digits)) return "ssn";
  return undefined;
}

/** The digits of a whole number, however it is spelt: 4.111111111111111e15 is a card's number as well. */
function integerDigits(source: string): string {
  if (/^-?\d+$/.test(source)) return source.replace("-", "");
  const value = Math.abs(Number(source));
  return Number.isSafeInteger(value) ? String(value) : "";
}
