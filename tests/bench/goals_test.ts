import assert from "node:assert/strict";
import type { BenchRun, Round } from "./figures.ts";
import { formatGoals, goalsOf, isMet } from "./goals.ts";

const round = (parts: Partial<Round>): Round => ({
  p50Us: 10,
  p99Us: 20,
  messagesPerSecond: 1000,
  largeP50Us: 100,
  firstAnswerMs: 1,
  restingMiB: 1,
  ...parts,
});

const run: BenchRun = {
  format: 1,
  machine: {},
  pinned: true,
  yardstick: "C poll relay",
  programs: {
    "C poll relay": [round({}), round({ p50Us: 20 }), round({})],
    "lilith-zero": [round({ p50Us: 19, p99Us: 60 }), round({ p50Us: 50 }), round({ p50Us: 18 })],
  },
};

const more = {
  scanRatio: 0.4,
  scansPerSecond: 1_499_999,
  sdkRatio: 1.4,
  startRatio: { process: 4, namespace: 6 },
  restingRatio: 1.7,
  largeMessagesRatio: 3.1,
};

Deno.test("goalsOf() takes ratios within each round, and counts requests and answers", () => {
  const measured = new Map(goalsOf(run, more).map((goal) => [goal.figure, goal.measured]));
  assert.equal(measured.get("round trip, 300 B, with audit ÷ C poll relay"), 1.9);
  assert.equal(measured.get("p99 ÷ p50 of the same"), 20 / 18);
  assert.equal(measured.get("pipelined messages/s, requests and answers"), 2000);
  assert.equal(measured.has("the same without FFI on the way ÷ C poll relay"), false);
});

Deno.test("a goal is met at its bound, from the side that it says", () => {
  const met = goalsOf(run, more).filter(isMet).map(({ figure }) => figure);
  assert.ok(met.includes("strict scan ÷ JSON.parse(decode), 326 B"));
  assert.ok(!met.includes("scans/s"));
  assert.ok(!met.includes("start ÷ empty Deno program, level namespace"));
});

Deno.test("formatGoals() says of every figure whether its goal is met", () => {
  const table = formatGoals(goalsOf(run, more));
  assert.match(table, /\| scans\/s +\| +1,499,999 \| +at least 1,500,000 \| +not met \|/);
  assert.equal(table.split("\n").length, 2 + goalsOf(run, more).length);
});
