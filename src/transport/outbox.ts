/** What goes out on a descriptor: written at once where there is room, kept and written later where there is none. */

import { queuedBytesMax } from "../limits.ts";
import { type DescriptorCalls, pollEvent, PollSet, wouldBlock } from "./descriptors.ts";
import type { PollLoop } from "./poll_loop.ts";
import { isReadAgain } from "./read_buffers.ts";

/** A descriptor that is written to, and that one owner closes. */
export interface OutputDescriptor {
  /** Below 0 once it is closed. */
  readonly descriptor: number;
  /** Whether a write may wait for room: where O_NONBLOCK is not ours to set, as on a file or another user's terminal. */
  readonly blocks: boolean;
  close(): void;
}

/** POSIX lets a pipe that polls as writable take this much without waiting (PIPE_BUF, pipe(7)). */
const unblockedBytes = 4096;

export class Outbox {
  readonly #loop: PollLoop;
  readonly #calls: DescriptorCalls;
  readonly #output: OutputDescriptor;
  readonly #onBroken: (cause: string) => void;
  /** What was added since the last flush: the newest piece, to which its neighbour in one buffer is joined … */
  #buffer: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  /** … and those before it. Most flushes have one piece. */
  #pieces: { readonly buffer: Uint8Array; readonly start: number; readonly end: number }[] = [];
  /** What there was no room for, the oldest first. */
  readonly #held: Uint8Array[] = [];
  #bytes = 0;
  #isGone = false;
  #waiting: (() => void)[] = [];
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(loop: PollLoop, output: OutputDescriptor, onBroken: (cause: string) => void) {
    this.#loop = loop;
    this.#calls = loop.calls;
    this.#output = output;
    this.#onBroken = onBroken;
  }

  /** Begins to wait for room where it is needed, and to notice that nobody reads any more. */
  watch(): void {
    const descriptor = () => this.#isGone ? -1 : this.#output.descriptor;
    const wish = () => this.#held.length > 0 ? pollEvent.out : 0;
    this.#loop.add({
      get descriptor() {
        return descriptor();
      },
      get wish() {
        return wish();
      },
      ready: (found) => this.#ready(found),
    });
  }

  /** Queues `buffer[start, end)`; see `Channel.send`. */
  add(buffer: Uint8Array, start: number, end: number): void {
    if (this.#isGone) return;
    this.#bytes += end - start;
    if (this.#buffer === buffer && this.#end === start) {
      this.#end = end;
      return;
    }
    if (this.#buffer !== undefined) {
      this.#pieces.push({ buffer: this.#buffer, start: this.#start, end: this.#end });
    }
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
  }

  /** Writes what there is room for, and keeps a copy of the rest. */
  flush(): void {
    const last = this.#buffer;
    if (last === undefined) return;
    if (this.#pieces.length > 0) {
      for (const { buffer, start, end } of this.#pieces) this.#flushPiece(buffer, start, end);
      this.#pieces = [];
    }
    this.#flushPiece(last, this.#start, this.#end);
    this.#buffer = undefined;
    if (this.#held.length > 0) this.#loop.changed();
    else this.#closeIfEmpty();
  }

  #flushPiece(buffer: Uint8Array, start: number, end: number): void {
    if (this.#isGone) return;
    const from = this.#held.length === 0 ? this.#write(buffer, start, end) : start;
    if (this.#isGone || from === end) return;
    this.#held.push(isReadAgain(buffer) ? buffer.slice(from, end) : buffer.subarray(from, end));
  }

  /** Whether it was closed, or nobody reads any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Bytes that were queued and have not left. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  get congested(): boolean {
    return this.#bytes >= queuedBytesMax;
  }

  /** Settles when there is room again, or nobody reads any more. */
  drained(): Promise<void> {
    this.flush();
    if (!this.congested) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Writes what is queued, however long that takes, then closes. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      this.flush();
      this.#closeIfEmpty();
    }
    return this.#closing.promise;
  }

  /** Gives where the rest begins. */
  #write(buffer: Uint8Array, start: number, end: number): number {
    const { descriptor, blocks } = this.#output;
    let at = start;
    try {
      while (at < end) {
        if (blocks && !this.#hasRoom(descriptor)) break;
        const piece = buffer.subarray(at, blocks ? Math.min(end, at + unblockedBytes) : end);
        const written = this.#calls.write(descriptor, piece);
        if (written === wouldBlock) break;
        at += written;
        this.#bytes -= written;
      }
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
    }
    return at;
  }

  #hasRoom(descriptor: number): boolean {
    probe.set(0, descriptor, pollEvent.out);
    return this.#calls.poll(probe.bytes, 1, 0) > 0;
  }

  #ready(found: number): void {
    if ((found & pollEvent.out) !== 0 && this.#held.length > 0) this.#writeHeld();
    else if ((found & ~pollEvent.out) !== 0) this.#break("its reader is gone");
  }

  #writeHeld(): void {
    while (this.#held.length > 0) {
      const [bytes] = this.#held;
      const from = this.#write(bytes, 0, bytes.length);
      if (this.#isGone) return;
      if (from < bytes.length) {
        this.#held[0] = bytes.subarray(from);
        break;
      }
      this.#held.shift();
    }
    if (!this.congested) this.#release();
    this.#closeIfEmpty();
  }

  #release(): void {
    this.#loop.changed();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #closeIfEmpty(): void {
    if (this.#closing === undefined || this.#bytes > 0) return;
    this.#leave();
    this.#closing.resolve();
  }

  /** A wait on another thread holds the descriptor open until it ends: its reader would not see that it is closed. */
  #leave(): void {
    this.#isGone = true;
    this.#output.close();
    this.#loop.changed();
  }

  #break(cause: string): void {
    if (this.#isGone) return;
    this.#pieces = [];
    this.#buffer = undefined;
    this.#held.length = 0;
    this.#bytes = 0;
    this.#leave();
    this.#release();
    if (this.#closing === undefined) this.#onBroken(cause);
    else this.#closing.resolve();
  }
}

const probe = new PollSet(1);
