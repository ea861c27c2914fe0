/** What never reaches a verdict: no message, too long, or one that we fail on. Its sender is told, and it is recorded. */

import type { Incoming, Malformed, Oversize } from "../mcp/message.ts";
import { readHead } from "../mcp/message_head.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, replyCodes } from "../mcp/reply.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { isIdTaken, refuseAnswer, replyIdFor } from "./correlation.ts";
import { otherSide, sideName, type Turn } from "./session_state.ts";

/** Not a message: the agent is told, so that it does not wait; a chatty server's line goes to the operator. */
export function refuseMalformed(turn: Turn, side: Side, incoming: Malformed): void {
  const { frame, code, reason, replyId } = incoming;
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code: "malformed",
    reason,
    bytes: frame.end - frame.start,
    ...(replyId === "null" ? {} : { id: replyId }),
  });
  if (side === "downstream") {
    const details = { code: "malformed", reason };
    turn.reply(side, errorReply(replyIdToMalformed(turn, incoming), code, reason, details));
  } else if (incoming.chatter) {
    turn.say("info", `The server wrote a line that is no message: ${excerpt(frame)}`);
  } else {
    turn.say("warning", `The server sent a message that cannot be passed on: ${reason}`);
  }
  refuseAnswer(turn, otherSide(side), incoming.answers, {
    code: "malformed",
    reply: replyCodes.badAnswer,
    reason,
    bytes: frame.end - frame.start,
  });
}

/** The id to answer the agent with. Not that of a request which the server has asked and the agent meant to answer. */
export function replyIdToMalformed(turn: Turn, { answers, replyId }: Malformed): string {
  const isAnswer = answers !== undefined && isIdTaken(turn, "upstream", answers);
  return isAnswer ? "null" : replyIdFor(turn, "downstream", replyId);
}

/** Too long to be looked at: only its head was kept, to find out who waits for what. */
export function refuseOversize(turn: Turn, side: Side, incoming: Oversize): void {
  const reason = `a message of ${incoming.bytes} bytes is over the limit`;
  const head = readHead(incoming.head);
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code: "too_large",
    reason,
    bytes: incoming.bytes,
    ...(head.idSource === undefined ? {} : { id: head.idSource }),
  });
  if (side === "downstream") {
    const id = head.looksLike === "answer" ? "null" : replyIdFor(turn, side, head.idSource ?? "null");
    turn.reply(side, errorReply(id, replyCodes.tooLarge, reason, { code: "too_large", reason }));
  } else {
    turn.say("warning", `The server sent ${reason}`);
  }
  // A server's line that nobody can tell may be the answer that the agent waits for.
  if (head.looksLike === "request" || (head.looksLike === "unknown" && side === "downstream")) return;
  refuseAnswer(turn, otherSide(side), head.id, {
    code: "too_large",
    reply: replyCodes.tooLarge,
    reason,
    bytes: incoming.bytes,
  });
}

/** An error of ours met `incoming` before anything of it had happened. */
export function refuseFailed(turn: Turn, side: Side, incoming: Incoming, error: unknown): void {
  const reason = "the proxy failed on this message, so it does not pass";
  const details = { code: "internal", reason };
  turn.countRefused();
  turn.setWaiting(side, undefined);
  turn.say("warning", `A message of the ${sideName(side)} was refused: ${String(error)}`);
  turn.record({ kind: "refused", from: sideName(side), code: "internal", reason, bytes: sizeOf(incoming) });
  switch (incoming.kind) {
    case "request":
      return turn.reply(
        side,
        errorReply(replyIdFor(turn, side, incoming.id.source), replyCodes.internal, reason, details),
      );
    case "result":
    case "error":
      return refuseAnswer(turn, otherSide(side), incoming.id, {
        code: "internal",
        reply: replyCodes.internal,
        reason,
        bytes: sizeOf(incoming),
      });
    case "malformed":
      if (side === "downstream") {
        turn.reply(side, errorReply(replyIdToMalformed(turn, incoming), incoming.code, incoming.reason));
      }
      return;
    case "batch":
      if (side === "downstream") turn.reply(side, errorReply("null", replyCodes.internal, reason, details));
      return;
    case "notification":
    case "oversize":
      return;
  }
}

function sizeOf(incoming: Incoming): number {
  return incoming.kind === "oversize" ? incoming.bytes : incoming.frame.end - incoming.frame.start;
}

/** The beginning of a line, for the operator's eyes: control characters made visible. */
function excerpt({ buffer, start, end }: FrameSpan): string {
  const text = new TextDecoder().decode(buffer.subarray(start, Math.min(end, start + excerptBytesMax)));
  return JSON.stringify(text) + (end - start > excerptBytesMax ? " …" : "");
}

const excerptBytesMax = 200;
