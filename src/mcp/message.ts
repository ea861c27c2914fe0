/**
 * What a line can be: a request, a notification, a result, an error, or something that is refused with a reason.
 * JSON-RPC 2.0 §4, §5; MCP 2025-11-25, basic. `read_message.ts` makes them.
 */

import type { FrameSpan } from "../wire/frame.ts";
import type { JsonKind } from "../wire/json.ts";
import type { MessageId } from "./message_id.ts";

/** A value inside the message's bytes: `buffer[start, end)`. */
export interface Value {
  readonly start: number;
  readonly end: number;
  readonly kind: JsonKind;
}

/** Those members of `params` or `result` that the proxy itself looks at, by their keys. */
export interface Members {
  readonly size: number;
  get(key: string): Value | undefined;
  has(key: string): boolean;
}

interface Framed {
  /** The message as it came, without its line feed: `buffer[start, end)`, and `buffer[end]` is that line feed. */
  readonly frame: FrameSpan;
}

export interface Request extends Framed {
  readonly kind: "request";
  /** Whether every byte of the message is ASCII. */
  readonly isAscii: boolean;
  /** Whether every character is printable ASCII or ordinary white space, however it is spelt: nothing is hidden in it. */
  readonly isPlain: boolean;
  readonly id: MessageId;
  readonly method: string;
  /** `params` as a whole; undefined where the message has none. */
  readonly params: Value | undefined;
  readonly members: Members;
}

export interface Notification extends Framed {
  readonly kind: "notification";
  readonly isAscii: boolean;
  readonly isPlain: boolean;
  readonly method: string;
  readonly params: Value | undefined;
  readonly members: Members;
}

export interface Result extends Framed {
  readonly kind: "result";
  readonly id: MessageId;
  readonly isPlain: boolean;
  readonly result: Value;
  readonly members: Members;
  readonly oddities: readonly Oddity[];
}

export interface ErrorAnswer extends Framed {
  readonly kind: "error";
  /** Undefined for `null` and for ids that no request can have. */
  readonly id: MessageId | undefined;
  readonly isPlain: boolean;
  readonly error: Value;
  readonly oddities: readonly Oddity[];
}

/** What real servers do deep inside results, and what is forwarded but noted. */
export type Oddity = "duplicate_key" | "lone_surrogate";

/** Something that is not a message, and why. Never forwarded. */
export interface Malformed extends Framed {
  readonly kind: "malformed";
  /** -32700 where it is not JSON, -32600 where it is not JSON-RPC. */
  readonly code: -32700 | -32600;
  readonly reason: string;
  /** The id to answer with: its JSON text, or `null` where none could be read. JSON-RPC 2.0 §5. */
  readonly replyId: string;
  /** The id of the request that it would have answered, had it been in order. */
  readonly answers: MessageId | undefined;
  /** Whether a method was seen in it: its sender waits for an answer with `replyId`. */
  readonly asks: boolean;
  /** A text line of a chatty server, rather than JSON gone wrong. */
  readonly chatter: boolean;
}

/** A line longer than the bound; only its two ends were kept. */
export interface Oversize {
  readonly kind: "oversize";
  readonly bytes: number;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Several messages in one line. JSON-RPC 2.0 §6; whether there may be one is told by `revision.ts`. */
export interface Batch extends Framed {
  readonly kind: "batch";
  /** The array; `batch.ts` reads what is in it. */
  readonly array: Value;
}

export type Message = Request | Notification | Result | ErrorAnswer;
export type Incoming = Message | Malformed | Oversize | Batch;
