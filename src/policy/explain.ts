/**
 * Why a decision is what it is: every rule of every policy, whether it covers the operation, what each of its checks
 * said and of what. The verdict is {@linkcode decide}'s own, and every answer in the trace comes from the engine's
 * functions: what is explained is what is done. None of this runs when a message is judged.
 */

import type { Operation } from "../mcp/operation.ts";
import type { Answer, Strictness } from "./answer.ts";
import { isBuiltInDenial } from "./built_in.ts";
import type { CompiledDocument, CompiledLimit, CompiledPolicy, CompiledRule } from "./compiled.ts";
import { decide } from "./decide.ts";
import { writeUnits } from "./decimal.ts";
import type { Decision } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { explainCheck } from "./explain_check.ts";
import { fullLevel, levelAt, waitMs } from "./limit.ts";
import { answerRule, answerSchema, findUnnamed } from "./match.ts";
import { hasEnded, policyAt } from "./policy_at.ts";
import { describeCheck } from "./describe_check.ts";
import { claim } from "./quota.ts";
import type { Rule, Scope } from "./rule.ts";
import { quote } from "./sentence.ts";
import { earnedTaints, type PolicyState } from "./state.ts";
import { findTaints, hasLabel } from "./taint.ts";
import { Subject } from "./subject.ts";

/** One check of one argument, or another condition of a rule. */
export interface CheckTrace {
  /** The argument as the rule names it; empty where the condition is about the call as a whole. */
  readonly argument: string;
  /** What is wanted, to be read behind "must": `be under /tmp`. */
  readonly must: string;
  readonly answer: Answer;
  /** What decided: the value, the reading of it, or where it leads on disk. */
  readonly because: string;
}

/** What a limit has left. */
export interface LimitTrace {
  /** Calls, or the sum, that it would let through at this moment; not always a whole number. */
  readonly left: number;
  /** What it holds at most. */
  readonly holds: number;
  /** Milliseconds until the call has room; 0: it has; Infinity: never. */
  readonly waitMs: number;
}

/** What a rule comes to for the operation. */
export type RuleSays =
  /** It is about something else. */
  | "elsewhere"
  /** It covers the operation, and its checks keep it out of the decision. */
  | "does_not_apply"
  | "denies"
  /** A limit without room. */
  | "limits"
  | "has_room"
  /** A person is asked first. */
  | "asks"
  | "allows";

export interface RuleTrace {
  readonly id: string;
  readonly effect: Rule["effect"];
  /** `mode: observe` on the rule: it is recorded, and changes nothing. */
  readonly observes: boolean;
  readonly says: RuleSays;
  /** Why it does not cover the operation; absent where it does. */
  readonly elsewhere?: string;
  /** What the checks say together; absent where the rule does not cover the operation. */
  readonly answer?: Answer;
  readonly checks: readonly CheckTrace[];
  readonly limit?: LimitTrace;
  readonly reason?: string;
  /** Whether the policy's own verdict is this rule's. */
  readonly decisive: boolean;
}

export interface PolicyTrace {
  readonly name: string;
  readonly mode: "enforce" | "observe";
  readonly default: "allow" | "deny";
  /** What this policy says, were it alone. */
  readonly verdict: Decision["verdict"];
  /** The rule that said so, or `default`, `protocol`. */
  readonly rule: string;
  /** In the order of the engine: deny, limit, ask, allow; as the document has them within each. */
  readonly rules: readonly RuleTrace[];
}

export interface Explanation {
  readonly operation: Pick<Operation, "from" | "method" | "target" | "name">;
  /** What `decide` says. */
  readonly decision: Decision;
  /** Empty where a built-in rule denied before any policy was asked. */
  readonly policies: readonly PolicyTrace[];
  /** For what is not allowed: what it would have taken, a line each; empty where no rule could have helped. */
  readonly wouldTake: readonly string[];
}

