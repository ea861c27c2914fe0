/** What never reaches a verdict: no message, too long, or one that we fail on. Its sender is told, and it is recorded. */

import type { Incoming, Malformed, Oversize } from "../mcp/message.ts";
import { readHead } from "../mcp/message_head.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { sideName, type Turn } from "./session_state.ts";

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
    return turn.reply(side, errorReply(replyId, code, reason, { code: "malformed", reason }));
  }
  if (incoming.chatter) {
    return turn.say("info", `The server wrote a line that is no message: ${excerpt(frame)}`);
  }
  turn.say("warning", `The server sent a message that cannot be passed on: ${reason}`);
  if (incoming.answers === undefined) return;
  const bytes = frame.end - frame.start;
  replaceAnswer(turn, incoming.answers.key, {
    code: "malformed",
    reply: replyCodes.badAnswer,
    reason,
    bytes,
  });
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
    const details = { code: "too_large", reason };
    return turn.reply(side, errorReply(head.idSource ?? "null", replyCodes.tooLarge, reason, details));
  }
  turn.say("warning", `The server sent ${reason}`);
  if (head.hasMethod || head.id === undefined) return;
  replaceAnswer(turn, head.id.key, {
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
      return turn.reply(side, errorReply(incoming.id.source, replyCodes.internal, reason, details));
    case "result":
    case "error":
      if (side === "downstream" || incoming.id === undefined) return;
      return replaceAnswer(turn, incoming.id.key, {
        code: "internal",
        reply: replyCodes.internal,
        reason,
        bytes: sizeOf(incoming),
      });
    case "malformed":
      if (side === "downstream") {
        turn.reply(side, errorReply(incoming.replyId, incoming.code, incoming.reason));
      }
      return;
    case "notification":
    case "oversize":
      return;
  }
}

function sizeOf(incoming: Incoming): number {
  return incoming.kind === "oversize" ? incoming.bytes : incoming.frame.end - incoming.frame.start;
}

/** The agent gets an error in place of an answer that was refused: it must not wait for ever. */
function replaceAnswer(
  turn: Turn,
  key: string,
  refusal: { code: "malformed" | "too_large" | "internal"; reply: ReplyCode; reason: string; bytes: number },
): void {
  const request = turn.pending.downstream.get(key);
  if (request === undefined) return;
  turn.setPending("downstream", turn.pending.downstream.remove(key));
  turn.record({
    kind: "outcome",
    call: request.call,
    from: "server",
    type: "error",
    action: "replace",
    code: refusal.code,
    durationMs: turn.nowMs - request.sinceMs,
    bytes: refusal.bytes,
  });
  const text = `the server's answer was refused: ${refusal.reason}`;
  turn.reply(
    "downstream",
    errorReply(request.idSource, refusal.reply, text, { code: refusal.code, reason: refusal.reason }),
  );
}

/** The beginning of a line, for the operator's eyes: control characters made visible. */
function excerpt({ buffer, start, end }: FrameSpan): string {
  const text = new TextDecoder().decode(buffer.subarray(start, Math.min(end, start + excerptBytesMax)));
  return JSON.stringify(text) + (end - start > excerptBytesMax ? " …" : "");
}

const excerptBytesMax = 200;
