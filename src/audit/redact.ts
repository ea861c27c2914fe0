/**
 * Masks personal data and secrets before anything is written: e-mail addresses, telephone, card and account numbers,
 * US social security numbers, IP addresses, credentials in URLs, PEM blocks, tokens of the common issuers, and values
 * under telling names.
 *
 * It finds what has a shape. A name, an address or a password in the middle of a sentence has none.
 */

import { clue, findClues, weakClues } from "./clues.ts";
import { dropCutWords } from "./cut_words.ts";
import type { Masked } from "./mask.ts";
import { MaskTally } from "./mask_tally.ts";
import { maskJson } from "./redact_json.ts";
import { expectNothing, maskText } from "./redact_text.ts";

export { type Masked, type MaskKind, maskKinds } from "./mask.ts";

/**
 * `text` with everything masked that is found in it, and what that was. Work grows with the length of the text and
 * nothing else.
 *
 * ```ts
 * import { redactText } from "./redact.ts";
 *
 * const { text, masked } = redactText("write to ada@example.com");
 * console.assert(text === "write to ‹email›");
 * console.assert(masked[0].kind === "email");
 * ```
 */
export function redactText(text: string): { readonly text: string; readonly masked: readonly Masked[] } {
  const { text: shown, masks } = maskText(text, expectNothing);
  if (masks.size === 0) return { text: shown, masked: nothingMasked };
  return { text: shown, masked: [...masks].map(([kind, count]) => ({ kind, path: "", count })) };
}

/**
 * {@linkcode redactText} for a sentence of ours that quotes a text from outside. Where the quotation was cut (`…"`,
 * `" …`), the word that the cut went through is left out: half a secret is known by no recogniser.
 */
export function redactSentence(sentence: string): string {
  return redactText(dropCutWords(sentence)).text;
}

const nothingMasked: readonly Masked[] = [];

/**
 * The JSON value at `bytes[start, end)`, which must be valid, as text on one line, masked; and what was masked where.
 * A value in which nothing is found comes back exactly as it stands there.
 *
 * ```ts
 * import { redactJson } from "./redact.ts";
 *
 * const bytes = new TextEncoder().encode('{"to":"ada@example.com","amount":1.50}');
 * const { json, masked } = redactJson(bytes, 0, bytes.length);
 * console.assert(json === '{"to":"‹email›","amount":1.50}');
 * console.assert(masked[0].path === "/to");
 * ```
 */
export function redactJson(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly json: string; readonly masked: readonly Masked[] } {
  const tally = new MaskTally();
  const json = redactJsonText(decoder.decode(bytes.subarray(start, end)), "", tally);
  return { json, masked: tally.count === 0 ? nothingMasked : tally.list() };
}

/** `ignoreBOM`: a byte order mark inside a span would be an error of ours, not something to drop. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The same for a JSON text; what was masked is added to `tally`, its places behind `path`. */
export function redactJsonText(text: string, path: string, tally: MaskTally): string {
  const clues = findClues(text, "json");
  if ((clues & ~weakClues) === 0) return text;
  const before = tally.count;
  const masked = maskJson(text, path, tally);
  return tally.count === before && (clues & clue.lineBreak) === 0 ? text : masked;
}
