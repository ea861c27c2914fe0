/** Frame readers with one fault each, such as real ones have had: a fuzzer that misses one of them is not worth running. */

import { type Frame, FrameReader } from "../../src/wire/frame.ts";
import type { AnyFrameReader } from "../wire/support/naive_frames.ts";

export type MakeFrameReader = (options: { readonly frameBytesMax: number }) => AnyFrameReader;

export interface FrameCanary {
  /** What it does wrong. */
  readonly name: string;
  readonly make: () => MakeFrameReader;
}

const canary = (name: string, make: MakeFrameReader): FrameCanary => ({ name, make: () => make });

export const frameCanaries: readonly FrameCanary[] = [
  canary("ends a line at a lone CR", (options) => new ReplacesBytes(options, 0x0d, 0x0a)),
  canary("ends a line at U+0085", (options) => new ReplacesBytes(options, 0x85, 0x0a)),
  canary("takes a NUL for the end of a line", (options) => new ReplacesBytes(options, 0, 0x0a)),
  canary("loses a last line without a line feed", (options) => new LosesTheEnd(options)),
  canary(
    "bounds lines one byte too early",
    ({ frameBytesMax }) => new FrameReader({ frameBytesMax: frameBytesMax - 1 }),
  ),
  canary(
    "bounds lines one byte too late",
    ({ frameBytesMax }) => new FrameReader({ frameBytesMax: frameBytesMax + 1 }),
  ),
  canary("loses the last byte of a chunk", (options) => new CutsChunks(options)),
  canary("loses a blank line", (options) => new LosesBlankLines(options)),
  canary("gives out lines that change with the next chunk", (options) => new KeepsViews(options)),
  canary("decodes and encodes what it reads", (options) => new Decodes(options)),
  canary("forgets a line once it is too long", (options) => new ForgetsOversize(options)),
  canary(
    "counts a line that is too long from the last chunk on",
    (options) => new MiscountsOversize(options),
  ),
];

class Wrapped implements AnyFrameReader {
  protected readonly reader: FrameReader;

  constructor(options: { readonly frameBytesMax: number }) {
    this.reader = new FrameReader(options);
  }
  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }
  next(): Frame | undefined {
    return this.reader.next();
  }
  end(): void {
    this.reader.end();
  }
}

class ReplacesBytes extends Wrapped {
  readonly #from: number;
  readonly #to: number;

  constructor(options: { readonly frameBytesMax: number }, from: number, to: number) {
    super(options);
    this.#from = from;
    this.#to = to;
  }
  override push(chunk: Uint8Array): void {
    super.push(chunk.map((byte) => byte === this.#from ? this.#to : byte));
  }
}

class LosesTheEnd extends Wrapped {
  override end(): void {}
}

class CutsChunks extends Wrapped {
  override push(chunk: Uint8Array): void {
    super.push(chunk.at(-1) === 0x0a ? chunk : chunk.subarray(0, -1));
  }
}

class LosesBlankLines extends Wrapped {
  override next(): Frame | undefined {
    const frame = super.next();
    return frame?.kind === "frame" && frame.start === frame.end ? super.next() : frame;
  }
}

/** Keeps the beginning of an open line as a view of a chunk that is used again. */
class KeepsViews implements AnyFrameReader {
  readonly #reader: FrameReader;
  #open: Uint8Array[] = [];

  constructor(options: { readonly frameBytesMax: number }) {
    this.#reader = new FrameReader(options);
  }
  push(chunk: Uint8Array): void {
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end > 0) {
      for (const view of this.#open.splice(0)) this.#reader.push(view);
      this.#reader.push(chunk.subarray(0, end));
    }
    if (end < chunk.length) this.#open.push(chunk.subarray(end));
  }
  next(): Frame | undefined {
    return this.#reader.next();
  }
  end(): void {
    for (const view of this.#open.splice(0)) this.#reader.push(view);
    this.#reader.end();
  }
}

class Decodes extends Wrapped {
  override push(chunk: Uint8Array): void {
    super.push(new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(chunk)));
  }
}

class ForgetsOversize extends Wrapped {
  override next(): Frame | undefined {
    const frame = super.next();
    return frame?.kind === "oversize" ? super.next() : frame;
  }
}

class MiscountsOversize extends Wrapped {
  #chunkBytes = 0;

  override push(chunk: Uint8Array): void {
    this.#chunkBytes = chunk.length;
    super.push(chunk);
  }
  override next(): Frame | undefined {
    const frame = super.next();
    if (frame?.kind !== "oversize") return frame;
    return { ...frame, bytes: Math.min(frame.bytes, this.#chunkBytes) };
  }
}
