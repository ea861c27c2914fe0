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
    const one = run.length === 3 ? decodeOne(run) : decodeRun(run);
    if (one === undefined) sound = false;
    return one ?? decodeLoosely(run);
  });
  return { text: decoded, sound };
}
const escapes = /(?:%[0-9A-Fa-f]{2})+/g;

// Not by decodeURIComponent(), which throws at what is no UTF-8: at millions of such runs that takes half a minute.

/** The one character of a single escape; undefined where it is none of ASCII. */
function decodeOne(escape: string): string | undefined {
  const byte = byteOf(escape, 0);
  return byte < 0x80 ? String.fromCharCode(byte) : undefined;
}

/** The characters of several escapes; undefined where they are no UTF-8. */
function decodeRun(run: string): string | undefined {
  const decoded = decodeLoosely(run);
  // U+FFFD may stand for itself.
  return decoded.includes("\ufffd") && !isSpeltBy(decoded, run) ? undefined : decoded;
}

/** Whether a text in UTF-8 has just the bytes that a run of escapes stands for. */
function isSpeltBy(text: string, run: string): boolean {
  const bytes = encoder.encode(text);
  return bytes.length * 3 === run.length && bytes.every((byte, index) => byte === byteOf(run, index));
}
const encoder = new TextEncoder();

/** As lenient decoders do: what is no UTF-8 becomes U+FFFD. */
function decodeLoosely(run: string): string {
  if (run.length === 3) return decodeOne(run) ?? "\ufffd";
  const bytes = new Uint8Array(run.length / 3);
  for (let index = 0; index < bytes.length; index++) bytes[index] = byteOf(run, index);
  return looseDecoder.decode(bytes);
}

/** The byte that an escape of a run stands for. */
function byteOf(run: string, index: number): number {
  return hexDigit(run.charCodeAt(index * 3 + 1)) << 4 | hexDigit(run.charCodeAt(index * 3 + 2));
}

/** The value of a character that is known to be a hexadecimal digit: `9` is 0x39, `A` 0x41, `a` 0x61. */
function hexDigit(unit: number): number {
  return unit <= 0x39 ? unit - 0x30 : (unit & 0x5f) - 0x37;
}

const looseDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Every reading of a text that a deny or limit rule looks at: as it stands, percent-decoded, in NFC and in NFKC, each of
 * these up to its first NUL, where a C library stops reading, and without what stands around it (`" delete"` is `delete`
 * to many servers). Undefined where normalizing would take too long.
 */
export function textReadings(text: string): readonly string[] | undefined {
  if (isAscii(text) && !text.includes("%") && !text.includes("\0")) {
    const bare = stripSpelling(text);
    return bare === text || bare === "" ? [text] : [text, bare];
  }
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
  for (const reading of [...readings]) {
    const bare = stripSpelling(reading);
    if (bare !== "") readings.add(bare);
  }
  return [...readings];
}

/**
 * Texts, and each with its letters and marks put together and taken apart (NFC, NFD): some servers look for a file under
 * these names too (server-filesystem does), and so do some file systems. Undefined where it would take too long.
 */
export function canonicalForms(texts: readonly string[]): readonly string[] | undefined {
  if (texts.every(isAscii)) return texts;
  if (!texts.every(canNormalize)) return undefined;
  return [...new Set(texts.flatMap((text) => [text, text.normalize("NFC"), text.normalize("NFD")]))];
}

/** A text as a server takes it that trims and unquotes. */
export function stripSpelling(text: string): string {
  if (!mayStrip(text)) return text;
  return text.trim().replace(/^["']|["']$/g, "").trim();
}

/** Whether it begins or ends with white space or a quote: told at once of nearly all texts. */
function mayStrip(text: string): boolean {
  return text !== "" && (isAround(text.charCodeAt(0)) || isAround(text.charCodeAt(text.length - 1)));
}

/** All white space beyond ASCII, and more. */
function isAround(unit: number): boolean {
  return unit <= 0x22 || unit === 0x27 || unit >= 0x80;
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