/**
 * Explains what {@linkcode decide} says of the same arguments. Total as it is.
 *
 * ```ts
 * import { compilePolicies } from "./compile.ts";
 * import { explain } from "./explain.ts";
 * import { initialState } from "./state.ts";
 *
 * const policy = compilePolicies([], { workingDirectory: "/", pathCase: "exact", ownFiles: [] }, undefined);
 * const ping = {
 *   from: "downstream", method: "ping", target: "method", name: "ping", arguments: undefined, housekeeping: true,
 * } as const;
 * const { decision, policies } = explain(policy, initialState(policy), ping, new Map(), 0);
 * console.assert(decision.verdict === "allow" && policies[0].rule === "protocol");
 * ```
 */
export function explain(
  policy: CompiledPolicy,
  state: PolicyState,
  operation: Operation,
  facts: Facts,
  nowMs: number,
): Explanation {
  const decision = decide(policy, state, operation, facts, nowMs);
  const { from, method, target, name } = operation;
  const about = { operation: { from, method, target, name }, decision };
  if (isBuiltInDenial(decision)) {
    return { ...about, policies: [], wouldTake: [] };
  }
  const subject = new Subject(operation, facts, policy.paths);
  const policies = policyAt(policy, nowMs).documents.map((document, index) => {
    // The same document alone gives its own verdict; what is built in has spoken already.
    const alone = decide({ ...policy, documents: [document] }, state, operation, facts, nowMs);
    const trace = traceDocument(document, alone, state, subject, nowMs);
    const ended = traceEnded(policy.documents[index], nowMs);
    return ended.length === 0 ? trace : { ...trace, rules: [...trace.rules, ...ended] };
  });
  return { ...about, policies, wouldTake: decision.action === "deny" ? wouldTake(policies, operation) : [] };
}

function traceDocument(
  document: CompiledDocument,
  alone: Decision,
  state: PolicyState,
  subject: Subject,
  nowMs: number,
): PolicyTrace {
  const { operation } = subject;
  const { deny, limit, ask, allow } = document;
  const trace = (rule: CompiledRule, effect: Rule["effect"], covers: boolean, more: Partial<RuleTrace>) => {
    const { id, observes, reason } = rule;
    const decisive = !observes && alone.rule === id && verdictOf[effect] === alone.verdict;
    const base = { id, effect, observes, ...(reason === undefined ? {} : { reason }), decisive };
    if (!covers) {
      return {
        ...base,
        says: "elsewhere" as const,
        elsewhere: whyElsewhere(rule.scope, operation),
        checks: [],
      };
    }
    // An ask that does not hold for certain holds back, as a deny would, what passes otherwise.
    const surely = effect === "ask" && certain.has(rule) ? answerRule(rule, subject, "allow") : "no";
    const isCertain = surely === "yes";
    const strictness: Strictness = effect === "allow" || surely !== "no" ? "allow" : "deny";
    const flow = rule.ifTainted === undefined ? undefined : traceTaints(rule.ifTainted, state, subject.facts);
    const answer = flow?.answer === "no" ? "no" : answerRule(rule, subject, strictness);
    const applies = effect === "allow"
      ? answer === "yes"
      : answer !== "no" && (effect !== "ask" || isCertain || passesOtherwise());
    const says = applies ? saysOf[effect] : "does_not_apply";
    return {
      ...base,
      says,
      answer,
      checks: [...flow === undefined ? [] : [flow], ...traceChecks(rule, subject, strictness)],
      ...(applies ? more : {}),
    };
  };
  const passesOtherwise = (): boolean =>
    document.default === "allow" ||
    [...allows].some((rule) => !rule.observes && answerRule(rule, subject, "allow") === "yes");
  const covering = (rules: readonly CompiledRule[]): ReadonlySet<CompiledRule> => new Set(rules);
  const denies = covering(deny.covering(subject));
  const limits = operation.accompanies === true
    ? covering([])
    : covering(limit.covering(subject, operation.housekeeping ? "methods" : "all"));
  const allows = covering(allow.covering(subject));
  const isAskable = !operation.housekeeping && operation.accompanies !== true;
  const asks = covering(isAskable ? ask?.perhaps.covering(subject) ?? [] : []);
  const certain = covering(isAskable ? ask?.surely.covering(subject) ?? [] : []);
  return {
    name: document.name,
    mode: document.mode,
    default: document.default,
    verdict: alone.verdict,
    rule: alone.rule,
    rules: [
      ...deny.rules.map((rule) => trace(rule, "deny", denies.has(rule), {})),
      ...limit.rules.map((rule) => {
        const limit = traceLimit(rule, state, subject, nowMs);
        return trace(rule, "limit", limits.has(rule), {
          says: limit.waitMs > 0 ? "limits" : "has_room",
          limit,
        });
      }),
      ...(ask?.perhaps.rules ?? []).map((rule) => trace(rule, "ask", asks.has(rule), {})),
      ...allow.rules.map((rule) => trace(rule, "allow", allows.has(rule), {})),
    ],
  };
}

