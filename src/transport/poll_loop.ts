/**
 * Waits for several descriptors at once with poll(2), as a relay in C does. While messages follow each other closely it
 * waits on the main thread itself: an answer of the system, through Deno's event loop, costs three times as much. When
 * it has been quiet for a moment it waits on another thread, and timers, signals and promises have the main thread.
 */

import { setImmediate } from "node:timers";
import { type DescriptorCalls, pollEvent, PollSet, wouldBlock } from "./descriptors.ts";

/** Something that the loop waits for. It changes its wish at any time and says so with {@linkcode PollLoop.changed}. */
export interface Watched {
  /** Below 0: nothing is waited for. */
  readonly descriptor: number;
  /** `pollEvent` flags; errors and hang-ups are found in any case. */
  readonly wish: number;
  /** Called when one of the wishes, an error or a hang-up was found. */
  ready(found: number): void;
}

export interface PollLoopOptions {
  /** How long the main thread waits by itself before it leaves the waiting to another. */
  readonly quickMs: number;
  /** How long messages may follow each other before everything else has a turn. */
  readonly turnMs: number;
  readonly now: () => number;
}

/**
 * Long enough for a quick server's answer; short beside everything that has to wait for it: a timer, a signal, the
 * server's standard error.
 */
export const pollLoopDefaults: PollLoopOptions = { quickMs: 4, turnMs: 10, now: Date.now };

/** At most this many descriptors: two channels have four. */
const watchedMax = 8;

export class PollLoop {
  readonly #calls: DescriptorCalls;
  readonly #options: PollLoopOptions;
  readonly #watched: Watched[] = [];
  /** What the entries of the set stand for, in their order. */
  readonly #listed: (Watched | undefined)[] = new Array(watchedMax).fill(undefined);
  #count = 0;
  readonly #set = new PollSet(watchedMax + 1);
  readonly #wake: readonly [number, number];
  #isApart = false;
  #isTurnDue = false;
  #isStopped = false;
  #stopped: Promise<void> | undefined;
  #onTurn = () => {};

  constructor(calls: DescriptorCalls, options: PollLoopOptions = pollLoopDefaults) {
    this.#calls = calls;
    this.#options = options;
    this.#wake = calls.openPipe();
  }

  get calls(): DescriptorCalls {
    return this.#calls;
  }

  /** Adds something to wait for, and begins to wait with the first one, once the current turn is over. */
  add(watched: Watched): void {
    if (this.#watched.length === watchedMax) throw new Error("too many descriptors to wait for");
    this.#watched.push(watched);
    this.#stopped ??= Promise.resolve().then(() => this.#run());
    this.changed();
  }

  /** Calls `listener` whenever everything else has had its turn: between two messages, at most every `turnMs` in a flood. */
  onTurn(listener: () => void): void {
    this.#onTurn = listener;
  }

  /**
   * A wish has changed, or a promise was settled: what waits for it has its turn before the next wait, and a wait on the
   * other thread begins anew.
   */
  changed(): void {
    this.#isTurnDue = true;
    if (this.#isApart) this.#calls.write(this.#wake[1], oneByte);
  }

  /** Ends the loop. Settles when nothing waits any more; rejects with whatever ended the loop before. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.changed();
    return this.#stopped ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    const { quickMs, turnMs, now } = this.#options;
    let lastTurn = now();
    while (!this.#isStopped) {
      // A clock that was set back must not put off the next turn by as much.
      const sinceMs = now() - lastTurn;
      if (this.#isTurnDue || sinceMs > turnMs || sinceMs < 0) {
        this.#isTurnDue = false;
        await new Promise<void>((resolve) => setImmediate(resolve)); // signals, timers, the server's standard error
        this.#onTurn();
        lastTurn = now();
        continue; // it may have been stopped
      }
      this.#fill("wishes");
      let found = this.#calls.poll(this.#set.bytes, this.#count, quickMs);
      if (found === 0) found = await this.#waitApart();
      if (found < 0) this.#isTurnDue = true; // a signal, for which somebody listens
      else if (found > 0) this.#dispatch();
    }
    this.#calls.close(this.#wake[0]);
    this.#calls.close(this.#wake[1]);
  }

  /**
   * Lists what is to be waited for. `wishes`: nothing that could only break, which the next write finds as well; each
   * descriptor costs the system a tenth of a microsecond.
   */
  #fill(what: "wishes" | "everything"): void {
    this.#count = 0;
    for (const watched of this.#watched) {
      const { descriptor, wish } = watched;
      if (descriptor < 0 || (wish === 0 && what === "wishes")) continue;
      this.#set.set(this.#count, descriptor, wish);
      this.#listed[this.#count++] = watched;
    }
  }

  async #waitApart(): Promise<number> {
    this.#fill("everything");
    const count = this.#count;
    this.#set.set(count, this.#wake[0], pollEvent.in);
    // What the main thread does from here on may change a wish; from here on that wakes the wait.
    this.#isApart = true;
    const found = await this.#calls.pollApart(this.#set.bytes, count + 1);
    this.#isApart = false;
    while (this.#calls.read(this.#wake[0], wakeBytes) !== wouldBlock);
    return found;
  }

  #dispatch(): void {
    for (let i = 0; i < this.#count; i++) {
      const found = this.#set.found(i);
      const watched = this.#listed[i];
      // An earlier one may have changed its wish meanwhile.
      if (found !== 0 && watched !== undefined && watched.descriptor >= 0) watched.ready(found);
    }
  }
}

const oneByte = Uint8Array.of(1);
const wakeBytes = new Uint8Array(64);
