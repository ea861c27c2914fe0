/** The command line that the fuzzers have in common. */

/** What one run of a fuzzer came to. */
export interface FuzzResult {
  readonly texts: number;
  /** How many of the texts were taken: a fuzzer that makes nothing but garbage tests nothing but refusals. */
  readonly accepted: number;
  readonly disagreement?: { readonly text: Uint8Array; readonly what: string };
}

export interface Fuzzer<Subject> {
  /** What is tried, for the reader. */
  readonly name: string;
  /** Tries `subject` on up to `textsMax` texts, or until `isOver` says so, or until the first disagreement. */
  readonly fuzz: (subject: Subject, seed: number, textsMax: number, isOver?: () => boolean) => FuzzResult;
  readonly make: () => Subject;
  /** Subjects with one fault each, and within how many texts each must be noticed. */
  readonly canaries: readonly { readonly name: string; readonly make: () => Subject }[];
  readonly canaryTextsMax: number;
}

/**
 * Runs with `--seconds N --seed N`, or with `--canary` on the subjects that are broken on purpose. False at the first
 * disagreement, whose text is printed, and where a canary was not noticed.
 */
export function runFuzzer<Subject>(fuzzer: Fuzzer<Subject>, args: readonly string[]): boolean {
  const seed = numberAfter(args, "--seed") ?? 1;
  if (args.includes("--canary")) {
    return fuzzer.canaries.map(({ name, make }) => isNoticed(fuzzer, name, make(), seed)).every(Boolean);
  }
  const end = performance.now() + 1000 * (numberAfter(args, "--seconds") ?? 10);
  const result = fuzzer.fuzz(fuzzer.make(), seed, Infinity, () => performance.now() >= end);
  console.log(`${fuzzer.name}, seed ${seed}: ${result.texts} texts, ${result.accepted} of them accepted`);
  if (result.disagreement !== undefined) printDisagreement(result.disagreement);
  return result.disagreement === undefined;
}

function isNoticed<Subject>(fuzzer: Fuzzer<Subject>, name: string, subject: Subject, seed: number): boolean {
  const { texts, disagreement } = fuzzer.fuzz(subject, seed, fuzzer.canaryTextsMax);
  const outcome = disagreement === undefined
    ? "NOT NOTICED"
    : `noticed after ${texts} texts: ${disagreement.what}`;
  console.log(`${name}: ${outcome.slice(0, 160)}`);
  return disagreement !== undefined;
}

function printDisagreement({ text, what }: { readonly text: Uint8Array; readonly what: string }): void {
  console.error(what);
  console.error(
    `text: ${
      JSON.stringify(Array.from(text, (byte) => String.fromCharCode(byte)).join(""))
    } (one character per byte)`,
  );
}

function numberAfter(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name);
  if (at < 0) return undefined;
  const value = Number(args[at + 1]);
  if (!Number.isFinite(value) || value < 0) {
    throw new Error(`Cannot read the arguments: ${name} needs a number`);
  }
  return value;
}
