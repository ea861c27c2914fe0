/** A line with several messages: opened where the revision has batches, refused as a whole where it has not. */

import { batchElementsMax, batchHeldBytesMax } from "../limits.ts";
import { type BatchElement, readBatch } from "../mcp/batch.ts";
import type { Batch } from "../mcp/message.ts";
import type { MessageId } from "../mcp/message_id.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import { hasBatches } from "../mcp/revision.ts";
import { JsonScanner } from "../wire/json.ts";
import { openBatch } from "./batches.ts";
import { refuseAnswer } from "./correlation.ts";
import { refuseAsked } from "./refusals.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";

/**
 * A batch has come from `side`. Nothing is judged yet: its elements are taken one by one, each as a message of its own,
 * so that each has its own record before anything of it leaves.
 */
export function receiveBatch(turn: Turn, side: Side, batch: Batch): void {
  const elements = readBatch(elementScanner, batch, batchElementsMax + 1);
  const refusal = findRefusal(turn, side, elements);
  if (refusal !== undefined) return refuseBatch(turn, side, batch, elements, refusal);
  turn.setBatches(side, openBatch(turn.batches[side], elements));
}

interface BatchRefusal {
  readonly code: "malformed" | "too_large" | "in_flight";
  readonly reply: ReplyCode;
  readonly reason: string;
}

function findRefusal(turn: Turn, side: Side, elements: readonly BatchElement[]): BatchRefusal | undefined {
  if (!hasBatches(turn.revision)) {
    const reason = "not a JSON-RPC message: a batch (an array)";
    return { code: "malformed", reply: replyCodes.invalidRequest, reason };
  }
  // JSON-RPC 2.0 §6: an array without values is answered with a single error.
  if (elements.length === 0) {
    return { code: "malformed", reply: replyCodes.invalidRequest, reason: "a batch without messages" };
  }
  if (elements.length > batchElementsMax) {
    const reason = `a batch of more than ${batchElementsMax} messages`;
    return { code: "too_large", reply: replyCodes.tooLarge, reason };
  }
  if (turn.batches[side].heldBytes >= batchHeldBytesMax) {
    const reason = "earlier batches wait with too many bytes of answers";
    return { code: "in_flight", reply: replyCodes.limited, reason };
  }
  return undefined;
}

/** Not one of its messages is judged. Whoever waits for an answer that stood in it gets an error in its place, and so does a server that asks in it. */
function refuseBatch(
  turn: Turn,
  side: Side,
  { frame }: Batch,
  elements: readonly BatchElement[],
  { code, reply, reason }: BatchRefusal,
): void {
  turn.countRefused();
  turn.record({ kind: "refused", from: sideName(side), code, reason, bytes: frame.end - frame.start });
  if (side === "downstream") {
    turn.reply(side, errorReply("null", reply, reason, { code, reason }));
  } else {
    turn.say("warning", `The server sent a message that cannot be passed on: ${reason}`);
  }
  for (const element of elements) {
    const { answers, asks } = waitersOf(element);
    if (side === "upstream" && asks !== undefined) refuseAsked(turn, asks, reply, { code, reason });
    const bytes = element.frame.end - element.frame.start;
    refuseAnswer(turn, otherSide(side), answers, {
      code: "malformed",
      reply: replyCodes.badAnswer,
      reason,
      bytes,
    });
  }
}

/** Who waits for something in `batch` that is refused as a whole. */
export function waitersIn(batch: Batch): readonly Waiters[] {
  return readBatch(elementScanner, batch, batchElementsMax + 1).map(waitersOf);
}

/** Who waits for one element of a batch. */
interface Waiters {
  /** The request that it answers, or was to answer. */
  readonly answers: MessageId | undefined;
  /** The id under which its sender waits for an answer, as JSON text. */
  readonly asks: string | undefined;
}

function waitersOf(element: BatchElement): Waiters {
  switch (element.kind) {
    case "request":
      return { answers: undefined, asks: element.id.source };
    case "notification":
      return { answers: undefined, asks: undefined };
    case "result":
    case "error":
      return { answers: element.id, asks: undefined };
    case "malformed":
      return { answers: element.answers, asks: element.asks ? element.replyId : undefined };
  }
}

/** Scratch space for the elements; it holds nothing between two calls. */
const elementScanner = new JsonScanner();
