/** Patterns of ECMA-262, as schemas have them, for an engine that runs in linear time. */

import { schemaPatternCharactersMax } from "../../limits.ts";

/** Characters of which `\s` and `.` of the two engines, or one that reads half characters, say different things. */
export const readDifferently =
  // deno-lint-ignore no-control-regex
  /[\r\u000b\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff\ud800-\udfff]/;

/**
 * The same pattern in RE2's syntax; undefined where it says something else there, or where the engines could differ.
 * Look-around and references back are refused by the engine itself.
 */
export function translatePattern(source: string): string | undefined {
  if (source.length > schemaPatternCharactersMax || /[^\x20-\x7e\t\n]/.test(source)) return undefined;
  let translated = "";
  for (let at = 0; at < source.length; at++) {
    const character = source[at];
    if (character === "\\") {
      const letter = source[++at] ?? "";
      if (letter === "u") {
        const hex = /^[0-9a-fA-F]{4}/.exec(source.slice(at + 1))?.[0];
        if (hex === undefined || /^[dD][89a-fA-F]/.test(hex)) return undefined;
        translated += `\\x{${hex}}`;
        at += 4;
      } else if (letter === "x") {
        const hex = /^[0-9a-fA-F]{2}/.exec(source.slice(at + 1))?.[0];
        if (hex === undefined) return undefined;
        translated += `\\x{${hex}}`;
        at += 2;
      } else if (letter === "" || (/[A-Za-z0-9]/.test(letter) && !"dDwWsSbBnrtfv".includes(letter))) {
        return undefined;
      } else {
        translated += character + letter;
      }
      continue;
    }
    if (
      character === "(" && source[at + 1] === "?" && !/^\(\?(?::|<[A-Za-z_])/.test(source.slice(at, at + 4))
    ) {
      return undefined;
    }
    // `[]` and `[^]` are classes in ECMA-262, `[:` begins one in RE2.
    if (character === "[" && /^\[(?:\^?\]|[^\]]*\[)/.test(source.slice(at))) return undefined;
    translated += character;
  }
  return translated;
}
