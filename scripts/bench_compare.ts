/**
 * Compares two runs of `deno task bench --json FILE`, as ratios to the yardstick of each.
 *
 *     deno run --allow-read scripts/bench_compare.ts BEFORE AFTER [--worse-than 1.10]
 *
 * With `--worse-than` it exits 1 when a figure of lilith-zero got worse by more than that factor.
 */

import { parseArgs } from "node:util";
import { type BenchRun, compareRuns, formatChanges } from "../tests/bench/figures.ts";

/** The relays are there to measure by; they cannot regress. */
const judged = "lilith-zero";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "worse-than": { type: "string" } },
});
const bound = values["worse-than"] === undefined ? Infinity : Number(values["worse-than"]);
if (positionals.length !== 2 || !(bound >= 1)) {
  console.error("usage: bench_compare.ts BEFORE AFTER [--worse-than FACTOR]");
  Deno.exit(2);
}

const [before, after] = positionals.map((path) => {
  const run: BenchRun = JSON.parse(Deno.readTextFileSync(path));
  if (run.format !== 1) throw new Error(`Cannot compare ${path}: not a file of "deno task bench --json"`);
  return run;
});
const changes = compareRuns(before, after);
console.log(formatChanges(changes));

const regressions = changes.filter(({ program, worseBy }) => program === judged && worseBy > bound);
for (const { key, worseBy } of regressions) {
  console.error(`Cannot accept ${judged}, ${key}: worse by ${worseBy.toFixed(2)}, allowed ${bound}`);
}
if (values["worse-than"] !== undefined && !changes.some(({ program }) => program === judged)) {
  console.error(`Cannot accept: no figures of ${judged} in both runs`);
  Deno.exit(1);
}
if (regressions.length > 0) Deno.exit(1);
