/** Payment card numbers: ISO/IEC 7812-1, 12 to 19 digits with a check digit (Luhn), of an issuer that exists. */

import { isAlphanumeric, isDigit } from "./characters.ts";
import type { Found } from "./found.ts";

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

/** Whether these digits are a card's number. */
export function isCardNumber(digits: string): boolean {
  if (digits.length < digitsMin || digits.length > digitsMax) return false;
  const prefix = Number(digits.slice(0, 4));
  const issued = issuers.some(([first, last, lengths]) =>
    prefix >= first && prefix <= last && lengths.includes(digits.length)
  );
  return issued && passesLuhn(digits);
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

/** Not inside a word or a hexadecimal number, and not the digits behind a decimal point. */
function mayBegin(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return text.charCodeAt(at - 2) === 0x5c && !isDigit(before);
  return !(before === 0x2e && isDigit(text.charCodeAt(at - 2)) && groupEnd(text, at) - at > 4);
}

/** Where the card number that begins at `start` ends: always with a group. The longest that is one counts. */
function cardEnd(text: string, start: number): number | undefined {
  const groups: string[] = [];
  let count = 0;
  let separator = NaN;
  let best: number | undefined;
  for (let at = start;;) {
    const end = groupEnd(text, at);
    count += end - at;
    if (count > digitsMax) return best;
    groups.push(text.slice(at, end));
    const next = text.charCodeAt(end);
    if (
      !isAlphanumeric(next) && isGroupedAsCard(groups) && isCardNumber(groups.join("")) &&
      !isInUuid(text, start)
    ) {
      best = end;
    }
    // All groups are set apart in the same way.
    if (!isSeparator(next) || !(next === separator || Number.isNaN(separator))) return best;
    separator = next;
    at = end + 1;
    if (!isDigit(text.charCodeAt(at))) return best;
  }
}

/** 4-4-4-4, 4-6-5, 4-6-4, 6-13 and their kin, or single digits; not 12-1, which is two numbers side by side. */
function isGroupedAsCard(groups: readonly string[]): boolean {
  if (groups.length === 1) return true;
  if (groups.every((group) => group.length === 1)) return true;
  if (groups.length === 2 && groups[0].length === 6) return groups[1].length >= 7;
  return groups.every((group, i) => group.length <= 7 && (group.length >= 3 || i === groups.length - 1));
}

function groupEnd(text: string, at: number): number {
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

function isSeparator(c: number): boolean {
  return c === 0x20 || c === 0x2d || c === 0x2e || c === 0xa0;
}

const uuidLength = 36;

/** RFC 9562 §4: 8-4-4-4-12. One without letters could pass for a card number with separators. */
function isInUuid(text: string, start: number): boolean {
  return groupOffsets.some((offset) =>
    uuid.test(text.slice(Math.max(0, start - offset), start - offset + uuidLength))
  );
}

const groupOffsets = [0, 9, 14, 19, 24];
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
