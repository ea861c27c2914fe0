/** A channel in memory: what its peer writes is pushed, what it is sent is kept. */

import type { Channel, Receiver } from "../../src/transport/channel.ts";
import { Inbox, type StdioOptions } from "../../src/transport/inbox.ts";
import { concat } from "../wire/support/bytes.ts";

export class MemoryChannel implements Channel {
  readonly #inbox: Inbox;
  readonly #waiting: (Uint8Array | "end")[] = [];
  readonly #pieces: { buffer: Uint8Array; start: number; end: number }[] = [];
  readonly #flushed: Uint8Array[] = [];
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: StdioOptions) {
    this.#inbox = new Inbox(options, (isBusy) => isBusy || queueMicrotask(() => this.#read()));
  }

  listen(receiver: Receiver): void {
    this.#inbox.listen(receiver);
    this.#read();
  }

  /** The peer writes; "end": it closes its end. */
  peerWrites(bytes: Uint8Array | "end"): void {
    this.#waiting.push(bytes);
    this.#read();
  }

  /** All that has been flushed to the peer. */
  get received(): Uint8Array {
    return concat(this.#flushed);
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  send(buffer: Uint8Array, start: number, end: number): void {
    this.#pieces.push({ buffer, start, end });
  }

  flush(): void {
    for (const { buffer, start, end } of this.#pieces.splice(0)) this.#flushed.push(buffer.slice(start, end));
  }

  get congested(): boolean {
    return false;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.flush();
    this.#closed.resolve();
    return this.#closed.promise;
  }

  /** Each chunk is overwritten once it has been delivered, as a channel does that reads into one buffer. */
  #read(): void {
    while (!this.#inbox.isBusy && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      if (next === "end") this.#inbox.end();
      else {
        const chunk = next.slice();
        this.#inbox.push(chunk);
        if (!this.#inbox.isBusy) chunk.fill(0x23);
      }
    }
  }
}
