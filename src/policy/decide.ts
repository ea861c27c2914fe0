/**
 * (policy, state, operation, facts, time) → decision. Pure, deterministic and total: whatever goes wrong in here is a
 * denial.
 *
 * In each policy: deny, then limit, then ask, then allow; then the protocol's housekeeping passes, and what is left
 * falls to `default`. Of several policies the strictest verdict wins.
 */

import type { Operation } from "../mcp/operation.ts";
import { builtInPolicy, builtInRules } from "./built_in.ts";
import type {
  CompiledAsk,
  CompiledAsks,
  CompiledDocument,
  CompiledPolicy,
  CompiledRule,
} from "./compiled.ts";
import type { Asking, Charge, Decision, DenialCode, Observation } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { fullLevel, waitMs } from "./limit.ts";
import type { Answer } from "./answer.ts";
import { answerRule } from "./match.ts";
import { touchesShared } from "./needs.ts";
import { findOwnFile } from "./own_files.ts";
import { policyAt } from "./policy_at.ts";
import { claim, type Use } from "./quota.ts";
import {
  denialByDefault,
  reasonForAllow,
  reasonForAsk,
  reasonForConsent,
  reasonForDeny,
  reasonForLimit,
  reasonForOwnFile,
  reasonForQuota,
  reasonForTaint,
} from "./reason.ts";
import { earnedTaints, type PolicyState } from "./state.ts";
import { nameTarget } from "./sentence.ts";
import { Subject } from "./subject.ts";
import { findTaints, hasLabel, type Taint } from "./taint.ts";
import { findDistrust } from "./trust.ts";
import { findUnsafeUrl } from "./unsafe_url.ts";
import { combine, type Judgement, type Ruling, speakAlone, type Verdict } from "./judgement.ts";

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
    return deny(policy, "error", builtInRules.error, "the policy could not be applied, so nothing passes");
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
  if (hit !== undefined) {
    return deny(policy, "own_file", builtInRules.ownFiles, reasonForOwnFile(hit, operation));
  }
  const unsafe = findUnsafeUrl(operation);
  if (unsafe !== undefined) return deny(policy, "unsafe_url", builtInRules.safeUrls, unsafe);
  if (policy.trust !== undefined) {
    const distrusted = findDistrust(policy.trust, operation, facts);
    if (distrusted !== undefined) return deny(policy, distrusted.code, distrusted.rule, distrusted.reason);
  }
  if (policy.sharesState && facts.shared?.kind !== "known" && touchesShared(policy, subject)) {
    return deny(
      policy,
      "error",
      builtInRules.sharedState,
      "what it shares with other servers could not be looked up",
    );
  }
  const { documents } = policy;
  const decision = documents.length === 1
    ? speakAlone(judgeDocument(documents[0], state, subject, nowMs))
    : combine(documents.map((document) => judgeDocument(document, state, subject, nowMs)));
  return policy.rulesTaint ? withTaints(decision, policy, state, subject) : decision;
}

/** With the labels that the call brings in; what the session has already is not brought in again. */
function withTaints(
  decision: Decision,
  policy: CompiledPolicy,
  state: PolicyState,
  subject: Subject,
): Decision {
  if (decision.action !== "forward") return decision;
  const earned = earnedTaints(state, subject.facts);
  const fresh = new Set<string>();
  for (const { taint } of policy.documents) {
    for (const rule of taint?.covering(subject) ?? []) {
      const labels = rule.labels.filter((label) => !fresh.has(label) && !hasLabel(earned, label));
      if (labels.length === 0 || answerRule(rule, subject, "deny") === "no") continue;
      for (const label of labels) fresh.add(label);
    }
  }
  if (fresh.size === 0) return decision;
  const by = nameTarget(subject.operation);
  return { ...decision, taints: [...fresh].sort().map((label) => ({ label, by })) };
}

/** A denial by the engine itself. */
function deny(policy: CompiledPolicy, code: DenialCode, rule: string, reason: string): Decision {
  return {
    verdict: "deny",
    action: "deny",
    code,
    policy: builtInPolicy,
    rule,
    reason,
    observed: [],
    charges: [],
    // (Nothing may be taken for granted where an exception led.)
    denials: policy?.documents?.[0]?.denials ?? "tool_result",
  };
}

function judgeDocument(
  document: CompiledDocument,
  state: PolicyState,
  subject: Subject,
  nowMs: number,
): Judgement {
  const denial = document.deny.rules.length === 0 ? noDenial : judgeDenies(document, state, subject);
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
  const { waitMs, charges, uses } = limits;
  const before = denial.verdict ?? limits.verdict;
  if (document.ask !== undefined) {
    return addAsks(document, document.ask, state, subject, before, observed, limits);
  }
  const { verdict, code, rule, reason } = before ?? judgeAllows(document, subject);
  return { document, waitMs, observed, charges, uses, verdict, code, rule, reason };
}

