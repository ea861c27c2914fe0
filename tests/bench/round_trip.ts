/**
 * What the proxy costs: round trips, throughput, start and memory, beside a relay that does nothing.
 *
 *     deno task bench [--rounds N] [--json FILE] [--unpinned] [--without-proxy]
 *
 * README.md beside this file says what is measured and how to read it.
 */

import { parseArgs } from "node:util";
import { type BenchRun, formatTable, type Round } from "./figures.ts";
import { formatGoals, goalsOf } from "./goals.ts";
import { measureMore } from "./more_figures.ts";
import { type Bench, type Command, output, pinningPrefix, prepareBench } from "./programs.ts";

const smallBytes = 300;
const largeBytes = 1024 * 1024;

/** How often within one round: enough that its p99 stands on 200 values, short enough that all share one weather. */
const native = { latency: 20_000, throughput: 200_000, large: 40 };
const portable = { latency: 5_000, throughput: 50_000, large: 20 };

/** One figure out of few rounds is chance. */
const roundsMin = 5;

const { values: options } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: {
    rounds: { type: "string", default: String(roundsMin) },
    json: { type: "string" },
    unpinned: { type: "boolean", default: false },
    "without-proxy": { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`Cannot run "${options.rounds}" rounds`);
  Deno.exit(2);
}

const folder = await Deno.makeTempDir({ prefix: "lilith-bench-" });
try {
  const bench = await prepareBench(folder, !options["without-proxy"]);
  const prefix = options.unpinned ? [] : await pinningPrefix();
  if (!bench.native) {
    console.log(
      "No C compiler (cc): client and server are Deno programs, and the yardstick is the minimal Deno relay.",
    );
  }
  if (prefix.length === 0) {
    console.log("Not pinned to one core: the figures depend on where the system puts each process.");
  }
  if (rounds < roundsMin) {
    console.log(`Fewer than ${roundsMin} rounds: good for a look, not for a statement.`);
  }

  const run = await measureRounds(bench, prefix);
  console.log(`\n${formatTable(run)}\n`);
  console.log(
    `Medians of ${rounds} rounds; in brackets ÷ ${run.yardstick}, the median of the ratios within each round.`,
  );
  if (!options["without-proxy"]) {
    const more = await measureMore(folder, bench, prefix, rounds);
    console.log(`\nThe goals, each as a ratio within this run:\n\n${formatGoals(goalsOf(run, more))}`);
  }
  if (options.json !== undefined) await Deno.writeTextFile(options.json, JSON.stringify(run, null, 2) + "\n");
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Every program in every round, so that a slow minute slows all of them. */
async function measureRounds(bench: Bench, prefix: Command): Promise<BenchRun> {
  const programs: Record<string, Round[]> = {};
  for (let round = 1; round <= rounds; round++) {
    for (const [name, command] of bench.programs) {
      const figures = await measure(bench, prefix, command);
      (programs[name] ??= []).push(figures);
      console.log(`round ${round} of ${rounds}: ${name}: p50 ${figures.p50Us.toFixed(1)} µs`);
    }
  }
  const machine = {
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    cores: String(navigator.hardwareConcurrency),
    deno: Deno.version.deno,
  };
  return { format: 1, machine, pinned: prefix.length > 0, yardstick: bench.yardstick, programs };
}

async function measure(
  bench: Bench,
  prefix: Command,
  command: (auditPath: string) => Command,
): Promise<Round> {
  const counts = bench.native ? native : portable;
  const run = async (mode: string, bytes: number, count: number): Promise<Record<string, number>> => {
    const scratch = await Deno.makeTempDir({ dir: folder }); // the proxy starts a new audit log each time
    const target = command(`${scratch}/audit.jsonl`);
    const result = await output([
      ...prefix,
      ...bench.client,
      mode,
      String(bytes),
      String(count),
      "--",
      ...target,
    ]);
    if (result === null) throw new Error(`Cannot start ${bench.client[0]}`);
    if (result.code !== 0) {
      throw new Error(`Cannot measure ${mode} of ${target.join(" ")}:\n${result.stderr}`);
    }
    await Deno.remove(scratch, { recursive: true });
    return JSON.parse(result.stdout);
  };
  const start = await run("start", smallBytes, 1);
  const small = await run("latency", smallBytes, counts.latency);
  const large = await run("latency", largeBytes, counts.large);
  const stream = await run("throughput", smallBytes, counts.throughput);
  return {
    p50Us: small.p50Us,
    p99Us: small.p99Us,
    messagesPerSecond: stream.messagesPerSecond,
    largeP50Us: large.p50Us,
    firstAnswerMs: start.firstAnswerMs,
    restingMiB: start.restingMiB,
  };
}
