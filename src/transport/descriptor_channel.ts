/**
 * A pair of file descriptors as a channel: our own standard input and output, or the pipes of the server. MCP stdio
 * transport. `stream_channel.ts` does the same over streams of Node, at one and a half times the cost.
 */

import { readBytes } from "../limits.ts";
import type { Channel, Receiver } from "./channel.ts";
import { pollEvent, PollSet, wouldBlock } from "./descriptors.ts";
import { Inbox, type StdioOptions } from "./inbox.ts";
import { Outbox, type OutputDescriptor } from "./outbox.ts";
import type { PollLoop } from "./poll_loop.ts";
import { makeReadBuffer } from "./read_buffers.ts";

/** The two ends of a channel. Nobody else reads the one or writes to the other. */
export interface DescriptorPair {
  readonly input: number;
  readonly output: OutputDescriptor;
}

export class DescriptorChannel implements Channel {
  readonly #loop: PollLoop;
  readonly #input: number;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  /** Where bytes are read to, again and again: what was in it has been delivered and flushed by then. */
  #buffer: Uint8Array | undefined;

  constructor(loop: PollLoop, pair: DescriptorPair, options: StdioOptions) {
    this.#loop = loop;
    this.#input = pair.input;
    this.#inbox = new Inbox(options, () => loop.changed());
    this.#outbox = new Outbox(loop, pair.output, (cause) => this.#inbox.broken(cause));
  }

  listen(receiver: Receiver): void {
    this.#inbox.listen(receiver);
    const descriptor = () => this.#inbox.isBusy || this.#inbox.hasEnded ? -1 : this.#input;
    this.#loop.add({
      // While it is not read, a hang-up must not be looked for either: it would be found without end.
      get descriptor() {
        return descriptor();
      },
      wish: pollEvent.in,
      ready: () => this.#read(),
    });
    this.#outbox.watch();
  }

  send(buffer: Uint8Array, start: number, end: number): void {
    this.#outbox.add(buffer, start, end);
  }

  flush(): void {
    this.#outbox.flush();
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  get congested(): boolean {
    return this.#outbox.congested;
  }

  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  close(): Promise<void> {
    return this.#outbox.close();
  }

  /**
   * Settles when all has been delivered that a peer wrote before it stopped to read; at once while it reads. Such a peer was
   * killed, most likely: it has the right to be heard that it would have had without us.
   */
  async heardOut(): Promise<void> {
    while (this.#outbox.isGone && (this.#inbox.isBusy || this.#hasInput())) {
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  #hasInput(): boolean {
    if (this.#inbox.hasEnded) return false;
    probe.set(0, this.#input, pollEvent.in);
    return this.#loop.calls.poll(probe.bytes, 1, 0) > 0;
  }

  #read(): void {
    const buffer = this.#buffer ??= makeReadBuffer(readBytes);
    const count = this.#receive(buffer);
    if (count === wouldBlock) return;
    if (count === 0) {
      this.#loop.changed();
      return this.#inbox.end();
    }
    this.#inbox.push(count === buffer.length ? buffer : buffer.subarray(0, count));
    // A receiver that takes its time still holds what it was given.
    if (this.#inbox.isBusy) this.#buffer = undefined;
  }

  /** A read that fails ends the stream: what came before it is delivered. */
  #receive(buffer: Uint8Array): number {
    try {
      return this.#loop.calls.read(this.#input, buffer);
    } catch {
      return 0;
    }
  }
}

/** Between two looks at whether a peer that is gone has been heard out. */
const lookAgainMs = 5;

const probe = new PollSet(1);
