/**
 * The processes of this machine as /proc lists them, and signals to a tree of them. All of it through symbols and buffers
 * that are bound when it is opened, so that it works once the permissions are gone (then `Deno.kill` of another pid and
 * every file are refused).
 */

import { LilithError } from "../errors.ts";
import { killRoundsMax } from "../limits.ts";
import { forEachNumber } from "./directory_entries.ts";
import { processSymbols } from "./ffi/posix.ts";
import { cString, openFlag, openLibc, prctlOption, signal } from "./libc.ts";

/** One process, as far as a supervisor needs to know it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** The pid of the process that began its session with setsid(2). */
  readonly sessionId: number;
  /** It has ended and waits to be reaped: it runs nothing and holds nothing. */
  readonly isZombie: boolean;
}

/** The processes of this machine, and what can be done to them. */
export interface ProcessTable {
  /** This process. */
  readonly self: ProcessEntry;
  /** All of them now. */
  list(): readonly ProcessEntry[];
  /** Sends a signal to one process. One that is gone is no error. */
  signal(pid: number, signalNumber: number): void;
  /** Takes the status of an ended child, so that its pid is free again. Only for children that nobody waits for. */
  reap(pid: number): void;
}

/**
 * Opens the process table and makes this process the one that orphans of its descendants fall to, so that a daemon is
 * still in our tree while we live (PR_SET_CHILD_SUBREAPER(2const)).
 *
 * @throws {LilithError} `libc_unavailable`; `containment_unavailable` where /proc cannot be read.
 */
export function openProcessTable(): ProcessTable {
  const libc = openLibc(processSymbols);
  if (libc.prctl(prctlOption.PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n) !== 0) {
    throw unreadable("the kernel refused to hand us the orphans");
  }
  const procPath = cString("/proc");
  const statPath = new Uint8Array(64);
  const nameBuffer = new Uint8Array(32 * 1024);
  const statBuffer = new Uint8Array(1024);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("latin1"); // a process may name itself in any bytes
  const WNOHANG = 1;

  const readStat = (pid: number): ProcessEntry | undefined => {
    const { written } = encoder.encodeInto(`/proc/${pid}/stat\0`, statPath);
    const file = libc.open(statPath.subarray(0, written), openFlag.O_RDONLY | openFlag.O_CLOEXEC);
    if (file < 0) return undefined; // it ended since it was listed
    const bytes = Number(libc.read(file, statBuffer, BigInt(statBuffer.length)));
    libc.close(file);
    return bytes > 0 ? parseStat(pid, decoder.decode(statBuffer.subarray(0, bytes))) : undefined;
  };

  const list = (): readonly ProcessEntry[] => {
    const directory = libc.open(procPath, openFlag.O_RDONLY | openFlag.O_CLOEXEC);
    if (directory < 0) throw unreadable("/proc cannot be read");
    const pids: number[] = [];
    const complete = forEachNumber(libc, directory, nameBuffer, (pid) => pids.push(pid));
    libc.close(directory);
    if (!complete) throw unreadable("/proc cannot be read to its end");
    return pids.flatMap((pid) => readStat(pid) ?? []);
  };

  const self = readStat(Deno.pid);
  if (self === undefined) throw unreadable("/proc does not show this process");
  return {
    self,
    list,
    signal: (pid, signalNumber) => {
      // To kill(2), 0 and what is negative are groups, and 1 is not ours.
      if (pid > 1 && pid !== Deno.pid) libc.kill(pid, signalNumber);
    },
    reap: (pid) => void libc.waitpid(pid, null, WNOHANG),
  };
}

function unreadable(seen: string): LilithError {
  return new LilithError("containment_unavailable", {
    message: `Cannot watch over the server's processes: ${seen}`,
    hint: "/proc has to be mounted, and to show at least the processes of this user",
  });
}

/**
 * One line of /proc/PID/stat: `pid (name) state ppid pgrp session …`. The name may hold spaces, parentheses and line
 * feeds, so what follows is found from its end (proc_pid_stat(5)).
 */
export function parseStat(pid: number, line: string): ProcessEntry | undefined {
  const [state, parentPid, , sessionId] = line.slice(line.lastIndexOf(")") + 2).split(" ", 4);
  if (sessionId === undefined) return undefined;
  return {
    pid,
    parentPid: Number(parentPid),
    sessionId: Number(sessionId),
    isZombie: state === "Z" || state === "X",
  };
}

/** The processes below some roots, the roots' children first; the roots themselves are left out. */
export function descendantsOf(
  roots: readonly number[],
  all: readonly ProcessEntry[],
): readonly ProcessEntry[] {
  const children = Map.groupBy(all, ({ parentPid }) => parentPid);
  const found = roots.flatMap((root) => children.get(root) ?? []);
  // Grows while it is walked.
  for (const entry of found) found.push(...children.get(entry.pid) ?? []);
  return found;
}

/**
 * Kills whatever `members` names, again and again until it names nobody new: a process may fork between being listed and
 * being killed. Gives how many were killed.
 */
export function killAll(table: ProcessTable, members: () => readonly ProcessEntry[]): number {
  const killed = new Set<number>();
  for (let round = 0; round < killRoundsMax; round++) {
    const alive = members().filter(({ pid, isZombie }) => !isZombie && !killed.has(pid));
    if (alive.length === 0) break;
    for (const { pid } of alive) {
      table.signal(pid, signal.SIGKILL);
      killed.add(pid);
    }
  }
  return killed.size;
}
