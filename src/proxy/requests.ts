/** Requests and notifications, from either side: named, judged, recorded, then passed on or answered. */

import type { Notification, Request } from "../mcp/message.ts";
import { readRequestId } from "../mcp/message_id.ts";
import { cancelledId, readMeta, readOperation, type Side } from "../mcp/operation.ts";
import {
  type DenialDetails,
  deniedToolResult,
  errorReply,
  type ReplyCode,
  replyCodes,
} from "../mcp/reply.ts";
import { isStateless } from "../mcp/revision.ts";
import { decide } from "../policy/decide.ts";
import type { Decision } from "../policy/decision.ts";
import { type Facts, noFacts, type Query, type Resolution } from "../policy/facts.ts";
import { needs } from "../policy/needs.ts";
import { advance } from "../policy/state.ts";
import { keyedDigest } from "../audit/digest.ts";
import { cancelledMax, inFlightMax, recordArgumentsBytesMax } from "../limits.ts";
import { otherSide, sideName, type Turn, type Waiting } from "./session_state.ts";

/** A request or notification has come from `side`. Ends in a verdict, or in a question for facts. */
export function receiveRequest(turn: Turn, side: Side, message: Request | Notification): void {
  const obstacle = findObstacle(turn, side, message);
  if (obstacle !== undefined) return refuseRequest(turn, side, message, obstacle);
  const operation = readOperation(message, side);
  if ("kind" in operation) {
    return refuseRequest(turn, side, message, {
      code: "malformed",
      reply: replyCodes.invalidRequest,
      reason: operation.reason,
    });
  }
  const queries = needs(turn.gate.policy, operation);
  const waiting: Waiting = { message, operation, queries };
  if (queries.length === 0) return judge(turn, side, waiting, noFacts);
  turn.setWaiting(side, waiting);
  turn.effects.push({ kind: "look_up", queries });
}

/** The facts that {@linkcode receiveRequest} asked for are there. A fact that is not counts as missing. */
export function resumeRequest(turn: Turn, side: Side, waiting: Waiting, facts: Facts): void {
  turn.setWaiting(side, undefined);
  // The server may have gone, or the table may have filled, while the facts were looked up.
  const obstacle = findObstacle(turn, side, waiting.message);
  if (obstacle !== undefined) return refuseRequest(turn, side, waiting.message, obstacle);
  judge(turn, side, waiting, facts);
}

/** What keeps a message from being judged at all. */
interface Obstacle {
  readonly code: "malformed" | "in_flight" | "server_gone" | "audit_failed";
  readonly reply: ReplyCode;
  readonly reason: string;
  /** Answer with `null`: an answer with this id would be taken for the answer to another request. */
  readonly idIsTaken?: boolean;
}

function findObstacle(turn: Turn, side: Side, message: Request | Notification): Obstacle | undefined {
  if (turn.phase !== "open") {
    return { code: "server_gone", reply: replyCodes.serverGone, reason: "the tool server is gone" };
  }
  if (message.kind === "notification") return undefined;
  const pending = turn.pending[side];
  const { key } = message.id;
  if (pending.get(key) !== undefined || turn.cancelled[side].get(key) !== undefined) {
    return {
      code: "malformed",
      reply: replyCodes.invalidRequest,
      reason: `a request with the id ${message.id.source} is still waiting for its answer`,
      idIsTaken: true,
    };
  }
  if (pending.size >= inFlightMax) {
    return {
      code: "in_flight",
      reply: replyCodes.limited,
      reason: `${inFlightMax} requests are waiting for their answers already`,
    };
  }
  return undefined;
}

/** Answers a request that never reached a verdict; a notification is dropped. Both are recorded. */
export function refuseRequest(
  turn: Turn,
  side: Side,
  message: Request | Notification,
  obstacle: Obstacle,
): void {
  const { code, reply, reason } = obstacle;
  const id = message.kind === "request" ? message.id.source : undefined;
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code,
    reason,
    bytes: message.frame.end - message.frame.start,
    method: message.method,
    ...(id === undefined ? {} : { id }),
  });
  if (id === undefined) return;
  turn.reply(side, errorReply(obstacle.idIsTaken ? "null" : id, reply, reason, { code, reason }));
}

function judge(turn: Turn, side: Side, judged: Waiting, facts: Facts): void {
  const { message, operation } = judged;
  const decision = decide(turn.gate.policy, turn.policy, operation, facts, turn.nowMs);
  const call = turn.nextCall();
  if (turn.gate.audited) recordDecision(turn, side, judged, facts, decision, call);
  if (decision.action === "forward") return pass(turn, side, message, decision, call);
  turn.countDenied();
  if (message.kind === "request") {
    turn.reply(side, denial(turn, message, decision, call, operation.target === "tool"));
  }
}

