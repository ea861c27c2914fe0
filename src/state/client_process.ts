/**
 * Which process the client is. Proxies of one client share a session by it, so it must name the same process to each of
 * them, and never another one: pid numbers come again, so the time of its start is part of it, and what pid numbers
 * belong to (the boot of the system, the pid namespace).
 */

import { readFileSync, readlinkSync } from "node:fs";
import { LilithError } from "../errors.ts";
import { clientAncestorsMax } from "../limits.ts";

/** The process that counts as the client. */
export interface ClientProcess {
  /** `boot/namespace/pid/start`. */
  readonly key: string;
  readonly pid: number;
  /** As the system knows it, for people. */
  readonly name: string;
}

/**
 * The client: the nearest ancestor that is neither a shell nor a package runner, which stand between a client and its
 * server and are others for each of them.
 *
 * @throws {LilithError} `state_unusable` where /proc does not tell.
 */
export function findClient(): ClientProcess {
  try {
    let process = readProcess(Deno.ppid);
    for (let steps = 0; steps < clientAncestorsMax && isBetween(process); steps++) {
      // (Beyond pid 1 there is nobody, and in a container the client may be it.)
      if (process.parent <= 1) break;
      process = readProcess(process.parent);
    }
    const { pid, name, started } = process;
    return { key: `${pidSpace()}/${pid}/${started}`, pid, name };
  } catch (cause) {
    throw new LilithError("state_unusable", {
      message: `Cannot tell which client started this proxy: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      hint: "Sharing a state needs /proc, and a client that lives until the proxy has started",
      cause,
    });
  }
}

/**
 * A judge of keys of clients: whether the process is surely gone. Who cannot be seen from here (of another boot or
 * namespace) is not, until nobody has written for it since `seenMs` for `unseenMs`.
 */
export function goneClients(nowMs: number, unseenMs: number): (key: string, seenMs: number) => boolean {
  const here = `${pidSpace()}/`;
  return (key, seenMs) => {
    if (!key.startsWith(here)) return nowMs - seenMs > unseenMs;
    const [pid, started] = key.slice(here.length).split("/");
    try {
      return readProcess(Number(pid)).started !== started;
    } catch (error) {
      // Only what is surely not there: a /proc that hides processes says EACCES or EPERM.
      return ["ENOENT", "ESRCH"].includes((error as { code?: string }).code ?? "");
    }
  };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Clock ticks since the boot. */
  readonly started: string;
}

/** proc_pid_stat(5). The name stands in parentheses and may hold some itself. */
function readProcess(pid: number): Process {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const nameEnd = stat.lastIndexOf(")");
  const name = stat.slice(stat.indexOf("(") + 1, nameEnd);
  const fields = stat.slice(nameEnd + 2).trim().split(" "); // from field 3, the state
  const [parent, started] = [fields[4 - 3], fields[22 - 3]];
  if (!/^[0-9]+$/.test(parent ?? "") || !/^[0-9]+$/.test(started ?? "")) {
    throw new Error(`/proc/${pid}/stat cannot be read`);
  }
  return { pid, parent: Number(parent), name, started };
}

function pidSpace(): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${boot}/${readlinkSync("/proc/self/ns/pid")}`;
}

const shells: ReadonlySet<string> = new Set([
  ...["sh", "dash", "bash", "ash", "zsh", "ksh", "fish", "busybox"],
  ...["env", "timeout", "nice", "setsid", "npx", "npm", "pnpm", "yarn", "bunx", "pnpx"],
]);

/** Scripts of Node that run a command of a package, Deno's own launcher on npm among them. */
const runners = /\/(?:npx|npm|pnpm|pnpx|yarn|npx-cli\.js|npm-cli\.js|\.bin\/deno|deno\/bin\.cjs)$/;

/** `npx` names itself "npm exec …" while it runs something. */
function isBetween({ pid, name }: Process): boolean {
  if (shells.has(name) || name.startsWith("npm ") || name.startsWith("yarn ")) return true;
  // (Node's first thread has a name of its own in later versions.)
  if (name !== "node" && name !== "MainThread") return false;
  const [, script = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return runners.test(script);
}
