/**
 * (policy, state, operation, facts, time) → decision. Pure, deterministic and total: whatever goes wrong in here is a
 * denial.
 *
 * In each policy: deny, then limit, then ask, then allow; then the protocol's housekeeping passes, and what is left
 * falls to `default`. Of several policies the strictest verdict wins.
 */

import type { Operation } from "../mcp/operation.ts";
import type { CompiledAsk, CompiledAsks, CompiledDocument, CompiledPolicy, CompiledRule } from "./compile.ts";
import type { Asking, Charge, Decision, DenialCode, Observation } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { fullLevel, waitMs } from "./limit.ts";
import type { Answer } from "./answer.ts";
import { answerRule } from "./match.ts";
import { findOwnFile, ownFilesRule } from "./own_files.ts";
import { policyAt } from "./policy_at.ts";
import {
  reasonForAllow,
  reasonForAsk,
  reasonForConsent,
  reasonForDefault,
  reasonForDeny,
  reasonForLimit,
  reasonForOwnFile,
} from "./reason.ts";
import type { PolicyState } from "./state.ts";
import { Subject } from "./subject.ts";
import { findDistrust } from "./trust.ts";
import { findUnsafeUrl, safeUrlsRule } from "./unsafe_url.ts";

/** The policy that built-in rules belong to. */
const builtIn = "built-in";

const noCharges: readonly Charge[] = [];

/** What one call takes from a bucket. */
const callTokens = 1;

/**
 * Judges an operation.
 *
 * `facts` are the answers to `needs(policy, operation)`; one that is missing makes its check unknown, which never
 * allows. `nowMs` is the time in Unix milliseconds. Never throws: an exception inside is a
 * denial with the code `error`.
 */
export function decide(
  policy: CompiledPolicy,
  state: PolicyState,
  operation: Operation,
  facts: Facts,
  nowMs: number,
): Decision {
  try {
    if (!Number.isFinite(nowMs)) throw new RangeError(`Cannot decide: the time is ${nowMs}`);
    return judge(policyAt(policy, nowMs), state, operation, facts, nowMs);
  } catch {
    return deny(policy, "error", "error", "the policy could not be applied, so nothing passes");
  }
}

function judge(
  policy: CompiledPolicy,
  state: PolicyState,
  operation: Operation,
  facts: Facts,
  nowMs: number,
): Decision {
  const subject = new Subject(operation, facts, policy.paths);
  const hit = findOwnFile(subject, policy.ownFiles);
  if (hit !== undefined) return deny(policy, "own_file", ownFilesRule, reasonForOwnFile(hit, operation));
  const unsafe = findUnsafeUrl(operation);
  if (unsafe !== undefined) return deny(policy, "unsafe_url", safeUrlsRule, unsafe);
  if (policy.trust !== undefined) {
    const distrusted = findDistrust(policy.trust, operation, facts);
    if (distrusted !== undefined) return deny(policy, distrusted.code, distrusted.rule, distrusted.reason);
  }
  const { documents } = policy;
  if (documents.length === 1) return speakAlone(judgeDocument(documents[0], state, subject, nowMs));
  return combine(documents.map((document) => judgeDocument(document, state, subject, nowMs)));
}

/** What {@linkcode combine} makes of one judgement, at a fraction of its cost: most people have one policy. */
function speakAlone(judgement: Judgement): Decision {
  const { document, verdict, rule, reason, observed, charges } = judgement;
  if (verdict !== "allow" || document.mode !== "enforce" || observed.length > 0) return combine([judgement]);
  const { name: policy, denials } = document;
  return { verdict, action: "forward", policy, rule, reason, observed, charges, denials };
}

/** A denial by the engine itself. */
function deny(policy: CompiledPolicy, code: DenialCode, rule: string, reason: string): Decision {
  return {
    verdict: "deny",
    action: "deny",
    code,
    policy: builtIn,
    rule,
    reason,
    observed: [],
    charges: [],
    // (Nothing may be taken for granted where an exception led.)
    denials: policy?.documents?.[0]?.denials ?? "tool_result",
  };
}

type Verdict = Decision["verdict"];

/** What one policy says. */
interface Judgement {
  readonly document: CompiledDocument;
  readonly verdict: Verdict;
  readonly code: DenialCode | undefined;
  readonly rule: string;
  readonly reason: string;
  /** Until every limit of this policy has room; 0 where all have. */
  readonly waitMs: number;
  /** What its observing rules alone would have done. */
  readonly observed: readonly Observation[];
  /** For each limit that covers the call and has room. */
  readonly charges: readonly Charge[];
  /** What a person has to be asked; only where the verdict is `ask`. */
  readonly asks?: readonly Asking[] | undefined;
}

