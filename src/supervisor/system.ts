/** What this machine has: the helpers' programs, and the settings that forbid namespaces. */

import { readFileSync, statSync } from "node:fs";

/**
 * Where helpers are looked for. Not the PATH: a directory of the client's must not decide who contains the server. The
 * last one is NixOS's.
 */
const systemDirectories = [
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/sbin",
  "/usr/local/bin",
  "/run/current-system/sw/bin",
];

/** The absolute path of a program of the system; undefined where there is none. */
export function findSystemProgram(name: string): string | undefined {
  return systemDirectories.map((directory) => `${directory}/${name}`).find(isExecutableFile);
}

function isExecutableFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0;
}

/** Kernel settings that forbid an ordinary user a namespace, and what to do about each. */
const obstacles = [
  {
    file: "/proc/sys/kernel/unprivileged_userns_clone", // Debian's patch
    forbids: "0",
    hint: "Allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    file: "/proc/sys/user/max_user_namespaces",
    forbids: "0",
    hint: "Allow user namespaces: sysctl -w user.max_user_namespaces=15000",
  },
  {
    file: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", // Ubuntu from 23.10 on
    forbids: "1",
    hint: "Give bwrap an AppArmor profile with `userns,`, or: " +
      "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
];

/** How to get a namespace on this machine, as far as its settings tell. */
export function namespaceHint(): string {
  const obstacle = obstacles.find(({ file, forbids }) => readSetting(file) === forbids);
  return obstacle?.hint ??
    "In a container: let it make namespaces (a seccomp profile that allows unshare and mount, or CAP_SYS_ADMIN)";
}

function readSetting(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined; // this kernel has no such setting
  }
}
