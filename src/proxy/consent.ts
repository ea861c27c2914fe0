/**
 * Asking a person before a call passes: by a question to the client, where that can show one; else by an approval that
 * others can see and answer. A yes is for exactly one call (`consent_call.ts`), and what was held is judged anew when
 * it comes.
 */

import { keyedDigest } from "../audit/digest.ts";
import type { RecordedConsent } from "../audit/record.ts";
import { consentWaitMs, heldCallBytesMax, heldCallsMax } from "../limits.ts";
import { offersForms, question } from "../mcp/elicitation.ts";
import { readMeta } from "../mcp/operation.ts";
import { isStateless, statelessCapabilities } from "../mcp/revision.ts";
import type { Request } from "../mcp/message.ts";
import { decideTogether, type JointDecision } from "../policy/decide_together.ts";
import { type Approval, type Facts, withConsents } from "../policy/facts.ts";
import type { Side } from "../mcp/operation.ts";
import { quote } from "../policy/sentence.ts";
import { type ConsentCall, consentCall, questionText } from "./consent_call.ts";
import { type HeldCall, keptAnswer, questionKey, withOpenQuestion } from "./consent_state.ts";
import { canBeAnsweredWithQuestion, questionAnswer } from "./consent_in_results.ts";
import { policiesInForce } from "./consent_answers.ts";
import { recordDecision } from "./decision_record.ts";
import { isNews } from "./surfaces.ts";
import type { Turn } from "./turn.ts";
import type { WaitingRequest } from "./waiting.ts";

/** A call that rules ask for, once it is known what becomes of it now. */
export interface Consulted {
  readonly joint: JointDecision;
  readonly facts: Facts;
  /** Whose yes let it through; absent where it has none. */
  readonly consent?: RecordedConsent;
}

/** A call that has no yes for all that is asked. */
interface Unsettled extends Consulted {
  readonly call: ConsentCall;
  /** The rules that have their yes. */
  readonly granted: ReadonlySet<string>;
}

/**
 * What becomes of a call on which the verdict is `ask`; undefined where it waits, for a person or for an approval to be
 * looked up.
 */
export function consult(
  turn: Turn,
  side: Side,
  waiting: WaitingRequest,
  found: Facts,
  asked: JointDecision,
): Consulted | undefined {
  const { operation, company: { accompanying } } = waiting;
  const { policy } = turn.gate;
  const granted = new Set(found.consents);
  let joint = asked;
  let facts = found;
  const { heldAs } = waiting;
  let by: RecordedConsent["by"] = heldAs === undefined ? "kept" : "person";
  // Each round gives at least one more rule its yes.
  for (;;) {
    const asks = joint.decision.action === "deny" ? joint.decision.asks ?? [] : [];
    if (asks.length === 0) return { joint, facts, consent: { by, rules: [...granted], heldAs } };
    const call = consentCall(turn.gate.server ?? "", policiesInForce(turn), joint.operation, asks);
    const kept = keptAnswer(turn.consent, call.key, turn.nowMs);
    const approval = waiting.approvalFor === call.key ? found.approval ?? unanswered : undefined;
    if (kept?.approved !== true && approval?.kind !== "approved") {
      const unsettled = { joint, facts, call, granted };
      if (kept !== undefined) {
        return refuse(unsettled, "a person was asked for exactly this a moment ago, and it was not approved");
      }
      return settle(turn, side, waiting, unsettled, approval);
    }
    if (kept?.approved !== true) by = "approval";
    for (const { key } of asks) granted.add(key);
    facts = withConsents(facts, granted);
    joint = decideTogether(policy, turn.policy, operation, accompanying, facts, turn.nowMs);
  }
}

/** Asked once; whoever gives no answer is not asked again. */
const unanswered: Approval = { kind: "unavailable", why: "approvals could not be looked up" };

function settle(
  turn: Turn,
  side: Side,
  waiting: WaitingRequest,
  unsettled: Unsettled,
  approval: Approval | undefined,
): Consulted | undefined {
  const { message } = waiting;
  if (message.kind === "notification") {
    return refuse(
      unsettled,
      "a person would have to approve it, and what wants no answer cannot wait for one",
    );
  }
  if (approval !== undefined) return refuse(unsettled, explainApproval(turn, unsettled.call, approval));
  if (turn.consent.offersForms && turn.revision !== undefined && turn.batch === undefined) {
    return hold(turn, side, waiting, message, unsettled);
  }
  if (side === "downstream" && turn.batch === undefined && canBeAnsweredWithQuestion(message)) {
    const meta = readMeta(message);
    if (isStateless(meta) && offersForms(statelessCapabilities(meta))) {
      return askInResult(turn, side, waiting, message, unsettled);
    }
  }
  if (turn.gate.approvals === undefined) {
    tellNobodyAsks(turn, unsettled.call);
    return refuse(unsettled, "a person would have to approve it, and there is no way to ask one here");
  }
  const { call, facts, granted } = unsettled;
  turn.setWaiting(side, { ...waiting, found: withConsents(facts, granted), approvalFor: call.key });
  turn.effects.push({ kind: "look_up", queries: [{ kind: "approval", ...call }] });
  return undefined;
}

