/** Payment card numbers: ISO/IEC 7812-1, 12 to 19 digits with a check digit (Luhn), of an issuer that exists. */

import { isAlphanumeric, isDigit } from "./characters.ts";
import type { Found } from "./found.ts";
import { isInUuid } from "./uuid.ts";

const digitsMin = 12;
const digitsMax = 19;

/** Issuer prefixes as ranges over the first four digits, and the lengths that their numbers have. */
const issuers: readonly (readonly [first: number, last: number, lengths: readonly number[]])[] = [
  [4000, 4999, [13, 16, 19]], // Visa
  [5100, 5599, [16]], // Mastercard
  [2221, 2720, [16]],
  [3400, 3499, [15]], // American Express
  [3700, 3799, [15]],
  [3000, 3059, [14, 16]], // Diners Club
  [3095, 3095, [14, 16]],
  [3600, 3699, [14, 15, 16, 17, 18, 19]],
  [3800, 3999, [14, 16]],
  [3500, 3599, [16]], // JCB
  [3528, 3589, [17, 18, 19]],
  [1800, 1800, [15]],
  [2131, 2131, [15]],
  [2200, 2205, [16, 17, 18, 19]], // Mir, Borica
  [5018, 5038, [12]], // Maestro, the old short numbers
  [5600, 5899, [12]],
  [6304, 6304, [12]],
  [6390, 6390, [12]],
  [6759, 6763, [12]],
  [6000, 6999, [13, 14, 15, 16, 17, 18, 19]], // Discover, UnionPay, Maestro, RuPay and others share it
  [5000, 5099, [13, 14, 15, 16, 17, 18, 19]], // Maestro, Elo
  [5600, 5899, [13, 14, 15, 16, 17, 18, 19]],
  [8100, 8299, [16, 17, 18, 19]], // UnionPay, RuPay
  [9792, 9792, [16]], // Troy
];

/** The same by prefix: bit n stands for a length of n digits. */
const lengthsByPrefix = new Uint32Array(10_000);
for (const [first, last, lengths] of issuers) {
  const bits = lengths.reduce((all, length) => all | (1 << length), 0);
  for (let prefix = first; prefix <= last; prefix++) lengthsByPrefix[prefix] |= bits;
}

/** Whether these digits are a card's number. */
export function isCardNumber(digits: string): boolean {
  if (digits.length < digitsMin || digits.length > digitsMax) return false;
  return (lengthsByPrefix[Number(digits.slice(0, 4))] & (1 << digits.length)) !== 0 && passesLuhn(digits);
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** Looks at every group of digits: a number may begin there, and may take the groups behind it. */
export function findCards(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    if (!isDigit(text.charCodeAt(i))) continue;
    const end = mayBegin(text, i) ? cardEnd(text, i) : undefined;
    if (end !== undefined) found.push({ start: i, end, kind: "card" });
    i = (end ?? groupEnd(text, i)) - 1;
  }
}

/** Not inside a word or a hexadecimal number, not the digits behind a decimal point, not within a row of single digits. */
function mayBegin(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return text.charCodeAt(at - 2) === 0x5c && !isDigit(before);
  if (!isSeparator(before) || !isDigit(text.charCodeAt(at - 2))) return true;
  const length = groupEnd(text, at) - at;
  return length > 1 && !(before === 0x2e && length > 4);
}

/** Where the card number that begins at `start` ends: always with a group. The longest that is one counts. */
function cardEnd(text: string, start: number): number | undefined {
  const grouping = new Grouping();
  let digits = "";
  let isIssued = false;
  let separator = NaN;
  let best: number | undefined;
  for (let at = start;;) {
    const end = groupEnd(text, at);
    if (digits.length + end - at > digitsMax) return best;
    digits += text.slice(at, end);
    if (!isIssued && digits.length >= 4) {
      if (lengthsByPrefix[Number(digits.slice(0, 4))] === 0) return undefined;
      isIssued = true;
    }
    grouping.add(end - at);
    if (grouping.isLost) return best;
    const next = text.charCodeAt(end);
    if (!isAlphanumeric(next) && grouping.isOfCard && isCardNumber(digits) && !isInUuid(text, start)) {
      best = end;
    }
    // All groups are set apart in the same way.
    if (!isSeparator(next) || !(next === separator || Number.isNaN(separator))) return best;
    separator = next;
    at = end + 1;
    if (!isDigit(text.charCodeAt(at))) return best;
  }
}

/** How digits are grouped: 4-4-4-4, 4-6-5, 4-6-4, 6-13 and their kin, or single digits; not 12-1, two numbers side by side. */
class Grouping {
  #count = 0;
  #first = 0;
  #last = 0;
  #areSingle = true;
  /** All but the last have three digits or more, and none has more than seven. */
  #areRegular = true;

  add(length: number): void {
    if (this.#count === 0) this.#first = length;
    else if (this.#last < 3) this.#areRegular = false;
    if (length > 7) this.#areRegular = false;
    if (length > 1) this.#areSingle = false;
    this.#last = length;
    this.#count++;
  }

  /** Whatever follows, this will be no card's. */
  get isLost(): boolean {
    return this.#count > 2 && !this.#areSingle && !this.#areRegular;
  }

  get isOfCard(): boolean {
    return this.#count === 1 || this.#areSingle || this.#areRegular ||
      (this.#count === 2 && this.#first === 6);
  }
}

function groupEnd(text: string, at: number): number {
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** The plus sign is a space in the body of a form. */
function isSeparator(c: number): boolean {
  return c === 0x20 || c === 0x2d || c === 0x2e || c === 0xa0 || c === 0x2b;
}
