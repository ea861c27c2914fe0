/** Which request an answer belongs to. Each direction has ids of its own, and an answer counts once. JSON-RPC 2.0 §4, §5. */

import { type MessageId, otherTypeKeys, readMessageId } from "../mcp/message_id.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, type ReplyCode } from "../mcp/reply.ts";
import { holdsAnswerTo } from "./batches.ts";
import { heldByAnswer, receiveUnreadable } from "./consent_answers.ts";
import { isHeldId } from "./consent_state.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";
import { endAsking } from "./asked_list.ts";

export interface Answered {
  readonly request: PendingRequest;
  /** False where the id came back as the other type: 7 for `"7"`, or `"7"` for 7. */
  readonly isExact: boolean;
}

/**
 * Finds the request of `asker`'s that an answer with this id is for, and takes it off the table: it is answered. `late`
 * where it was cancelled; its id is free again then. Undefined where the answer is to nothing.
 *
 * Some servers turn 7 into `"7"`, so the other type counts where only one request can be meant; a request with the very
 * id always goes first, a cancelled one too.
 */
export function takeAnswered(
  turn: Turn,
  asker: Side,
  id: MessageId | undefined,
): Answered | "late" | undefined {
  if (id === undefined) return undefined;
  if (turn.surfaces.asking?.key === id.key && asker === "downstream") {
    endAsking(turn, "the server's answer could not be read");
    return undefined;
  }
  const exact = turn.pending[asker].get(id.key);
  if (exact !== undefined) {
    turn.setPending(asker, turn.pending[asker].remove(exact.key));
    return { request: exact, isExact: true };
  }
  if (takeCancelled(turn, asker, id.key)) return "late";
  const others = otherTypeKeys(id).filter((key) =>
    turn.pending[asker].get(key) !== undefined || turn.cancelled[asker].get(key) !== undefined
  );
  if (others.length !== 1) return undefined;
  if (takeCancelled(turn, asker, others[0])) return "late";
  const request = turn.pending[asker].get(others[0])!;
  turn.setPending(asker, turn.pending[asker].remove(request.key));
  return { request, isExact: false };
}

function takeCancelled(turn: Turn, asker: Side, key: string): boolean {
  const rest = turn.cancelled[asker].remove(key);
  if (rest === turn.cancelled[asker]) return false;
  turn.setCancelled(asker, rest);
  return true;
}

/** Whether a request of `asker`'s with this id has had no answer yet, cancelled or not. */
export function isIdTaken(turn: Turn, asker: Side, { key }: MessageId): boolean {
  return turn.pending[asker].get(key) !== undefined || turn.cancelled[asker].get(key) !== undefined ||
    holdsAnswerTo(turn.batches[asker], key) ||
    (turn.consent.held.length > 0 && isHeldId(turn.consent, asker, key));
}

/**
 * The id under which a message of `side` may be answered with an error: `null` in place of one that belongs to a request
 * in flight, which the error would be taken for the answer to. `source`: JSON text.
 */
export function replyIdFor(turn: Turn, side: Side, source: string): string {
  const bytes = encoder.encode(source);
  const id = readMessageId(bytes, 0, bytes.length);
  return id !== undefined && isIdTaken(turn, side, id) ? "null" : source;
}

const encoder = new TextEncoder();

/** Why an answer does not reach the one who asked. */
export interface AnswerRefusal {
  readonly code: "malformed" | "too_large" | "internal" | "lock" | "invisible_text";
  readonly reply: ReplyCode;
  readonly reason: string;
  /** Length of the answer. */
  readonly bytes: number;
}

/** The asker gets an error in place of an answer that is refused: it must not wait for ever. */
export function refuseAnswer(
  turn: Turn,
  asker: Side,
  id: MessageId | undefined,
  refusal: AnswerRefusal,
): void {
  const held = asker === "upstream" && turn.consent.held.length > 0 ? heldByAnswer(turn, id) : undefined;
  if (held !== undefined) return receiveUnreadable(turn, held);
  const answered = takeAnswered(turn, asker, id);
  if (typeof answered === "object") refuseTaken(turn, asker, answered.request, refusal);
}

/** As {@linkcode refuseAnswer}, for a request that was taken off the table already. */
export function refuseTaken(turn: Turn, asker: Side, request: PendingRequest, refusal: AnswerRefusal): void {
  const { code, reply, reason, bytes } = refusal;
  const answerer = sideName(otherSide(asker));
  turn.record({
    kind: "outcome",
    call: request.call,
    from: answerer,
    type: "error",
    action: "replace",
    code,
    durationMs: turn.nowMs - request.sinceMs,
    bytes,
  });
  const text = `the ${answerer}'s answer was refused: ${reason}`;
  turn.replaceAnswer(asker, request, errorReply(request.idSource, reply, text, { code, reason }));
}
