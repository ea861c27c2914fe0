/** How the wait for a person ends: an answer, none in time, a cancellation, or the end of the server. */

import { declinedForMs } from "../limits.ts";
import { type PersonsAnswer, readAnswer, withdrawal } from "../mcp/elicitation.ts";
import type { ErrorAnswer, Incoming, Notification, Result } from "../mcp/message.ts";
import type { MessageId } from "../mcp/message_id.ts";
import type { Side } from "../mcp/operation.ts";
import { readMessage } from "../mcp/read_message.ts";
import { errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import { JsonScanner } from "../wire/json.ts";
import {
  type ConsentState,
  type HeldCall,
  keepAnswer,
  questionKey,
  type ReleasedCall,
  withoutHeld,
} from "./consent_state.ts";
import { denialOf } from "./denial.ts";
import { sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";

/** Why there is no yes. */
type NoAnswer = Exclude<PersonsAnswer, "approved"> | "timeout";

/** The call that waits for the answer with this id; undefined for every other id. */
export function heldByAnswer(turn: Turn, id: MessageId | undefined): HeldCall | undefined {
  return id === undefined
    ? undefined
    : turn.consent.held.find(({ question }) => questionKey(question) === id.key);
}

/** The client has answered a question of ours. */
export function receiveConsent(turn: Turn, held: HeldCall, message: Result | ErrorAnswer): void {
  const answer = readAnswer(message);
  if (answer !== "approved") return endHeld(turn, held, answer);
  record(turn, held, answer);
  const { side, line, call, consent, approvedForMs } = held;
  const kept = keepAnswer(withoutHeld(turn.consent, held), consent, {
    approved: true,
    untilMs: turn.nowMs + approvedForMs,
  });
  // Rules of the same names in a policy that came since may say something else: the person did not see them.
  const inForce = policiesInForce(turn);
  const isSame = inForce.length === held.policies.length &&
    inForce.every((digest, index) => digest === held.policies[index]);
  const rules = isSame ? held.rules : new Set<string>();
  turn.consent = { ...kept, released: [...kept.released, { side, line, rules, call }] };
}

/** Names all policies that hold now: file digests, and the variables that they were given. */
export function policiesInForce({ gate: { policy } }: Turn): readonly string[] {
  return policy.documents.map(({ edition }) => edition);
}

/** The client's answer to a question of ours cannot be read as a message. */
export function receiveUnreadable(turn: Turn, held: HeldCall): void {
  endHeld(turn, held, "unreadable");
}

/** Ends every wait that has lasted long enough, and asks to be called again for the next. */
export function endLateWaits(turn: Turn): void {
  for (const held of turn.consent.held) {
    if (held.untilMs > turn.nowMs) continue;
    endHeld(turn, held, "timeout");
    withdraw(turn, held, "nobody answered in time");
  }
  const next = turn.consent.held.reduce((least, { untilMs }) => Math.min(least, untilMs), Infinity);
  if (next < Infinity) turn.effects.push({ kind: "wake", atMs: next });
}

function endHeld(turn: Turn, held: HeldCall, answer: NoAnswer): void {
  record(turn, held, answer);
  turn.countDenied();
  turn.consent = keepAnswer(withoutHeld(turn.consent, held), held.consent, {
    approved: false,
    untilMs: turn.nowMs + declinedForMs,
  });
  const reply = denialOf({ ...held.decision, reason: reasons[answer] }, {
    idSource: held.idSource,
    isToolCall: held.isToolCall,
    isStateless: () => false,
    record: `${turn.gate.session}/${held.call}`,
  });
  turn.effects.push({ kind: "reply", to: held.side, bytes: reply });
}

const reasons: Readonly<Record<NoAnswer, string>> = {
  declined: "a person was asked and said no",
  dismissed: "a person was asked and gave no answer",
  unreadable: "a person was to be asked, and the client gave no answer that could be read",
  timeout: "a person was asked and did not answer in time",
};

function record(turn: Turn, { call, sinceMs }: HeldCall, answer: PersonsAnswer | "timeout"): void {
  turn.record({ kind: "consent", call, answer, durationMs: turn.nowMs - sinceMs });
}

/** The held call that a cancellation of `side`'s is about. */
export function heldByCancellation(turn: Turn, side: Side, id: MessageId): HeldCall | undefined {
  return turn.consent.held.find((held) => held.side === side && held.idKey === id.key);
}

/** Its sender no longer waits for a held call. The other side never had it, so nothing of this is passed on. */
export function cancelHeld(turn: Turn, held: HeldCall, message: Notification): void {
  const from = sideName(held.side);
  turn.record({
    kind: "refused",
    from,
    code: "cancelled",
    reason: "it cancels a call that waited for a person's consent and was passed to nobody",
    method: message.method,
    bytes: message.frame.end - message.frame.start,
  });
  recordEnd(turn, held, "cancelled");
  turn.consent = withoutHeld(turn.consent, held);
  withdraw(turn, held, "the call was cancelled");
}

/** The server is gone: what waited cannot happen any more. */
export function endAllHeld(turn: Turn, reply: ReplyCode, reason: string): void {
  for (const held of turn.consent.held) {
    recordEnd(turn, held, "server_gone");
    const bytes = errorReply(held.idSource, reply, reason, { code: "server_gone", reason });
    if (held.side === "downstream") turn.effects.push({ kind: "reply", to: held.side, bytes });
    withdraw(turn, held, "the tool server is gone");
  }
  turn.consent = { ...turn.consent, held: [] };
}

/** The client's answer could not be recorded, so it counts for nothing. */
export function endUnrecorded(turn: Turn, held: HeldCall, reason: string): void {
  turn.consent = withoutHeld(turn.consent, held);
  const bytes = errorReply(held.idSource, replyCodes.denied, reason, { code: "audit_failed", reason });
  turn.effects.push({ kind: "reply", to: held.side, bytes });
}

function recordEnd(turn: Turn, held: HeldCall, code: "cancelled" | "server_gone"): void {
  const isCancelled = code === "cancelled";
  turn.record({
    kind: "outcome",
    call: held.call,
    from: isCancelled ? sideName(held.side) : "server",
    type: isCancelled ? "none" : "error",
    action: isCancelled ? "drop" : "replace",
    code,
    durationMs: turn.nowMs - held.sinceMs,
    bytes: 0,
  });
}

function withdraw(turn: Turn, { question }: HeldCall, reason: string): void {
  turn.effects.push({ kind: "reply", to: "downstream", bytes: withdrawal(question, reason) });
}

/** The approved call of `side` that is to be received next, read anew; undefined where there is none. */
export function nextReleased({ released }: ConsentState, side: Side): Incoming | undefined {
  const next = released.find((one) => one.side === side);
  if (next === undefined) return undefined;
  return readMessage(new JsonScanner(), { buffer: next.line, start: 0, end: next.line.length - 1 });
}

/** Which released call a message is; undefined for one that has just come. */
export function releasedAs({ released }: ConsentState, incoming: Incoming): ReleasedCall | undefined {
  if (!("frame" in incoming)) return undefined;
  return released.find(({ line }) => line === incoming.frame.buffer);
}
