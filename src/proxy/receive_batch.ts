/** A line with several messages: opened where the revision has batches, refused as a whole where it has not. */

import { batchElementsMax, batchHeldBytesMax } from "../limits.ts";
import { type BatchElement, readBatch } from "../mcp/batch.ts";
import type { Batch } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import { errorReply, type ReplyCode, replyCodes } from "../mcp/reply.ts";
import { hasBatches } from "../mcp/revision.ts";
import { JsonScanner } from "../wire/json.ts";
import { openBatch } from "./batches.ts";
import { refuseAnswer } from "./correlation.ts";
import { otherSide, sideName, type Turn } from "./session_state.ts";

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

/** Not one of its messages is judged. Whoever waits for an answer that stood in it gets an error in its place. */
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
    if (element.kind !== "result" && element.kind !== "error") continue;
    const bytes = element.frame.end - element.frame.start;
    refuseAnswer(turn, otherSide(side), element.id, {
      code: "malformed",
      reply: replyCodes.badAnswer,
      reason,
      bytes,
    });
  }
}

/** Scratch space for the elements; it holds nothing between two calls. */
const elementScanner = new JsonScanner();
