/** Strings: raw characters, escapes, control characters. RFC 8259 §7. */

import { accepted, type JsonCase, raw, rejected } from "./case.ts";

const hex = (c: number) => c.toString(16).padStart(2, "0");

/** Every control character but the carriage return, which has its own cases. */
const controlCharacters = Array.from({ length: 0x20 }, (_, c) => c).filter((c) => c !== 0x0d);

export const strings: readonly JsonCase[] = [
  accepted("every ASCII character that needs no escape", JSON.stringify(printable()), "RFC 8259 §7"),
  accepted("a raw delete character", '"\x7f"', "RFC 8259 §7: only U+0000 to U+001F must be escaped"),
  accepted("raw line separators", '"\u2028\u2029\u0085"', "RFC 8259 §7; JavaScript before 2019 split there"),
  accepted("a raw byte order mark inside a string", '"\ufeff"', "RFC 8259 §7"),
  accepted("every short escape", '"\\"\\\\\\/\\b\\f\\n\\r\\t"', "RFC 8259 §7"),
  accepted("escapes by number, both cases of digits", '"\\u0041\\u00e9\\uABCD\\uabcd\\u0000"', "RFC 8259 §7"),
  accepted("an escaped pair of surrogates", '"\\ud83d\\ude00 \\uD83D\\uDE00"', "RFC 8259 §7"),
  accepted("brackets, commas and colons inside a string", '["{[,:]}"]', "RFC 8259 §7"),
  accepted("an escaped backslash before the closing quote", '"\\\\"', "RFC 8259 §7"),
  accepted("escapes in a key", '{"\\u0061\\n":1}', "RFC 8259 §7: keys are strings"),
  ...plainRuns(),

  rejected("a string that is not closed", '"abc', "unfinished", "a cut message"),
  rejected("a string cut behind a backslash", '"\\', "unfinished", "a cut message"),
  rejected("a string whose closing quote is escaped", '"\\"', "unfinished", "a cut message"),
  rejected("a string cut inside an escape by number", '"\\u00', "syntax", "RFC 8259 §7"),
  rejected("an escape by number with three digits", '"\\u004"', "syntax", "RFC 8259 §7"),
  rejected("an escape by number with a letter beyond F", '"\\u004g"', "syntax", "RFC 8259 §7"),
  rejected("an escape by number with a sign", '"\\u-041"', "syntax", "lenient number readers take it"),
  rejected("an escape by number with a space", '"\\u 041"', "syntax", "lenient number readers take it"),
  rejected("an escape by number in braces", '"\\u{41}"', "syntax", "JavaScript, not JSON"),
  rejected("an escape with a capital U", '"\\U0041"', "syntax", "RFC 8259 §7"),
  rejected("an escape by hexadecimal", '"\\x41"', "syntax", "JavaScript, not JSON"),
  rejected("an escaped zero", '"\\0"', "syntax", "JavaScript, not JSON"),
  rejected("an escaped single quote", '"\\\'"', "syntax", "JavaScript, not JSON"),
  rejected("an escaped vertical tab", '"\\v"', "syntax", "JavaScript, not JSON"),
  rejected("an escaped bell", '"\\a"', "syntax", "C, not JSON"),
  rejected("an escaped capital N", '"\\N"', "syntax", "RFC 8259 §7"),
  rejected("an escaped line feed", '"\\\n"', "syntax", "JavaScript joins the lines"),
  rejected("an escape of a raw byte", raw('"\\\xff"'), "syntax", "RFC 8259 §7"),
  rejected("single quotes", "'a'", "syntax", "JSON5, not JSON"),
  rejected("a bad escape in a key", '{"\\q":1}', "syntax", "RFC 8259 §7: keys are strings"),
  ...controlCharacters.map((c) =>
    rejected(
      `a raw control character 0x${hex(c)} in a string`,
      `"a${String.fromCharCode(c)}b"`,
      "control_character",
      "RFC 8259 §7",
    )
  ),
  rejected(
    "a raw control character behind a long plain run",
    `"${"x".repeat(700)}\x01"`,
    "control_character",
    "§7",
  ),
  rejected("a raw line feed in a key", '{"a\n":1}', "control_character", "RFC 8259 §7"),
];

function printable(): string {
  return Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).join("");
}

/** The scanner reads plain runs in steps of four and eight bytes and changes pace at 256: every end of a run near them. */
function plainRuns(): JsonCase[] {
  const lengths = [
    ...Array(20).keys(),
    ...Array.from({ length: 20 }, (_, i) => 250 + i),
    511,
    512,
    513,
    4096,
  ];
  return lengths.flatMap((length) => [
    accepted(`a plain run of ${length} bytes`, `["${"x".repeat(length)}"]`, "RFC 8259 §7"),
    accepted(`a run of ${length} bytes before an escape`, `["${"x".repeat(length)}\\n"]`, "RFC 8259 §7"),
    rejected(
      `a tab behind ${length} plain bytes`,
      `["${"x".repeat(length)}\t${"x".repeat(9)}"]`,
      "control_character",
      "RFC 8259 §7",
    ),
    rejected(`a cut behind ${length} plain bytes`, `"${"x".repeat(length)}`, "unfinished", "a cut message"),
  ]);
}