function judgeDocument(
  document: CompiledDocument,
  state: PolicyState,
  subject: Subject,
  nowMs: number,
): Judgement {
  const denial = document.deny.rules.length === 0 ? noDenial : judgeDenies(document, subject);
  if (denial.verdict !== undefined && document.mode === "enforce") {
    // Nothing can be stricter, and what is not forwarded is not charged.
    const { verdict, code, rule, reason } = denial.verdict;
    return { document, waitMs: 0, observed: [], charges: [], verdict, code, rule, reason };
  }
  // What accompanies an operation is no call of its own.
  const limits = document.limit.rules.length === 0 || subject.operation.accompanies === true
    ? noLimits
    : judgeLimits(document, state, subject, nowMs);
  const observed = limits.observed.length === 0 ? denial.observed : [...denial.observed, ...limits.observed];
  const { waitMs, charges } = limits;
  const before = denial.verdict ?? limits.verdict;
  if (document.ask !== undefined) return addAsks(document, document.ask, subject, before, observed, limits);
  const { verdict, code, rule, reason } = before ?? judgeAllows(document, subject);
  return { document, waitMs, observed, charges, verdict, code, rule, reason };
}

/** What is said where rules ask: nothing else pays for them. */
function addAsks(
  document: CompiledDocument,
  rules: CompiledAsks,
  subject: Subject,
  before: Ruling | undefined,
  observed: readonly Observation[],
  { waitMs, charges }: LimitJudgement,
): Judgement {
  const asked = judgeAsks(document, rules, subject);
  const { verdict, code, rule, reason } = before ?? asked.verdict ?? judgeAllows(document, subject);
  return {
    document,
    waitMs,
    observed: asked.observed.length === 0 ? observed : [...observed, ...asked.observed],
    charges,
    verdict,
    code,
    rule,
    reason,
    asks: verdict === "ask" ? asked.asks : undefined,
  };
}

type Ruling = Pick<Judgement, "verdict" | "code" | "rule" | "reason">;

interface DenialJudgement {
  readonly verdict?: Ruling;
  readonly observed: readonly Observation[];
}

interface LimitJudgement extends DenialJudgement {
  readonly waitMs: number;
  readonly charges: readonly Charge[];
}

const noDenial: DenialJudgement = { observed: [] };
const noLimits: LimitJudgement = { waitMs: 0, observed: [], charges: noCharges };

/** The first deny that fires, and every one that would fire but only observes. */
function judgeDenies(document: CompiledDocument, subject: Subject): DenialJudgement {
  const observed: Observation[] = [];
  let verdict: Ruling | undefined;
  for (const rule of document.deny.covering(subject)) {
    const answer = answerRule(rule, subject, "deny");
    if (answer === "no") continue;
    const reason = reasonForDeny(rule, subject, answer);
    if (rule.observes) {
      observed.push({ policy: document.name, rule: rule.id, verdict: "deny", reason });
    } else if (verdict === undefined) {
      verdict = { verdict: "deny", code: "rule", rule: rule.id, reason };
      if (document.mode === "enforce") break;
    }
  }
  return verdict === undefined ? { observed } : { verdict, observed };
}

function judgeLimits(
  document: CompiledDocument,
  state: PolicyState,
  subject: Subject,
  nowMs: number,
): LimitJudgement {
  const observed: Observation[] = [];
  const charges: Charge[] = [];
  let verdict: Ruling | undefined;
  let longestMs = 0;
  // A limit over tools must not starve the handshake; one that names methods was meant to.
  const lists = subject.operation.housekeeping ? "methods" : "all";
  for (const rule of document.limit.covering(subject, lists)) {
    if (answerRule(rule, subject, "deny") === "no") continue;
    const { bucket } = rule;
    const wait = waitMs(bucket, state.buckets[bucket.id] ?? fullLevel(bucket), nowMs, callTokens);
    if (wait === 0) {
      charges.push({ bucket: bucket.id, tokens: callTokens });
      continue;
    }
    const reason = reasonForLimit(rule, bucket);
    if (rule.observes) {
      observed.push({ policy: document.name, rule: rule.id, verdict: "limit", reason });
    } else {
      verdict ??= { verdict: "limit", code: "limit", rule: rule.id, reason };
      longestMs = Math.max(longestMs, wait);
    }
  }
  return { ...(verdict === undefined ? {} : { verdict }), waitMs: longestMs, observed, charges };
}

interface AskJudgement extends DenialJudgement {
  readonly asks: readonly Asking[];
}

const noAsks: AskJudgement = { observed: [], asks: [] };

/**
 * Every ask that fires and has no consent; where all have it, the first stands for an allow. The protocol's housekeeping
 * and what accompanies an operation is never asked for: nobody could say what it means.
 */
