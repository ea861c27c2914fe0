/** Figures of the benchmark: what a run gave, medians and ratios, the table, the comparison of two runs. */

/** What is measured, in the order of the table. */
export const figures = [
  { key: "p50Us", title: "p50 µs", digits: 1, moreIsBetter: false },
  { key: "p99Us", title: "p99 µs", digits: 1, moreIsBetter: false },
  { key: "messagesPerSecond", title: "pipelined msg/s", digits: 0, moreIsBetter: true },
  { key: "largeP50Us", title: "1 MiB p50 µs", digits: 0, moreIsBetter: false },
  { key: "firstAnswerMs", title: "first answer ms", digits: 1, moreIsBetter: false },
  { key: "restingMiB", title: "at rest MiB", digits: 1, moreIsBetter: false },
] as const;

/** The name of a figure; its unit stands last. */
export type FigureKey = typeof figures[number]["key"];

/** One program in one round. */
export type Round = Readonly<Record<FigureKey, number>>;

/** All that a run of the benchmark measured, as `--json` writes it. */
export interface BenchRun {
  readonly format: 1;
  /** What it ran on, for the reader. */
  readonly machine: Readonly<Record<string, string>>;
  /** Whether all processes shared one core. Pinned and unpinned figures cannot be compared. */
  readonly pinned: boolean;
  /** The program that all others are measured by. */
  readonly yardstick: string;
  /** By program: one entry per round; the entries of one round were measured right after each other. */
  readonly programs: Readonly<Record<string, readonly Round[]>>;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take a median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of a program's figure over all rounds. */
export function medianOf(run: BenchRun, program: string, key: FigureKey): number {
  return median(run.programs[program].map((round) => round[key]));
}

/**
 * How often the yardstick's figure goes into the program's: the median of the ratios *within* each round. A machine that
 * is slower for a while slows both.
 */
export function ratioOf(run: BenchRun, program: string, key: FigureKey): number {
  const yardstick = run.programs[run.yardstick];
  return median(run.programs[program].map((round, i) => round[key] / yardstick[i][key]));
}

/** A Markdown table of medians, each with its ratio to the yardstick in brackets. */
export function formatTable(run: BenchRun): string {
  const rows = Object.keys(run.programs).map((program) => [
    program,
    ...figures.map(({ key, digits }) => {
      const ratio = program === run.yardstick ? "" : ` (${ratioOf(run, program, key).toFixed(2)}×)`;
      return group(medianOf(run, program, key).toFixed(digits)) + ratio;
    }),
  ]);
  return formatMarkdown([["", ...figures.map(({ title }) => title)], ...rows]);
}

/** A change of one program's figure between two runs, as a ratio of ratios to the yardstick. */
export interface Change {
  readonly program: string;
  readonly key: FigureKey;
  readonly before: number;
  readonly after: number;
  /** 1 is no change, more is worse, whether the figure itself should be high or low. */
  readonly worseBy: number;
}

/**
 * The changes of every program that both runs have, but for the yardstick. Ratios to the yardstick are compared, so that
 * the runs may come from different machines.
 */
export function compareRuns(before: BenchRun, after: BenchRun): Change[] {
  if (before.pinned !== after.pinned) {
    throw new RangeError("Cannot compare: one run was pinned to a core, the other not");
  }
  if (before.yardstick !== after.yardstick) {
    throw new RangeError(`Cannot compare: measured by "${before.yardstick}" and by "${after.yardstick}"`);
  }
  return Object.keys(after.programs)
    .filter((program) => program !== after.yardstick && Object.hasOwn(before.programs, program))
    .flatMap((program) =>
      figures.map(({ key, moreIsBetter }) => {
        const [was, is] = [ratioOf(before, program, key), ratioOf(after, program, key)];
        return { program, key, before: was, after: is, worseBy: moreIsBetter ? was / is : is / was };
      })
    );
}

/** A Markdown table of changes. */
export function formatChanges(changes: readonly Change[]): string {
  const rows = changes.map(({ program, key, before, after, worseBy }) => [
    program,
    figures.find((figure) => figure.key === key)?.title ?? key,
    `${before.toFixed(2)}×`,
    `${after.toFixed(2)}×`,
    worseBy.toFixed(2),
  ]);
  return formatMarkdown([["program", "figure", "before", "after", "worse by"], ...rows]);
}

/** The first row is the head; the first column stands left, all others right. */
export function formatMarkdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")} |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [line(rows[0]), line(rule), ...rows.slice(1).map(line)].join("\n");
}

/** 1234567 as 1,234,567. */
function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}
