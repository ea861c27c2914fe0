/** Texts from outside on their way into a record: masked, bounded, quoted. */

import { recordListEntriesMax, recordTextCharactersMax } from "../limits.ts";
import { dropCutWords } from "./cut_words.ts";
import { maskOf } from "./mask.ts";
import { MaskTally } from "./mask_tally.ts";
import { redactJsonText } from "./redact.ts";
import { isSecretOption } from "./redact_json.ts";
import { expectNothing, findAll, maskText } from "./redact_text.ts";
import type { JsonSpan } from "./record_body.ts";

/**
 * How far behind the bound a text is still looked at: a secret that begins before it must be seen for what it is even
 * if its end is cut off.
 */
const lookAheadCharacters = 512;

/**
 * Texts in which nothing was found to mask, with their quoted form: names of methods, tools and rules come again with
 * every message. It holds nothing that the log does not hold, and changes no result.
 */
const harmless = new Map<string, string>();
const harmlessTextsMax = 512;
const harmlessCharactersMax = 128;

function remember(text: string, quoted: string): void {
  if (text.length > harmlessCharactersMax) return;
  if (harmless.size >= harmlessTextsMax) harmless.clear();
  // A string of its own: a slice would keep the text alive that it was cut from.
  harmless.set(JSON.parse(quoted), quoted);
}

/** `ignoreBOM`: what stands in a message stands in its record. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** An id as most clients count them: shorter than any number that is masked by itself. */
const counter = /^[0-9]{1,11}$/;

export class RecordText {
  readonly #tally: MaskTally;

  /** What is masked is counted in `tally`. */
  constructor(tally: MaskTally) {
    this.#tally = tally;
  }

  /** Whether nothing was masked so far, here or elsewhere in the record, and nothing is to be hidden in what follows. */
  get isUntouched(): boolean {
    return this.#tally.count === 0 && !this.#tally.hidesAny;
  }

  /** `text` as a JSON string. `path`: where in the record it stands, for the list of masks. */
  quote(text: string, path: string): string {
    const known = harmless.get(text);
    if (known !== undefined) return known;
    const shown = this.#show(text, path);
    const quoted = JSON.stringify(shown);
    if (shown === text) remember(text, quoted);
    return quoted;
  }

  /** A sentence of ours that quotes from the message: what it cut short is left out. */
  quoteSentence(sentence: string, path: string): string {
    return this.quote(this.#hide(dropCutWords(sentence), path), path);
  }

  /** A text of the message's arguments that stands in the record once more, without the names that tell what it is. */
  quoteAgain(text: string, path: string): string {
    return this.quote(this.#hide(text, path), path);
  }

  /** `text` without the values that were masked elsewhere for their names. */
  #hide(text: string, path: string): string {
    let shown = text;
    for (const value of this.#tally.hidden) {
      const pieces = shown.split(value);
      if (pieces.length === 1) continue;
      this.#tally.add("secret", path, pieces.length - 1);
      shown = pieces.join(maskOf("secret"));
    }
    return shown;
  }

  #show(text: string, path: string): string {
    if (text.length > recordTextCharactersMax) return this.#cut(text, path);
    const { text: shown, masks } = maskText(text, expectNothing);
    for (const [kind, count] of masks) this.#tally.add(kind, path, count);
    return shown;
  }

  /** The beginning of a long text, and how long it was. */
  #cut(text: string, path: string): string {
    const seen = text.slice(0, recordTextCharactersMax + lookAheadCharacters);
    let shown = "";
    let copied = 0;
    for (const { start, end, kind } of findAll(seen, expectNothing)) {
      if (start >= recordTextCharactersMax) break;
      shown += seen.slice(copied, start) + maskOf(kind);
      copied = end;
      this.#tally.add(kind, path, 1);
    }
    shown += seen.slice(copied, Math.max(copied, recordTextCharactersMax));
    return `${shown}… (${text.length} characters)`;
  }

  /** A JSON array of strings. */
  quoteList(texts: readonly string[], path: string): string {
    return this.list(texts, path, (text, itsPath) => this.quote(text, itsPath));
  }

  /** The words of a command line, where a secret may stand behind the option that names it. */
  quoteCommandLine(words: readonly string[], path: string): string {
    let isSecret = false;
    return this.list(words, path, (word, itsPath) => {
      const quoted = isSecret ? this.#quoteSecret(itsPath) : this.quote(word, itsPath);
      isSecret = isSecretOption(word);
      return quoted;
    });
  }

  #quoteSecret(path: string): string {
    this.#tally.add("secret", path, 1);
    return JSON.stringify(maskOf("secret"));
  }

  /** A JSON array of what `write` makes of each entry; where they are too many, a string says how many more there were. */
  list<T>(entries: readonly T[], path: string, write: (entry: T, path: string) => string): string {
    const written = entries.slice(0, recordListEntriesMax).map((entry, i) => write(entry, `${path}/${i}`));
    const more = entries.length - written.length;
    if (more > 0) written.push(JSON.stringify(`… and ${more} more`));
    return "[" + written.join(",") + "]";
  }

  /** Validated JSON, as it is but for what is masked. */
  embedSpan({ bytes, start, end, source }: JsonSpan, path: string): string {
    return redactJsonText(source ?? decoder.decode(bytes.subarray(start, end)), path, this.#tally);
  }

  /** Reads what stands under telling names in JSON that is not recorded itself, so that it stays out of the rest. */
  hideSpan({ bytes, start, end }: JsonSpan): void {
    const unrecorded = new MaskTally();
    redactJsonText(decoder.decode(bytes.subarray(start, end)), "", unrecorded);
    for (const value of unrecorded.hidden) this.#tally.hide(value);
  }

  /** The JSON text of an id: a string, a number or null. */
  embedId(source: string): string {
    if (counter.test(source)) return source;
    if (source.length <= recordTextCharactersMax) return redactJsonText(source, "/id", this.#tally);
    const id: unknown = JSON.parse(source);
    return this.quote(typeof id === "string" ? id : source, "/id");
  }
}
