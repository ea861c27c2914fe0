/** How many places a pattern has once its repeats are counted out: what a text can cost for each of its characters. */

/**
 * At least as many as the engine has, for a pattern in RE2's syntax; never less than 1. Linear in the length.
 *
 * ```ts
 * import { patternSize } from "./pattern_size.ts";
 *
 * console.assert(patternSize("^[a-z]+$") === 3);
 * console.assert(patternSize("(?:ab{10}){3}") > 30);
 * ```
 */
export function patternSize(source: string): number {
  /** Of each open group: all before its last piece, and that piece, which a repeat behind it is about. */
  const groups: { before: number; last: number }[] = [];
  let before = 0;
  let last = 0;
  const add = (size: number) => {
    before += last;
    last = size;
  };
  for (let at = 0; at < source.length; at++) {
    switch (source[at]) {
      case "\\":
        // `\x{200b}` is one character; of every other escape the rest counts as what it looks like.
        if (source.startsWith("x{", at + 1)) at = endOf(source, at, "}");
        else at++;
        add(1);
        break;
      case "[":
        at = endOfClass(source, at);
        add(1);
        break;
      case "(":
        groups.push({ before, last });
        before = 0;
        last = 1;
        break;
      case ")": {
        const size = before + last;
        ({ before, last } = groups.pop() ?? { before, last: 0 });
        add(size);
        break;
      }
      case "{": {
        const times = /^\{(\d{1,9})(?:,(\d{0,9}))?\}/.exec(source.slice(at, at + repeatCharactersMax));
        if (times === null) {
          add(1);
          break;
        }
        last *= Math.max(1, Number(times[1]), Number(times[2] ?? 0));
        at += times[0].length - 1;
        break;
      }
      case "*":
      case "+":
      case "?":
        // A place for the choice is no more than what is repeated has.
        break;
      default:
        add(1);
    }
  }
  return Math.max(1, groups.reduce((sum, group) => sum + group.before + group.last, before + last));
}

/** `{`, twice nine digits, a comma and `}`. */
const repeatCharactersMax = 21;

function endOf(source: string, from: number, closing: string): number {
  const end = source.indexOf(closing, from);
  return end < 0 ? source.length : end;
}

/** Where a class ends; a `]` at its beginning is one of its characters. */
function endOfClass(source: string, from: number): number {
  let at = from + 1;
  if (source[at] === "^") at++;
  if (source[at] === "]") at++;
  for (; at < source.length && source[at] !== "]"; at++) if (source[at] === "\\") at++;
  return at;
}
