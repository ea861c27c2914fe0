/** Small changes to a text, such as turn something in order into something almost in order. */

import { jsonSeeds } from "../corpus/json/all.ts";
import type { Random } from "./random.ts";

const tokens: readonly Uint8Array[] = [
  ...'{ } [ ] , : " \\ 0 -1 1.5 1e5 true false null {} [] "" "a":1 ,"a":2 {"a":1} \\n \\u0061 \\ud83d \\ude00 \\ud83d\\ude00 é 😀'
    .split(" "),
  " ",
  "\t",
  "\n",
  "\r",
  "\r\n",
  "\0",
  "\ufeff",
  "[".repeat(20),
  "]".repeat(20),
  "[".repeat(120),
  "x".repeat(7),
  "x".repeat(255),
  "x".repeat(300),
  `"${"y".repeat(300)}"`,
  `{${Array.from({ length: 12 }, (_, i) => `"k${i}":${i}`).join(",")}}`,
].map((token) => new TextEncoder().encode(token));

export type Change = (text: Uint8Array, random: Random) => Uint8Array;

/** What can be done to a text; each gives a new one. */
export const changesOfText: readonly Change[] = [
  function flipBit(text, random) {
    if (text.length === 0) return text;
    const changed = text.slice();
    changed[random.below(text.length)] ^= 1 << random.below(8);
    return changed;
  },
  function setByte(text, random) {
    if (text.length === 0) return text;
    const changed = text.slice();
    changed[random.below(text.length)] = random.below(256);
    return changed;
  },
  function insertToken(text, random) {
    const at = random.below(text.length + 1);
    return replace(text, at, at, random.pick(tokens));
  },
  function replaceByToken(text, random) {
    const start = random.below(text.length + 1);
    return replace(text, start, Math.min(text.length, start + random.below(8)), random.pick(tokens));
  },
  function removeSome(text, random) {
    const start = random.below(text.length + 1);
    return replace(text, start, Math.min(text.length, start + 1 + random.below(8)), new Uint8Array(0));
  },
  function repeatSome(text, random) {
    const start = random.below(text.length + 1);
    const end = Math.min(text.length, start + random.below(40));
    return replace(text, end, end, text.subarray(start, end));
  },
  function cutEnd(text, random) {
    return text.slice(0, random.below(text.length + 1));
  },
  function nestInside(text, random) {
    return wrap(
      text,
      random.pick([["[", "]"], ['{"a":', "}"], ['{"params":{"a":', ',"a":0}}'], [" ", "\r"]]),
    );
  },
  function insertOther(text, random) {
    const at = random.below(text.length + 1);
    return replace(text, at, at, random.pick(jsonSeeds));
  },
];

function wrap(text: Uint8Array, [before, behind]: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  return replace(
    replace(text, text.length, text.length, encoder.encode(behind)),
    0,
    0,
    encoder.encode(before),
  );
}

function replace(text: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  const changed = new Uint8Array(text.length - (end - start) + by.length);
  changed.set(text.subarray(0, start));
  changed.set(by, start);
  changed.set(text.subarray(end), start + by.length);
  return changed;
}