/** To the operator, once: the model must not be told how calls could pass. */
function tellNobodyAsks(turn: Turn, { target, name }: ConsentCall): void {
  const why = "its client shows no form for it here, and there is no --state FILE";
  if (!isNews(turn, why)) return;
  turn.say(
    "warning",
    `${target} ${quote(name)} is denied, because nobody can be asked for consent: ${why} ` +
      "with which `lilith-zero approvals` could answer",
  );
}

function refuse({ joint, facts }: Unsettled, reason: string): Consulted {
  return { joint: { ...joint, decision: { ...joint.decision, reason } }, facts };
}

/** The reason for the model; how to approve it is for the operator alone. */
function explainApproval(turn: Turn, { target, name }: ConsentCall, approval: Approval): string {
  switch (approval.kind) {
    case "approved":
      return "a person has approved it";
    case "denied":
      return `a person has denied exactly this (${approval.id})`;
    case "unavailable":
      return `a person would have to approve it, and nobody can be asked: ${approval.why}`;
    case "pending":
      if (approval.isNew) {
        turn.say(
          "warning",
          `${target} ${quote(name)} wants a person's consent: ` +
            `lilith-zero approvals approve ${approval.id} --state ${turn.gate.approvals?.file}`,
        );
      }
      return `a person has to approve it first; tell them that it waits under the name ${approval.id}, ` +
        `and make exactly the same call again once they have`;
  }
}

/** Keeps the call and asks the client for the person's answer. */
function hold(
  turn: Turn,
  side: Side,
  waiting: WaitingRequest,
  message: Request,
  unsettled: Unsettled,
): Consulted | undefined {
  const { call, granted, joint } = unsettled;
  const { held } = turn.consent;
  if (held.some(({ consent }) => consent === call.key)) {
    return refuse(unsettled, "a person is being asked for exactly this already");
  }
  const { buffer, start, end } = message.frame;
  const bytes = held.reduce((sum, { line }) => sum + line.length, end + 1 - start);
  if (held.length >= heldCallsMax || bytes > heldCallBytesMax) {
    return refuse(unsettled, tooManyQuestions);
  }
  const number = recordHeld(turn, side, waiting, unsettled);
  const { id, questions } = newQuestion(turn);
  const one: HeldCall = {
    question: id,
    side,
    idKey: message.id.key,
    idSource: message.id.source,
    line: buffer.slice(start, end + 1),
    consent: call.key,
    rules: new Set([...granted, ...call.asks.map(({ key }) => key)]),
    approvedForMs: call.approvedForMs,
    policies: policiesInForce(turn),
    call: number,
    decision: joint.decision,
    isToolCall: waiting.operation.target === "tool",
    sinceMs: turn.nowMs,
    untilMs: turn.nowMs + consentWaitMs,
  };
  turn.consent = { ...turn.consent, questions, held: [...held, one] };
  turn.effects.push({ kind: "reply", to: "downstream", bytes: question(id, questionText(call)) });
  turn.effects.push({ kind: "wake", atMs: one.untilMs });
  return undefined;
}

/** Answers the call with the question; the client makes it again with the person's answer. */
function askInResult(
  turn: Turn,
  side: Side,
  waiting: WaitingRequest,
  message: Request,
  unsettled: Unsettled,
): Consulted | undefined {
  const { call: { key } } = unsettled;
  const consent = withOpenQuestion(turn.consent, key, turn.nowMs + consentWaitMs, turn.nowMs);
  if (consent === undefined) return refuse(unsettled, tooManyQuestions);
  const call = recordHeld(turn, side, waiting, unsettled);
  turn.consent = consent;
  turn.reply(side, questionAnswer(turn, message, unsettled.call, call));
  return undefined;
}

const tooManyQuestions = "as many calls as may wait for a person's answer are waiting already";

/** The record of a call that does not pass before a person has answered; gives its number. */
function recordHeld(
  turn: Turn,
  side: Side,
  { message, operation, queries, company: { accompanying } }: WaitingRequest,
  { joint, facts }: Unsettled,
): number {
  const call = turn.nextCall();
  recordDecision(turn, side, {
    message,
    operation: joint.operation,
    judged: operation,
    queries,
    facts,
    decision: { ...joint.decision, action: "ask" },
    call,
    also: accompanying.length === 0 ? undefined : accompanying,
  });
  return call;
}

/** An id that nobody can guess and that no request in flight has. */
function newQuestion(turn: Turn): { readonly id: string; readonly questions: number } {
  let questions = turn.consent.questions;
  for (;;) {
    const text = new TextEncoder().encode(`question ${++questions}`);
    const id = `lilith-${keyedDigest(turn.gate.digestKey, text).slice(0, 32)}`;
    if (turn.pending.upstream.get(questionKey(id)) === undefined) return { id, questions };
  }
}
