/**
 * Changes texts of the corpus at random and compares the scanner with JSON.parse and a naive reader on each.
 *
 *     deno run tests/fuzz/json_fuzz.ts --seconds 10 --seed 1
 *     deno run tests/fuzz/json_fuzz.ts --canary
 *
 * The same seed gives the same texts. It exits 1 at the first disagreement, and prints the text. With `--canary` it
 * runs against scanners that are broken on purpose, and exits 1 if it does not notice one of them.
 */

import { JsonScanner } from "../../src/wire/json.ts";
import { jsonSeeds } from "../corpus/json/all.ts";
import { findDisagreement } from "../wire/support/disagreement.ts";
import { canaries } from "./json_canaries.ts";
import { Random } from "./random.ts";

export interface FuzzResult {
  readonly texts: number;
  /** How many of the texts the scanner took: a fuzzer that makes nothing but garbage tests nothing but refusals. */
  readonly accepted: number;
  readonly disagreement?: { readonly text: Uint8Array; readonly what: string };
}

/** Compares on up to `textsMax` texts, or until `isOver` says so, or until the first disagreement. */
export function fuzzJson(
  scanner: JsonScanner,
  seed: number,
  textsMax: number,
  isOver: () => boolean = () => false,
): FuzzResult {
  const random = new Random(seed);
  let accepted = 0;
  for (let texts = 0; texts < textsMax; texts++) {
    if (texts % 256 === 0 && isOver()) return { texts, accepted };
    const text = nextText(random, texts);
    const what = findDisagreement(scanner, text);
    if (what !== undefined) return { texts, accepted, disagreement: { text, what } };
    if (scanner.scan(text, 0, text.length) === undefined) accepted++;
  }
  return { texts: textsMax, accepted };
}

/** Every text of the corpus as it is, then changed ones. */
function nextText(random: Random, number: number): Uint8Array {
  if (number < jsonSeeds.length) return jsonSeeds[number];
  // Most seeds are texts to refuse; what is changed is as often one of those that are in order.
  let text = random.pick(random.below(2) === 0 ? jsonSeeds : acceptedSeeds);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    text = random.pick(changesOfText)(text, random);
  }
  return text;
}

const acceptedSeeds = jsonSeeds.filter((seed) => new JsonScanner().scan(seed, 0, seed.length) === undefined);

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

type Change = (text: Uint8Array, random: Random) => Uint8Array;

const changesOfText: readonly Change[] = [
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

/** Texts within which every canary must be noticed: some seconds of work. */
export const canaryTextsMax = 200_000;

function main(args: readonly string[]): boolean {
  const seed = numberAfter(args, "--seed") ?? 1;
  if (args.includes("--canary")) {
    return canaries.map((canary) => isNoticed(canary.name, canary.make(), seed)).every(Boolean);
  }
  const end = performance.now() + 1000 * (numberAfter(args, "--seconds") ?? 10);
  const result = fuzzJson(new JsonScanner(), seed, Infinity, () => performance.now() >= end);
  console.log(`seed ${seed}: ${result.texts} texts, ${result.accepted} of them accepted`);
  if (result.disagreement !== undefined) printDisagreement(result.disagreement);
  return result.disagreement === undefined;
}

function isNoticed(name: string, scanner: JsonScanner, seed: number): boolean {
  const { texts, disagreement } = fuzzJson(scanner, seed, canaryTextsMax);
  const outcome = disagreement === undefined
    ? "NOT NOTICED"
    : `noticed after ${texts} texts: ${disagreement.what}`;
  console.log(`${name}: ${outcome.slice(0, 160)}`);
  return disagreement !== undefined;
}

function printDisagreement({ text, what }: { readonly text: Uint8Array; readonly what: string }): void {
  console.error(what);
  console.error(`text: ${JSON.stringify(new TextDecoder("latin1").decode(text))} (one character per byte)`);
}

function numberAfter(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name);
  if (at < 0) return undefined;
  const value = Number(args[at + 1]);
  if (!Number.isFinite(value) || value < 0) {
    throw new Error(`Cannot read the arguments: ${name} needs a number`);
  }
  return value;
}

if (import.meta.main && !main(Deno.args)) Deno.exit(1);
