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
import { jsonSeeds, longJsonSeeds } from "../corpus/json/all.ts";
import { findDisagreement } from "../wire/support/disagreement.ts";
import { canaries } from "./json_canaries.ts";
import { changesOfText } from "./changes.ts";
import { Random } from "./random.ts";
import { type FuzzResult, runFuzzer } from "./run_fuzzer.ts";

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

/** How rarely a long text is changed, and how rarely one of the corpus comes as it is: each costs as much as hundreds of short ones. */
const textsPerLongText = 400;

/** Every short text of the corpus as it is, then changed ones, with long ones in between. */
function nextText(random: Random, number: number): Uint8Array {
  if (number < jsonSeeds.length) return jsonSeeds[number];
  if (number % textsPerLongText === 0) {
    const text = longJsonSeeds[number / textsPerLongText % longJsonSeeds.length];
    return random.below(2) === 0 ? text : random.pick(changesOfText)(text, random);
  }
  // Most seeds are texts to refuse; what is changed is as often one of those that are in order.
  let text = random.pick(random.below(2) === 0 ? jsonSeeds : acceptedSeeds);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    text = random.pick(changesOfText)(text, random);
  }
  return text;
}

const acceptedSeeds = jsonSeeds.filter((seed) => new JsonScanner().scan(seed, 0, seed.length) === undefined);

/** Texts within which every canary must be noticed: some seconds of work. */
export const canaryTextsMax = 200_000;

if (import.meta.main) {
  const fuzzer = {
    name: "the JSON reader",
    fuzz: fuzzJson,
    make: () => new JsonScanner(),
    canaries,
    canaryTextsMax,
  };
  if (!runFuzzer(fuzzer, Deno.args)) Deno.exit(1);
}
