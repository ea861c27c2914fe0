/**
 * Protecting ourselves from the server. It runs with our uid, and without more it could open our memory, our environment
 * and our standard output through /proc, or have Deno open a debugger for it.
 */

import { LilithError } from "../errors.ts";
import { forEachNumber } from "./directory_entries.ts";
import { guardSymbols } from "./ffi/posix.ts";
import { cString, openFlag, openLibc, prctlOption, signal } from "./libc.ts";

type GuardCalls = Deno.DynamicLibrary<typeof guardSymbols>["symbols"];

/**
 * Guards this process; the first thing that a resident process of ours does, before it loads anything else.
 *
 * What remains: between the start of Deno and this call (some 10 ms) SIGUSR1 has its default action and ends the
 * process. That is no way in, and no server of ours runs yet.
 *
 * @throws {LilithError} `libc_unavailable`; `containment_unavailable` where the kernel refuses one of the steps.
 *
 * ```ts
 * import { guardSelf } from "./self_guard.ts";
 *
 * async function begin(): Promise<void> {
 *   guardSelf();
 *   await import("./child.ts");
 * }
 * ```
 */
export function guardSelf(): void {
  const libc = openLibc(guardSymbols);
  closeDebugger(libc);
  refuseTracers(libc);
  refuseNewPrivileges(libc);
  closeDescriptorsOnExec(libc);
}

/**
 * Makes SIGUSR1 do nothing. Deno from 2.9.2 on opens its inspector on 127.0.0.1:9229 on that signal, as Node does, and
 * whoever connects owns the program. Neither half is enough: Deno arms its own handler some 500 ms after the start
 * unless somebody listens already, and a listener alone leaves the inspector's.
 */
export function closeDebugger(libc: GuardCalls): void {
  Deno.addSignalListener("SIGUSR1", ignore);
  const SIG_IGN = 1n;
  const SIG_ERR = 0xffff_ffff_ffff_ffffn;
  if (libc.signal(signal.SIGUSR1, SIG_IGN) === SIG_ERR) fail("ignore SIGUSR1");
}

function ignore(): void {}

/**
 * Makes /proc/<us> root's and refuses ptrace: `mem`, `environ`, `fd`, `cwd` … cannot be opened by our uid any longer
 * (PR_SET_DUMPABLE(2const)). Root with CAP_SYS_PTRACE still can; what a server of root's sees is up to the namespace.
 */
export function refuseTracers(libc: GuardCalls): void {
  if (libc.prctl(prctlOption.PR_SET_DUMPABLE, 0n, 0n, 0n, 0n) !== 0) fail("refuse tracers");
}

/**
 * No set-uid program, and no file capability, gives anything that we start more than we have. Set here and not only in
 * the server, so that a trial of a helper (a set-uid bwrap!) fails where the real start would.
 */
export function refuseNewPrivileges(libc: GuardCalls): void {
  if (libc.prctl(prctlOption.PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) !== 0) fail("refuse new privileges");
}

/**
 * What we inherited, nobody inherits from us: a client that leaves descriptors open would hand them to the server. Marked
 * and not closed, because Deno uses its own; and one by one, because close_range(2) needs glibc 2.34.
 */
export function closeDescriptorsOnExec(libc: GuardCalls): void {
  const directory = libc.open(cString("/proc/self/fd"), openFlag.O_RDONLY | openFlag.O_CLOEXEC);
  if (directory < 0) fail("list the open descriptors (is /proc mounted?)");
  const F_SETFD = 2;
  const FD_CLOEXEC = 1;
  let marked = true;
  const complete = forEachNumber(libc, directory, new Uint8Array(8192), (descriptor) => {
    if (descriptor > 2 && libc.fcntl(descriptor, F_SETFD, FD_CLOEXEC) !== 0) marked = false;
  });
  libc.close(directory);
  if (!complete || !marked) fail("mark the open descriptors");
}

function fail(act: string): never {
  throw new LilithError("containment_unavailable", {
    message: `Cannot guard this process: the kernel refused to ${act}`,
    hint: "Without it the server could take this process over. Look for a seccomp filter around us",
  });
}