function recordDecision(
  turn: Turn,
  side: Side,
  { message, operation, queries }: Waiting,
  facts: Facts,
  decision: Decision,
  call: number,
): void {
  const { frame } = message;
  const value = operation.argumentsValue;
  const isLong = value !== undefined && value.end - value.start > recordArgumentsBytesMax;
  turn.record({
    kind: "decision",
    call,
    from: sideName(side),
    type: message.kind,
    id: message.kind === "request" ? message.id.source : undefined,
    method: operation.method,
    target: operation.target,
    name: operation.name,
    decision,
    facts: factsToRecord(queries, facts, decision),
    arguments: value &&
      { bytes: frame.buffer, start: value.start, end: value.end, source: operation.argumentsSource },
    argumentsDigest: isLong
      ? keyedDigest(turn.gate.digestKey, frame.buffer.subarray(value.start, value.end))
      : undefined,
    bytes: frame.end - frame.start,
  });
}

/**
 * The facts by which a replay comes to the same verdict. That a text of the arguments is none of our files is no such
 * fact: it is looked up for every text, and would only repeat the arguments.
 */
function factsToRecord(queries: readonly Query[], facts: Facts, decision: Decision): Facts {
  if (queries.length === 0 || decision.code === "own_file") return facts;
  const recorded = new Map<string, Resolution>();
  for (const { path, askedBy } of queries) {
    const fact = askedBy === "check" ? facts.get(path) : undefined;
    if (fact !== undefined) recorded.set(path, fact);
  }
  return recorded;
}

function pass(
  turn: Turn,
  side: Side,
  message: Request | Notification,
  decision: Decision,
  call: number,
): void {
  turn.policy = advance(turn.policy, turn.gate.policy, decision, turn.nowMs);
  if (message.kind === "request") {
    turn.setPending(
      side,
      turn.pending[side].add({
        key: message.id.key,
        idSource: message.id.source,
        call,
        method: message.method,
        isToolCall: message.method === "tools/call",
        stateless: message.method === "tools/call" && isStateless(readMeta(message)),
        sinceMs: turn.nowMs,
      }),
    );
  } else {
    forgetCancelled(turn, side, message);
  }
  turn.forward(otherSide(side), message);
}

/**
 * A cancelled request gets no answer (MCP 2025-11-25, basic/utilities/cancellation), so it no longer counts as waiting.
 * An answer that comes all the same is dropped, as the asker would drop it, and only then is its id free again.
 */
function forgetCancelled(turn: Turn, side: Side, message: Notification): void {
  const value = cancelledId(message);
  if (value === undefined) return;
  const key = readRequestId(message.frame.buffer, value.start, value.end)?.key;
  const request = key === undefined ? undefined : turn.pending[side].get(key);
  if (request === undefined) return;
  turn.setPending(side, turn.pending[side].remove(request.key));
  const cancelled = turn.cancelled[side];
  // A server that never answers what was cancelled must not end the session: the oldest is given up.
  const room = cancelled.size < cancelledMax ? cancelled : cancelled.remove(cancelled.all()[0].key);
  turn.setCancelled(side, room.add(request));
  turn.record({
    kind: "outcome",
    call: request.call,
    from: sideName(side),
    type: "none",
    action: "drop",
    code: "cancelled",
    durationMs: turn.nowMs - request.sinceMs,
    bytes: 0,
  });
}

function denial(
  turn: Turn,
  message: Request,
  decision: Decision,
  call: number,
  isToolCall: boolean,
): Uint8Array {
  const details: DenialDetails = {
    code: decision.code ?? "error",
    rule: decision.rule,
    reason: decision.reason,
    decision: `${turn.gate.session}/${call}`,
    ...(decision.retryAfterMs === undefined ? {} : { retryAfterMs: decision.retryAfterMs }),
  };
  const text = denialText(decision);
  if (isToolCall && decision.denials === "tool_result") {
    return deniedToolResult(message.id.source, text, details, { stateless: isStateless(readMeta(message)) });
  }
  const code = decision.code === "limit" ? replyCodes.limited : replyCodes.denied;
  return errorReply(message.id.source, code, text, details);
}

/** One sentence for the model: what, by which rule, and why. How to change the policy is not for it to know. */
function denialText(decision: Decision): string {
  if (decision.code === "limit") {
    const wait = Math.ceil((decision.retryAfterMs ?? 0) / 1000);
    const later = wait > 0 ? ` Try again in ${wait} s.` : "";
    return `Limited by policy (rule "${decision.rule}"): ${decision.reason}.${later}`;
  }
  return `Denied by policy (rule "${decision.rule}"): ${decision.reason}.`;
}
