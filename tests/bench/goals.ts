/** The goals that the project has set itself: each figure as a ratio taken in one run, beside what it may be at most. */

import { type BenchRun, formatMarkdown, median, ratioOf } from "./figures.ts";

/** One line of the table. */
export interface Goal {
  readonly figure: string;
  readonly measured: number;
  readonly bound: number;
  /** Whether the figure has to stay below its bound, or above it. */
  readonly direction: "at most" | "at least";
}

/** What is measured besides the round trips. */
export interface MoreFigures {
  /** Time of a strict scan ÷ that of `JSON.parse(decode)`, on a call of 326 bytes. */
  readonly scanRatio: number;
  readonly scansPerSecond: number;
  /** p50 of a tool call by the SDK's client, through the proxy ÷ direct. */
  readonly sdkRatio: number;
  /** First answer ÷ first byte of an empty Deno program. */
  readonly startRatio: { readonly process: number; readonly namespace: number };
  /** Resident memory ÷ that of an empty Deno program. */
  readonly restingRatio: number;
  readonly largeMessagesRatio: number;
}

/** The goals that a run of the round trips and the other figures can be held to. */
export function goalsOf(run: BenchRun, more: MoreFigures): readonly Goal[] {
  const rounds = run.programs["lilith-zero"];
  const perRequest = median(rounds.map((round) => round.messagesPerSecond));
  const atMost = (figure: string, measured: number, bound: number): Goal => (
    { figure, measured, bound, direction: "at most" }
  );
  const by = run.yardstick;
  const streams = "lilith-zero on streams";
  return [
    atMost(`round trip, 300 B, with audit ÷ ${by}`, ratioOf(run, "lilith-zero", "p50Us"), 2.0),
    ...(streams in run.programs
      ? [atMost(`the same without FFI on the way ÷ ${by}`, ratioOf(run, streams, "p50Us"), 1.8)]
      : []),
    atMost("p99 ÷ p50 of the same", median(rounds.map(({ p99Us, p50Us }) => p99Us / p50Us)), 2.5),
    atMost(`round trip, 1 MiB ÷ ${by}`, ratioOf(run, "lilith-zero", "largeP50Us"), 2.5),
    atMost("strict scan ÷ JSON.parse(decode), 326 B", more.scanRatio, 0.4),
    atMost("SDK client through the proxy ÷ direct, p50", more.sdkRatio, 1.5),
    atMost("start ÷ empty Deno program, level process", more.startRatio.process, 4.5),
    atMost("start ÷ empty Deno program, level namespace", more.startRatio.namespace, 5.5),
    atMost("memory at rest ÷ empty Deno program", more.restingRatio, 1.8),
    atMost("memory while 16 MiB messages pass ÷ the same", more.largeMessagesRatio, 3.0),
    {
      figure: "pipelined messages/s, requests and answers",
      measured: 2 * perRequest,
      bound: 400_000,
      direction: "at least",
    },
    { figure: "scans/s", measured: more.scansPerSecond, bound: 1_500_000, direction: "at least" },
  ];
}

export function isMet({ measured, bound, direction }: Goal): boolean {
  return direction === "at most" ? measured <= bound : measured >= bound;
}

/** A Markdown table. */
export function formatGoals(goals: readonly Goal[]): string {
  const show = (value: number) =>
    value >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
  return formatMarkdown([
    ["figure", "measured", "bound", ""],
    ...goals.map((goal) => [
      goal.figure,
      show(goal.measured),
      `${goal.direction} ${show(goal.bound)}`,
      isMet(goal) ? "met" : "not met",
    ]),
  ]);
}
