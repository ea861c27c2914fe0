/**
 * Free text as a server writes it on its standard error, line by line: masked, and harmless to the terminal that shows it.
 *
 * A line is masked as a whole or not shown: half a secret is known by no recogniser.
 */

import { stderrLookAheadCharacters } from "../limits.ts";
import { maskOf } from "./mask.ts";
import { PemLines } from "./pem_lines.ts";
import { expectNothing, findAll, maskText } from "./redact_text.ts";
import { dropControls, dropEscapes, visibleText } from "./terminal_text.ts";

/** Masks the lines of one stream in their order. */
export class LineMasker {
  readonly #pem = new PemLines();

  /**
   * The line (bytes without the line feed) as it may be shown; as several where it has carriage returns, since progress is
   * drawn with them, and text over text. Empty where nothing of it may be shown.
   *
   * ```ts
   * import { LineMasker } from "./mask_lines.ts";
   *
   * const line = new TextEncoder().encode("\x1b[31mtoken ghp_abcdefghijklmnopqrstuvwxyz0123456789\x1b[0m");
   * console.assert(new LineMasker().mask(line).join() === "token ‹github_token›");
   * ```
   */
  mask(line: Uint8Array): string[] {
    const text = decode(line);
    return this.#maskPieces((text.endsWith("\r") ? text.slice(0, -1) : text).split("\r"));
  }

  /**
   * A line of `bytes` in all, of which there is only the head: shown as far as a secret would have shown itself in what
   * follows, and only whole words of that.
   */
  maskHead(head: Uint8Array, bytes: number): string[] {
    const pieces = decode(head).split("\r");
    const last = dropEscapes(pieces.pop()!);
    const shown = this.#maskPieces(pieces);
    const cut = this.#pem.take(last) ?? "";
    this.#pem.skip();
    return [
      ...shown,
      `${visibleText(maskHidden(maskBeginning(cut)))}… (the beginning of a line of ${bytes} bytes)`,
    ];
  }

  /** Lines went by that are not shown. */
  skip(): void {
    this.#pem.skip();
  }

  #maskPieces(pieces: readonly string[]): string[] {
    const shown: string[] = [];
    for (const piece of pieces) {
      const text = this.#pem.take(dropEscapes(piece));
      if (text !== undefined) shown.push(visibleText(maskHidden(maskText(text, expectNothing).text)));
    }
    return shown;
  }
}

/**
 * `text`, masked already, as it reads without what a terminal does not show: a secret with a NUL in it, struck over, in
 * UTF-16, or with bytes that are no UTF-8 is one for every reader. As it stood where nothing more is found so.
 */
function maskHidden(text: string): string {
  if (!notShown.test(text)) return text;
  const bare = dropControls(text);
  const { text: masked, masks } = maskText(bare, expectNothing);
  return masks.size === 0 ? text : masked;
}

// deno-lint-ignore no-control-regex
const notShown = /[\0-\x08\x0a-\x1f\x7f-\x9f\ufffd]/;

/** Whole words of all but the last characters, which are there to be looked at only. */
function maskBeginning(text: string): string {
  const end = wordStart(text, Math.max(text.length - stderrLookAheadCharacters, 0));
  let shown = "";
  let copied = 0;
  for (const found of findAll(text, expectNothing)) {
    if (found.start >= end) break;
    shown += text.slice(copied, found.start) + maskOf(found.kind);
    copied = found.end;
  }
  return shown + text.slice(copied, Math.max(copied, end));
}

/** Where the word begins that a cut at `end` goes through, with the groups of digits before it: they may be one number. */
function wordStart(text: string, end: number): number {
  let start = text.lastIndexOf(" ", end - 1) + 1;
  while (start > 0) {
    const before = start < 2 ? 0 : text.lastIndexOf(" ", start - 2) + 1;
    if (!/\d/.test(text.slice(before, start))) break;
    start = before;
  }
  return start;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
