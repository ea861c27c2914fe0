/**
 * The file that several proxies share: what sessions and limits have used up, and consent that was asked for.
 *
 * The file is one page for the head and then two places for the content, used in turn. An update writes the content to
 * the place that is not in use, and then the head, which names the place, the length and the digest. So who is killed in
 * the middle has changed nothing, and what is damaged does not fit its digest. Nothing is synced: the system's own crash
 * may bring back an older state, or leave one that is found to be damaged.
 */

import { hash } from "node:crypto";
import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { Buffer } from "node:buffer";
import { LilithError } from "../errors.ts";
import { stateBytesMax, stateLockPauseMs, stateLockWaitMs } from "../limits.ts";
import { openAgain, openPrivateFile, type Refuse } from "../private_file.ts";
import { decodeContent, emptyContent, encodeContent, type StateContent } from "./state_content.ts";

export type { PlainObject, PlainValue, StateContent } from "./state_content.ts";

/** What an update leaves behind. */
export interface StateChange<T> {
  /** The content from now on; absent: it stays as it was, and nothing is written. */
  readonly content?: StateContent;
  /** What `update` is to give. */
  readonly result: T;
}

/** A state file that is open. Everything works without permissions. */
export interface StateFile {
  /** The file's canonical path. */
  readonly path: string;
  /** What a person should know about how the file was found, for example that its mode was narrowed. */
  readonly notices: readonly string[];
  /**
   * Gives the content to `change`, and writes what it gives back, while no other process can do the same. When it
   * returns, every other process sees the new content. `change` must be quick, and must not change what it is given.
   *
   * Throws `state_unusable` where the file is damaged, gone, full or cannot be written, `state_busy` where another
   * process keeps it for too long, and whatever `change` throws; nothing was changed then.
   */
  update<T>(change: (content: StateContent) => StateChange<T>): T;
  close(): void;
}

/**
 * Opens the state at `path`, creating it with mode 0600.
 *
 * Refused, with `state_unusable`: a symbolic link, whatever is no regular file or belongs to another user, and content
 * that is damaged or not ours. A file that others can read or write is narrowed to 0600, and `notices` says so.
 */
export function openStateFile(path: string): StateFile {
  const refuse = refusalTo("open", path);
  const { file, path: canonical, notices } = openPrivateFile(
    path,
    { name: "The state file", isOwn: true },
    refuse,
  );
  let lock: Deno.FsFile | undefined;
  try {
    lock = openAgain(path, file, { read: true, write: true }, refuse);
    const opened = new LockedFile(file, lock, canonical, notices);
    opened.update(() => ({ result: undefined }));
    return opened;
  } catch (error) {
    lock?.close();
    closeSync(file);
    if (error instanceof LilithError) throw error;
    throw refuse(messageOf(error), undefined, error);
  }
}

const headBytes = 128;
/** The places for the content, each on pages of its own. */
const places = [4096, 4096 + stateBytesMax] as const;

/** What the head says. */
interface Head {
  /** Which of the two places. */
  readonly place: 0 | 1;
  readonly length: number;
  readonly digest: string;
}

class LockedFile implements StateFile {
  readonly #file: number;
  readonly #lock: Deno.FsFile;
  #isClosed = false;
  #isUpdating = false;
  /** Whether it is known to have held something. */
  #wasFilled = false;

  constructor(file: number, lock: Deno.FsFile, readonly path: string, readonly notices: readonly string[]) {
    this.#file = file;
    this.#lock = lock;
  }

