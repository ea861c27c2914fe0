/**
 * What another policy would have said of what an audit log records: each decision again, with the facts, the time and
 * the state of then. What masks, cuts or facts that nobody asked for leave open is counted, not guessed: a verdict is
 * told only where every way to fill the gaps leads to it.
 *
 * State is kept twice for each session, charged as little and as much as it could have been. One charge is not taken back
 * here as it was then: that of a message with several records of which a later one could not be written. The log says
 * nothing of it, because it is the log that failed.
 */

import {
  isHousekeeping,
  type Operation,
  type Side,
  type TargetKind,
  targetKindOf,
} from "../mcp/operation.ts";
import { isBuiltInDenial } from "../policy/built_in.ts";
import type { CompiledPolicy, CompiledRule } from "../policy/compiled.ts";
import { decide } from "../policy/decide.ts";
import { decideTogether } from "../policy/decide_together.ts";
import type { Decision } from "../policy/decision.ts";
import { writeUnits } from "../policy/decimal.ts";
import { type Facts, withConsents, withShared, withSurface } from "../policy/facts.ts";
import { policyAt } from "../policy/policy_at.ts";
import { type CompiledQuota, windowAt } from "../policy/quota.ts";
import { advance, initialState, type PolicyState } from "../policy/state.ts";
import { mergeTaints } from "../policy/taint.ts";
import { type Bounds, boundsOf } from "../policy/uncertain.ts";
import type { JsonValue } from "../wire/json_value.ts";
import type { PolicyDocument } from "../policy/rule.ts";
import { writeAssignment } from "./record.ts";
import { isHidden, type Recorded, type RecordedDecision, type RecordedStart } from "./recorded.ts";
import { findUncertainRules, type Remembered } from "./uncertain_rules.ts";

/** Why a verdict could not be told. */
export type Gap =
  /** A rule looks at what was masked. */
  | "masked"
  /** A rule looks at arguments that were too long to be recorded. */
  | "omitted"
  /** A rule asks the disk what nobody asked it then. */
  | "fact"
  /** The name of what was asked for was masked or cut. */
  | "name"
  /** A limit has room or not, depending on calls whose verdict could not be told. */
  | "state";

/** What was said and done, or would be. */
export interface Outcome {
  readonly verdict: string;
  readonly action: "forward" | "deny";
  /** Its id; several with "or" between them where it may have been each of them. */
  readonly rule: string;
  readonly policy: string;
}

/** One recorded decision, decided again. */
export interface Replayed {
  readonly session: string;
  readonly sequence: number;
  /** Line of the log, from 1. */
  readonly line: number;
  readonly timeMs: number;
  readonly target: TargetKind;
  readonly name: string;
  readonly before: Outcome;
  readonly after:
    | (Outcome & { readonly kind: "decided"; readonly reason: string })
    | { readonly kind: "undecidable"; readonly because: readonly Gap[] };
}

/** What a log does not hold. */
export interface ReplayOptions {
  /** The policy for a server in a directory that was told of others. */
  compile(directory: string, namedDirectories: readonly string[]): CompiledPolicy;
  /** Where paths begin in sessions whose record does not say so. */
  readonly directory: string;
  /** The policies, as they were loaded. */
  readonly policies: readonly LoadedPolicy[];
}

type LoadedPolicy = Pick<PolicyDocument, "sha256" | "vars">;

/**
 * Decides records again, in the order in which they were written. Every decision comes back once, from `take` or, for
 * the last of a session, from `end`.
 */
