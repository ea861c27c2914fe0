/**
 * Where one message ends on a byte stream: at the line feed, byte 0x0A, and nowhere else (MCP stdio, all revisions).
 * U+2028, a lone CR and the like end a line for some libraries, which is why none is used here.
 */

import { oversizeHeadBytesMax, oversizeTailBytesMax } from "../limits.ts";

const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  CarriageReturn = 0x0d,
  Space = 0x20,
}

/** A line without its line feed: `buffer[start, end)`. `buffer[end]` is always a line feed, so that readers may look. */
export interface FrameSpan {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export type Frame =
  | (FrameSpan & {
    readonly kind: "frame";
    /** False for the last line of a stream that ended without a line feed. */
    readonly terminated: boolean;
  })
  /**
   * A line over the bound: its first bytes, at most `oversizeHeadBytesMax`, its last, at most `oversizeTailBytesMax`, and how
   * many it had in all.
   */
  | {
    readonly kind: "oversize";
    readonly head: Uint8Array;
    readonly tail: Uint8Array;
    readonly bytes: number;
  };

/**
 * Cuts a byte stream into lines. Chunks go in by `push`; `next` is then called until it has no more.
 *
 * A line that lies in one chunk is given out as a view of it. The beginning of a line that is still open is copied, so
 * that a few bytes never keep a whole chunk alive, and joined once, when its end has come: the cost is linear in the
 * bytes however they are split. What is held is at most `frameBytesMax`, and the chunks that `next` has not come to.
 *
 * ```ts
 * import { FrameReader } from "./frame.ts";
 *
 * const reader = new FrameReader({ frameBytesMax: 1024 });
 * reader.push(new TextEncoder().encode('{"a":1}\n{"b"'));
 * const frame = reader.next();
 * console.assert(frame?.kind === "frame" && frame.start === 0 && frame.end === 7);
 * console.assert(reader.next() === undefined && reader.pendingBytes === 4);
 * ```
 */
export class FrameReader {
  readonly #openLine: OpenLine;
  /** What is being looked at, from `#at` on, and what was pushed behind it. */
  #chunk: Uint8Array | undefined;
  readonly #queue: Uint8Array[] = [];
  #at = 0;
  #unreadBytes = 0;
  #hasEnded = false;

  /** `frameBytesMax`: bytes of a line without its line feed, from which on it is `oversize` if it has more. */
  constructor(options: { readonly frameBytesMax: number }) {
    this.#openLine = new OpenLine(options.frameBytesMax);
  }

  /** Bytes that are held: of the line that is still open, and of chunks that `next` has not come to. */
  get pendingBytes(): number {
    return this.#openLine.heldBytes + this.#unreadBytes;
  }