  update<T>(change: (content: StateContent) => StateChange<T>): T {
    if (this.#isClosed) throw refusalTo("use", this.path)("it was closed");
    // The lock is this file's: the second update would have it at once, and the first would undo its work.
    if (this.#isUpdating) throw refusalTo("use", this.path)("an update in the middle of an update");
    this.#takeLock();
    this.#isUpdating = true;
    try {
      this.#demandLinked();
      const head = this.#readHead();
      const { content, result } = change(head === undefined ? emptyContent : this.#read(head));
      if (content !== undefined) this.#write(content, head?.place === 0 ? 1 : 0);
      return result;
    } finally {
      this.#isUpdating = false;
      this.#lock.unlockSync();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lock.close();
    closeSync(this.#file);
  }

  /** flock(2): it ends with its holder, however that ends; one that hangs must not hang us. */
  #takeLock(): void {
    const until = performance.now() + stateLockWaitMs;
    while (!this.#lock.tryLockSync(true)) {
      if (performance.now() >= until) {
        throw new LilithError("state_busy", {
          message: `Cannot use state file "${this.path}": another process keeps it locked`,
          hint:
            `It was waited for ${stateLockWaitMs} ms; "fuser ${this.path}" names the processes that have it open`,
        });
      }
      Atomics.wait(pause, 0, 0, stateLockPauseMs);
    }
  }

  /** Who removes or replaces the file would split those who share it in two, each with counts of its own. */
  #demandLinked(): void {
    let links: number;
    try {
      links = fstatSync(this.#file).nlink;
    } catch (error) {
      throw this.#refuse(messageOf(error), undefined, error);
    }
    if (links === 0) {
      throw this.#refuse("it was removed or replaced", "Restart all proxies that share it");
    }
  }

  #readHead(): Head | undefined {
    const bytes = this.#readAt(0, headBytes);
    if (bytes.length === 0) {
      // New: whoever made it has written nothing yet. Else all that was counted would count as nothing.
      if (this.#wasFilled) throw this.#damaged("it was emptied");
      return undefined;
    }
    this.#wasFilled = true;
    const parts = headForm.exec(Buffer.from(bytes).toString("latin1"));
    if (parts === null) throw this.#damaged("it does not begin as one does");
    const length = Number(parts[2]);
    if (length > stateBytesMax) throw this.#damaged(`its content is said to have ${length} bytes`);
    return { place: parts[1] === "0" ? 0 : 1, length, digest: parts[3] };
  }

  #read({ place, length, digest }: Head): StateContent {
    const bytes = this.#readAt(places[place], length);
    if (bytes.length < length) throw this.#damaged("its content is cut off");
    if (digestOf(bytes) !== digest) throw this.#damaged("its content does not fit its digest");
    const content = decodeContent(bytes);
    if (content === undefined) {
      throw this.#refuse("its content is of another version of lilith-zero", freshHint);
    }
    return content;
  }

  #write(content: StateContent, place: 0 | 1): void {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = encodeContent(content);
    } catch (error) {
      throw this.#refuse(messageOf(error), "Approvals or sessions have piled up; " + freshHint, error);
    }
    this.#writeAt(places[place], bytes);
    const length = String(bytes.length).padStart(10, "0");
    this.#wasFilled = true;
    this.#writeAt(0, Buffer.from(`${headBegin}${place} ${length} ${digestOf(bytes)}`.padEnd(127) + "\n"));
  }

  #readAt(position: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    try {
      while (filled < length) {
        const count = readSync(this.#file, bytes, filled, length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
    } catch (error) {
      throw this.#refuse(messageOf(error), undefined, error);
    }
    return bytes.subarray(0, filled);
  }

  #writeAt(position: number, bytes: Uint8Array): void {
    let done = 0;
    try {
      while (done < bytes.length) {
        done += writeSync(this.#file, bytes, done, bytes.length - done, position + done);
      }
    } catch (error) {
      throw this.#refuse(messageOf(error), undefined, error);
    }
  }

  #refuse(seen: string, hint?: string, cause?: unknown): LilithError {
    return refusalTo("use", this.path)(seen, hint, cause);
  }

  #damaged(seen: string): LilithError {
    return this.#refuse(`it is damaged, or no state file: ${seen}`, freshHint);
  }
}

const headBegin = "lilith-zero state 1 ";
const headForm = /^lilith-zero state 1 ([01]) ([0-9]{10}) ([0-9a-f]{64}) *\n$/;
const freshHint =
  "Stop the proxies that share it and remove it to begin anew: all counts, taints and approvals in it are lost";

const pause = new Int32Array(new SharedArrayBuffer(4));

function digestOf(content: Uint8Array): string {
  return hash("sha256", content, "hex");
}

function refusalTo(act: "open" | "use", path: string): Refuse {
  return (seen, hint, cause) =>
    new LilithError("state_unusable", {
      message: `Cannot ${act} state file "${path}": ${seen}`,
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
