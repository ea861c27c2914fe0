/** Where a path leads on disk, asked of the kernel; and which of our own files the server could write. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathBytesMax } from "../limits.ts";
import { accessSymbols, pathSymbols } from "./ffi/posix.ts";
import { cString, errno, openErrno, openLibc } from "./libc.ts";

/**
 * Where a path leads once every symbolic link is followed.
 *
 * - `real`: it exists, and this is its canonical path;
 * - `missing`: it does not exist; `path` is its deepest existing ancestor made canonical, then the rest as written;
 * - `unknown`: it could not be told. `nowhere`: at least it leads to no file that exists, for nobody with our rights.
 */
export type Resolution =
  | { readonly kind: "real"; readonly path: string }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "unknown"; readonly why: string; readonly nowhere?: boolean };

/**
 * Opens a resolver of paths, which works after the permissions are dropped: it uses two symbols and its own buffers. One
 * look-up takes some microseconds. It is the only way by which text from outside reaches the disk, and it opens nothing.
 *
 * @param workingDirectory Where relative paths begin: the server's, absolute.
 *
 * @throws {LilithError} `libc_unavailable`
 *
 * ```ts
 * import { openResolver } from "./resolve.ts";
 *
 * function show(): void {
 *   const resolvePath = openResolver("/srv/data");
 *   resolvePath("../../etc/passwd"); // { kind: "real", path: "/etc/passwd" }
 *   resolvePath("/tmp/new/file"); // { kind: "missing", path: "/tmp/new/file" }
 * }
 * ```
 */
export function openResolver(workingDirectory: string): (path: string) => Resolution {
  const libc = openLibc(pathSymbols);
  const readErrno = openErrno();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  // A path with its NUL; bytes of one text can be three times its UTF-16 units.
  const input = new Uint8Array(pathBytesMax + 1);
  const output = new Uint8Array(pathBytesMax);

  /** Puts a path into the buffer; false where it does not fit. */
  const load = (path: string): boolean => {
    const { read, written } = encoder.encodeInto(path, input);
    if (read < path.length || written >= pathBytesMax) return false;
    input[written] = 0;
    return true;
  };
  /** The canonical path of what is in the buffer; a number (errno) where there is none. */
  const canonicalize = (): string | number => {
    if (libc.realpath(input, output) === null) return readErrno();
    return decoder.decode(output.subarray(0, output.indexOf(0)));
  };
  /** Whether a name is there, though it leads nowhere: a dangling link. */
  const stands = (path: string): boolean => {
    if (!load(path)) return true;
    return libc.readlink(input, output, BigInt(output.length)) >= 0n || readErrno() !== errno.ENOENT;
  };

  const ascend = (absolute: string): Resolution => {
    const names = absolute.split("/").filter((name) => name !== "" && name !== ".");
    // What is below a missing name is missing too, so halving finds the deepest that exists: a path of 2,000 missing
    // names takes 11 steps.
    let [existing, missing] = [0, names.length];
    let ancestor = "/";
    while (missing - existing > 1) {
      const middle = (existing + missing) >> 1;
      load(`/${names.slice(0, middle).join("/")}`); // shorter than the path, which fitted
      const canonical = canonicalize();
      if (typeof canonical === "string") [existing, ancestor] = [middle, canonical];
      else if (canonical === errno.ENOENT) missing = middle;
      else return unresolved(canonical);
    }
    const prefix = ancestor === "/" ? "" : ancestor;
    const rest = names.slice(existing);
    // A directory that is not made yet has no `..`: where it will lead depends on what is made there.
    if (rest.includes("..")) return nowhere("it climbs out of a directory that does not exist");
    // realpath says "no such file" of a dangling link too, and whoever creates the file follows it.
    if (stands(`${prefix}/${rest[0]}`)) return nowhere(`${prefix}/${rest[0]} is a link that leads nowhere`);
    return { kind: "missing", path: `${prefix}/${rest.join("/")}` };
  };

  return (path) => {
    if (path === "") return nowhere("it is empty");
    if (path.includes("\0")) return nowhere("it holds a NUL");
    if (!path.isWellFormed()) return unknown("it is not valid Unicode");
    const absolute = path.startsWith("/") ? path : `${workingDirectory}/${path}`;
    if (!load(absolute)) return nowhere("it is too long");
    try {
      const real = canonicalize();
      const resolution = typeof real === "string"
        ? { kind: "real", path: real } as const
        : real === errno.ENOENT
        ? ascend(absolute)
        : unresolved(real);
      return dependsOnProcess(absolute, resolution)
        ? unknown("it leads elsewhere for each process")
        : resolution;
    } catch {
      return unknown("a name on the way is not valid Unicode"); // by the fatal decoder
    }
  };
}

function nowhere(why: string): Resolution {
  return { kind: "unknown", why, nowhere: true };
}

function unknown(why: string): Resolution {
  return { kind: "unknown", why };
}

/**
 * /proc/self, /proc/PID/root, /dev/fd …: we would see our own files there where the server sees its own, and in a
 * namespace even the numbers differ.
 */
function dependsOnProcess(absolute: string, resolution: Resolution): boolean {
  if (/proc|dev/.test(absolute) && processPath.test(resolve(absolute))) return true;
  return resolution.kind !== "unknown" && processPath.test(resolution.path);
}

const processPath = /^\/(proc(\/(self|thread-self|[0-9]+)(\/|$)|$)|dev\/(fd|stdin|stdout|stderr)(\/|$))/;

function unresolved(code: number): Resolution {
  switch (code) {
    case errno.EACCES:
      return nowhere("a directory on the way may not be searched");
    case errno.ELOOP:
      return nowhere("its links go in circles");
    case errno.ENAMETOOLONG:
      return nowhere("it is too long");
    case errno.ENOTDIR:
      return nowhere("it goes through something that is no directory");
    default:
      return unknown(`the kernel cannot tell (errno ${code})`);
  }
}

/**
 * Which of our own files the server's user could write, put in another's place, or give itself the right to. The server
 * has our uid, so nearly always: all of them. Meant for telling people, at start-up.
 *
 * @param paths Files that exist or will; relative ones from our working directory.
 *
 * @throws {LilithError} `libc_unavailable`
 */
export function ownFilesWritableByServer(paths: readonly string[]): string[] {
  const libc = openLibc(accessSymbols);
  const uid = libc.getuid();
  const W_OK = 2;
  const mayWrite = (path: string) => libc.access(cString(path), W_OK) === 0;
  const ownerOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.uid;

  const canChange = (path: string): boolean => {
    const owner = ownerOf(path);
    if (owner === uid || mayWrite(path)) return true; // an owner may give itself the right
    const directory = dirname(path);
    // Whoever may write a directory may put another file in the place of one in it, or make the one that is missing;
    // in a sticky one (/tmp) only its own. unlink(2)
    const sticky = ((statSync(directory, { throwIfNoEntry: false })?.mode ?? 0) & 0o1000) !== 0;
    return mayWrite(directory) && (!sticky || owner === undefined || ownerOf(directory) === uid);
  };
  return paths.filter((path) => {
    // Also through the directories above: one that is replaced takes the file with it.
    for (let place = resolve(path);; place = dirname(place)) {
      if (canChange(place)) return true;
      if (place === dirname(place)) return false;
    }
  });
}
