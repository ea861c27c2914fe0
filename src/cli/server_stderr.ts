/** The server's standard error: always drained, masked line by line, passed on to ours, and held to a rate. */

import type { Readable } from "node:stream";
import { LineMasker } from "../audit/mask_lines.ts";
import { stderrBytesPerSecondMax, stderrLineBytesMax, stderrPauseMs } from "../limits.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import type { StderrWriter } from "./stderr_writer.ts";

/**
 * Passes on what the server writes, in whole lines, masked like the audit log; settles when it has written its last. What
 * is over the rate is dropped and counted, and the count is said: a server that floods its standard error must neither
 * stall (its pipe is always read, if slowly then) nor drown ours. A line is shown when it has ended, and not before: half
 * of it cannot be masked.
 */
export function passOnStderr(source: Readable, stderr: StderrWriter, now: () => number): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const lines = new ServerLines(stderr);
  const pace = new ReadPace(now);
  source.on("data", (chunk: Uint8Array) => {
    const { isNewSecond, isOver } = pace.take(chunk.length);
    if (isNewSecond) lines.beginSecond();
    lines.push(chunk);
    if (isOver) holdBack(source);
  });
  const end = () => {
    lines.end();
    ended.resolve();
  };
  source.on("end", end);
  source.on("close", end);
  // A read error ends the stream; the server's exit is reported by its own means.
  source.on("error", end);
  return ended.promise;
}

/** Read as fast as it comes, a flood takes a whole processor and, in buffers that are not collected, 900 MB. */
function holdBack(source: Readable): void {
  source.pause();
  setTimeout(() => source.resume(), stderrPauseMs);
}

/** How much was read in the second that runs. */
class ReadPace {
  readonly #now: () => number;
  #sinceMs: number;
  #bytes = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#sinceMs = now();
  }

  take(bytes: number): { readonly isNewSecond: boolean; readonly isOver: boolean } {
    const nowMs = this.#now();
    const isNewSecond = nowMs - this.#sinceMs >= 1000 || nowMs < this.#sinceMs;
    if (isNewSecond) {
      this.#sinceMs = nowMs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    return { isNewSecond, isOver: this.#bytes > stderrBytesPerSecondMax };
  }
}

/** Cuts what the server writes into lines, and shows as many as there is room for. */
class ServerLines {
  readonly #stderr: StderrWriter;
  readonly #frames = new FrameReader({ frameBytesMax: stderrLineBytesMax });
  readonly #masker = new LineMasker();
  #shownBytes = 0;
  #droppedBytes = 0;
  /** Of the line that has not ended yet. */
  #openBytes = 0;
  #hasEnded = false;

  constructor(stderr: StderrWriter) {
    this.#stderr = stderr;
  }

  push(chunk: Uint8Array): void {
    this.#frames.push(chunk);
    this.#showLines();
    const before = this.#openBytes;
    const lastLineFeed = chunk.lastIndexOf(LF);
    this.#openBytes = lastLineFeed < 0 ? before + chunk.length : chunk.length - lastLineFeed - 1;
    if (before <= stderrLineBytesMax && this.#openBytes > stderrLineBytesMax) {
      this.#say(
        `a line of the server's standard error is longer than ${stderrLineBytesMax} bytes: its beginning is shown when it ends`,
      );
    }
  }

  beginSecond(): void {
    this.#shownBytes = 0;
    this.#reportDropped();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#frames.end();
    this.#showLines();
    this.#reportDropped();
  }

  /** All lines that are complete, in one piece: a chunk may hold a line per byte. */
  #showLines(): void {
    const shown: string[] = [];
    for (let line = this.#frames.next(); line !== undefined; line = this.#frames.next()) {
      shown.push(...this.#mask(line));
    }
    if (shown.length > 0) this.#stderr.write(shown.join("\n") + "\n");
  }

  #mask(line: Frame): string[] {
    const bytes = line.kind === "oversize" ? line.bytes : line.end - line.start + 1;
    const seenBytes = line.kind === "oversize" ? line.head.length : bytes;
    if (this.#shownBytes + seenBytes > stderrBytesPerSecondMax) {
      this.#droppedBytes += bytes;
      this.#masker.skip();
      return [];
    }
    this.#shownBytes += seenBytes;
    return line.kind === "oversize"
      ? this.#masker.maskHead(line.head, line.bytes)
      : this.#masker.mask(line.buffer.subarray(line.start, line.end));
  }

  #reportDropped(): void {
    if (this.#droppedBytes === 0) return;
    this.#say(`${this.#droppedBytes} bytes of the server's standard error were dropped (over the rate)`);
    this.#droppedBytes = 0;
  }

  #say(text: string): void {
    this.#stderr.write(`lilith-zero: ${text}\n`);
  }
}

const LF = 0x0a;
