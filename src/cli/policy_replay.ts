/** `lilith-zero policy replay -p FILE… AUDIT.jsonl`: what these policies would have said of what is in a log. */

import { readLogLines } from "../audit/log_lines.ts";
import { readRecorded } from "../audit/recorded.ts";
import { type Gap, Replay, type Replayed } from "../audit/replay.ts";
import { verifyLog } from "../audit/verify.ts";
import { recordLineBytesMax } from "../limits.ts";
import { compilePolicies } from "../policy/compile.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import { loadPatternEngine, usesPatterns } from "../policy/pattern.ts";
import type { PolicyDocument } from "../policy/rule.ts";
import { quote } from "../policy/sentence.ts";
import { readAuditFile } from "./audit_file.ts";
import { exitStatus } from "./exit_status.ts";
import { loadPolicies } from "./load_policies.ts";
import { type Paint, paintWith } from "./paint.ts";
import { mergeServerSettings } from "./server_settings.ts";
import { readVariables } from "./variables.ts";

export interface ReplayOptions {
  /** At least one. */
  readonly policies: readonly string[];
  readonly log: string;
  /** `name=value`, as they were given. */
  readonly vars: readonly string[];
  /** Where paths begin in sessions whose start is not in the log; absent: the policy's directory, else ours. */
  readonly directory: string | undefined;
  /** Changed decisions that are shown one by one. */
  readonly linesMax: number;
  readonly json: boolean;
  readonly colour: boolean;
}

export interface ReplayOutput {
  out(text: string): void;
  err(text: string): void;
}

/** stdout carries no protocol in this command. */
const terminal: ReplayOutput = { out: (line) => console.log(line), err: (line) => console.error(line) };

/** What would be otherwise. */
type Change =
  | "denied" // was let through
  | "let_through" // was not
  | "other_verdict"; // the same happens, and another thing is said

/** What a replay comes to. */
interface Summary {
  readonly decisions: number;
  readonly sessions: number;
  readonly unchanged: number;
  readonly changes: Readonly<Record<Change, number>>;
  readonly undecidable: number;
  readonly gaps: Readonly<Record<Gap, number>>;
  /** Changed decisions by the rule that would have made them, the most first. */
  readonly byRule: readonly {
    readonly change: Change;
    readonly policy: string;
    readonly rule: string;
    readonly count: number;
  }[];
  /** Rules before whose decisions cannot be told, by what was asked for. */
  readonly shown: readonly (Replayed & { readonly change: Change })[];
  /** Lines that are no record. */
  readonly unread: number;
  /** Sessions that begin before the log does. */
  readonly headless: number;
}

/**
 * Replays a log and prints what would be otherwise. Exit status 0, whatever that is. Throws `audit_unreadable` and the
 * loader's errors.
 */
export async function policyReplay(
  options: ReplayOptions,
  output: ReplayOutput = terminal,
): Promise<number> {
  const documents = await loadPolicies(
    options.policies,
    (finding) => output.err(finding),
    readVariables(options.vars),
  );
  const compile = await compilerFor(documents);
  const { faultCount, faults } = readAuditFile(options.log, verifyLog);
  if (faultCount > 0) {
    output.err(
      `warning: ${options.log} is not intact (line ${faults[0].line}: ${faults[0].detail}); ` +
        `what it says is taken as it stands\n  hint: lilith-zero audit verify ${options.log}`,
    );
  }
  const settings = mergeServerSettings(documents.map((document) => document.server));
  const directory = options.directory ?? settings.directory ?? Deno.cwd();
  const summary = replayFile(
    options.log,
    { compile, directory, policies: documents },
    options.linesMax,
  );
  const names = documents.map(({ name }) => name);
  if (options.json) output.out(toJson(options.log, names, faultCount === 0, summary));
  else for (const line of format(options.log, names, summary, paintWith(options.colour))) output.out(line);
  return exitStatus.done;
}

/** Compiles for a server's directory. Our own files are no part of a replay: who named one is in the log. */
async function compilerFor(
  documents: readonly PolicyDocument[],
): Promise<(directory: string, namedDirectories: readonly string[]) => CompiledPolicy> {
  const engine = usesPatterns(documents) ? await loadPatternEngine() : undefined;
  const compiled = new Map<string, CompiledPolicy>();
  return (workingDirectory, namedDirectories) => {
    const key = JSON.stringify([workingDirectory, ...namedDirectories]);
    let policy = compiled.get(key);
    if (policy === undefined) {
      const options = { workingDirectory, namedDirectories, pathCase: "exact", ownFiles: [] } as const;
      policy = compilePolicies(documents, options, engine);
      compiled.set(key, policy);
    }
    return policy;
  };
}

function replayFile(
  path: string,
  options: ConstructorParameters<typeof Replay>[0],
  linesMax: number,
): Summary {
  const replay = new Replay(options);
  const sessions = new Set<string>();
  const tally = new Tally(linesMax);
  let unread = 0;
  readAuditFile(path, (chunks) => {
    let line = 0;
    for (const { bytes, isTooLong } of readLogLines(chunks, recordLineBytesMax)) {
      line++;
      const recorded = isTooLong ? undefined : readRecorded(bytes);
      if (recorded === undefined) {
        if (bytes.length > 0 || isTooLong) unread++;
        continue;
      }
      sessions.add(recorded.session);
      for (const replayed of replay.take(recorded, line)) tally.add(replayed);
    }
  });
  for (const replayed of replay.end()) tally.add(replayed);
  return { ...tally.conclude(), sessions: sessions.size, unread, headless: replay.headless };
}

