/**
 * Cuts random streams of lines into random pieces and compares the frame reader with one that has all at once.
 *
 *     deno run tests/fuzz/frame_fuzz.ts --seconds 10 --seed 1
 *     deno run tests/fuzz/frame_fuzz.ts --canary
 *
 * Options and exit status are those of json_fuzz.ts.
 */

import { FrameReader } from "../../src/wire/frame.ts";
import { jsonSeeds } from "../corpus/json/all.ts";
import { concat } from "../wire/support/bytes.ts";
import { findFrameDisagreement } from "../wire/support/naive_frames.ts";
import { frameCanaries, type MakeFrameReader } from "./frame_canaries.ts";
import { Random } from "./random.ts";
import { type FuzzResult, runFuzzer } from "./run_fuzzer.ts";

const encoder = new TextEncoder();

/** What ends a line, and what only seems to. */
const endings = ["\n", "\n", "\n", "\r\n", "\n\n", "\r", "\u2028", "\u0085", "\0", "\v", ""].map((ending) =>
  encoder.encode(ending)
);

/** Compares on up to `textsMax` streams, or until `isOver` says so, or until the first disagreement. */
export function fuzzFrames(
  make: MakeFrameReader,
  seed: number,
  textsMax: number,
  isOver: () => boolean = () => false,
): FuzzResult {
  const random = new Random(seed);
  let accepted = 0;
  for (let texts = 0; texts < textsMax; texts++) {
    if (texts % 64 === 0 && isOver()) return { texts, accepted };
    const stream = nextStream(random);
    const cuts = Array.from({ length: random.below(8) }, () => random.below(stream.length + 1));
    const frameBytesMax = boundFor(random, stream);
    const what = findFrameDisagreement(make, stream, cuts, frameBytesMax);
    if (what !== undefined) {
      return {
        texts,
        accepted,
        disagreement: { text: stream, what: `${what}; bound ${frameBytesMax}, cut at ${cuts}` },
      };
    }
    if (stream.includes(0x0a)) accepted++;
  }
  return { texts: textsMax, accepted };
}

function nextStream(random: Random): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let lines = random.below(6); lines >= 0; lines--) pieces.push(nextLine(random), random.pick(endings));
  return concat(pieces);
}

function nextLine(random: Random): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return new Uint8Array(0);
    case 1:
      return Uint8Array.from({ length: random.below(20) }, () => random.below(256));
    case 2: // about the size of the head and the tail of a line that is too long, and of what is joined at one time
      return new Uint8Array(random.pick([2048, 4096, 65_536]) + random.below(5) - 2).fill(
        0x61 + random.below(20),
      );
    default:
      return random.pick(jsonSeeds);
  }
}

/** Mostly at the length of one of the lines, where a bound can be wrong by one. */
function boundFor(random: Random, stream: Uint8Array): number {
  const end = stream.indexOf(0x0a, random.below(stream.length + 1));
  const start = end <= 0 ? 0 : stream.lastIndexOf(0x0a, end - 1) + 1;
  return random.below(4) === 0 ? 100_000 : Math.max(1, end - start + random.below(3) - 1);
}

/** Streams within which every canary must be noticed. */
export const frameCanaryTextsMax = 20_000;

if (import.meta.main) {
  const fuzzer = {
    name: "the frame reader",
    fuzz: fuzzFrames,
    make: (): MakeFrameReader => (options) => new FrameReader(options),
    canaries: frameCanaries,
    canaryTextsMax: frameCanaryTextsMax,
  };
  if (!runFuzzer(fuzzer, Deno.args)) Deno.exit(1);
}
