/** How long a strict scan takes beside `JSON.parse(decode(bytes))`, on one call of 326 bytes. */

import { JsonScanner } from "../../src/wire/json.ts";
import { callOf326Bytes as call } from "./messages.ts";
import { median } from "./figures.ts";

/** Scans of one sample, and samples: the medians of many short ones are little disturbed. */
const scans = 20_000;
const samples = 31;

/** Medians over interleaved samples: the ratio of the two times, and scans per second. */
export function measureScans(): { readonly scanRatio: number; readonly scansPerSecond: number } {
  const line = new TextEncoder().encode(call + "\n"); // a line feed stands behind every frame
  const message = line.subarray(0, -1);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const scanner = new JsonScanner();
  const timeOf = (run: () => unknown): number => {
    const before = performance.now();
    for (let i = 0; i < scans; i++) run();
    return performance.now() - before;
  };
  const rounds = Array.from({ length: samples }, () => ({
    scanMs: timeOf(() => scanner.scan(line, 0, message.length)),
    parseMs: timeOf(() => JSON.parse(decoder.decode(message))),
  }));
  return {
    scanRatio: median(rounds.map(({ scanMs, parseMs }) => scanMs / parseMs)),
    scansPerSecond: scans / (median(rounds.map(({ scanMs }) => scanMs)) / 1000),
  };
}
