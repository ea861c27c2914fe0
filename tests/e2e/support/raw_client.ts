/** A client of the program that reads and writes bytes, each when the test says so, and counts what was taken. */

import { Buffer } from "node:buffer";
import { programCommand } from "./program.ts";

/** "Did it go on at all": generous, and no measure of anything. A program that hangs is killed, and the test fails. */
const patienceMs = 120_000;

/** What is written at one time: what is counted as taken lags by as much. */
const pieceBytes = 16 * 1024;

export class RawClient implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #guard: ReturnType<typeof setTimeout>;
  readonly status: Promise<Deno.CommandStatus>;
  /** Bytes that the program, and the pipe before it, took from us. */
  taken = 0;
  /** Read of the pipe, and not asked for yet. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(args: readonly string[]) {
    const [command, ...words] = [...programCommand, ...args];
    this.#process = new Deno.Command(command, {
      args: words,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped", // and never read
    }).spawn();
    this.#reader = this.#process.stdout.getReader();
    this.#writer = this.#process.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // a program that ends first is seen by its status
    this.status = this.#process.status;
    this.#guard = setTimeout(() => this.kill("SIGKILL"), patienceMs);
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + pieceBytes);
      await this.#writer.write(piece);
      this.taken += piece.length;
      at += piece.length;
    }
  }

  closeInput(): Promise<void> {
    return this.#writer.close();
  }

  /** Lets go of both ends, as the system does for a client that was killed; of its output once it is not written to. */
  async die(): Promise<void> {
    this.#writer.abort().catch(() => {}); // settles once what is being written has left
    await this.#reader.cancel();
  }

  /** The next line with its line feed, or what stands behind the last one; empty at the end. */
  async line(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const end = this.#rest.indexOf(0x0a) + 1;
      if (end > 0) {
        parts.push(this.#rest.subarray(0, end));
        this.#rest = this.#rest.subarray(end);
        return Buffer.concat(parts);
      }
      parts.push(this.#rest);
      const { done, value } = await this.#reader.read();
      this.#rest = value ?? new Uint8Array(0);
      if (done) return Buffer.concat(parts);
    }
  }

  async message(): Promise<Message> {
    return JSON.parse(Buffer.from(await this.line()).toString());
  }

  /** All lines to the end, each given to `take` with its line feed. */
  async eachLine(take: (line: Uint8Array) => void): Promise<void> {
    for (let line = await this.line(); line.length > 0; line = await this.line()) take(line);
  }

  /** The program's memory in bytes: what it holds, and the most that it ever held. */
  async memory(): Promise<{ readonly now: number; readonly peak: number }> {
    const status = await Deno.readTextFile(`/proc/${this.#process.pid}/status`);
    const bytesOf = (name: string) =>
      1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
    return { now: bytesOf("VmRSS"), peak: bytesOf("VmHWM") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#guard);
    try {
      this.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.status;
    await Promise.allSettled([this.#process.stderr.cancel(), this.#reader.cancel(), this.#writer.abort()]);
  }
}

// deno-lint-ignore no-explicit-any
export type Message = any;
