/** What comes in on a stdio channel, whatever reads its bytes: chunks go in, messages are delivered one at a time. */

import { frameBytesMax as frameBytesCeiling } from "../limits.ts";
import type { Incoming } from "../mcp/message.ts";
import { closeScattered, readMessage } from "../mcp/read_message.ts";
import { ScatteredMessage } from "../mcp/scattered_message.ts";
import { type Frame, FrameReader, type FrameSpan, isBlank } from "../wire/frame.ts";
import { JsonScanner } from "../wire/json.ts";
import type { Receiver } from "./channel.ts";

export interface StdioOptions {
  /** Bytes of one message; at most the bound in limits.ts. */
  readonly frameBytesMax?: number;
  /**
   * Whether a byte order mark before a message and a CR before its line feed are dropped as mere framing. Real servers
   * write them (a mark whenever another writer begins) and real agents stumble over them; an agent's own are not touched.
   */
  readonly dropFraming: boolean;
}

/** The reading half of a channel. Its owner reads no further while {@linkcode isBusy}. */
export class Inbox {
  readonly #options: StdioOptions;
  readonly #frames: FrameReader;
  readonly #scanner = new JsonScanner();
  readonly #scattered = new ScatteredMessage();
  /** Called when reading must rest, and when it may go on. */
  readonly #rest: (isBusy: boolean) => void;
  #receiver: Receiver | undefined;
  #isBusy = false;
  #hasEnded = false;
  #endDelivered = false;

  constructor(options: StdioOptions, rest: (isBusy: boolean) => void) {
    this.#options = options;
    this.#rest = rest;
    this.#frames = new FrameReader({ frameBytesMax: options.frameBytesMax ?? frameBytesCeiling });
  }

  /** The receiver has asked for time: nothing is delivered, and nothing should be read, until it is ready. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  listen(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  /** Takes a chunk, which must not change until what it holds has been delivered, and delivers. */
  push(chunk: Uint8Array): void {
    this.#frames.push(chunk);
    this.#deliver();
  }

  /** Nothing more will come. Safe to call twice. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#frames.end();
    this.#deliver();
  }

  broken(cause: string): void {
    this.#receiver?.broken(cause);
  }

  /** Delivers frames until there are none, or until the receiver asks for time. */
  #deliver(): void {
    if (this.#isBusy || this.#receiver === undefined) return;
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
      const incoming = this.#read(frame);
      if (incoming === undefined) continue;
      const pending = this.#receiver.message(incoming);
      if (pending !== undefined) return this.#waitFor(pending);
    }
    const pending = this.#receiver.idle();
    if (pending !== undefined) return this.#waitFor(pending);
    if (this.#hasEnded && !this.#endDelivered) {
      this.#endDelivered = true;
      this.#receiver.end();
    }
  }

  #waitFor(pending: Promise<void>): void {
    this.#isBusy = true;
    this.#rest(true);
    pending.finally(() => {
      this.#isBusy = false;
      this.#rest(false);
      this.#deliver();
    });
  }

  /** Undefined for a blank line, which is no message and asks for no answer. */
  #read(frame: Frame): Incoming | undefined {
    if (frame.kind === "oversize") return frame;
    const span = this.#options.dropFraming ? withoutFraming(frame) : frame;
    if (isBlank(span)) return undefined;
    const message = readMessage(this.#scanner, span);
    // Its notes on a huge message are huge as well; the next one is most likely small.
    if (span.end - span.start > hugeBytes) this.#scanner.release();
    if (message.kind !== "malformed") {
      this.#scattered.clear();
      return message;
    }
    const head = this.#scattered.add(span);
    return head === undefined ? message : closeScattered(message, head);
  }
}

const hugeBytes = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** The frame without a byte order mark at its start and without a CR before its line feed. */
function withoutFraming(frame: FrameSpan): FrameSpan {
  const { buffer } = frame;
  let { start, end } = frame;
  if (buffer[start] !== 0xef && buffer[end - 1] !== CR) return frame;
  if (buffer[start] === 0xef && buffer[start + 1] === 0xbb && buffer[start + 2] === 0xbf) {
    start += 3;
  }
  if (end > start && buffer[end - 1] === CR) {
    end--;
    // The line feed moves to where the CR stood: whoever forwards the frame forwards it with one line feed.
    buffer[end] = LF;
  }
  return { buffer, start, end };
}
