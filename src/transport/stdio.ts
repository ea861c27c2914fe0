/** A pair of byte streams as a channel: our own standard input and output, or those of the server. MCP stdio transport. */

import type { Readable, Writable } from "node:stream";
import { frameBytesMax as frameBytesCeiling, queuedBytesMax } from "../limits.ts";
import type { Incoming } from "../mcp/message.ts";
import { readMessage } from "../mcp/read_message.ts";
import { type Frame, FrameReader, type FrameSpan, isBlank } from "../wire/frame.ts";
import { JsonScanner } from "../wire/json.ts";
import type { Channel, Receiver } from "./channel.ts";

export interface StdioOptions {
  /** Bytes of one message; at most the bound in limits.ts. */
  readonly frameBytesMax?: number;
  /**
   * Whether a byte order mark before the first message and a CR before a line feed are dropped as mere framing. Real
   * servers write them and real agents stumble over them; an agent's own are not touched.
   */
  readonly dropFraming: boolean;
}

/** Reads `input`, writes `output`. Neither may be in use elsewhere. */
export class StdioChannel implements Channel {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #options: StdioOptions;
  readonly #frames: FrameReader;
  readonly #scanner = new JsonScanner();
  readonly #outbox = new Outbox();
  #receiver: Receiver | undefined;
  #isFirstFrame = true;
  #isBusy = false;
  #inputEnded = false;
  #endDelivered = false;
  #outputGone = false;
  #closing: Promise<void> | undefined;

  constructor(input: Readable, output: Writable, options: StdioOptions) {
    this.#input = input;
    this.#output = output;
    this.#options = options;
    this.#frames = new FrameReader({ frameBytesMax: options.frameBytesMax ?? frameBytesCeiling });
  }

  listen(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#output.on("error", (error: Error) => this.#breakOutput(error.message));
    this.#output.on("close", () => this.#breakOutput("it was closed"));
    this.#input.on("data", (chunk: Uint8Array) => {
      this.#frames.push(chunk);
      this.#deliver();
    });
    const end = () => this.#endInput();
    this.#input.on("end", end);
    this.#input.on("close", end);
    // A read error ends the stream: what came before it is delivered.
    this.#input.on("error", end);
  }

  send(buffer: Uint8Array, start: number, end: number): void {
    if (!this.#outputGone) this.#outbox.add(buffer, start, end);
    if (this.#outbox.bytes >= queuedBytesMax) this.flush();
  }

  flush(): void {
    if (this.#outputGone) return;
    try {
      for (let piece = this.#outbox.take(); piece !== undefined; piece = this.#outbox.take()) {
        this.#output.write(piece);
      }
    } catch (error) {
      // Standard output that is a file is written at once, and says by throwing that its disk is full.
      this.#breakOutput(error instanceof Error ? error.message : String(error));
    }
  }

  get congested(): boolean {
    return !this.#outputGone && this.#output.writableLength + this.#outbox.bytes >= queuedBytesMax;
  }

  drained(): Promise<void> {
    this.flush();
    if (!this.congested) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#output.off("drain", done);
        this.#output.off("close", done);
        this.#output.off("error", done);
        resolve();
      };
      this.#output.on("drain", done);
      this.#output.on("close", done);
      this.#output.on("error", done);
    });
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.flush();
      if (this.#outputGone) return resolve();
      this.#output.once("close", () => resolve());
      this.#output.end(() => resolve());
    });
    return this.#closing;
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
    this.#receiver.idle();
    if (this.#inputEnded && !this.#endDelivered) {
      this.#endDelivered = true;
      this.#receiver.end();
    }
  }

  #waitFor(pending: Promise<void>): void {
    this.#isBusy = true;
    this.#input.pause();
    this.#receiver?.idle();
    pending.finally(() => {
      this.#isBusy = false;
      this.#input.resume();
      this.#deliver();
    });
  }

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#frames.end();
    this.#deliver();
  }

  #breakOutput(cause: string): void {
    if (this.#outputGone) return;
    this.#outputGone = true;
    this.#outbox.clear();
    if (this.#closing === undefined) this.#receiver?.broken(cause);
  }

  /** Undefined for a blank line, which is no message and asks for no answer. */
  #read(frame: Frame): Incoming | undefined {
    const isFirst = this.#isFirstFrame;
    this.#isFirstFrame = false;
    if (frame.kind === "oversize") return frame;
    const span = this.#options.dropFraming ? withoutFraming(frame, isFirst) : frame;
    if (isBlank(span)) return undefined;
    const message = readMessage(this.#scanner, span);
    // Its notes on a huge message are huge as well; the next one is most likely small.
    if (span.end - span.start > hugeBytes) this.#scanner.release();
    return message;
  }
}

const hugeBytes = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** The frame without a byte order mark at the start of the stream and without a CR before its line feed. */
function withoutFraming(frame: FrameSpan, isFirst: boolean): FrameSpan {
  const { buffer } = frame;
  let { start, end } = frame;
  if (isFirst && buffer[start] === 0xef && buffer[start + 1] === 0xbb && buffer[start + 2] === 0xbf) {
    start += 3;
  }
  if (end > start && buffer[end - 1] === CR) {
    end--;
    // The line feed moves to where the CR stood: whoever forwards the frame forwards it with one line feed.
    buffer[end] = LF;
  }
  return { buffer, start, end };
}

/** What waits to be written: neighbouring pieces of one buffer become one write. */
class Outbox {
  readonly #pieces: { buffer: Uint8Array; start: number; end: number }[] = [];
  bytes = 0;

  add(buffer: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.buffer === buffer && last.end === start) last.end = end;
    else this.#pieces.push({ buffer, start, end });
  }

  take(): Uint8Array | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    this.bytes -= piece.end - piece.start;
    return piece.buffer.subarray(piece.start, piece.end);
  }

  clear(): void {
    this.#pieces.length = 0;
    this.bytes = 0;
  }
}
