/** Which processes of this machine are a server's, and what is done to all of them at once. */

import { killTimeoutMs } from "../limits.ts";
import { signal } from "./libc.ts";
import { descendantsOf, killAll, openProcessTable, type ProcessEntry, type ProcessTable } from "./tree.ts";

/** A server's processes, whoever of them started whom. Works after the permissions are dropped. */
export interface ServerTree {
  /** SIGTERM to the server's own; not to the helpers above it, which would die of it and take it down at once. */
  terminate(): void;
  /** SIGKILL to all of it. */
  kill(): void;
  /** Settles when nothing of it is left; gives the pids that the kernel did not let go of in `killTimeoutMs`. */
  whenEmpty(): Promise<readonly number[]>;
  /** To be called once the server's own status was taken, so that its pid may be another's. */
  release(): void;
}

/** The servers of this process, and other children of it that somebody waits for. */
const servers = new Set<number>();
const helpers = new Set<number>();
let shared: ProcessTable | undefined;

/**
 * The process table of this program, and from the first call on the reaping of orphans: what a server's daemons leave
 * behind falls to us, and nobody else would take their status.
 */
export function openSharedTable(): ProcessTable {
  if (shared !== undefined) return shared;
  const table = openProcessTable();
  Deno.addSignalListener("SIGCHLD", () => {
    for (const { pid, isZombie } of orphansAmong(table)) if (isZombie) table.reap(pid);
  });
  return shared = table;
}

/** Notes a child that is no server and that somebody waits for, until `forget` is called. */
export function keepHelper(pid: number): { forget(): void } {
  helpers.add(pid);
  return { forget: () => helpers.delete(pid) };
}

/**
 * Takes a server's first process under watch.
 *
 * @param pid Our child: the server itself, or the helper that contains it.
 * @param isNamespace Whether it is a helper, whose one child is pid 1 of the server's namespace.
 */
export function adoptServer(pid: number, isNamespace: boolean): ServerTree {
  const table = openSharedTable();
  servers.add(pid);
  const members = () => membersOf(pid, table);
  return {
    terminate() {
      const all = members();
      const scaffold = new Set(isNamespace ? [pid, ...childrenOf(pid, all)] : []);
      for (const entry of all) {
        if (entry.isZombie || scaffold.has(entry.pid)) continue;
        table.signal(entry.pid, signal.SIGTERM);
        table.signal(entry.pid, signal.SIGCONT); // one that was stopped could not act on it
      }
    },
    kill: () => void killAll(table, members),
    async whenEmpty() {
      const deadline = performance.now() + killTimeoutMs;
      for (;;) {
        const alive = members().filter(({ isZombie }) => !isZombie).map((entry) => entry.pid);
        if (alive.length === 0 || performance.now() > deadline) return alive;
        killAll(table, members);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    release: () => void servers.delete(pid),
  };
}

/** Between two looks at whether a tree is gone. A killed process takes a few milliseconds. */
const pollMs = 5;

function membersOf(pid: number, table: ProcessTable): readonly ProcessEntry[] {
  const all = table.list();
  const orphans = orphansAmong(table, all).filter(({ sessionId }) => sessionId === pid || servers.size <= 1);
  // A child of ours with that pid; once its status was taken the pid could be a stranger's.
  const first = all.filter((entry) => entry.pid === pid && entry.parentPid === Deno.pid);
  const roots = [...first, ...orphans];
  return [...roots, ...descendantsOf(roots.map((root) => root.pid), all)];
}

/**
 * What fell to us because its parent ended: our children that we did not start. Whatever we start stays in our session
 * (the trials of the probe) or is known; whatever is a server's has left it. Of several servers an orphan's session
 * tells whose it is, unless it began one of its own; such a one goes with the last.
 */
function orphansAmong(table: ProcessTable, all = table.list()): readonly ProcessEntry[] {
  return all.filter(({ pid, parentPid, sessionId }) =>
    parentPid === Deno.pid && sessionId !== table.self.sessionId && !servers.has(pid) && !helpers.has(pid)
  );
}

function childrenOf(pid: number, all: readonly ProcessEntry[]): readonly number[] {
  return all.filter(({ parentPid }) => parentPid === pid).map((entry) => entry.pid);
}
