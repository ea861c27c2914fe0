import assert from "node:assert/strict";
import { type BenchRun, compareRuns, formatTable, median, ratioOf, type Round } from "./figures.ts";

function round(p50Us: number, messagesPerSecond = 1000): Round {
  return { p50Us, p99Us: 2, messagesPerSecond, largeP50Us: 3, firstAnswerMs: 4, restingMiB: 5 };
}

function run(programs: Record<string, Round[]>, pinned = true): BenchRun {
  return { format: 1, machine: {}, pinned, yardstick: "relay", programs };
}

Deno.test("median() takes the middle, and the mean of two middles", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 9, 1, 2]), 5.5);
  assert.equal(median([3]), 3);
  assert.throws(() => median([]), RangeError);
});

Deno.test("ratioOf() compares within each round, so that a slow round does not count twice", () => {
  // After the first round all got five times slower.
  const both = run({ relay: [round(10), round(50), round(50)], proxy: [round(20), round(100), round(100)] });
  assert.equal(ratioOf(both, "proxy", "p50Us"), 2);
});

Deno.test("formatTable() shows medians, and ratios for all but the yardstick", () => {
  const lines = formatTable(run({ relay: [round(10, 2_000_000)], proxy: [round(15, 1_000_000)] })).split(
    "\n",
  );
  assert.equal(lines.length, 4);
  assert.match(lines[2], /^\| relay +\| +10\.0 \| .* 2,000,000 \|/);
  assert.match(lines[3], /^\| proxy +\| +15\.0 \(1\.50×\) \| .* 1,000,000 \(0\.50×\) \|/);
});

Deno.test("compareRuns() calls it worse when a time grows and when a throughput falls", () => {
  const before = run({ relay: [round(10, 1000)], proxy: [round(20, 500)] });
  const after = run({ relay: [round(20, 1000)], proxy: [round(80, 250)] });
  const changes = compareRuns(before, after);
  const worseBy = (key: string) => changes.find((change) => change.key === key)?.worseBy;
  assert.equal(worseBy("p50Us"), 2);
  assert.equal(worseBy("messagesPerSecond"), 2);
  assert.equal(worseBy("p99Us"), 1);
  assert.ok(changes.every(({ program }) => program === "proxy"));
});

Deno.test("compareRuns() refuses runs that cannot be compared", () => {
  const programs = { relay: [round(10)], proxy: [round(20)] };
  assert.throws(() => compareRuns(run(programs), run(programs, false)), /pinned/);
  assert.throws(() => compareRuns(run(programs), { ...run(programs), yardstick: "direct" }), /measured by/);
});