  /** Takes a chunk, which must not change any more: frames are views of it. Whoever pushes without calling `next` queues. */
  push(chunk: Uint8Array): void {
    if (this.#hasEnded) throw new Error("Cannot push a chunk: the stream has ended");
    if (chunk.length === 0) return;
    if (this.#chunk === undefined) this.#chunk = chunk;
    else this.#queue.push(chunk);
    this.#unreadBytes += chunk.length;
  }

  /** The stream has ended: if its last line has no line feed, that line is a frame too. */
  end(): void {
    this.#hasEnded = true;
  }

  /** The next line; undefined where none is complete. Blank lines come too: `isBlank` tells them, the caller decides. */
  next(): Frame | undefined {
    for (let chunk = this.#chunk; chunk !== undefined; chunk = this.#chunk) {
      const start = this.#at;
      const lineFeed = chunk.indexOf(Byte.LineFeed, start);
      const isComplete = lineFeed >= 0;
      const end = isComplete ? lineFeed : chunk.length;
      this.#readUpTo(chunk, isComplete ? end + 1 : end);
      if (isComplete) return this.#finish(chunk, start, end);
      this.#openLine.add(chunk.subarray(start));
    }
    return this.#hasEnded && this.#openLine.hasBegun ? this.#openLine.finish(false) : undefined;
  }

  /** Marks the chunk as read up to `at`, and lets go of it at its end. */
  #readUpTo(chunk: Uint8Array, at: number): void {
    this.#unreadBytes -= at - this.#at;
    this.#at = at;
    if (at === chunk.length) {
      this.#chunk = this.#queue.length === 0 ? undefined : this.#queue.shift();
      this.#at = 0;
    }
  }

  #finish(chunk: Uint8Array, start: number, end: number): Frame {
    if (!this.#openLine.hasBegun && end - start <= this.#openLine.frameBytesMax) {
      return { kind: "frame", buffer: chunk, start, end, terminated: true };
    }
    this.#openLine.add(chunk.subarray(start, end));
    return this.#openLine.finish(true);
  }
}

/** More than `oversizeHeadBytesMax`, and kept from line to line: most lines that span two chunks fit into it. */
const smallBytes = 64 * 1024;

/** A line whose end has not come: copied into a buffer that grows, at least by half each time. */
class OpenLine {
  readonly frameBytesMax: number;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #heldBytes = 0;
  /** Of the line so far, dropped bytes included. */
  #lineBytes = 0;
  /** The end of a line over the bound, as it came so far. */
  #tail: Tail | undefined;
  #hasBegun = false;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Appends what came of the line. Once the line is over the bound, only its head and its tail are kept. */
  add(part: Uint8Array): void {
    this.#hasBegun = true;
    this.#lineBytes += part.length;
    if (this.#lineBytes <= this.frameBytesMax) return this.#hold(part);
    this.#tail ??= this.#beginTail();
    this.#tail.add(part);
    const missing = Math.max(oversizeHeadBytesMax - this.#heldBytes, 0);
    this.#hold(part.subarray(0, missing));
    this.#cutToHead();
  }

  /** The line as a frame, at its line feed (`terminated`) or the end of the stream; then the next line may begin. */
  finish(terminated: boolean): Frame {
    const bytes = this.#lineBytes;
    const frame: Frame = this.#tail !== undefined
      ? { kind: "oversize", head: this.#buffer.slice(0, this.#heldBytes), tail: this.#tail.copy(), bytes }
      : { kind: "frame", buffer: this.#giveOut(), start: 0, end: bytes, terminated };
    if (this.#buffer.length > smallBytes) this.#buffer = new Uint8Array(0);
    this.#heldBytes = 0;
    this.#lineBytes = 0;
    this.#tail = undefined;
    this.#hasBegun = false;
    return frame;
  }

  #hold(part: Uint8Array): void {
    this.#grow(this.#heldBytes + part.length);
    this.#buffer.set(part, this.#heldBytes);
    this.#heldBytes += part.length;
  }

  /** Makes room for so many bytes and a line feed. */
  #grow(bytes: number): void {
    const { length } = this.#buffer;
    if (bytes < length) return;
    // Four times as many while that is little memory, so that little is copied.
    const roomy = length * (length < 1024 * 1024 ? 4 : 1.5);
    const room = Math.max(Math.min(Math.max(smallBytes, roomy), this.frameBytesMax + 1), bytes + 1);
    // Unlike a copy it leaves nothing to the collector, which is in no hurry with memory outside its heap.
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(Math.floor(room)));
  }

  /** The line is over the bound from here on: what is held still has its end so far. */
  #beginTail(): Tail {
    const tail = new Tail();
    tail.add(this.#buffer.subarray(0, this.#heldBytes));
    return tail;
  }

  #cutToHead(): void {
    this.#heldBytes = Math.min(this.#heldBytes, oversizeHeadBytesMax);
    if (this.#buffer.length > smallBytes) this.#buffer = this.#buffer.slice(0, smallBytes);
  }

  /** What is held with a line feed behind it: a copy of a short line, the buffer itself of a long one. */
  #giveOut(): Uint8Array {
    this.#grow(this.#heldBytes);
    this.#buffer[this.#heldBytes] = Byte.LineFeed;
    const whole = this.#buffer.subarray(0, this.#heldBytes + 1);
    return this.#buffer.length > smallBytes ? whole : whole.slice();
  }
}

/** The last bytes of what is added: at most `oversizeTailBytesMax`. */
class Tail {
  /** Room for twice as many, so that they are moved once per so many bytes and not with each part. */
  readonly #bytes = new Uint8Array(2 * oversizeTailBytesMax);
  #length = 0;

  add(part: Uint8Array): void {
    const added = part.subarray(Math.max(part.length - oversizeTailBytesMax, 0));
    if (this.#length + added.length > this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#length - oversizeTailBytesMax, this.#length);
      this.#length = oversizeTailBytesMax;
    }
    this.#bytes.set(added, this.#length);
    this.#length += added.length;
  }

  copy(): Uint8Array {
    return this.#bytes.slice(Math.max(this.#length - oversizeTailBytesMax, 0), this.#length);
  }
}

/** Whether a line holds nothing but spaces, tabs and carriage returns: no message, and nothing to answer. */
export function isBlank({ buffer, start, end }: FrameSpan): boolean {
  for (let at = start; at < end; at++) {
    const c = buffer[at];
    if (c !== Byte.Space && c !== Byte.Tab && c !== Byte.CarriageReturn) return false;
  }
  return true;
}
