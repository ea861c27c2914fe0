/**
 * The whole proxy without its inputs and outputs: a message and a time go in, the next state and a list of effects
 * come out. Same session, same message, same facts, same clock → same effects.
 */

import type { Incoming, Malformed, Oversize } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import { readHead } from "../mcp/message_head.ts";
import { errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import type { FrameSpan } from "../wire/frame.ts";
import type { Chain, StartRecord } from "../audit/record.ts";
import type { Facts } from "../policy/facts.ts";
import { receiveAnswer } from "./answers.ts";
import { denyUnrecorded, endServer, endSession } from "./endings.ts";
import { receiveRequest, resumeRequest } from "./requests.ts";
import { type Session, sideName, type Step, Turn } from "./session_state.ts";

export { createSession, type Gate, type Session, type Step } from "./session_state.ts";

/** The first record of a session: what was decided at its start. */
export function start(session: Session, body: StartRecord, nowMs: number): Step {
  return take(session, nowMs, (turn) => turn.record(body));
}

/**
 * One line has come from `side` (`downstream`: the agent). Effects are in order; a `look_up` effect is the only one
 * of its step, and is answered with {@linkcode resume} before the next message of that side.
 */
export function receive(session: Session, side: Side, incoming: Incoming, nowMs: number): Step {
  return take(session, nowMs, (turn) => {
    switch (incoming.kind) {
      case "request":
      case "notification":
        return receiveRequest(turn, side, incoming);
      case "result":
      case "error":
        return receiveAnswer(turn, side, incoming);
      case "malformed":
        return refuseMalformed(turn, side, incoming);
      case "oversize":
        return refuseOversize(turn, side, incoming);
    }
  });
}

/** The facts that a `look_up` effect of `side` asked for. */
export function resume(session: Session, side: Side, facts: Facts, nowMs: number): Step {
  return take(session, nowMs, (turn) => resumeRequest(turn, side, facts));
}

/** The server process has ended; `description` says how ("ended with status 3"). */
export function serverGone(session: Session, description: string, nowMs: number): Step {
  return take(session, nowMs, (turn) => endServer(turn, description));
}

/** The last step of a session. */
export function end(session: Session, reason: string, status: number, nowMs: number): Step {
  return take(session, nowMs, (turn) => endSession(turn, reason, status));
}

/**
 * A record of `incoming` could not be written. `session` is the one *before* that message, because nothing of it may
 * have happened; `written` is the chain as far as it did get into the log.
 */
export function recordFailed(
  session: Session,
  written: Chain | undefined,
  side: Side,
  incoming: Incoming,
  cause: string,
  nowMs: number,
): Step {
  const turn = new Turn(session.gate, session.state, nowMs, written);
  denyUnrecorded(turn, side, incoming, cause);
  return turn.finish();
}

function take(session: Session, nowMs: number, act: (turn: Turn) => void): Step {
  const turn = new Turn(session.gate, session.state, nowMs);
  act(turn);
  return turn.finish();
}

/** Not a message: the agent is told, so that it does not wait; a chatty server's line goes to the operator. */
function refuseMalformed(turn: Turn, side: Side, incoming: Malformed): void {
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
function refuseOversize(turn: Turn, side: Side, incoming: Oversize): void {
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

/** The agent gets an error in place of an answer that was refused: it must not wait for ever. */
function replaceAnswer(
  turn: Turn,
  key: string,
  refusal: { code: "malformed" | "too_large"; reply: ReplyCode; reason: string; bytes: number },
): void {
  const request = turn.downstream.get(key);
  if (request === undefined) return;
  turn.setPending("downstream", turn.downstream.remove(key));
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
