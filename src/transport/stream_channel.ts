/** A pair of byte streams of Node as a channel, for systems and carriers that have no descriptors to poll. MCP stdio transport. */

import type { Readable, Writable } from "node:stream";
import { queuedBytesMax } from "../limits.ts";
import type { Channel, Receiver } from "./channel.ts";
import { Inbox, type StdioOptions } from "./inbox.ts";

/** Reads `input`, writes `output`. Neither may be in use elsewhere. */
export class StreamChannel implements Channel {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #inbox: Inbox;
  readonly #outbox = new Outbox();
  #outputGone = false;
  #closing: Promise<void> | undefined;

  constructor(input: Readable, output: Writable, options: StdioOptions) {
    this.#input = input;
    this.#output = output;
    this.#inbox = new Inbox(options, (isBusy) => isBusy ? input.pause() : input.resume());
  }

  listen(receiver: Receiver): void {
    this.#inbox.listen(receiver);
    this.#output.on("error", (error: Error) => this.#breakOutput(error.message));
    this.#output.on("close", () => this.#breakOutput("it was closed"));
    this.#input.on("data", (chunk: Uint8Array) => this.#inbox.push(chunk));
    const end = () => this.#inbox.end();
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
        this.#output.write(piece.slice()); // the stream may hold it longer than we may
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

  #breakOutput(cause: string): void {
    if (this.#outputGone) return;
    this.#outputGone = true;
    this.#outbox.clear();
    if (this.#closing === undefined) this.#inbox.broken(cause);
  }
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
