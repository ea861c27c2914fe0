/** Text lines as the proxy sees them: frames, messages, and back to text. */

import type { Effect } from "../../src/proxy/effect.ts";
import type { Batch, Malformed, Message } from "../../src/mcp/message.ts";
import { readMessage } from "../../src/mcp/read_message.ts";
import { JsonScanner } from "../../src/wire/json.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A line (without its line feed) as a frame. */
export function frameOf(line: string | Uint8Array): { buffer: Uint8Array; start: number; end: number } {
  const bytes = typeof line === "string" ? encoder.encode(line) : line;
  const buffer = new Uint8Array(bytes.length + 1);
  buffer.set(bytes);
  buffer[bytes.length] = 0x0a;
  return { buffer, start: 0, end: bytes.length };
}

/** Reads one line as a message. Values are written as JSON. */
export function messageOf(line: string | Uint8Array | object): Message | Malformed | Batch {
  const text = typeof line === "object" && !(line instanceof Uint8Array) ? JSON.stringify(line) : line;
  return readMessage(new JsonScanner(), frameOf(text));
}

/** The text that an effect sends, without its line feed; undefined where it sends none. */
export function sentText(effect: Effect): string | undefined {
  if (effect.kind === "forward") return decoder.decode(effect.buffer.subarray(effect.start, effect.end - 1));
  if (effect.kind === "reply") return decoder.decode(effect.bytes.subarray(0, -1));
  return undefined;
}

/** A record effect's line as a value. */
export function recordOf(effect: Effect): Record<string, unknown> | undefined {
  return effect.kind === "record" ? JSON.parse(decoder.decode(effect.line)) : undefined;
}
