/** Counts what was masked, by place and kind. */

import { recordMaskedEntriesMax } from "../limits.ts";
import type { Masked, MaskKind } from "./mask.ts";

/** A path in a list of masks: enough to find the place, short enough that hostile keys do not fill the log. */
const pathCharactersMax = 128;
const stepCharactersMax = 48;

/** Shorter values are in every other word. */
const hiddenCharactersMin = 4;
/** More secrets than these under telling names are in no call that anyone makes. */
const hiddenValuesMax = 256;

export class MaskTally {
  /** Made when there is something to count: most records mask nothing. */
  #entries: Map<string, { kind: MaskKind; path: string; count: number }> | undefined;

  #count = 0;

  /** Values that were masked for the name they stand under: by themselves they look like nothing. */
  #hidden: Set<string> | undefined;

  /** `value` was masked whole; it must not be seen in another place of the same record either. */
  hide(value: string): void {
    if (value.length < hiddenCharactersMin) return;
    const hidden = this.#hidden ??= new Set();
    if (hidden.size < hiddenValuesMax) hidden.add(value);
  }

  get hidesAny(): boolean {
    return this.#hidden !== undefined;
  }

  /** The longest first, so that one that begins with another goes as a whole. */
  get hidden(): readonly string[] {
    return this.#hidden === undefined ? [] : [...this.#hidden].sort((a, b) => b.length - a.length);
  }

  add(kind: MaskKind, path: string, count: number): void {
    this.#count += count;
    const entries = this.#entries ??= new Map();
    let place = cut(path, pathCharactersMax);
    // Past the bound the places are given up, never the counts.
    if (entries.size >= recordMaskedEntriesMax && !entries.has(`${kind} ${place}`)) place = "…";
    const key = `${kind} ${place}`;
    const entry = entries.get(key);
    if (entry !== undefined) entry.count += count;
    else entries.set(key, { kind, path: place, count });
  }

  /** How many were masked, at all places. */
  get count(): number {
    return this.#count;
  }

  list(): readonly Masked[] {
    return [...this.#entries?.values() ?? []];
  }
}

/** One step of a JSON pointer (RFC 6901 §3), cut where it is long. */
export function pointerStep(key: string): string {
  const short = cut(key, stepCharactersMax);
  if (!/[~/]/.test(short)) return "/" + short;
  return "/" + short.replaceAll("~", "~0").replaceAll("/", "~1");
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : text.slice(0, charactersMax) + "…";
}
