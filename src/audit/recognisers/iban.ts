/** International bank account numbers: ISO 13616, with the lengths of SWIFT's IBAN registry (and of those who copy it). */

import { beginsWord, isAlphanumeric, isDigit, isLetter } from "./characters.ts";
import type { Found } from "./found.ts";
import { isInUuid } from "./uuid.ts";

const lengths = new Map<string, number>(
  ("AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 CR22 CV25 " +
    "CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GQ27 GR27 GT28 " +
    "GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MA28 " +
    "MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 " +
    "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 " +
    "YE30").split(" ").map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Whether an IBAN may begin at `at`: a country that has them and two check digits, at the beginning of a word. */
export function beginsIban(text: string, at: number): boolean {
  return isDigit(text.charCodeAt(at + 2)) && isDigit(text.charCodeAt(at + 3)) &&
    isLetter(text.charCodeAt(at)) && isLetter(text.charCodeAt(at + 1)) &&
    beginsWord(text, at) && lengths.has(text.slice(at, at + 2).toUpperCase());
}

export function findIbans(text: string, found: Found[]): void {
  for (let i = 0; i + 4 <= text.length; i++) {
    if (!beginsIban(text, i)) continue;
    const end = ibanEnd(text, i);
    if (end === undefined || isInUuid(text, i)) continue;
    found.push({ start: i, end, kind: "iban" });
    i = end - 1;
  }
}

/**
 * Where the number that begins at `start` ends. The country says how long it is, so that the words behind it are never
 * taken for a part of it.
 */
function ibanEnd(text: string, start: number): number | undefined {
  const length = lengths.get(text.slice(start, start + 2).toUpperCase())!;
  let characters = "";
  let at = start;
  for (; characters.length < length; at++) {
    const c = text.charCodeAt(at);
    if (isAlphanumeric(c)) characters += text[at];
    else if (!isSeparator(c) || isSeparator(text.charCodeAt(at - 1))) return undefined;
  }
  if (isAlphanumeric(text.charCodeAt(at))) return undefined;
  const upper = characters.toUpperCase();
  // All of one case: `AT20 then some words` spells no number.
  if (characters !== upper && characters !== characters.toLowerCase()) return undefined;
  return remainder97(upper.slice(4) + upper.slice(0, 4)) === 1 ? at : undefined;
}

/** The remainder of the number that the characters spell when A is 10 and Z is 35: ISO/IEC 7064, MOD 97-10. */
function remainder97(characters: string): number {
  let remainder = 0;
  for (let i = 0; i < characters.length; i++) {
    const value = parseInt(characters[i], 36);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder;
}

function isSeparator(c: number): boolean {
  return c === 0x20 || c === 0x2d || c === 0x2e || c === 0xa0;
}
