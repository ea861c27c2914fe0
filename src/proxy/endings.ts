/** What must still be said when something ends: nobody is left waiting for an answer that cannot come. */

import type { Incoming } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, replyCodes } from "../mcp/reply.ts";
import { sideName, type Turn } from "./session_state.ts";

/** The server process is gone (`description`: "ended with status 3"): every request of the agent that it owes an answer gets one from us. */
export function endServer(turn: Turn, description: string): void {
  if (turn.phase !== "open") return;
  turn.phase = "server_gone";
  const reason = `the tool server is gone: it ${description}`;
  turn.record({ kind: "event", name: "server_exited", detail: description });
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
    turn.reply(
      "downstream",
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
      return turn.reply(side, errorReply(incoming.id.source, replyCodes.denied, reason, details));
    case "malformed":
      if (side === "downstream") {
        turn.reply(side, errorReply(incoming.replyId, incoming.code, incoming.reason));
      }
      return answerInstead(turn, side, incoming.answers?.key, reason);
    case "result":
    case "error":
      return answerInstead(turn, side, incoming.id?.key, reason);
    case "notification":
    case "oversize":
      return;
  }
}

/** An answer of the server's that may not be passed on: its request is answered with an error in its place. */
export function answerInstead(turn: Turn, from: Side, key: string | undefined, reason: string): void {
  if (from !== "upstream" || key === undefined) return;
  const request = turn.pending.downstream.get(key);
  if (request === undefined) return;
  turn.setPending("downstream", turn.pending.downstream.remove(key));
  turn.reply(
    "downstream",
    errorReply(request.idSource, replyCodes.denied, reason, { code: "audit_failed", reason }),
  );
}
