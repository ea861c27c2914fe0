/** Opening a file of ours that nobody else may choose, read or write: the audit log, the state that proxies share. */

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { LilithError } from "./errors.ts";

/** Makes the error that says why a file is refused. */
export type Refuse = (seen: string, hint?: string, cause?: unknown) => LilithError;

/** A file that was opened, created with mode 0600 where it was not there. */
export interface PrivateFile {
  /** Its descriptor, to read and write. */
  readonly file: number;
  /** Its canonical path. */
  readonly path: string;
  /** What a person should know about how it was found: that its mode was narrowed. */
  readonly notices: readonly string[];
}

export interface PrivateFileOptions {
  /** As it begins a sentence: "The audit log". */
  readonly name: string;
  /** For open(2), besides reading, writing and creating. */
  readonly flags?: number;
  /** Refuse a file of another user. */
  readonly isOwn?: boolean;
}

/**
 * Opens the file at `path`. Throws what `refuse` makes for a symbolic link (whoever can place one chooses where we
 * write), for whatever is no regular file, and where others can read or write it and that cannot be taken from them.
 */
export function openPrivateFile(path: string, options: PrivateFileOptions, refuse: Refuse): PrivateFile {
  const before = describeBefore(path);
  if (before !== undefined) throw refuse(before.seen, before.hint);
  let file: number;
  try {
    file = openSync(path, openFlags | (options.flags ?? 0), 0o600);
  } catch (error) {
    throw refuse(...explainOpen(error), error);
  }
  try {
    const stats = fstatSync(file);
    // Between the look and the opening the name may have been given to something else.
    if (!stats.isFile() || !isSameFile(stats, lstatSync(path))) throw refuse(changed);
    if (options.isOwn === true && stats.uid !== Deno.uid()) {
      throw refuse("it belongs to another user", "Name a file of your own, or one that does not exist yet");
    }
    return { file, path: realpathSync(path), notices: narrow(file, stats, path, options.name, refuse) };
  } catch (error) {
    closeSync(file);
    if (error instanceof LilithError) throw error;
    throw refuse(messageOf(error), undefined, error);
  }
}

/** The same file once more, for what only Deno's own files can do. Throws what `refuse` makes where it is another by now. */
export function openAgain(
  path: string,
  file: number,
  options: Deno.OpenOptions,
  refuse: Refuse,
): Deno.FsFile {
  const opened = Deno.openSync(path, options);
  const { dev, ino } = opened.statSync();
  const stats = fstatSync(file);
  if (stats.dev === dev && stats.ino === ino) return opened;
  opened.close();
  throw refuse(changed);
}

const changed = "it changed while it was being opened";

// O_NOFOLLOW: no symbolic link, not even one that appears this moment (open(2)); Windows has none, there the check
// before has to do.
const openFlags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

/** What stands at `path`, where that is nothing to write to. Before the opening: to open a pipe can wait for ever. */
function describeBefore(path: string): { seen: string; hint: string } | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(path);
  } catch {
    return undefined; // not there yet, or the opening will say why it cannot be reached
  }
  const hint = "Name a regular file, or one that does not exist yet";
  if (stats.isFile()) return undefined;
  if (stats.isSymbolicLink()) {
    return { seen: "it is a symbolic link", hint: "Name the file that it leads to" };
  }
  return { seen: stats.isDirectory() ? "it is a directory" : "it is no regular file", hint };
}

function explainOpen(error: unknown): [seen: string, hint?: string] {
  switch ((error as { code?: string }).code) {
    case "ENOENT":
      return ["its directory does not exist", "Create the directory first"];
    case "ELOOP":
      return ["it is a symbolic link", "Name the file that it leads to"];
    case "EACCES":
    case "EPERM":
      return ["permission denied", "It must be readable and writable by the user that runs the proxy"];
    case "EROFS":
      return ["its file system is read-only", "Name a file that can be written"];
    default:
      return [messageOf(error)];
  }
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** Takes from group and others what they can do with the file. (Windows has no such bits: they mean nothing there.) */
function narrow(file: number, stats: Stats, path: string, name: string, refuse: Refuse): readonly string[] {
  const mode = stats.mode & 0o777;
  if (constants.O_NOFOLLOW === undefined || (mode & 0o077) === 0) return [];
  const was = mode.toString(8).padStart(4, "0");
  try {
    fchmodSync(file, 0o600);
  } catch (error) {
    throw refuse(`others can read or write it (mode ${was})`, `Run: chmod 600 "${path}"`, error);
  }
  return [`${name} "${path}" could be read or written by others (mode ${was}); its mode is 0600 now.`];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
