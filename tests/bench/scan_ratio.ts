/** How long a strict scan takes beside `JSON.parse(decode(bytes))`, on one call of 326 bytes. */

import { JsonScanner } from "../../src/wire/json.ts";
import { median } from "./figures.ts";

/** Scans of one sample, and samples: the medians of many short ones are little disturbed. */
const scans = 20_000;
const samples = 31;

const call = JSON.stringify({
  jsonrpc: "2.0",
  id: 42,
  method: "tools/call",
  params: {
    name: "edit_file",
    arguments: {
      path: "/home/users/header.tsx",
      edits: [{ oldText: "<h1>Welcome</h1>", newText: "<h1>Welcome back</h1>" }],
      dryRun: false,
      options: { encoding: "utf-8", contextLines: 3 },
    },
    _meta: { progressToken: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" },
  },
});

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
