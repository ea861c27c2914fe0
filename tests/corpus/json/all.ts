/** Every case of the corpus with an outcome, and every text as a seed for the fuzzer. */

import { bounds } from "./bounds.ts";
import { carriageReturns } from "./carriage_returns.ts";
import type { JsonCase } from "./case.ts";
import { duplicates, surrogates } from "./findings.ts";
import { long } from "./long.ts";
import { messages } from "./messages.ts";
import { numbers } from "./numbers.ts";
import { strings } from "./strings.ts";
import { structure } from "./structure.ts";
import { utf8 } from "./utf8.ts";
import { wellKnown } from "./well_known.ts";

export const jsonCases: readonly JsonCase[] = [
  ...structure,
  ...numbers,
  ...strings,
  ...utf8,
  ...carriageReturns,
  ...bounds,
  ...wellKnown,
  ...long,
];

const seeds: readonly Uint8Array[] = [
  ...messages.map(encode),
  ...[...duplicates, ...surrogates].map(({ marked }) => encode(marked.replaceAll("¦", ""))),
  ...jsonCases.map(({ bytes }) => bytes),
];

/** Longer texts take a fuzzer a thousand times as long. */
const shortBytesMax = 2048;

export const jsonSeeds: readonly Uint8Array[] = seeds.filter(({ length }) => length <= shortBytesMax);

/** For the ways that scanners keep for long texts; to be changed now and then. */
export const longJsonSeeds: readonly Uint8Array[] = seeds.filter(({ length }) => length > shortBytesMax);

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
