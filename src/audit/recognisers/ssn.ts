/** United States social security numbers, by the ranges that the Social Security Administration has given out. */

import { isAlphanumeric, isDigit } from "./characters.ts";
import type { Found } from "./found.ts";

const separated = /\d{3}([- ])\d{2}\1\d{4}/y;

/** Numbers with their separators, which need no word beside them. */
export function findSsns(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    if (!isDigit(text.charCodeAt(i)) || !mayBegin(text, i)) continue;
    separated.lastIndex = i;
    const match = separated.exec(text)?.[0];
    if (match === undefined || !mayEnd(text, i + match.length)) continue;
    if (isSsn(match.replaceAll(/[- ]/g, ""))) found.push({ start: i, end: i + match.length, kind: "ssn" });
  }
}

/** Nine digits without separators, behind a word or under a key that says what they are. */
export function findNamedSsn(text: string, at: number, found: Found[]): void {
  let start = at;
  while (start - at < 16 && start < text.length && !isDigit(text.charCodeAt(start))) start++;
  const digits = text.slice(start, start + 9);
  if (/^\d{9}$/.test(digits) && mayEnd(text, start + 9) && isSsn(digits)) {
    found.push({ start, end: start + 9, kind: "ssn" });
  }
}

/** 20 CFR 422.103; ranges since the randomisation of 2011. */
export function isSsn(digits: string): boolean {
  const area = digits.slice(0, 3);
  return digits.length === 9 && area !== "000" && area !== "666" && area < "900" &&
    digits.slice(3, 5) !== "00" && digits.slice(5) !== "0000";
}

/** Not within a word, nor within a longer chain of numbers (`1-123-45-6789`). */
function mayBegin(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return text.charCodeAt(at - 2) === 0x5c && !isDigit(before);
  return !((before === 0x2d || before === 0x2e) && isAlphanumeric(text.charCodeAt(at - 2)));
}

function mayEnd(text: string, end: number): boolean {
  const next = text.charCodeAt(end);
  return !isAlphanumeric(next) && !(next === 0x2d && isAlphanumeric(text.charCodeAt(end + 1)));
}
