/**
 * A few files that are read again and again, and word of it when they change. The paths are bound before the permissions
 * are dropped, and afterwards nothing else can be opened through this: it holds no path from outside.
 *
 * What inotify(7) says is taken as a hint to look, and never read: names in a directory and the file behind the links are
 * watched by the same few paths, so that a swapped link (Kubernetes), a renamed file (editors), a file written in place and
 * a directory that was replaced all give one. Network file systems give none; whoever asks looks now and then by itself.
 */

import { dirname } from "node:path";
import { watchSymbols } from "./ffi/posix.ts";
import { cString, errno, openErrno, openFlag, openLibc } from "./libc.ts";

/** What a file held when it was read; or, where it could not be read, why. */
export type FileContent =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "unreadable"; readonly why: string };

export interface WatchedFiles {
  /** Readable when something has changed; below 0 where the system tells of nothing. Read by `drain` alone. */
  readonly descriptor: number;
  /** Forgets what was told, and watches what the paths lead to now. To be called before the files are read. */
  rearm(): void;
  /** The files' content now, in the order of their paths; at most one byte more of each than was asked for. */
  read(): readonly FileContent[];
  close(): void;
}

/** sys/inotify.h */
const inotify = {
  IN_MODIFY: 0x2,
  IN_ATTRIB: 0x4,
  IN_CLOSE_WRITE: 0x8,
  IN_MOVED_FROM: 0x40,
  IN_MOVED_TO: 0x80,
  IN_CREATE: 0x100,
  IN_DELETE: 0x200,
  IN_DELETE_SELF: 0x400,
  IN_MOVE_SELF: 0x800,
} as const;

/** Names alone: what is written to other files of the directory (our own log, perhaps) is none of our business. */
const namesChange = inotify.IN_CREATE | inotify.IN_DELETE | inotify.IN_MOVED_FROM | inotify.IN_MOVED_TO |
  inotify.IN_DELETE_SELF | inotify.IN_MOVE_SELF;

/** A file that another one is renamed over loses its name, which changes its attributes (the count of its links). */
const contentChanges = inotify.IN_MODIFY | inotify.IN_CLOSE_WRITE | inotify.IN_ATTRIB |
  inotify.IN_DELETE_SELF | inotify.IN_MOVE_SELF;

/** Reads of what was told; what is left over tells again. */
const drainsMax = 64;

/**
 * Binds the calls and begins to watch.
 *
 * @param paths Absolute.
 * @param bytesMax Of one file.
 *
 * @throws {LilithError} `libc_unavailable`
 *
 * ```ts
 * import { openWatchedFiles } from "./watched_files.ts";
 *
 * function show(): void {
 *   const files = openWatchedFiles(["/etc/lilith/policy.yaml"], 1024 * 1024);
 *   files.rearm();
 *   files.read(); // [{ kind: "unreadable", why: "there is no such file" }]
 * }
 * ```
 */
export function openWatchedFiles(paths: readonly string[], bytesMax: number): WatchedFiles {
  const libc = openLibc(watchSymbols);
  const lastErrno = openErrno();
  const files = paths.map(cString);
  const places = [
    ...[...new Set(paths.map((path) => dirname(path)))].map((path) => ({
      path: cString(path),
      mask: namesChange,
    })),
    ...files.map((path) => ({ path, mask: contentChanges })),
  ];
  // IN_NONBLOCK and IN_CLOEXEC are the flags of open(2).
  const descriptor = libc.inotify_init1(openFlag.O_NONBLOCK | openFlag.O_CLOEXEC);
  const told = new Uint8Array(64 * 1024);
  const content = new Uint8Array(bytesMax + 1);
  let watches = new Set<number>();

  const rearm = () => {
    if (descriptor < 0) return;
    const now = new Set<number>();
    // What is watched already keeps its number; what took its place gets one of its own.
    for (const { path, mask } of places) now.add(libc.inotify_add_watch(descriptor, path, mask));
    for (const watch of watches) if (watch >= 0 && !now.has(watch)) libc.inotify_rm_watch(descriptor, watch);
    watches = now;
    // Last, because the end of a watch is told too. What was told until here, the reading that follows will see.
    for (let i = 0; i < drainsMax && libc.read(descriptor, told, BigInt(told.length)) > 0n; i++);
  };

  const readOne = (path: Uint8Array<ArrayBuffer>): FileContent => {
    // A pipe that somebody put in its place must not hold us up.
    const flags = openFlag.O_RDONLY | openFlag.O_NONBLOCK | openFlag.O_NOCTTY | openFlag.O_CLOEXEC;
    const file = libc.open(path, flags);
    if (file < 0) return unreadable(lastErrno());
    try {
      for (let length = 0;;) {
        const count = Number(libc.read(file, content.subarray(length), BigInt(content.length - length)));
        if (count < 0) return unreadable(lastErrno());
        length += count;
        if (count === 0 || length === content.length) {
          return { kind: "bytes", bytes: content.slice(0, length) };
        }
      }
    } finally {
      libc.close(file);
    }
  };

  rearm();
  return {
    descriptor,
    rearm,
    read: () => files.map(readOne),
    close() {
      if (descriptor >= 0) libc.close(descriptor);
    },
  };
}

function unreadable(code: number): FileContent {
  return { kind: "unreadable", why: reasons.get(code) ?? `the system cannot read it (errno ${code})` };
}

const reasons: ReadonlyMap<number, string> = new Map([
  [errno.ENOENT, "there is no such file"],
  [errno.EACCES, "this user may not read it"],
  [errno.EISDIR, "it is a directory"],
  [errno.ENOTDIR, "a directory on the way is a file"],
  [errno.ELOOP, "its links go in circles"],
  [errno.EAGAIN, "it is no plain file"],
]);
