/** Every case of the corpus with an outcome, and every text as a seed for the fuzzer. */

import { bounds } from "./bounds.ts";
import { carriageReturns } from "./carriage_returns.ts";
import type { JsonCase } from "./case.ts";
import { duplicates, surrogates } from "./findings.ts";
import { messages } from "./messages.ts";
import { numbers } from "./numbers.ts";
import { strings } from "./strings.ts";
import { structure } from "./structure.ts";
import { utf8 } from "./utf8.ts";

export const jsonCases: readonly JsonCase[] = [
  ...structure,
  ...numbers,
  ...strings,
  ...utf8,
  ...carriageReturns,
  ...bounds,
];

/** Longer texts would only slow the fuzzer down: their cases are told by length, which mutations destroy. */
const seedBytesMax = 2048;

export const jsonSeeds: readonly Uint8Array[] = [
  ...messages.map(encode),
  ...[...duplicates, ...surrogates].map(({ marked }) => encode(marked.replaceAll("¦", ""))),
  ...jsonCases.map(({ bytes }) => bytes),
].filter((seed) => seed.length <= seedBytesMax);

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
