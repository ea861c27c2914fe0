/** The system calls on file descriptors that a channel is built on; who composes the program binds them. */

/** Each returns what its namesake in POSIX returns, with the failures that are no failures told apart. */
export interface DescriptorCalls {
  /**
   * poll(2) over the first `count` entries of `set` ({@linkcode PollSet}), at most `timeoutMs`; gives how many are
   * ready, and less than 0 where a signal came in between. While it waits, nothing else of the program runs.
   */
  poll(set: Uint8Array, count: number, timeoutMs: number): number;
  /** The same without an end, on another thread: the program goes on. `set` must not change until it settles. */
  pollApart(set: Uint8Array, count: number): Promise<number>;
  /** Reads at most what `into` holds. 0 at the end of the stream, {@linkcode wouldBlock} where nothing is there. */
  read(descriptor: number, into: Uint8Array): number;
  /** Writes what there is room for, or gives {@linkcode wouldBlock}. Throws an error that says why nothing ever will be. */
  write(descriptor: number, bytes: Uint8Array): number;
  close(descriptor: number): void;
  /** A pipe that does not block: [its reading end, its writing end]. */
  openPipe(): readonly [number, number];
}

export const wouldBlock = -1;

/** poll.h; the same on Linux and macOS. */
export const pollEvent = { in: 1, out: 4, error: 8, hangUp: 16, invalid: 32 } as const;

/** An array of `struct pollfd { int fd; short events; short revents; }`, little endian as every machine that we run on. */
export class PollSet {
  readonly bytes: Uint8Array;
  readonly #words: Int32Array<ArrayBuffer>;

  constructor(size: number) {
    this.#words = new Int32Array(2 * size);
    this.bytes = new Uint8Array(this.#words.buffer);
  }

  /** `descriptor` below 0: poll(2) passes over the entry. */
  set(at: number, descriptor: number, events: number): void {
    this.#words[2 * at] = descriptor;
    this.#words[2 * at + 1] = events;
  }

  /** What the last poll found of entry `at`: `pollEvent` flags. */
  found(at: number): number {
    return this.#words[2 * at + 1] >>> 16;
  }
}
