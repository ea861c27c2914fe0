/** Small words for sentences that people and models read: bounded, and unable to break out of the line they stand in. */

import { quotedCharactersMax, recordTextCharactersMax } from "../limits.ts";
import type { Operation } from "../mcp/operation.ts";

/** A text from outside in double quotes: cut, and with every invisible or direction-changing character spelt out. */
export function quote(text: string): string {
  return `"${escape(cut(text, quotedCharactersMax))}"`;
}

/** A sentence as it may stand in a record and in a reply. */
export function boundSentence(sentence: string): string {
  return cut(sentence, recordTextCharactersMax);
}

/** What an operation is aimed at: `tool "write_file"`. */
export function nameTarget(operation: Operation): string {
  return `${operation.target} ${quote(operation.name)}`;
}

/** At most `charactersMax` UTF-16 code units, with an ellipsis as the last where something was cut; pairs stay whole. */
function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const end = isHighSurrogate(text.charCodeAt(charactersMax - 2)) ? charactersMax - 2 : charactersMax - 1;
  return `${text.slice(0, end)}…`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** \p{C}: controls, format characters (bidi, zero-width), lone surrogates, unassigned; \p{Z} but the space: line ends. */
function escape(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(
    unprintable,
    (character) =>
      character === '"' || character === "\\"
        ? `\\${character}`
        : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
const plain = /^[\w .:/*-]*$/;
const unprintable = /["\\]|\p{C}|(?! )\p{Z}/gu;

/** `text` with everything that `hidden` (a pattern with the flag g) matches as JSON spells it: `\u200b`. */
export function spellOut(text: string, hidden: RegExp): string {
  return text.replaceAll(
    hidden,
    (found) =>
      Array.from(
        { length: found.length },
        (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
