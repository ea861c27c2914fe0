/**
 * Texts beyond 64 KiB, and events late in long ones. Scanners read long strings in steps of many bytes and change pace
 * at lengths like these: what they do in the middle of a run, they must do at its end and behind it too.
 */

import { accepted, type JsonCase, raw, rejected } from "./case.ts";

const KiB = 1024;
const asLong = "RFC 8259 §7 has no bound";

/** Around where a chunk, a block or a step could end. */
const lengths = [4 * KiB - 1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 70_001];

/** What may stand behind a long run, and what becomes of it. */
const events: readonly (readonly [
  name: string,
  text: string,
  ours: "accept" | "control_character" | "utf8" | "syntax" | "stray_cr",
])[] = [
  ["an escape", "\\n", "accept"],
  ["an escaped quote", '\\"', "accept"],
  ["two bytes of UTF-8", "\xc3\xa9", "accept"],
  ["four bytes of UTF-8", "\xf0\x9f\x98\x80", "accept"],
  ["a delete character", "\x7f", "accept"],
  ["a NUL", "\0", "control_character"],
  ["a unit separator", "\x1f", "control_character"],
  ["a line feed", "\n", "control_character"],
  ["a carriage return", "\r", "stray_cr"],
  ["a continuation byte alone", "\x80", "utf8"],
  ["a surrogate in UTF-8", "\xed\xa0\x80", "utf8"],
  ["a bad escape", "\\q", "syntax"],
];

const afterRuns = lengths.flatMap((length) =>
  events.map(([name, text, ours]): JsonCase => {
    const bytes = raw(`["${"x".repeat(length)}${text}yz"]`);
    const sentence = `${name} behind a run of ${length} bytes`;
    return ours === "accept"
      ? accepted(sentence, bytes, asLong)
      : rejected(sentence, bytes, ours, "as behind a short one: RFC 8259 §7, RFC 3629 §3");
  })
);

/** The same at every place of a step of 64 bytes: where a wide register ends must make no difference. */
const insideSteps = Array.from({ length: 64 }, (_, i) => [
  rejected(
    `a control character ${i} bytes into a step behind 64 KiB`,
    `"${"x".repeat(64 * KiB + i)}\x01${"x".repeat(70)}"`,
    "control_character",
    "RFC 8259 §7",
  ),
  accepted(
    `an escape ${i} bytes into a step behind 64 KiB`,
    `"${"x".repeat(64 * KiB + i)}\\\\${"x".repeat(70)}"`,
    asLong,
  ),
]).flat();

export const long: readonly JsonCase[] = [
  ...afterRuns,
  ...insideSteps,
  accepted("70,000 characters of two bytes each", `"${"é".repeat(70_000)}"`, asLong),
  accepted("70,000 characters of three bytes each", `"${"€".repeat(70_000)}"`, asLong),
  accepted("70,000 characters of four bytes each", `"${"😀".repeat(70_000)}"`, asLong),
  accepted("seventy thousand escapes", `"${"\\u0041".repeat(70_000)}"`, asLong),
  accepted("a megabyte of base64", `{"data":"${"QUJDRA+/".repeat(128 * KiB)}"}`, asLong),
  accepted("a key of 70,000 bytes", `{"${"k".repeat(70_000)}":1}`, "RFC 8259 §4: a key is any string"),
  accepted("70,000 spaces between tokens", `[1,${" ".repeat(70_000)}2]`, "RFC 8259 §2"),
  accepted("a number of 70,000 digits", `[${"7".repeat(70_000)}]`, "RFC 8259 §6 has no bound"),
  accepted(
    "an array of 20,000 objects",
    `[${Array(20_000).fill('{"a":[1,true,null,"x"]}').join(",")}]`,
    "RFC 8259 §5",
  ),
  rejected(
    "70,000 bytes of a string that is not closed",
    `"${"x".repeat(70_000)}`,
    "unfinished",
    "a cut message",
  ),
  rejected("70,000 spaces and nothing else", " ".repeat(70_000), "empty", "RFC 8259 §2"),
  rejected("a second value behind 64 KiB", `"${"x".repeat(64 * KiB)}" 1`, "trailing", "RFC 8259 §2"),
  rejected("a comma too many behind 64 KiB", `["${"x".repeat(64 * KiB)}",]`, "syntax", "RFC 8259 §5"),
  rejected(
    "three bytes of UTF-8 cut behind 64 KiB",
    raw(`"${"x".repeat(64 * KiB)}\xe2\x82`),
    "utf8",
    "a cut message",
  ),
];
