/**
 * The messages of a batch (JSON-RPC 2.0 §6; MCP 2025-03-26 alone has them: basic, batching). Each is read as if it had
 * come in a line of its own.
 */

import type { JsonScanner } from "../wire/json.ts";
import { arrayElements, type JsonSpan } from "../wire/json_spans.ts";
import type { Batch, Malformed, Message } from "./message.ts";
import { readMessage } from "./read_message.ts";

/** What one element of a batch is. */
export type BatchElement = Message | Malformed;

/**
 * The elements of `batch`, in order; at most `elementsMax`, so that who must bound them asks for one more. The scanner
 * is lent.
 *
 * Each has bytes of its own with a line feed behind them: it can be forwarded as it is, and keeps nothing else alive.
 */
export function readBatch(scanner: JsonScanner, batch: Batch, elementsMax: number): BatchElement[] {
  const { frame: { buffer }, array } = batch;
  return arrayElements(buffer, array.start, array.end, elementsMax)
    .map((span) => readElement(scanner, buffer, span));
}

function readElement(scanner: JsonScanner, buffer: Uint8Array, { start, end }: JsonSpan): BatchElement {
  const bytes = new Uint8Array(end - start + 1);
  bytes.set(buffer.subarray(start, end));
  bytes[end - start] = LF;
  const frame = { buffer: bytes, start: 0, end: end - start };
  const message = readMessage(scanner, frame);
  if (message.kind === "batch") return malformed(frame, "a batch inside a batch", "null");
  // (What is no object is chatter on a line of its own, and something wrong inside a batch.)
  if (message.kind === "malformed") return { ...message, chatter: false };
  if (message.kind === "request" && message.method === "initialize") {
    // MCP 2025-03-26, basic/lifecycle: until it is answered nobody knows whether there are batches.
    return malformed(frame, '"initialize" inside a batch', message.id.source);
  }
  return message;
}

function malformed(frame: Malformed["frame"], reason: string, replyId: string): Malformed {
  const asks = replyId !== "null";
  return {
    kind: "malformed",
    frame,
    code: -32600,
    reason,
    replyId,
    answers: undefined,
    asks,
    chatter: false,
  };
}

const LF = 0x0a;
