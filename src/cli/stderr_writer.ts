/**
 * Our standard error, written without ever waiting for its reader: a client that does not read it must not stop the
 * messages. What finds no room is counted, and the count is written when there is room again.
 */

/** Bytes that may wait for a slow reader. */
const waitingBytesMax = 256 * 1024;

/** Between two tries to write to a standard error that is full and does not block. */
const retryMs = 20;

const encoder = new TextEncoder();

export class StderrWriter {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #droppedBytes = 0;
  #writing: Promise<void> | undefined;

  constructor(write: (bytes: Uint8Array) => Promise<number> = (bytes) => Deno.stderr.write(bytes)) {
    this.#write = write;
  }

  /** Queues bytes; they must not change afterwards. */
  write(bytes: Uint8Array | string): void {
    const piece = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    if (this.#waitingBytes + piece.length > waitingBytesMax) {
      this.#droppedBytes += piece.length;
    } else {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.length;
    }
    this.#writing ??= this.#drain();
  }

  /** Waits until all is written, but no longer than `timeoutMs`: the reader may be stuck for good. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#writing === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, timeoutMs));
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    for (let piece = this.#takeNext(); piece !== undefined; piece = this.#takeNext()) {
      try {
        await this.#writeAll(piece);
      } catch {
        // Nobody reads our standard error any more, and there is nowhere else to say so.
        this.#waiting.length = 0;
        this.#waitingBytes = 0;
        this.#droppedBytes = 0;
      }
    }
    this.#writing = undefined;
  }

  /** What waits; behind the last of it, how much found no room. */
  #takeNext(): Uint8Array | undefined {
    const piece = this.#waiting.shift();
    if (piece !== undefined) {
      this.#waitingBytes -= piece.length;
      return piece;
    }
    if (this.#droppedBytes === 0) return undefined;
    const said = `lilith-zero: ${this.#droppedBytes} bytes of standard error were dropped\n`;
    this.#droppedBytes = 0;
    return encoder.encode(said);
  }

  async #writeAll(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length;) {
      try {
        at += await this.#write(piece.subarray(at));
      } catch (error) {
        // A client may hand us a pipe that does not block, or one pipe for both outputs: EAGAIN only means "not yet".
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }
}
