/**
 * Where one message ends on a byte stream: at the line feed (MCP stdio, all revisions). Bounded, linear, resumable.
 */

import { oversizeHeadBytesMax } from "../limits.ts";

/** A line without its line feed: `buffer[start, end)`; `buffer[end]` is always a line feed (a sentinel for readers). */
export interface FrameSpan {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export type Frame =
  | (FrameSpan & {
    readonly kind: "frame";
    /** False for a last line that the stream ended without a line feed. */
    readonly terminated: boolean;
  })
  /** A line over the bound: its first bytes, and how many it had in all. */
  | { readonly kind: "oversize"; readonly head: Uint8Array; readonly bytes: number };

const LF = 0x0a;

/** Cuts a byte stream into frames. Chunks go in by `push`, frames come out by `next`; neither waits. */
export class FrameReader {
  readonly #frameBytesMax: number;
  /** Chunks that are not looked at yet, the first of them from `#at`. */
  readonly #chunks: Uint8Array[] = [];
  #at = 0;
  /** The beginning of a line that came in earlier chunks; undefined where the line begins in the present one. */
  #begun: Begun | undefined;
  #ended = false;

  constructor(options: { readonly frameBytesMax: number }) {
    this.#frameBytesMax = options.frameBytesMax;
  }

  /** Takes a chunk. It is not copied where a whole line lies in it, so it must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /** No more chunks will come: a last line without a line feed is a frame too. */
  end(): void {
    this.#ended = true;
  }

  /** The next frame; undefined where no line is whole yet. A blank line is a frame as well: see {@linkcode isBlank}. */
  next(): Frame | undefined {
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0];
      const start = this.#at;
      const lineEnd = chunk.indexOf(LF, start);
      this.#at = lineEnd + 1;
      if (lineEnd < 0 || this.#at === chunk.length) {
        this.#chunks.shift();
        this.#at = 0;
      }
      if (lineEnd >= 0) return this.#finish(chunk, start, lineEnd, true);
      this.#begun ??= new Begun(this.#frameBytesMax);
      this.#begun.add(chunk.subarray(start));
    }
    if (!this.#ended || this.#begun === undefined) return undefined;
    return this.#finish(sentinel, 0, 0, false);
  }

  #finish(chunk: Uint8Array, start: number, end: number, terminated: boolean): Frame {
    const begun = this.#begun;
    if (begun !== undefined) {
      this.#begun = undefined;
      begun.add(chunk.subarray(start, end));
      return begun.finish(terminated);
    }
    if (end - start > this.#frameBytesMax) {
      return { kind: "oversize", head: chunk.slice(start, start + oversizeHeadBytesMax), bytes: end - start };
    }
    return { kind: "frame", buffer: chunk, start, end, terminated };
  }
}

/** What ends a last line that has no line feed of its own. */
const sentinel = Uint8Array.of(LF);

const firstCapacity = 64 * 1024;

/** A line over several chunks, joined as they come. The room doubles, so that many small chunks cost linear time. */
class Begun {
  readonly #frameBytesMax: number;
  #buffer: Uint8Array = new Uint8Array(0);
  /** All bytes of the line so far, those over the bound included. */
  #bytes = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  add(part: Uint8Array): void {
    const before = this.#bytes;
    this.#bytes += part.length;
    if (this.#bytes > this.#frameBytesMax) {
      // Only the head is of use any more.
      if (before < oversizeHeadBytesMax) this.#write(part.subarray(0, oversizeHeadBytesMax - before), before);
      if (this.#buffer.length > oversizeHeadBytesMax) this.#buffer = this.#buffer.slice(0, oversizeHeadBytesMax);
      return;
    }
    this.#write(part, before);
  }

  finish(terminated: boolean): Frame {
    const bytes = this.#bytes;
    if (bytes > this.#frameBytesMax) {
      return { kind: "oversize", head: this.#buffer.slice(0, Math.min(bytes, oversizeHeadBytesMax)), bytes };
    }
    this.#write(sentinel, bytes);
    return { kind: "frame", buffer: this.#buffer, start: 0, end: bytes, terminated };
  }

  #write(part: Uint8Array, at: number): void {
    const needed = at + part.length;
    if (needed > this.#buffer.length) {
      const wider = new Uint8Array(Math.max(needed, Math.min(2 * this.#buffer.length, this.#frameBytesMax + 1), firstCapacity));
      wider.set(this.#buffer.subarray(0, at));
      this.#buffer = wider;
    }
    this.#buffer.set(part, at);
  }
}

/** Whether a frame holds nothing but white space: no message, and nothing to answer. */
export function isBlank({ buffer, start, end }: FrameSpan): boolean {
  for (let at = start; at < end; at++) {
    const byte = buffer[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
