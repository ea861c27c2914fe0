/**
 * A policy from what an audit log shows: deny by default, and an allow for each thing that was let through, no wider
 * than what was seen. It rests on what was not masked, and says with each rule on what.
 */

import { isHousekeeping, type TargetKind } from "../mcp/operation.ts";
import { compilePolicies } from "../policy/compile.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import { builtInRuleIds } from "../policy/built_in.ts";
import { decodeDocument } from "../policy/document.ts";
import { nameProblem } from "../policy/document/read_scope.ts";
import { isGlob } from "../policy/glob.ts";
import { quote } from "../policy/sentence.ts";
import { isJsonObject } from "../wire/json_value.ts";
import { ObservedValues, writeText } from "./observed_values.ts";
import { holdsMask, type Recorded, type RecordedDecision } from "./recorded.ts";
import { Replay } from "./replay.ts";

/** Reads the log from its beginning, as often as it is called. */
export type ReadLog = (visit: (recorded: Recorded, line: number) => void) => void;

export interface Suggestion {
  /** The text of a policy file. */
  readonly policy: string;
  /** Calls that were let through and that it speaks of. */
  readonly calls: number;
}

/** More different tools, prompts and resources than these are no longer listed. */
const thingsMax = 1000;
const argumentsMax = 64;
/** Calls of one tool that differ in which arguments they have get a rule each, up to so many. */
const formsMax = 4;

/**
 * Suggests a policy. `name`: what the log is called, for the first line. What it suggests is replayed: a check that
 * would have denied something that was let through is left out.
 */
export function suggestPolicy(readLog: ReadLog, name: string): Suggestion {
  const seen = new Observations();
  readLog((recorded) => seen.take(recorded));
  const unchecked = new Set<string>();
  for (let round = 0; round < roundsMax; round++) {
    const policy = seen.write(name, unchecked);
    const denied = deniedBy(policy, readLog);
    const isKnown = [...denied].every((key) => unchecked.has(key));
    if (isKnown) return { policy, calls: seen.calls };
    for (const key of denied) unchecked.add(key);
  }
  return { policy: seen.write(name, unchecked), calls: seen.calls };
}

/** The first finds what a link leads out of, the second proves it. */
const roundsMax = 3;

/** What was let through and would not be under the policy, so far as it can be told. */
function deniedBy(text: string, readLog: ReadLog): ReadonlySet<string> {
  const loaded = decodeDocument(new TextEncoder().encode(text), "suggested.yaml");
  if (loaded.kind === "error") throw loaded.errors[0];
  const compiled = new Map<string, CompiledPolicy>();
  const compile = (workingDirectory: string, namedDirectories: readonly string[]): CompiledPolicy => {
    const options = { workingDirectory, namedDirectories, pathCase: "exact", ownFiles: [] } as const;
    const key = JSON.stringify([workingDirectory, ...namedDirectories]);
    const policy = compiled.get(key) ?? compilePolicies([loaded.document], options, undefined);
    compiled.set(key, policy);
    return policy;
  };
  const replay = new Replay({ compile, directory: "/", policies: [] });
  const denied = new Set<string>();
  const look = (all: ReturnType<Replay["end"]>): void => {
    for (const { before, after, target, name } of all) {
      if (before.action === "forward" && after.kind === "decided" && after.action === "deny") {
        denied.add(keyOf(target, name));
      }
    }
  };
  readLog((recorded, line) => look(replay.take(recorded, line)));
  look(replay.end());
  return denied;
}

function keyOf(target: TargetKind, name: string): string {
  return `${target} ${name}`;
}

/** What was seen of one tool, prompt, resource or method. */
interface Thing {
  readonly target: TargetKind;
  readonly name: string;
  calls: number;
  firstMs: number;
  lastMs: number;
  /** Calls that a person had said yes to. */
  approved: number;
  /** Calls whose arguments are not in the log, or no object. */
  unseen: number;
  readonly values: Map<string, ObservedValues>;
  hasTooManyArguments: boolean;
  /** The same for the calls with just the same arguments, by their names; undefined where there are too many. */
  forms: Map<string, Thing> | undefined;
}

function newThing({ target, name, timeMs }: RecordedDecision, forms: Thing["forms"]): Thing {
  return {
    target,
    name,
    calls: 0,
    firstMs: timeMs,
    lastMs: timeMs,
    approved: 0,
    unseen: 0,
    values: new Map(),
    hasTooManyArguments: false,
    forms,
  };
}