/** The rules that are there no more. */
function traceEnded({ deny, limit, ask, allow }: CompiledDocument, nowMs: number): readonly RuleTrace[] {
  const ended = (rules: readonly CompiledRule[], effect: Rule["effect"]): readonly RuleTrace[] =>
    rules.filter(({ untilMs }) => hasEnded(untilMs, nowMs)).map(({ id, observes, untilMs }) => ({
      id,
      effect,
      observes,
      says: "elsewhere",
      elsewhere: `it ended at ${new Date(untilMs!).toISOString()}`,
      checks: [],
      decisive: false,
    }));
  return [
    ...ended(deny.rules, "deny"),
    ...ended(limit.rules, "limit"),
    ...ended(ask?.perhaps.rules ?? [], "ask"),
    ...ended(allow.rules, "allow"),
  ];
}

function traceLimit(rule: CompiledLimit, state: PolicyState, subject: Subject, nowMs: number): LimitTrace {
  const { bucket, quota } = rule;
  if (bucket !== undefined) {
    const level = state.buckets[bucket.id] ?? fullLevel(bucket);
    const wait = waitMs(bucket, level, nowMs, 1);
    return { left: levelAt(bucket, level, nowMs), holds: bucket.burst, waitMs: wait };
  }
  const { shared } = subject.facts;
  const said = claim(quota!, subject, state, shared?.kind === "known" ? shared.used : undefined, nowMs);
  return {
    left: said.kind === "no_amount" ? 0 : Number(said.left),
    holds: Number(writeUnits(quota!.max)),
    waitMs: said.kind === "room" ? 0 : said.kind === "full" ? said.waitMs : Infinity,
  };
}

/** `if_tainted` as a check of the session. */
function traceTaints(labels: readonly string[], state: PolicyState, facts: Facts): CheckTrace {
  const earned = earnedTaints(state, facts);
  const missing = labels.filter((label) => !hasLabel(earned, label));
  const found = (findTaints(earned, labels) ?? []).map(({ label, by }) => `${quote(label)} by ${by}`);
  return {
    argument: "",
    must: `come in a session that is ${labels.map(quote).join(" and ")}`,
    answer: missing.length === 0 ? "yes" : "no",
    because: missing.length === 0
      ? `it was made so: ${found.join(", ")}`
      : `it is not ${missing.map(quote).join(" and not ")}`,
  };
}

const verdictOf: Readonly<Record<Rule["effect"], Decision["verdict"]>> = {
  deny: "deny",
  limit: "limit",
  ask: "ask",
  allow: "allow",
};
const saysOf: Readonly<Record<Rule["effect"], RuleSays>> = {
  deny: "denies",
  limit: "has_room",
  ask: "asks",
  allow: "allows",
};

