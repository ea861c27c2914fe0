/** Masks personal data and secrets in one text. */

import { clue, findClues, type Sighting, weakClues } from "./clues.ts";
import { type MaskKind, maskOf } from "./mask.ts";
import { findAssigned, findQueryValue } from "./recognisers/assignments.ts";
import { findBasic, findBearer } from "./recognisers/authorization.ts";
import { findCards } from "./recognisers/card.ts";
import { findEmails } from "./recognisers/email.ts";
import { type Found, joinOverlaps } from "./recognisers/found.ts";
import { findIbans } from "./recognisers/iban.ts";
import { findIpv4, findIpv6 } from "./recognisers/ip.ts";
import { findJwt } from "./recognisers/jwt.ts";
import { findPem } from "./recognisers/pem.ts";
import { findNamedPhone, findPhones, findPhonesByKey } from "./recognisers/phone.ts";
import { readSpelt } from "./recognisers/spelt.ts";
import { findNamedSsn, findSsns } from "./recognisers/ssn.ts";
import { findToken } from "./recognisers/tokens.ts";
import { findUrlCredentials } from "./recognisers/url.ts";
import { foldWideText } from "./recognisers/wide.ts";

/** What is known of a text from where it stands: the key `phone` makes a number of what might be an order's id. */
export interface Expectation {
  readonly phone: boolean;
  readonly ssn: boolean;
}

export const expectNothing: Expectation = { phone: false, ssn: false };

/** How often each kind was masked in one text. */
export type MaskCounts = ReadonlyMap<MaskKind, number>;

export const noMasks: MaskCounts = new Map();

/** `text` with everything masked that is found in it, and what that was. The very same string where nothing is. */
export function maskText(
  text: string,
  expected: Expectation,
): { readonly text: string; readonly masks: MaskCounts } {
  const found = findAll(text, expected);
  if (found.length === 0) return { text, masks: noMasks };
  const masks = new Map<MaskKind, number>();
  let masked = "";
  let copied = 0;
  for (const { start, end, kind } of found) {
    masked += text.slice(copied, start) + maskOf(kind);
    copied = end;
    masks.set(kind, (masks.get(kind) ?? 0) + 1);
  }
  return { text: masked + text.slice(copied), masks };
}

const nothingFound: readonly Found[] = [];

/** All that is found in `text`, in order and apart from each other. */
export function findAll(text: string, expected: Expectation): readonly Found[] {
  const sightings: Sighting[] = [];
  const clues = findClues(text, "text", sightings);
  if ((clues & ~weakClues) === 0) return nothingFound;
  const found = findSeen(text, expected, clues, sightings);
  const read = clues & clue.spelt ? readSpelt(text) : undefined;
  if (read !== undefined) {
    const itsSightings: Sighting[] = [];
    const itsClues = findClues(read.text, "text", itsSightings);
    for (const { start, end, kind } of findSeen(read.text, expected, itsClues, itsSightings)) {
      found.push({ start: read.places[start], end: read.places[end], kind });
    }
  }
  return found.length === 0 ? nothingFound : joinOverlaps(found);
}

/** What is found in `text` as it stands there, by the clues that it gave; some of it more than once. */
function findSeen(text: string, expected: Expectation, itsClues: number, itsSightings: Sighting[]): Found[] {
  let clues = itsClues;
  let sightings = itsSightings;
  // Of the same length as the text: what is found in the one is found in the other.
  const plain = foldWideText(text);
  if (plain !== text) clues = findClues(plain, "text", sightings = []);
  const found: Found[] = [];
  findSighted(plain, sightings, found);
  if (clues & clue.at) {
    findUrlCredentials(plain, found);
    findEmails(plain, found);
  }
  if (clues & clue.iban) findIbans(plain, found);
  if (clues & clue.dotted) findIpv4(plain, found);
  if (clues & clue.colons) findIpv6(plain, found);
  if (clues & clue.digits) {
    findCards(plain, found);
    findSsns(plain, found);
    findPhones(plain, found);
    if (expected.phone) findPhonesByKey(plain, found);
    if (expected.ssn) findNamedSsn(plain, 0, found);
  }
  return found;
}

function findSighted(text: string, sightings: readonly Sighting[], found: Found[]): void {
  let last: Found | undefined;
  let lastStart = -1;
  let jwtDone = 0;
  for (const { keyword, start, end } of sightings) {
    // What stands deep inside something found is masked with it; to look at it again, and again at what stands in
    // that, would make the work quadratic. (Of prefixes that begin at one place the longest knows best.)
    const isInside = last !== undefined && start >= last.start && start < last.end - overhangMax;
    if (isInside && start !== lastStart) continue;
    const before = found.length;
    switch (keyword.kind) {
      case "token":
        findToken(text, start, keyword.shape, found);
        break;
      case "jwt":
        if (start >= jwtDone) jwtDone = findJwt(text, start, found);
        break;
      case "pem":
        findPem(text, start, found);
        break;
      case "bearer":
        findBearer(text, start, end, found);
        break;
      case "basic":
        findBasic(text, start, end, found);
        break;
      case "query":
        findQueryValue(text, start, end, found);
        break;
      case "secret":
        findAssigned(text, keyword.word, start, end, found);
        break;
      case "phone":
        findNamedPhone(text, end, found);
        break;
      case "ssn":
        findNamedSsn(text, end, found);
        break;
    }
    if (found.length > before) {
      last = found[before];
      lastStart = start;
    }
  }
}

/** A word so close to the end of something found may belong to a value that reaches further. */
const overhangMax = 64;