class Observations {
  readonly #things = new Map<string, Thing>();
  readonly #sessions = new Set<string>();
  #calls = 0;
  #denied = 0;
  #hidden = 0;
  #leftOut = 0;
  #firstMs = Infinity;
  #lastMs = -Infinity;

  get calls(): number {
    return this.#calls;
  }

  take(recorded: Recorded): void {
    this.#sessions.add(recorded.session);
    if (recorded.kind !== "decision") return;
    if (recorded.action === "deny") {
      this.#denied++;
      return;
    }
    if (recorded.isNameHidden) {
      this.#hidden++;
      return;
    }
    const { target, name, method, type } = recorded;
    // The protocol's own, and what the agent gives in its answers, pass by themselves.
    if (target === "method" && isHousekeeping(method)) return;
    if (type === "result" && recorded.from === "agent") return;
    if (!canBeSpelt(target, name)) {
      this.#leftOut++;
      return;
    }
    const thing = this.#thingOf(recorded);
    if (thing === undefined) {
      this.#leftOut++;
      return;
    }
    this.#calls++;
    this.#firstMs = Math.min(this.#firstMs, recorded.timeMs);
    this.#lastMs = Math.max(this.#lastMs, recorded.timeMs);
    look(thing, recorded);
    lookAtForm(thing, recorded);
  }

  #thingOf(recorded: RecordedDecision): Thing | undefined {
    const key = keyOf(recorded.target, recorded.name);
    const known = this.#things.get(key);
    if (known !== undefined) return known;
    if (this.#things.size >= thingsMax) return undefined;
    const thing = newThing(recorded, recorded.target === "tool" ? new Map() : undefined);
    this.#things.set(key, thing);
    return thing;
  }

