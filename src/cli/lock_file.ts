/** Lock files on disk. */

import { createHash } from "node:crypto";
import { LilithError } from "../errors.ts";
import { lockBytesMax } from "../limits.ts";
import { type Lock, readLock } from "../policy/lock.ts";
import { quote } from "../policy/sentence.ts";
import { openRemoval } from "../supervisor/file_removal.ts";

/** A lock that was read from a file. */
export interface LockFile {
  readonly lock: Lock;
  /** Of the file's bytes, lower-case hex. */
  readonly sha256: string;
}

/** Reads a lock. Throws `lock_unreadable` or `lock_malformed`. */
export function readLockFile(file: string): LockFile {
  let bytes: Uint8Array;
  try {
    using opened = Deno.openSync(file, { read: true });
    bytes = readBounded(opened);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  return { lock: readLock(bytes, file), sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Refuses to start what is not what was locked. Throws `lock_other_command`. */
export function demandCommand(file: string, { command }: Lock, words: readonly string[]): void {
  if (command.length === words.length && command.every((word, i) => word === words[i])) return;
  // The one word in which they differ says more than two long lines.
  const at = words.findIndex((word, i) => word !== command[i]);
  const from = at < 0 ? words.length : at;
  const [before, now] = [command, words].map((all) =>
    from < all.length ? quote(all[from]) : `its end after ${quote(all.at(-1)!)}`
  );
  throw new LilithError("lock_other_command", {
    message:
      `Cannot start: the lock "${file}" is about another command: ${before}, where now there is ${now}`,
    hint:
      `If that is meant, look at what the server offers and lock it anew: lilith-zero lock -o ${file} -- COMMAND…`,
  });
}

/** A lock file that is to be written once no permission is left. Where it was made and never filled, it goes again. */
export interface OpenLockFile extends Disposable {
  /** What stands in it: undefined where nothing does. */
  readonly before: Lock | undefined;
  replace(text: string): void;
}

/**
 * Opens a lock file, and makes it where there is none: it is written through the open file, when nothing may be opened
 * any more. Throws `lock_unwritable`, or `lock_malformed` where something else stands in it: that is not overwritten.
 */
export function openLockFile(file: string): OpenLockFile {
  let opened: Deno.FsFile;
  let bytes: Uint8Array;
  let takeBack: (() => void) | undefined;
  try {
    ({ opened, takeBack } = openOrMake(file));
    bytes = readBounded(opened);
  } catch (cause) {
    throw new LilithError("lock_unwritable", {
      message: `Cannot write the lock file "${file}": ${explain(cause)}`,
      hint: "Name a file in a directory that you may write to",
      cause,
    });
  }
  return {
    before: bytes.length === 0 ? undefined : readLock(bytes, file),
    replace(text) {
      const all = new TextEncoder().encode(text);
      opened.seekSync(0, Deno.SeekMode.Start);
      for (let at = 0; at < all.length;) at += opened.writeSync(all.subarray(at));
      // Last: a lock that is cut short is none, and is refused.
      opened.truncateSync(all.length);
      opened.syncSync();
      takeBack = undefined;
    },
    [Symbol.dispose]: () => {
      opened.close();
      takeBack?.();
    },
  };
}

function openOrMake(file: string): { readonly opened: Deno.FsFile; readonly takeBack?: () => void } {
  const takeBack = openRemoval(file);
  try {
    const opened = Deno.openSync(file, { read: true, write: true, createNew: true, mode: 0o644 });
    return { opened, takeBack };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    return { opened: Deno.openSync(file, { read: true, write: true }) };
  }
}

function readBounded(opened: Deno.FsFile): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= lockBytesMax) {
    const piece = new Uint8Array(64 * 1024);
    const read = opened.readSync(piece);
    if (read === null) break;
    pieces.push(piece.subarray(0, read));
    length += read;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function unreadable(file: string, cause: unknown): LilithError {
  return new LilithError("lock_unreadable", {
    message: `Cannot read the lock file "${file}": ${explain(cause)}`,
    hint: cause instanceof Deno.errors.NotFound
      ? `Make it with: lilith-zero lock --output ${file} -- COMMAND…`
      : "Check that it is a plain file that this user may read",
    cause,
  });
}

function explain(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (cause instanceof Deno.errors.PermissionDenied) return "this user may not do that";
  return cause instanceof Error ? cause.message : String(cause);
}