function judgeAsks(
  document: CompiledDocument,
  { surely, perhaps }: CompiledAsks,
  subject: Subject,
): AskJudgement {
  const { operation, facts } = subject;
  if (operation.housekeeping || operation.accompanies === true) return noAsks;
  const candidates = perhaps.covering(subject);
  if (candidates.length === 0) return noAsks;
  const certain = surely.covering(subject);
  const observed: Observation[] = [];
  const asks: Asking[] = [];
  let consented: CompiledAsk | undefined;
  let otherwise: Verdict | undefined;
  for (const rule of candidates) {
    const answer = answerAsk(rule, subject, certain.includes(rule));
    if (answer === "no") continue;
    // An ask opens nothing on an unknown, and holds back on it what would pass without it.
    if (answer === "unknown") {
      otherwise ??= judgeAllows(document, subject).verdict;
      if (otherwise !== "allow") continue;
    }
    const { id, key, approvedForMs } = rule;
    if (!rule.observes && facts.consents?.has(key) === true) {
      consented ??= rule;
      continue;
    }
    const reason = reasonForAsk(rule, subject);
    if (rule.observes) observed.push({ policy: document.name, rule: id, verdict: "ask", reason });
    else asks.push({ policy: document.name, rule: id, key, reason, approvedForMs });
  }
  if (asks.length > 0) {
    const [{ rule, reason }] = asks;
    return { verdict: { verdict: "ask", code: "ask", rule, reason }, observed, asks };
  }
  if (consented === undefined) return { observed, asks };
  const reason = reasonForConsent(consented, operation);
  return { verdict: { verdict: "allow", code: undefined, rule: consented.id, reason }, observed, asks };
}

/** *Yes* where an allow with the same words would hold; *unknown* where only a deny with them would fire. */
function answerAsk(rule: CompiledAsk, subject: Subject, isCertain: boolean): Answer {
  const surely = isCertain ? answerRule(rule, subject, "allow") : "no";
  return surely === "no" && answerRule(rule, subject, "deny") !== "no" ? "unknown" : surely;
}

function judgeAllows(document: CompiledDocument, subject: Subject): Ruling {
  const { operation } = subject;
  const allowed = findAllow(document, subject)?.id;
  const by = allowed ?? (operation.housekeeping ? "protocol" : "default");
  if (by === "default" && document.default === "deny") {
    return { verdict: "deny", code: "default", rule: by, reason: reasonForDefault(document, subject) };
  }
  return { verdict: "allow", code: undefined, rule: by, reason: reasonForAllow(by, operation) };
}

/** An allow that only observes is not in force, so it allows nothing. */
function findAllow(document: CompiledDocument, subject: Subject): CompiledRule | undefined {
  for (const rule of document.allow.covering(subject)) {
    if (!rule.observes && answerRule(rule, subject, "allow") === "yes") return rule;
  }
  return undefined;
}

const strictness: Readonly<Record<Verdict, number>> = { allow: 0, ask: 1, limit: 2, deny: 3 };

/** The strictest of some; the first of equals. */
function strictest(judgements: readonly Judgement[]): Judgement | undefined {
  return judgements.reduce<Judgement | undefined>(
    (best, one) => best === undefined || strictness[one.verdict] > strictness[best.verdict] ? one : best,
    undefined,
  );
}

function combine(judgements: readonly Judgement[]): Decision {
  const enforcing = judgements.filter(({ document }) => document.mode === "enforce");
  const inForce = strictest(enforcing);
  const isForwarded = inForce === undefined || inForce.verdict === "allow";
  // A denial names who denied it; what passes names the strictest voice, also of a policy that only observes.
  const speaker = (isForwarded ? strictest(judgements) : inForce)!;
  const { verdict, code, rule, reason, document } = speaker;
  // The same call has room once the slowest of all the limits in question has it.
  const waits = (isForwarded ? judgements : enforcing).map(({ waitMs }) => waitMs);
  return {
    verdict,
    action: isForwarded ? "forward" : "deny",
    ...(code === undefined ? {} : { code }),
    policy: document.name,
    rule,
    reason,
    ...(verdict === "limit" ? { retryAfterMs: Math.max(...waits) } : {}),
    ...(verdict === "ask" && !isForwarded ? { asks: enforcing.flatMap(({ asks }) => asks ?? []) } : {}),
    observed: observations(judgements, isForwarded ? "allow" : verdict),
    charges: isForwarded ? judgements.flatMap(({ charges }) => charges) : [],
    denials: document.denials,
  };
}

/** Everything that only observes and would have been stricter than what is done. */
function observations(judgements: readonly Judgement[], done: Verdict): readonly Observation[] {
  const all: Observation[] = [];
  for (const { document, verdict, rule, reason, observed } of judgements) {
    if (document.mode === "observe" && verdict !== "allow") {
      all.push({ policy: document.name, rule, verdict, reason });
    }
    all.push(...observed);
  }
  return all.filter(({ verdict }) => strictness[verdict] > strictness[done]);
}
