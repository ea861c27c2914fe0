/**
 * The words of a command line, if every shell finds the same: POSIX sh, bash, zsh, PowerShell and cmd, and a server that
 * splits at spaces and asks no shell at all. They agree on plain words with one space between, and on little else, so a
 * command with any other character has no reading.
 */

import { checkedTextCharactersMax, commandWordsMax } from "../../limits.ts";
import { isJsonArray, type JsonValue } from "../../wire/json_value.ts";

export type CommandReading =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "unknown"; readonly why: string };

/** Reads a command line, or a list of its words: servers join lists with spaces and give them to a shell. */
export function readCommand(value: JsonValue): CommandReading {
  if (typeof value === "string") {
    if (value === "") return unknown("it is empty");
    if (value.length > checkedTextCharactersMax) return unknown("it is too long");
    return readWords(value.split(" ", commandWordsMax + 1));
  }
  if (isJsonArray(value)) return readWords(value);
  return unknown("it is neither a text nor a list of texts");
}

function readWords(values: readonly JsonValue[]): CommandReading {
  if (values.length > commandWordsMax) return unknown("it has too many words");
  const words: string[] = [];
  for (const value of values) {
    if (typeof value !== "string") return unknown("one of its words is no text");
    if (value.length > checkedTextCharactersMax || !plainWord.test(value)) return unknown(explain(value));
    words.push(value);
  }
  return { kind: "words", words };
}

/**
 * - Not: quotes (cmd keeps ', splitters keep both), backslashes (a path in cmd, an escape elsewhere), `$` `` ` `` `%`
 *   (variables), `*?[]{}~` (expanded), `;&|<>()` and line ends (a second command), `!^#` (history, escape, comment),
 *   `,` (a list in PowerShell, a space in cmd), and nothing beyond ASCII (blanks of a locale, dashes and quotes that
 *   PowerShell takes for its own).
 * - `=` only in `--name=value`: in front it sets a variable, and zsh looks up what stands behind a leading one.
 * - `@` and `:` not in front: PowerShell takes the one for an array, cmd the other for a label.
 * - `.` and `:` not behind a single dash: PowerShell cuts `-a.b` in two.
 */
const plainWord = /^(?:[\w./+][\w./+:@-]*|-(?:[\w/+][\w/+@-]*)?|--(?:[A-Za-z0-9][\w-]*(?:=[\w./+:@-]*)?)?)$/;

function explain(word: string): string {
  if (word === "") return "a word of it is empty, or two spaces stand together";
  const [character] = /[^\w./+:@=-]/u.exec(word) ?? [];
  if (character === undefined) return "a word of it has a : @ . or = where shells read it differently";
  if (/^[!-~]$/.test(character)) return `it holds a ${character} which shells interpret`;
  if (character === " ") return "a word of it holds a space";
  return "it holds a character that shells may interpret";
}

function unknown(why: string): CommandReading {
  return { kind: "unknown", why };
}