class Tally {
  #decisions = 0;
  #unchanged = 0;
  #undecidable = 0;
  readonly #changes: Record<Change, number> = { denied: 0, let_through: 0, other_verdict: 0 };
  readonly #gaps: Record<Gap, number> = { masked: 0, omitted: 0, fact: 0, name: 0, state: 0 };
  readonly #byRule = new Map<string, { change: Change; policy: string; rule: string; count: number }>();
  readonly #shown: (Replayed & { change: Change })[] = [];

  constructor(readonly shownMax: number) {}

  add(replayed: Replayed): void {
    this.#decisions++;
    const { before, after } = replayed;
    if (after.kind === "undecidable") {
      this.#undecidable++;
      for (const gap of after.because) this.#gaps[gap]++;
      return;
    }
    const change: Change | undefined = before.action !== after.action
      ? after.action === "deny" ? "denied" : "let_through"
      : before.verdict !== after.verdict
      ? "other_verdict"
      : undefined;
    if (change === undefined) {
      this.#unchanged++;
      return;
    }
    this.#changes[change]++;
    const { policy, rule } = after;
    const key = JSON.stringify([change, policy, rule]);
    const known = this.#byRule.get(key);
    if (known === undefined) this.#byRule.set(key, { change, policy, rule, count: 1 });
    else known.count++;
    if (this.#shown.length < this.shownMax) this.#shown.push({ ...replayed, change });
  }

  conclude(): Omit<Summary, "sessions" | "unread" | "headless"> {
    return {
      decisions: this.#decisions,
      unchanged: this.#unchanged,
      changes: this.#changes,
      undecidable: this.#undecidable,
      gaps: this.#gaps,
      byRule: [...this.#byRule.values()].sort((a, b) => b.count - a.count),
      shown: this.#shown.sort((a, b) => a.line - b.line),
    };
  }
}

const changeWords: Readonly<Record<Change, string>> = {
  denied: "would not have been let through",
  let_through: "would have been let through",
  other_verdict: "the same would have been done for another reason",
};

const gapWords: Readonly<Record<Gap, string>> = {
  masked: "a rule looks at what is masked",
  omitted: "a rule looks at arguments that were too long to be recorded",
  fact: "a rule needs to know where a path led or what the server declared, and nobody asked then",
  name: "the name of what was asked for is masked or cut",
  state: "whether a limit had room hangs on calls that cannot be told",
};

function format(log: string, names: readonly string[], summary: Summary, paint: Paint): readonly string[] {
  const { decisions, sessions, unchanged, changes, undecidable, gaps, byRule, shown } = summary;
  const width = String(decisions).length;
  const counted = (count: number, words: string): string => `  ${String(count).padStart(width)} ${words}`;
  const lines = [
    `${log}: ${plural(decisions, "decision")} in ${plural(sessions, "session")}, replayed under ${
      names.map(quote).join(" and ")
    }`,
    counted(unchanged, "as they were"),
  ];
  const kinds = Object.keys(changeWords) as Change[];
  for (const change of kinds) {
    if (changes[change] === 0) continue;
    const words = changeWords[change];
    lines.push(
      counted(
        changes[change],
        change === "denied" ? paint.red(words) : change === "let_through" ? paint.yellow(words) : words,
      ),
    );
    for (const one of byRule.filter((some) => some.change === change)) {
      lines.push(
        `  ${" ".repeat(width)}   ${one.count} by ${nameRule(one.rule)} of policy ${quote(one.policy)}`,
      );
    }
  }
  if (undecidable > 0) {
    lines.push(counted(undecidable, "cannot be told"));
    for (const gap of Object.keys(gapWords) as Gap[]) {
      if (gaps[gap] > 0) lines.push(`  ${" ".repeat(width)}   ${gaps[gap]}: ${gapWords[gap]}`);
    }
  }
  if (shown.length > 0) lines.push("", ...shown.flatMap((one) => formatChange(one, paint)));
  const left = decisions - unchanged - undecidable - shown.length;
  if (left > 0) lines.push(`and ${left} more (--lines ${decisions} shows all)`);
  if (summary.headless > 0) {
    lines.push(
      `note: ${
        plural(summary.headless, "session")
      } began before this log; what its limits had left is not known`,
    );
  }
  if (summary.unread > 0) lines.push(`note: ${plural(summary.unread, "line")} could not be read as records`);
  return lines;
}

function formatChange(
  { line, sequence, timeMs, target, name, before, after, change }: Summary["shown"][number],
  paint: Paint,
): string[] {
  if (after.kind !== "decided") return [];
  const now = (change === "denied" ? paint.red : change === "let_through" ? paint.yellow : paint.bold)(
    after.verdict,
  );
  return [
    `line ${line}, record ${sequence}, ${new Date(timeMs).toISOString()}: ${target} ${quote(name)}`,
    `  ${before.verdict} by ${nameRule(before.rule)} → ${now} by ${nameRule(after.rule)}: ${after.reason}`,
  ];
}

function nameRule(rule: string): string {
  return rule === "default" ? "the default" : quote(rule);
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The shape that machines read; keys are only ever added. */
function toJson(log: string, policies: readonly string[], intact: boolean, summary: Summary): string {
  const { shown, ...counts } = summary;
  return JSON.stringify({ log, intact, policies, ...counts, shown }, null, 2);
}
