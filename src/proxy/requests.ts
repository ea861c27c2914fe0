/** Requests and notifications, from either side: named, judged, recorded, then passed on or answered. */

import type { Notification, Request } from "../mcp/message.ts";
import { readMeta, readOperation, type Side } from "../mcp/operation.ts";
import { requestedProgress } from "../mcp/progress.ts";
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
import type { Note } from "../audit/record.ts";
import { inFlightMax, recordArgumentsBytesMax } from "../limits.ts";
import { isIdTaken } from "./correlation.ts";
import { applyCancellation, isNotice, isTokenActive, judgeNotice } from "./notices.ts";
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
  readonly code: "malformed" | "in_flight" | "server_gone" | "audit_failed" | "unasked";
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
  if (isIdTaken(turn, side, message.id)) {
    return {
      code: "malformed",
      reply: replyCodes.invalidRequest,
      reason: `a request with the id ${message.id.source} is still waiting for its answer`,
      idIsTaken: true,
    };
  }
  if (isNotice(message.method)) {
    const reason = `${message.method} is a notification, which has no id`;
    return { code: "malformed", reply: replyCodes.invalidRequest, reason };
  }
  if (turn.pending[side].size >= inFlightMax) {
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
  let note: Note | undefined;
  let progress: string | undefined;
  if (decision.action === "forward") {
    if (message.kind === "notification") {
      const finding = judgeNotice(turn, side, message);
      if (finding?.kind === "stray") {
        return refuseRequest(turn, side, message, { ...finding, reply: replyCodes.invalidRequest });
      }
      note = finding?.note;
    } else {
      progress = requestedProgress(message)?.key;
      // Tokens must be unique (basic/utilities/progress). It hurts nobody but the asker, who can no longer tell.
      if (progress !== undefined && isTokenActive(turn, side, progress)) note = "progress_token_in_use";
    }
  }
  const call = turn.nextCall();
  if (turn.gate.audited) recordDecision(turn, side, judged, facts, decision, call, note);
  if (decision.action === "forward") return pass(turn, side, message, decision, call, progress);
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
  note: Note | undefined,
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
    notes: note === undefined ? undefined : [note],
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
  progress: string | undefined,
): void {
  turn.policy = advance(turn.policy, turn.gate.policy, decision, turn.nowMs);
  if (message.kind === "request") {
    turn.addPending(side, {
      key: message.id.key,
      idSource: message.id.source,
      call,
      method: message.method,
      isToolCall: message.method === "tools/call",
      stateless: message.method === "tools/call" && isStateless(readMeta(message)),
      progress,
      batch: turn.batch,
      sinceMs: turn.nowMs,
    });
  } else {
    applyCancellation(turn, side, message);
  }
  turn.forward(otherSide(side), message);
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
