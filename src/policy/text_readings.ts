/**
 * The ways in which a server could read a text that an agent wrote. Allow takes a text as it stands; deny looks at all
 * of these, because the server behind us may decode, normalise or ignore case before it acts.
 */

import { combiningMarksMax, percentDecodesMax } from "../limits.ts";

/** A text and what repeated percent-decoding makes of it. */
export interface Decodings {
  /** The text itself first, then each further round, without repetitions. */
  readonly texts: readonly string[];
  /** False where more rounds would go on, or bytes were no UTF-8: then nobody can say what a server will see. */
  readonly sound: boolean;
}

/** A text percent-decoded, up to {@linkcode percentDecodesMax} times. A `%` that begins no escape stays. */
export function percentDecodings(text: string): Decodings {
  if (!text.includes("%")) return { texts: [text], sound: true };
  const texts = [text];
  let sound = true;
  let last = text;
  for (let round = 0; round <= percentDecodesMax; round++) {
    const next = percentDecode(last);
    if (!next.sound) sound = false;
    if (next.text === last) return { texts, sound };
    if (round === percentDecodesMax) return { texts, sound: false };
    texts.push(next.text);
    last = next.text;
  }
  return { texts, sound };
}

function percentDecode(text: string): { readonly text: string; readonly sound: boolean } {
  let sound = true;
  const decoded = text.replace(escapes, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      sound = false;
      return decodeLoosely(run);
    }
  });
  return { text: decoded, sound };
}
const escapes = /(?:%[0-9A-Fa-f]{2})+/g;

/** As lenient decoders do: what is no UTF-8 becomes U+FFFD. */
function decodeLoosely(run: string): string {
  const bytes = new Uint8Array(run.length / 3);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(run.slice(index * 3 + 1, index * 3 + 3), 16);
  }
  return looseDecoder.decode(bytes);
}
const looseDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Every reading of a text that a deny or limit rule looks at: as it stands, percent-decoded, in NFC and in NFKC, and
 * each of these up to its first NUL, where a C library stops reading. Undefined where normalizing would take too long.
 */
export function textReadings(text: string): readonly string[] | undefined {
  if (isAscii(text) && !text.includes("%") && !text.includes("\0")) return [text];
  const readings = new Set<string>();
  // NFKC makes % of the full-width percent sign, so it may come before the decoding as well as after it.
  if (!canNormalize(text)) return undefined;
  for (const start of [text, text.normalize("NFKC")]) {
    for (const decoded of percentDecodings(start).texts) {
      if (!canNormalize(decoded)) return undefined;
      readings.add(decoded).add(decoded.normalize("NFC")).add(decoded.normalize("NFKC"));
    }
  }
  for (const reading of [...readings]) readings.add(upToNul(reading));
  return [...readings];
}

/** A text as a reader of C strings sees it. */
export function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** A text as a comparison without regard to case and Unicode spelling sees it. */
export function foldText(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  // Such a text stays unlike every text without that many marks, however it is folded.
  if (!canNormalize(text)) return text.toUpperCase().toLowerCase();
  // Upper before lower: ß and SS, ς and σ, ı and i become the same. NFKC maps U+017F to s and U+212A to K.
  return text.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

/**
 * The name of an argument as the most lenient decoder compares it: Go ignores case (CVE-2026-27896), C++ readers have
 * stopped at a NUL (GHSA-q382-vc8q-7jhj), Python's identifiers are in NFKC.
 */
export function foldArgumentName(name: string): string {
  return foldText(upToNul(name));
}

/**
 * Whether a text can be normalized in linear time: combining marks behind one character are sorted, which takes time
 * with the square of their number. No language needs more than 30 (UAX #15, Stream-Safe Text).
 */
function canNormalize(text: string): boolean {
  return !tooManyMarks.test(text);
}
/** The halfwidth sound marks of Katakana are letters until NFKC makes marks of them. */
const tooManyMarks = new RegExp(`[\\p{M}\\uff9e\\uff9f]{${combiningMarksMax + 1}}`, "u");

function isAscii(text: string): boolean {
  return !beyondAscii.test(text);
}
// deno-lint-ignore no-control-regex -- the class is all of ASCII, NUL included
const beyondAscii = /[^\x00-\x7f]/;