  write(log: string, unchecked: ReadonlySet<string>): string {
    const of = (target: TargetKind): readonly Thing[] =>
      [...this.#things.values()].filter((thing) => thing.target === target)
        .sort((a, b) => a.name < b.name ? -1 : 1);
    const ids = new Ids();
    const rules = [
      ...of("tool").flatMap((thing) => {
        const isUnchecked = unchecked.has(keyOf("tool", thing.name));
        return (isUnchecked ? [thing] : formsOf(thing)).flatMap((form) => writeTool(form, ids, isUnchecked));
      }),
      ...writeNames("prompts", of("prompt"), ids),
      ...writeNames("resources", of("resource"), ids),
      ...writeNames("methods", of("method"), ids),
    ];
    const notes = [
      this.#denied > 0
        ? `# Not allowed here either: ${count(this.#denied, "message")} that were denied.`
        : "",
      this.#hidden > 0 ? `# Left out, because the name is masked: ${count(this.#hidden, "call")}.` : "",
      this.#leftOut > 0
        ? `# Left out, because no rule can spell the name, or there are too many: ${
          count(this.#leftOut, "call")
        }.`
        : "",
    ].filter((note) => note !== "");
    const span = this.#calls > 0 ? `, ${dates(this.#firstMs, this.#lastMs)}` : "";
    return [
      `# Suggested from ${quote(log)}: ${count(this.#calls, "call")} in ${
        count(this.#sessions.size, "session")
      }${span}.`,
      "# It allows what was let through then, and nothing else. What an agent did is not what it may do:",
      "# read each rule, and take out what is not meant.",
      ...notes,
      "version: 1",
      "name: suggested from a log",
      "default: deny",
      ...(rules.length === 0 ? ["rules: []"] : ["rules:", ...rules]),
      "",
    ].join("\n");
  }
}

/** Whether a rule can name it, and nothing else with it but for a `?`, which URIs have. */
function canBeSpelt(target: TargetKind, name: string): boolean {
  const isWider = target === "resource" ? name.includes("*") : isGlob(name);
  return !isWider && nameProblem(`${target}s`, name) === undefined;
}

function look(thing: Thing, recorded: RecordedDecision): void {
  thing.calls++;
  if (recorded.consents.length > 0) thing.approved++;
  thing.lastMs = Math.max(thing.lastMs, recorded.timeMs);
  lookAtArguments(thing, recorded);
}

function lookAtForm(thing: Thing, recorded: RecordedDecision): void {
  if (thing.forms === undefined) return;
  const { arguments: args } = recorded;
  const names = isJsonObject(args) ? [...args.keys()] : [];
  const key = names.length > argumentsMax ? undefined : JSON.stringify(names.sort());
  let form = key === undefined ? undefined : thing.forms.get(key);
  if (form === undefined) {
    if (key === undefined || thing.forms.size >= formsMax) {
      thing.forms = undefined;
      return;
    }
    thing.forms.set(key, form = newThing(recorded, undefined));
  }
  look(form, recorded);
}

/**
 * One rule for all calls of a tool; or one for each set of arguments, where an argument that is not always there has a
 * check: a single rule would have to leave it out, and so would one call without a path open all paths.
 */
function formsOf(thing: Thing): readonly Thing[] {
  const forms = [...thing.forms?.values() ?? []];
  const isNarrower = thing.unseen === 0 &&
    forms.some(({ values, calls }) =>
      [...values].some(([argument, observed]) =>
        plainName.test(argument) && observed.check(calls) !== undefined &&
        thing.values.get(argument)?.check(thing.calls) === undefined
      )
    );
  return isNarrower ? forms : [thing];
}

function lookAtArguments(thing: Thing, recorded: RecordedDecision): void {
  const { arguments: args, argumentsOmitted } = recorded;
  if (argumentsOmitted) thing.unseen++;
  else if (isJsonObject(args)) {
    for (const [name, value] of args) {
      let values = thing.values.get(name);
      if (values === undefined) {
        if (holdsMask(name) || thing.values.size >= argumentsMax) {
          thing.hasTooManyArguments = true;
          continue;
        }
        thing.values.set(name, values = new ObservedValues());
      }
      values.add(value);
    }
  } else if (args !== undefined) thing.unseen++;
}

/** Names that a rule can spell as a selector, whatever selectors can do. */
const plainName = /^[A-Za-z_][A-Za-z0-9_-]*$/;

function writeTool(thing: Thing, ids: Ids, isUnchecked: boolean): readonly string[] {
  const { name, calls, approved, values, unseen, hasTooManyArguments } = thing;
  const lines = [
    `  # ${count(calls, "call")}, ${dates(thing.firstMs, thing.lastMs)}`,
    ...(approved > 0
      ? [`  # a person said yes to ${approved} of them: with ask in place of allow it stays so`]
      : []),
    `  - id: ${ids.make(name)}`,
    `    allow: ${writeText(name)}`,
  ];
  if (isUnchecked) {
    return [...lines, "    # no checks: what was let through led elsewhere than its words say"];
  }
  if (unseen > 0) {
    return [...lines, `    # no checks: the arguments of ${count(unseen, "call")} are not in the log`];
  }
  const checks: string[] = [];
  const notes: string[] = [];
  for (const [argument, observed] of values) {
    const check = plainName.test(argument) ? observed.check(calls) : undefined;
    const said = observed.describe(calls);
    if (check === undefined) {
      notes.push(`    # ${plainName.test(argument) ? argument : quote(argument)}: ${said}`);
    } else checks.push(`      ${writeText(argument)}: ${check} # ${said}`);
  }
  if (hasTooManyArguments) notes.push("    # and arguments whose names are masked, or too many");
  const isClosed = notes.length === 0;
  return [
    ...lines,
    ...(checks.length > 0 ? ["    args:", ...checks] : []),
    ...notes,
    ...(isClosed ? ["    others: none"] : []),
  ];
}

/** One rule for all names of a kind: what they were given is not looked at. */
function writeNames(
  kind: "prompts" | "resources" | "methods",
  things: readonly Thing[],
  ids: Ids,
): readonly string[] {
  if (things.length === 0) return [];
  const calls = things.reduce((sum, thing) => sum + thing.calls, 0);
  const [first, last] = [
    Math.min(...things.map((one) => one.firstMs)),
    Math.max(...things.map((one) => one.lastMs)),
  ];
  return [
    `  # ${count(calls, "message")}, ${dates(first, last)}`,
    `  - id: ${ids.make(kind)}`,
    "    allow:",
    `      ${kind}:`,
    ...things.map((thing) => `        - ${writeText(thing.name)} # ${thing.calls}`),
  ];
}

/** What decisions name by themselves, and what rules without an id are called. */
function isReserved(id: string): boolean {
  return builtInRuleIds.has(id) || /^rule-[0-9]+$/.test(id);
}

class Ids {
  readonly #taken = new Set<string>();

  make(name: string): string {
    const base =
      name.slice(0, 80).replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+|[-_]+$/g, "").slice(0, 40) ||
      "tool";
    const first = /^[A-Za-z]/.test(base) && !isReserved(base) ? base : `tool-${base}`;
    let id = first;
    for (let number = 2; this.#taken.has(id); number++) id = `${first}-${number}`;
    this.#taken.add(id);
    return writeText(id);
  }
}

function dates(firstMs: number, lastMs: number): string {
  const [first, last] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  return first === last ? first : `${first} to ${last}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
