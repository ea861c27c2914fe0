/** What must still be said when something ends: nobody is left waiting for an answer that cannot come. */

import type { Incoming } from "../mcp/message.ts";
import { readHead } from "../mcp/message_head.ts";
import type { MessageId } from "../mcp/message_id.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, replyCodes } from "../mcp/reply.ts";
import { endAllHeld, endUnrecorded, heldByAnswer } from "./consent_answers.ts";
import { replyIdFor, takeAnswered } from "./correlation.ts";
import { waitersIn } from "./receive_batch.ts";
import { refuseAsked, replyIdToMalformed, replyIdToOversize } from "./refusals.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";

/** The server process is gone (`description`: "ended with status 3"): every request of the agent that it owes an answer gets one from us. */
export function endServer(turn: Turn, description: string): void {
  if (turn.phase !== "open") return;
  turn.phase = "server_gone";
  turn.setWaiting("downstream", undefined);
  turn.surfaces = { ...turn.surfaces, asking: undefined };
  const reason = `the tool server is gone: it ${description}`;
  turn.record({ kind: "event", name: "server_exited", detail: description });
  if (turn.consent.held.length > 0) endAllHeld(turn, replyCodes.serverGone, reason);
  for (const request of turn.pending.downstream.all()) {
    turn.setPending("downstream", turn.pending.downstream.remove(request.key));
    turn.record({
      kind: "outcome",
      call: request.call,
      from: "server",
      type: "error",
      action: "replace",
      code: "server_gone",
      durationMs: turn.nowMs - request.sinceMs,
      bytes: 0,
    });
    turn.replaceAnswer(
      "downstream",
      request,
      errorReply(request.idSource, replyCodes.serverGone, reason, { code: "server_gone", reason }),
    );
  }
}

/** The last record of the session. */
export function endSession(turn: Turn, reason: string, status: number): void {
  if (turn.phase === "ended") return;
  turn.phase = "ended";
  turn.record({ kind: "end", reason, status, counts: turn.counts });
}

/**
 * The record of `incoming` could not be written, so nothing of it may leave. Whoever waits for it is told. There is
 * no record of this: the log is what failed; the operator hears of it instead.
 */
export function denyUnrecorded(turn: Turn, side: Side, incoming: Incoming, cause: string): void {
  turn.countDenied();
  turn.setWaiting(side, undefined);
  const reason = "the audit log could not be written, and nothing passes unrecorded";
  turn.say("warning", `A message of the ${sideName(side)} was denied: ${cause}`);
  const details = { code: "audit_failed", reason };
  switch (incoming.kind) {
    case "request":
      return turn.reply(
        side,
        errorReply(replyIdFor(turn, side, incoming.id.source), replyCodes.denied, reason, details),
      );
    case "malformed":
      if (side === "downstream") {
        turn.reply(side, errorReply(replyIdToMalformed(turn, incoming), incoming.code, incoming.reason));
      } else if (incoming.asks) {
        refuseAsked(turn, incoming.replyId, replyCodes.denied, details);
      }
      return answerInstead(turn, side, incoming.answers, reason);
    case "result":
    case "error":
      return answerInstead(turn, side, incoming.id, reason);
    case "batch":
      if (side === "downstream") turn.reply(side, errorReply("null", replyCodes.denied, reason, details));
      for (const { answers, asks } of waitersIn(incoming)) {
        if (side === "upstream" && asks !== undefined) refuseAsked(turn, asks, replyCodes.denied, details);
        answerInstead(turn, side, answers, reason);
      }
      return;
    case "oversize": {
      const head = readHead(incoming.head, incoming.tail);
      if (side === "downstream") {
        turn.reply(side, errorReply(replyIdToOversize(turn, head), replyCodes.denied, reason, details));
      } else if (head.looksLike === "request") {
        return refuseAsked(turn, head.idSource ?? "null", replyCodes.denied, details);
      }
      if (head.looksLike === "answer" || side === "upstream") answerInstead(turn, side, head.id, reason);
      return;
    }
    case "notification":
      return;
  }
}

/** An answer that may not be passed on: its request is answered with an error in its place. */
function answerInstead(turn: Turn, from: Side, id: MessageId | undefined, reason: string): void {
  const asker = otherSide(from);
  const held = asker === "upstream" && turn.consent.held.length > 0 ? heldByAnswer(turn, id) : undefined;
  if (held !== undefined) return endUnrecorded(turn, held, reason);
  const answered = takeAnswered(turn, asker, id);
  if (typeof answered !== "object") return;
  const { request } = answered;
  turn.replaceAnswer(
    asker,
    request,
    errorReply(request.idSource, replyCodes.denied, reason, { code: "audit_failed", reason }),
  );
}
