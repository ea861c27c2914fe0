/** The file that the audit log is written to. */

import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, readSync } from "node:fs";
import { LilithError } from "../errors.ts";
import { recordLineBytesMax } from "../limits.ts";
import { openAgain, openPrivateFile, type Refuse } from "../private_file.ts";
import { anchorOf } from "./log_line.ts";
import { emptyAnchor, type TornLine } from "./record.ts";

/** An audit log that is open for appending. */
export interface Sink {
  /** The file's canonical path. */
  readonly path: string;
  /** The hash of the last whole line that stood in the file when it was opened; 64 zeros where none did. */
  readonly anchor: string;
  /** An unfinished line that an earlier writer left behind, and that we have ended: it belongs into the start record. */
  readonly torn: TornLine | undefined;
  /** What a person should know about how the file was found, for example that its mode was narrowed. */
  readonly notices: readonly string[];
  /**
   * Writes one line, line feed included. When it returns, the whole line is with the kernel; when it throws
   * `audit_unwritable`, no part of the line counts, and the chain must go on from the line before. The next call tries
   * again: a log on a full disk goes on when there is room.
   */
  append(line: Uint8Array): void;
  /** Brings everything to the disk and closes the file. Throws `audit_unwritable` where the disk refuses. */
  close(): void;
}

/**
 * Opens the log at `path`, creating it with mode 0600.
 *
 * Refused, with `audit_unwritable`: a symbolic link (whoever can place one chooses where we write), and whatever is no
 * regular file. A pipe or a terminal can neither be read back for the anchor nor verified, a full pipe would stop the
 * proxy, and `/dev/stdout` belongs to the protocol. A file that others can read or write is narrowed to 0600, and
 * `notices` says so; if it cannot be narrowed, it is refused.
 *
 * Everything that needs a permission happens here. What `append` and `close` do works on the open file, also after
 * every permission has been dropped.
 */
export function openSink(path: string): Sink {
  const refuse = (seen: string, hint?: string, cause?: unknown) =>
    new LilithError("audit_unwritable", {
      message: `Cannot open audit log "${path}": ${seen}`,
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
  // O_APPEND: every write lands behind what is there, whoever else writes.
  const options = { name: "The audit log", flags: constants.O_APPEND };
  const { file, path: canonical, notices } = openPrivateFile(path, options, refuse);
  try {
    const end = readEnd(file, refuse);
    // Deno's own writes cost a fifth of a microsecond less each than Node's.
    return new FileSink(file, openAgain(path, file, { append: true }, refuse), canonical, end, notices);
  } catch (error) {
    closeSync(file);
    if (error instanceof LilithError) throw error;
    throw refuse(describe(error), undefined, error);
  }
}

/** The last whole line, and what stands behind it. */
interface LogEnd {
  readonly anchor: string;
  readonly tornLine: Uint8Array | undefined;
}

function readEnd(file: number, refuse: Refuse): LogEnd {
  let end = readEndOnce(file, refuse);
  // Another proxy may be in the middle of a long line: it takes microseconds.
  for (let i = 0; i < 3 && end.tornLine !== undefined; i++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    end = readEndOnce(file, refuse);
  }
  return end;
}

const lineFeed = 0x0a;

function readEndOnce(file: number, refuse: Refuse): LogEnd {
  const size = fstatSync(file).size;
  let tail = new Uint8Array(0);
  for (let want = 64 * 1024;; want *= 4) {
    tail = readAt(file, Math.max(0, size - want), Math.min(size, want));
    const last = tail.lastIndexOf(lineFeed);
    const beforeLast = last <= 0 ? -1 : tail.lastIndexOf(lineFeed, last - 1);
    const isWhole = tail.length === size;
    if (beforeLast >= 0 || isWhole) {
      return {
        anchor: last < 0 ? emptyAnchor : anchorOf(tail.subarray(beforeLast + 1, last)),
        tornLine: last === tail.length - 1 ? undefined : tail.subarray(last + 1),
      };
    }
    if (want > 2 * recordLineBytesMax) {
      throw refuse("its last line is longer than any record", "It may be no audit log: name another file");
    }
  }
}

function readAt(file: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, bytes, filled, length - filled, position + filled);
    if (count === 0) return bytes.subarray(0, filled); // someone has shortened it
    filled += count;
  }
  return bytes;
}

