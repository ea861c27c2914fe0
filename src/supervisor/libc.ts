/** Opening the C library, and the little that every call into it needs: C strings, errno, constants. */

import { LilithError } from "../errors.ts";
import { errnoSymbols } from "./ffi/posix.ts";

/** glibc, and the name under which musl answers too; then musl's own. */
const libcNames = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];

/**
 * The C library's functions of one symbol table. Opened at the call, not at import, so that a command that needs no
 * library asks for no permission.
 *
 * @throws {LilithError} `libc_unavailable` on another system than Linux, without the permission `ffi`, or where the C
 * library lacks one of the functions.
 */
export function openLibc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  if (Deno.build.os !== "linux") {
    throw new LilithError("libc_unavailable", {
      message: `Cannot supervise a server: ${Deno.build.os} is not supported yet`,
      hint: "Linux is, on x86_64 and aarch64",
    });
  }
  let cause: unknown;
  for (const name of libcNames) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      cause ??= error;
    }
  }
  throw new LilithError("libc_unavailable", {
    message: `Cannot open the C library: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: cause instanceof Deno.errors.NotCapable
      ? "The supervisor calls the system directly: allow it with --allow-ffi (or -A)"
      : "glibc 2.30 or later, or musl, is needed",
    cause,
  });
}

/**
 * A reader of errno, to be called right after the call that failed. Works after the permissions are dropped. For
 * messages and for telling failures apart; whether a call failed is what its result says.
 */
export function openErrno(): () => number {
  const libc = openLibc(errnoSymbols);
  const location = libc.__errno_location();
  const value = new Int32Array(1);
  return () => {
    libc.memcpy(value, location, 4n);
    return value[0];
  };
}

const encoder = new TextEncoder();

/** A text as C wants it. A NUL inside would end it early, and then something else than was judged would be used. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new LilithError("internal", {
      message: `Cannot pass ${JSON.stringify(text)} to the system: it holds a NUL`,
    });
  }
  return encoder.encode(`${text}\0`);
}

/** errno.h; the same on x86_64 and aarch64. */
export const errno = {
  ENOENT: 2,
  EINTR: 4,
  ENOEXEC: 8,
  EAGAIN: 11,
  EACCES: 13,
  ENOTDIR: 20,
  EISDIR: 21,
  ENOSPC: 28,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ELOOP: 40,
} as const;

/** signal.h; the same on x86_64 and aarch64. */
export const signal = { SIGKILL: 9, SIGUSR1: 10, SIGTERM: 15, SIGCONT: 18 } as const;

/** fcntl.h; the same on x86_64 and aarch64. (O_DIRECTORY is not: 0o200000 there, 0o40000 here. We do without.) */
export const openFlag = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_NOCTTY: 0o400,
  O_NONBLOCK: 0o4000,
  O_CLOEXEC: 0o2000000,
} as const;

/** fcntl.h */
export const fcntlCommand = { F_GETFL: 3, F_SETFL: 4, F_SETPIPE_SZ: 1031 } as const;

/** linux/prctl.h */
export const prctlOption = {
  PR_SET_PDEATHSIG: 1,
  PR_SET_DUMPABLE: 4,
  PR_SET_CHILD_SUBREAPER: 36,
  PR_SET_NO_NEW_PRIVS: 38,
} as const;
