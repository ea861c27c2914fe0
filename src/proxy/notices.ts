/**
 * Notifications that speak of a request: its cancellation and its progress. What speaks of no request that waits does
 * not pass. MCP, basic/utilities/cancellation and progress; 2026-07-28, basic/patterns.
 */

import type { Note } from "../audit/record.ts";
import { cancelledMax, idBytesMax } from "../limits.ts";
import { isTaskNotification } from "../mcp/input_requests.ts";
import type { Notification } from "../mcp/message.ts";
import { type MessageId, otherTypeKeys, readMessageId } from "../mcp/message_id.ts";
import { cancelledId, type Side } from "../mcp/operation.ts";
import { reportedProgress } from "../mcp/progress.ts";
import { heldByCancellation } from "./consent_answers.ts";
import type { HeldCall } from "./consent_state.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";
import { boundOfNotifiedTask } from "./tasks.ts";
import { explainSize } from "./withheld.ts";

const cancelled = "notifications/cancelled";
const progress = "notifications/progress";

/**
 * Whether a method is one of those notifications, or one of a task's state. A request may not have it: some would act on
 * it all the same.
 */
export function isNotice(method: string): boolean {
  return method === cancelled || method === progress || isTaskNotification(method);
}

/** What is to be said of a notification. */
export type NoticeFinding =
  /** It does not pass. */
  | {
    readonly kind: "stray";
    readonly code: "malformed" | "unasked" | "result_too_large";
    readonly reason: string;
  }
  /** It cancels a call that waits for a person's consent, of which the other side knows nothing. */
  | { readonly kind: "held"; readonly held: HeldCall }
  /** It passes, with this in its record. */
  | { readonly kind: "note"; readonly note: Note };

/** Looks for the request that a notification of `side` speaks of. Undefined where nothing is to be said. */
export function judgeNotice(turn: Turn, side: Side, message: Notification): NoticeFinding | undefined {
  switch (message.method) {
    case cancelled:
      return judgeCancellation(turn, side, message);
    case progress:
      return judgeProgress(turn, side, message);
    default:
      return side === "upstream" && isTaskNotification(message.method) ? judgeTask(turn, message) : undefined;
  }
}

/** A task's notification may hold its result (tasks extension), which is as large here as where the client fetches it. */
function judgeTask(turn: Turn, message: Notification): NoticeFinding | undefined {
  const bound = boundOfNotifiedTask(turn, message);
  if (typeof bound === "string") return stray("malformed", bound);
  const bytes = message.frame.end - message.frame.start;
  if (bound === undefined || bytes <= bound.bytesMax) return undefined;
  return stray("result_too_large", explainSize(bound, bytes));
}

function judgeCancellation(turn: Turn, side: Side, message: Notification): NoticeFinding | undefined {
  // Optional since 2025-11-25 (schema); it names nothing then, and nothing is cancelled by it.
  if (cancelledId(message) === undefined) return undefined;
  const id = readCancelledId(message);
  if (id === undefined) return stray("malformed", 'a cancellation whose "requestId" is no request\'s');
  const held = turn.consent.held.length === 0 ? undefined : heldByCancellation(turn, side, id);
  if (held !== undefined) return { kind: "held", held };
  const found = findCancelled(turn, side, id);
  if (found === undefined) {
    return stray("unasked", "a cancellation of no request that waits: answered, cancelled, or never asked");
  }
  // Not to be cancelled by clients (basic/utilities/cancellation, behavior requirements).
  const isHandshake = side === "downstream" && found.request.method === "initialize";
  return isHandshake ? stray("malformed", "a cancellation of the handshake") : undefined;
}

function judgeProgress(turn: Turn, side: Side, message: Notification): NoticeFinding | undefined {
  const token = reportedProgress(message);
  if (token === undefined) {
    return stray(
      "malformed",
      'a report of progress whose "progressToken" is neither a string nor a whole number',
    );
  }
  const asker = otherSide(side);
  if (isTokenActive(turn, asker, token.key)) return undefined;
  const others = otherTypeKeys(token).filter((key) => isTokenActive(turn, asker, key));
  if (others.length === 1) return { kind: "note", note: "token_of_other_type" };
  return stray("unasked", "a report of progress under a token of no request that waits, and of no task");
}

function stray(
  code: "malformed" | "unasked" | "result_too_large",
  reason: string,
): NoticeFinding {
  return { kind: "stray", code, reason };
}

/** Whether progress may be reported to `asker` under the token with this key: a request waits with it, or a task runs. */
export function isTokenActive(turn: Turn, asker: Side, key: string): boolean {
  return turn.pending[asker].reports(key) || turn.taskTokens[asker].includes(key);
}

/**
 * A cancelled request gets no answer (MCP 2025-11-25, basic/utilities/cancellation), so it no longer counts as waiting.
 * An answer that comes all the same is dropped, as the asker would drop it, and only then is its id free again.
 */
export function applyCancellation(turn: Turn, side: Side, message: Notification): void {
  if (message.method !== cancelled) return;
  const id = readCancelledId(message);
  const found = id === undefined ? undefined : findCancelled(turn, side, id);
  if (found === undefined) return;
  const { asker, request } = found;
  turn.setPending(asker, turn.pending[asker].remove(request.key));
  const before = turn.cancelled[asker];
  // A server that never answers what was cancelled must not end the session: the oldest is given up.
  const room = before.size < cancelledMax ? before : before.remove(before.oldest()!.key);
  turn.setCancelled(asker, room.add(request));
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
  turn.endWithoutAnswer(asker, request);
}

function readCancelledId(message: Notification): MessageId | undefined {
  const value = cancelledId(message);
  if (value === undefined || value.end - value.start > idBytesMax) return undefined;
  return readMessageId(message.frame.buffer, value.start, value.end);
}

/**
 * The request that `side` cancels: one of its own. Only the agent's `subscriptions/listen` is ended by the server, which
 * so closes the stream (2026-07-28, basic/patterns/subscriptions, cancellation).
 */
function findCancelled(
  turn: Turn,
  side: Side,
  id: MessageId,
): { readonly asker: Side; readonly request: PendingRequest } | undefined {
  const own = turn.pending[side].get(id.key);
  if (own !== undefined) return { asker: side, request: own };
  const listening = side === "upstream" ? turn.pending.downstream.get(id.key) : undefined;
  return listening?.method === "subscriptions/listen"
    ? { asker: "downstream", request: listening }
    : undefined;
}
