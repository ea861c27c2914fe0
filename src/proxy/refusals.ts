/** What never reaches a verdict: no message, too long, or one that we fail on. Its sender is told, and it is recorded. */

import type { Incoming, Malformed, Oversize } from "../mcp/message.ts";
import { type MessageHead, readHead } from "../mcp/message_head.ts";
import type { Side } from "../mcp/operation.ts";
import { type DenialDetails, errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import { dropEscapes } from "../audit/terminal_text.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { isIdTaken, refuseAnswer, replyIdFor } from "./correlation.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";

/** Not a message: its sender is told, so that it does not wait; a chatty server's line goes to the operator. */
export function refuseMalformed(turn: Turn, side: Side, incoming: Malformed): void {
  const { frame, code, reason, replyId } = incoming;
  const details = { code: "malformed", reason };
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
    turn.reply(side, errorReply(replyIdToMalformed(turn, incoming), code, reason, details));
  } else if (incoming.chatter) {
    turn.say("info", `The server wrote a line that is no message: ${excerpt(frame)}`);
  } else {
    turn.say("warning", `The server sent a message that cannot be passed on: ${reason}`);
    if (incoming.asks) refuseAsked(turn, replyId, code, details);
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

/** The id to answer the agent with where its message is too long to be looked at. */
export function replyIdToOversize(turn: Turn, { looksLike, idSource }: MessageHead): string {
  return looksLike === "answer" ? "null" : replyIdFor(turn, "downstream", idSource ?? "null");
}

/** What the server asked for is refused: it is told, where it can be told under the id of its request. */
export function refuseAsked(turn: Turn, idSource: string, code: ReplyCode, details: DenialDetails): void {
  const id = replyIdFor(turn, "upstream", idSource);
  if (id !== "null") turn.reply("upstream", errorReply(id, code, details.reason, details));
}

/** Too long to be looked at: only its two ends were kept, to find out who waits for what. */
export function refuseOversize(turn: Turn, side: Side, incoming: Oversize): void {
  const reason = `a message of ${incoming.bytes} bytes is over the limit`;
  const details = { code: "too_large", reason };
  const head = readHead(incoming.head, incoming.tail);
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
    turn.reply(side, errorReply(replyIdToOversize(turn, head), replyCodes.tooLarge, reason, details));
  } else {
    turn.say("warning", `The server sent ${reason}`);
    if (head.looksLike === "request") {
      refuseAsked(turn, head.idSource ?? "null", replyCodes.tooLarge, details);
    }
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
      } else if (incoming.asks) {
        refuseAsked(turn, incoming.replyId, incoming.code, { code: "malformed", reason: incoming.reason });
      }
      return refuseAnswer(turn, otherSide(side), incoming.answers, {
        code: "internal",
        reply: replyCodes.internal,
        reason,
        bytes: sizeOf(incoming),
      });
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

/** The beginning of a line, for the operator's eyes: without colours, other control characters made visible. */
function excerpt({ buffer, start, end }: FrameSpan): string {
  const text = new TextDecoder().decode(buffer.subarray(start, Math.min(end, start + excerptBytesMax)));
  return JSON.stringify(dropEscapes(text)) + (end - start > excerptBytesMax ? " …" : "");
}

const excerptBytesMax = 200;