export class Replay {
  readonly #sessions = new Map<string, SessionReplay>();
  readonly #options: ReplayOptions;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Sessions of which the log does not have the beginning. */
  get headless(): number {
    return [...this.#sessions.values()].filter(({ isHeadless }) => isHeadless).length;
  }

  take(recorded: Recorded, line: number): readonly Replayed[] {
    const known = this.#sessions.get(recorded.session);
    if (known === undefined) {
      const directory = recorded.kind === "start" ? recorded.directory : undefined;
      const policy = this.#options.compile(
        directory ?? this.#options.directory,
        recorded.kind === "start" ? recorded.namedDirectories : [],
      );
      const isHeadless = recorded.kind !== "start";
      const session = new SessionReplay(policy, directory !== undefined, isHeadless, recorded.timeMs);
      session.isSamePolicy = recorded.kind === "start" &&
        areSamePolicies(recorded.policies, this.#options.policies);
      this.#sessions.set(recorded.session, session);
      return session.take(recorded, line);
    }
    return known.take(recorded, line);
  }

  end(): readonly Replayed[] {
    return [...this.#sessions.values()].flatMap((session) => session.flush());
  }
}

/** The same files, with the same values for their variables. (One that was masked could be any, so it is another.) */
function areSamePolicies(
  recorded: RecordedStart["policies"],
  loaded: readonly LoadedPolicy[],
): boolean {
  return recorded.length === loaded.length && recorded.every(({ sha256, vars }, i) => {
    const values = (loaded[i].vars ?? []).map(writeAssignment);
    return sha256 === loaded[i].sha256 && vars.length === values.length &&
      vars.every((one, at) => one === values[at] && !isHidden(one));
  });
}

/** The state of a session: as little and as much as it could have been charged. */
interface States {
  readonly least: PolicyState;
  readonly most: PolicyState;
}

interface Waiting {
  readonly recorded: RecordedDecision;
  readonly line: number;
}

class SessionReplay {
  /** Without what it expects of the server. */
  readonly #policy: CompiledPolicy;
  readonly #asksForSchemas: boolean;
  readonly #isDirectoryKnown: boolean;
  /** Whether it is replayed under the policies that judged it: what proxies shared is told by the names of their rules. */
  isSamePolicy = false;
  /** What one message asks for passes as a whole, so it is decided as a whole. */
  #group: { readonly within: number; readonly members: Waiting[] } | undefined;
  #states: States;
  readonly #bounds = new Map<string, Bounds>();
  readonly #numbers = new Map<CompiledRule, number>();

  constructor(
    policy: CompiledPolicy,
    isDirectoryKnown: boolean,
    readonly isHeadless: boolean,
    sinceMs: number,
  ) {
    this.#asksForSchemas = policy.trust !== undefined;
    this.#policy = { ...policy, trust: undefined };
    this.#isDirectoryKnown = isDirectoryKnown;
    const least = initialState(policy);
    this.#states = { least, most: isHeadless ? emptied(least, policy, sinceMs) : least };
  }

  take(recorded: Recorded, line: number): readonly Replayed[] {
    if (recorded.kind !== "decision") {
      const flushed = this.flush();
      if (recorded.kind === "other" && recorded.isPolicyChange) this.isSamePolicy = false;
      return flushed;
    }
    const within = withinOf(recorded);
    if (within === undefined) return [...this.flush(), ...this.#decide([{ recorded, line }])];
    if (this.#group?.within === within) {
      this.#group.members.push({ recorded, line });
      return [];
    }
    const flushed = this.flush();
    this.#group = { within, members: [{ recorded, line }] };
    return flushed;
  }

  flush(): readonly Replayed[] {
    const group = this.#group;
    this.#group = undefined;
    return group === undefined ? [] : this.#decide(group.members);
  }

  #decide(members: readonly Waiting[]): readonly Replayed[] {
    const before = this.#states;
    const answers = members.map(({ recorded }) => this.#decideOne(recorded));
    // What is denied takes with it what came in the same message.
    if (answers.some(({ passes }) => passes === "no")) this.#states = before;
    else if (answers.some(({ passes }) => passes === "perhaps")) {
      this.#states = { least: before.least, most: this.#states.most };
    }
    const isDenied = answers.some(({ passes }) => passes === "no");
    return members.map(({ recorded, line }, index): Replayed => {
      const { session, sequence, timeMs, target, name, verdict, action, rule, policy } = recorded;
      const { after } = answers[index];
      return {
        session,
        sequence,
        line,
        timeMs,
        target,
        name,
        before: { verdict, action, rule, policy },
        after: after.kind === "decided" && isDenied ? { ...after, action: "deny" } : after,
      };
    });
  }

  #decideOne(recorded: RecordedDecision): {
    readonly passes: "yes" | "no" | "perhaps";
    readonly after: Replayed["after"];
  } {
    const { verdict, action, policy, rule, timeMs } = recorded;
    if (isBuiltInDenial(recorded)) {
      // No rule has a say in it. It stays as it was, also under a policy that expects more of the server.
      const after = { kind: "decided", verdict, action, policy, rule, reason: "built in" } as const;
      return { passes: action === "deny" ? "no" : "yes", after };
    }
    const operations = readOperations(recorded);
    if (operations === undefined) {
      this.#states = { least: this.#states.least, most: emptied(this.#states.most, this.#policy, timeMs) };
      return { passes: "perhaps", after: { kind: "undecidable", because: ["name"] } };
    }
    return this.#decideKnown(recorded, operations);
  }

  #decideKnown(recorded: RecordedDecision, operations: readonly [Remembered, ...Remembered[]]): {
    readonly passes: "yes" | "no" | "perhaps";
    readonly after: Replayed["after"];
  } {
    const { timeMs } = recorded;
    const facts = factsOf(recorded, this.isSamePolicy);
    if (recorded.shared !== undefined && facts.shared === undefined) {
      // Others used and earned in the same windows: what these policies would have counted of it is not known.
      const { least, most } = this.#states;
      const { used, taints } = emptied(most, this.#policy, timeMs);
      if (this.#policy.documents.some((document) => document.shared !== undefined)) {
        this.#states = { least, most: { ...most, used, taints } };
      }
    }
    const { rules, because } = findUncertainRules(
      policyAt(this.#policy, timeMs),
      operations,
      facts,
      this.#asksForSchemas,
    );
    const uncertain = new Set(rules);
    if (!this.#isDirectoryKnown) {
      for (const rule of rulesThatLookAtDisk(policyAt(this.#policy, timeMs))) uncertain.add(rule);
    }
    const [first, ...rest] = operations.map(({ operation }) => operation);
    const { least, most } = this.#states;
    if (least.taints.length < most.taints.length) {
      for (const rule of asksOfTainted(policyAt(this.#policy, timeMs))) uncertain.add(rule);
    }
    if (uncertain.size === 0 && least === most) {
      const { decision } = decideTogether(this.#policy, least, first, rest, facts, timeMs);
      const state = advance(least, this.#policy, decision, timeMs);
      // What was held comes once more, or never.
      this.#states = recorded.isHeld && state !== least
        ? { least, most: state }
        : { least: state, most: state };
      const { verdict, action, policy, rule, reason } = decision;
      const passes = action === "forward" ? "yes" : "no";
      return { passes, after: { kind: "decided", verdict, action, policy, rule, reason } };
    }
    const bounds = this.#boundsOf(policyAt(this.#policy, timeMs), uncertain);
    const judge = (policy: CompiledPolicy, state: PolicyState) =>
      decideTogether(policy, state, first, rest, facts, timeMs).decision;
    const open = bounds.open.map((variant) => judge(variant, least));
    // An ask can do both, let through and hold back, so that every policy is tried with either state.
    const all = [
      ...open,
      ...bounds.open.map((variant) => judge(variant, most)),
      ...bounds.closed.flatMap((variant) => [judge(variant, least), judge(variant, most)]),
    ];
    const isSame = all.every((one) => one.verdict === all[0].verdict && one.action === all[0].action);
    if (all.some(({ code }) => code === "unsafe_url")) {
      // It was none when it was whole.
      return { passes: "perhaps", after: { kind: "undecidable", because: ["masked"] } };
    }
    const passes = all.every(({ action }) => action === "forward")
      ? "yes"
      : all.every(({ action }) => action === "deny")
      ? "no"
      : "perhaps";
    if (passes !== "no") {
      const lightest = open.find(({ action }) => action === "forward");
      this.#states = {
        // The least is charged only what surely is.
        least: passes === "yes" && !recorded.isHeld
          ? advance(least, this.#policy, lightest ?? all[0], timeMs)
          : least,
        most: this.#charge(most, bounds, first, facts, timeMs, uncertain),
      };
    }
    if (isSame) {
      const { verdict, action, policy, reason } = all[0];
      // Which of some rules says it may still depend on what is not known.
      const rule = [...new Set(all.map((one) => one.rule))].join(" or ");
      return { passes, after: { kind: "decided", verdict, action, policy, rule, reason } };
    }
    const gaps: Gap[] = [];
    if (because.masked) gaps.push("masked");
    if (because.omitted) gaps.push("omitted");
    if (because.fact || (!this.#isDirectoryKnown && uncertain.size > rules.size)) gaps.push("fact");
    if (gaps.length === 0) gaps.push("state");
    return { passes, after: { kind: "undecidable", because: gaps } };
  }

  /** The state after a call that was let through and took all that it could have taken. */
  #charge(
    state: PolicyState,
    { costly }: Bounds,
    operation: Operation,
    facts: Facts,
    nowMs: number,
    uncertain: ReadonlySet<CompiledRule>,
  ): PolicyState {
    // With nothing used up each limit that covers it has room, and says what it takes.
    const { charges, uses, taints } = decide(costly, initialState(costly), operation, facts, nowMs);
    const cost = { action: "forward", charges, uses, taints } as unknown as Decision;
    const after = advance(state, this.#policy, cost, nowMs);
    // Of a sum that is not known, all may be gone.
    const quotas = quotasOf(this.#policy, (rule) => uncertain.has(rule));
    return quotas.length === 0 ? after : { ...after, used: { ...after.used, ...usedUp(quotas, nowMs) } };
  }

  #boundsOf(policy: CompiledPolicy, uncertain: ReadonlySet<CompiledRule>): Bounds {
    const key = `${policy.endings.length} ` + [...uncertain].map((rule) => this.#numberOf(rule)).join(" ");
    const known = this.#bounds.get(key);
    if (known !== undefined) return known;
    const bounds = boundsOf(policy, uncertain);
    if (this.#bounds.size >= boundsMax) this.#bounds.clear();
    this.#bounds.set(key, bounds);
    return bounds;
  }

  #numberOf(rule: CompiledRule): number {
    const known = this.#numbers.get(rule);
    if (known !== undefined) return known;
    this.#numbers.set(rule, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

/** Few sets of rules are ever uncertain together; each is worked out once. */
const boundsMax = 64;

/** The message that a record belongs to with others: that in which they were asked for. */
function withinOf({ within, call, type, from }: RecordedDecision): number | undefined {
  return within ?? (type === "notification" && from === "server" ? call : undefined);
}

function rulesThatLookAtDisk({ documents }: CompiledPolicy): readonly CompiledRule[] {
  return documents.flatMap(({ deny, limit, ask, allow }) =>
    [...deny.rules, ...limit.rules, ...ask?.perhaps.rules ?? [], ...allow.rules].filter((rule) =>
      rule.looksAtDisk
    )
  );
}

function factsOf({ facts, consents, surface, shared }: RecordedDecision, isSamePolicy: boolean): Facts {
  let known: Facts = facts;
  if (consents.length > 0) known = withConsents(known, new Set(consents));
  if (surface !== undefined) known = withSurface(known, surface);
  return shared?.kind !== "known" || !isSamePolicy ? known : withShared(known, shared);
}

/** Asks that only a tainted session meets. */
function asksOfTainted({ documents }: CompiledPolicy): readonly CompiledRule[] {
  return documents.flatMap(({ ask }) =>
    (ask?.perhaps.rules ?? []).filter(({ ifTainted }) => ifTainted !== undefined)
  );
}

function quotasOf(
  { documents }: CompiledPolicy,
  isWanted: (rule: CompiledRule) => boolean,
): readonly CompiledQuota[] {
  return documents.flatMap(({ limit }) =>
    limit.rules.flatMap((rule) => rule.quota !== undefined && isWanted(rule) ? [rule.quota] : [])
  );
}

function usedUp(quotas: readonly CompiledQuota[], nowMs: number): PolicyState["used"] {
  return Object.fromEntries(
    quotas.map(({ id, per, max }) => [id, { window: windowAt(per, nowMs), used: writeUnits(max) }]),
  );
}

/** A session of which the beginning is not known, or one call of it: it may have spent and earned everything. */
function emptied(state: PolicyState, policy: CompiledPolicy, nowMs: number): PolicyState {
  const buckets = Object.fromEntries(
    [...policy.buckets.keys()].map((id) => [id, { tokens: 0, atMs: Math.floor(nowMs) }]),
  );
  const labels = policy.documents.flatMap(({ taint }) =>
    (taint?.rules ?? []).flatMap(({ labels }) => labels)
  );
  const taints = labels.map((label) => ({ label, by: "what is not in the log" }));
  const used = usedUp(quotasOf(policy, () => true), nowMs);
  return { ...state, buckets, used, taints: mergeTaints(state.taints, taints) };
}

/** What the message asked for; undefined where the record does not tell. */
function readOperations(recorded: RecordedDecision): readonly [Remembered, ...Remembered[]] | undefined {
  const { method, name, target, also, alsoIsCut, isNameHidden, type } = recorded;
  if (isNameHidden || alsoIsCut) return undefined;
  const from: Side = recorded.from === "agent" ? "downstream" : "upstream";
  const isGiven = type === "result" && from === "downstream";
  // What an answer of the agent's gives is like what accompanies a request: a deny alone speaks against it.
  const main = isGiven ? undefined : targetKindOf(method, from);
  const others = also.map((one) => accompanying(one, method, from));
  if (isGiven) return [accompanying(recorded, method, from), ...others];
  if (main === target) return [mainOperation(recorded, target, name, from), ...others];
  // A part of the message spoke for all of it; what the message itself asked for is named by its method alone.
  if (main !== "method") return undefined;
  return [mainOperation(recorded, "method", method, from), accompanying(recorded, method, from), ...others];
}

function mainOperation(
  recorded: RecordedDecision,
  target: TargetKind,
  name: string,
  from: Side,
): Remembered {
  const { method, argumentsOmitted } = recorded;
  const housekeeping = target === "method" && isHousekeeping(method);
  const operation = { from, method, target, name, arguments: recorded.arguments, housekeeping };
  return { operation, areArgumentsKnown: !argumentsOmitted };
}

function accompanying(
  { target, name }: { readonly target: TargetKind; readonly name: string },
  method: string,
  from: Side,
): Remembered {
  const args: JsonValue | undefined = target === "resource" ? new Map([["uri", name]]) : undefined;
  const operation: Operation = {
    from,
    method,
    target,
    name,
    arguments: args,
    housekeeping: true,
    accompanies: true,
  };
  // The arguments of a prompt that is being completed are not told apart in the record.
  return { operation, areArgumentsKnown: target !== "prompt" };
}