/** What is said where rules ask: nothing else pays for them. */
function addAsks(
  document: CompiledDocument,
  rules: CompiledAsks,
  state: PolicyState,
  subject: Subject,
  before: Ruling | undefined,
  observed: readonly Observation[],
  { waitMs, charges, uses }: LimitJudgement,
): Judgement {
  const asked = judgeAsks(document, rules, state, subject);
  const { verdict, code, rule, reason } = before ?? asked.verdict ?? judgeAllows(document, subject);
  return {
    document,
    waitMs,
    observed: asked.observed.length === 0 ? observed : [...observed, ...asked.observed],
    charges,
    uses,
    verdict,
    code,
    rule,
    reason,
    asks: verdict === "ask" ? asked.asks : undefined,
  };
}

interface DenialJudgement {
  readonly verdict?: Ruling;
  readonly observed: readonly Observation[];
}

interface LimitJudgement extends DenialJudgement {
  readonly waitMs: number;
  readonly charges: readonly Charge[];
  readonly uses: readonly Use[] | undefined;
}

const noDenial: DenialJudgement = { observed: [] };
const noLimits: LimitJudgement = { waitMs: 0, observed: [], charges: noCharges, uses: undefined };

/** The first deny that fires, and every one that would fire but only observes. */
function judgeDenies(document: CompiledDocument, state: PolicyState, subject: Subject): DenialJudgement {
  const observed: Observation[] = [];
  let verdict: Ruling | undefined;
  for (const rule of document.deny.covering(subject)) {
    const tainted = rule.ifTainted === undefined ? undefined : taintsOf(rule.ifTainted, state, subject);
    if (tainted === "clean") continue;
    const answer = answerRule(rule, subject, "deny");
    if (answer === "no") continue;
    const denied = reasonForDeny(rule, subject, answer);
    const reason = tainted === undefined ? denied : reasonForTaint(denied, tainted);
    if (rule.observes) {
      observed.push({ policy: document.name, rule: rule.id, verdict: "deny", reason });
    } else if (verdict === undefined) {
      verdict = { verdict: "deny", code: tainted === undefined ? "rule" : "taint", rule: rule.id, reason };
      if (document.mode === "enforce") break;
    }
  }
  return verdict === undefined ? { observed } : { verdict, observed };
}

/** What brought the labels in, where the session has all of them. */
function taintsOf(
  labels: readonly string[],
  state: PolicyState,
  subject: Subject,
): readonly Taint[] | "clean" {
  return findTaints(earnedTaints(state, subject.facts), labels) ?? "clean";
}

function judgeLimits(
  document: CompiledDocument,
  state: PolicyState,
  subject: Subject,
  nowMs: number,
): LimitJudgement {
  const observed: Observation[] = [];
  const charges: Charge[] = [];
  let uses: Use[] | undefined;
  let verdict: Ruling | undefined;
  let longestMs = 0;
  // A limit over tools must not starve the handshake; one that names methods was meant to.
  const lists = subject.operation.housekeeping ? "methods" : "all";
  for (const rule of document.limit.covering(subject, lists)) {
    if (answerRule(rule, subject, "deny") === "no") continue;
    const { bucket, quota } = rule;
    let wait: number;
    let reason: string;
    if (bucket !== undefined) {
      wait = waitMs(bucket, state.buckets[bucket.id] ?? fullLevel(bucket), nowMs, callTokens);
      if (wait === 0) {
        charges.push({ bucket: bucket.id, tokens: callTokens });
        continue;
      }
      reason = reasonForLimit(rule, bucket);
    } else {
      const { shared } = subject.facts;
      const said = claim(quota!, subject, state, shared?.kind === "known" ? shared.used : undefined, nowMs);
      if (said.kind === "room") {
        (uses ??= []).push(said.use);
        continue;
      }
      wait = said.kind === "full" ? said.waitMs : Infinity;
      reason = reasonForQuota(rule, quota!, said);
    }
    if (rule.observes) {
      observed.push({ policy: document.name, rule: rule.id, verdict: "limit", reason });
    } else {
      verdict ??= { verdict: "limit", code: "limit", rule: rule.id, reason };
      longestMs = Math.max(longestMs, wait);
    }
  }
  return { ...(verdict === undefined ? {} : { verdict }), waitMs: longestMs, observed, charges, uses };
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
  state: PolicyState,
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
    if (rule.ifTainted !== undefined && taintsOf(rule.ifTainted, state, subject) === "clean") continue;
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
  const by = allowed ?? (operation.housekeeping ? builtInRules.protocol : builtInRules.default);
  if (by === builtInRules.default && document.default === "deny") {
    return { verdict: "deny", rule: by, ...denialByDefault(document, subject) };
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