class FileSink implements Sink {
  readonly path: string;
  readonly anchor: string;
  readonly torn: TornLine | undefined;
  readonly notices: readonly string[];
  readonly #file: number;
  readonly #writer: Deno.FsFile;
  /** A piece of a line stands at the end of the file: a line feed must end it before the next line. */
  #hasLooseEnd: boolean;
  #isOpen = true;

  constructor(file: number, writer: Deno.FsFile, path: string, end: LogEnd, notices: readonly string[]) {
    this.#file = file;
    this.#writer = writer;
    this.path = path;
    this.anchor = end.anchor;
    this.notices = notices;
    this.#hasLooseEnd = end.tornLine !== undefined;
    this.torn = end.tornLine === undefined
      ? undefined
      : { bytes: end.tornLine.length, sha256: hash("sha256", end.tornLine, "hex") };
  }

  append(line: Uint8Array): void {
    if (!this.#isOpen) throw this.#failure("it is closed");
    if (this.#hasLooseEnd) this.#endLoosely();
    const cause = this.#write(line);
    if (cause === undefined) return;
    this.#takeBack(line);
    throw this.#failure(describe(cause), cause);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      fsyncSync(this.#file);
    } catch (error) {
      throw this.#failure(describe(error), error);
    } finally {
      closeSync(this.#file);
      this.#writer.close();
    }
  }

  /** Gives what went wrong. A piece may be written all the same. */
  #write(bytes: Uint8Array): unknown {
    try {
      return this.#writer.writeSync(bytes) === bytes.length
        ? undefined
        : new Error("only a piece could be written");
    } catch (error) {
      return error;
    }
  }

  #endLoosely(): void {
    try {
      // Another proxy may have found the same loose end, and ended it.
      const cause = this.#looseEnd(recordLineBytesMax).length === 0 ? undefined : this.#write(lineEnd);
      if (cause !== undefined) throw cause;
    } catch (error) {
      throw this.#failure(describe(error), error);
    }
    this.#hasLooseEnd = false;
  }

  /**
   * Cuts a piece of `line` off the end of the file again. If it is not at the end, another proxy has written behind it;
   * what cannot be taken back is ended with a line feed before the next line, and `audit verify` will name it.
   */
  #takeBack(line: Uint8Array): void {
    this.#hasLooseEnd = true;
    try {
      const end = this.#looseEnd(line.length);
      if (end.length > 0) {
        if (!Buffer.from(end).equals(line.subarray(0, end.length))) return;
        ftruncateSync(this.#file, fstatSync(this.#file).size - end.length);
      }
      this.#hasLooseEnd = false;
    } catch {
      // An append-only file (chattr +a) cannot be cut.
    }
  }

  /** What stands behind the last line feed, as far as the last `bytesMax` bytes show. */
  #looseEnd(bytesMax: number): Uint8Array {
    const size = fstatSync(this.#file).size;
    const tail = readAt(this.#file, Math.max(0, size - bytesMax), Math.min(size, bytesMax));
    return tail.subarray(tail.lastIndexOf(lineFeed) + 1);
  }

  #failure(seen: string, cause?: unknown, hint?: string): LilithError {
    return new LilithError("audit_unwritable", {
      message: `Cannot write audit log "${this.path}": ${seen}`,
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const lineEnd = Uint8Array.of(lineFeed);

function describe(error: unknown): string {
  switch ((error as { code?: string }).code) {
    case "ENOSPC":
      return "the disk is full";
    case "EDQUOT":
      return "the disk quota is used up";
    case "EFBIG":
      return "the file has reached its size limit";
    case "EROFS":
      return "the file system is read-only";
    case "EIO":
      return "the disk reports an error";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