/** Each check by itself, asked of the engine as a rule of its own: so every kind of check that it knows is shown. */
function traceChecks(rule: CompiledRule, subject: Subject, strictness: Strictness): readonly CheckTrace[] {
  const traces: CheckTrace[] = [];
  if (rule.closed && strictness === "allow") {
    const { answer, name } = findUnnamed(rule, subject);
    traces.push({
      argument: "",
      must: "have no other arguments",
      answer,
      because: name !== undefined
        ? `argument ${quote(name)} is not expected`
        : answer === "unknown"
        ? "the arguments have another form than expected"
        : "every argument is named by the rule",
    });
  }
  if (rule.schema) {
    const { answer, why } = answerSchema(subject);
    traces.push({
      argument: "",
      must: "satisfy the schema that the server declares for the tool",
      answer,
      because: answer === "yes" ? "they do, as far as is known" : why,
    });
  }
  for (const argument of rule.arguments) {
    for (const check of argument.checks) {
      const ask = (about: Subject, how: Strictness): Answer =>
        answerRule(
          { ...rule, closed: false, schema: false, arguments: [{ ...argument, checks: [check] }] },
          about,
          how,
        );
      const answer = ask(subject, strictness);
      const because = explainCheck({ argument, check, answer, subject, strictness, ask });
      traces.push({ argument: argument.selector, must: describeCheck(check), answer, because });
    }
  }
  return traces;
}

function whyElsewhere(scope: Scope, { target, name, method }: Operation): string {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ["tool", scope.tools],
    ["resource", scope.resources],
    ["prompt", scope.prompts],
    ["method", scope.methods],
  ];
  const about = lists.filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind} ${listNames(names)}`).join(", or ");
  const isSameKind = lists.some(([kind, names]) => kind === target && names.length > 0);
  const what = isSameKind ? quote(name) : `${target} ${quote(name)}`;
  return about === ""
    ? "it is about nothing"
    : `it is about ${about}; this is ${what}${target === "method" ? "" : ` (${method})`}`;
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 4).map(quote).join(" or ");
  return names.length > 4 ? `${shown} or ${names.length - 4} more` : shown;
}

/** What stands between the operation and an allow. */
function wouldTake(policies: readonly PolicyTrace[], operation: Operation): readonly string[] {
  return policies.flatMap((policy) => {
    if (policy.mode === "observe" || policy.verdict === "allow") return [];
    const inPolicy = policies.length > 1 ? `policy ${quote(policy.name)}: ` : "";
    const lines = policy.rules.filter((rule) =>
      !rule.observes && (rule.says === "denies" || rule.says === "limits" || rule.says === "asks")
    )
      .map((rule) =>
        rule.says === "limits" && rule.limit!.waitMs === Infinity
          ? `limit ${quote(rule.id)} never has room for such a call`
          : rule.says === "limits"
          ? `limit ${quote(rule.id)} has room again in ${rule.limit!.waitMs} ms`
          : rule.says === "asks"
          ? `ask ${quote(rule.id)} wants a person to approve it`
          : `deny ${quote(rule.id)} would have to leave it alone`
      );
    const opened = policy.default === "allow" || operation.housekeeping ||
      policy.rules.some(({ says, observes }) => (says === "allows" || says === "asks") && !observes);
    return [...lines, ...opened ? [] : openings(policy, operation)].map((line) => inPolicy + line);
  });
}

/** What the allows that are about it lack; where there is none, that there is none. */
function openings({ rules }: PolicyTrace, operation: Operation): readonly string[] {
  const near = rules.filter(({ effect, says, observes }) =>
    effect === "allow" && says === "does_not_apply" && !observes
  );
  if (near.length === 0) return [`a rule that allows ${operation.target} ${quote(operation.name)}`];
  return near.map(({ id, checks }) => {
    const missing = checks.filter(({ answer }) => answer !== "yes").map(({ argument, must }) =>
      argument === "" ? `the call must ${must}` : `${nameArgument(argument)} must ${must}`
    );
    return `allow ${quote(id)}: ${missing.join(", and ")}`;
  });
}

/** An argument as sentences name it. */
export function nameArgument(selector: string): string {
  return selector === "**" ? "every text" : `argument ${quote(selector)}`;
}
