/** What an operating system can promise about a server: the levels, who gives them, and what a probe reports. */

/**
 * What is left when the proxy is killed outright (SIGKILL, the OOM killer, a crash).
 *
 * - `namespace`: nothing. The kernel ends the server's PID namespace with its init, and its init with us.
 * - `process`: what began a session of its own (`setsid`, a daemon). All else is killed by its session.
 */
export type ContainmentLevel = "namespace" | "process";

/**
 * Who gives the level. A watcher (see `watcher.ts`) is there at each of them: alone it is level `process`, and a namespace
 * is not tied to us before its helper has finished setting it up.
 *
 * - `bwrap`: bubblewrap, with a small init of its own as pid 1;
 * - `unshare`: util-linux's `unshare`, with a shell as pid 1;
 * - `watcher`: nothing but the watcher.
 */
export type Mechanism =
  | { readonly kind: "bwrap"; readonly bwrap: string }
  | {
    readonly kind: "unshare";
    readonly unshare: string;
    readonly shell: string;
    readonly userNamespace: boolean;
  }
  | { readonly kind: "watcher" };

export type MechanismName = Mechanism["kind"];

/** A mechanism that is better than the one chosen and cannot be had here. */
export interface MissingMechanism {
  readonly mechanism: MechanismName;
  /** What was seen when it was tried. */
  readonly why: string;
  /** How to get it. */
  readonly hint: string;
}

/** What this machine gives, found by trying. */
export interface ContainmentReport {
  readonly level: ContainmentLevel;
  readonly mechanism: MechanismName;
  /** With the programs that the probe ran, by absolute path. */
  readonly by: Mechanism;
  /** The shell that the watcher runs in, by absolute path. */
  readonly shell: string;
  readonly missing: readonly MissingMechanism[];
}

/** The level that a mechanism gives. */
export function levelOf(mechanism: MechanismName): ContainmentLevel {
  switch (mechanism) {
    case "bwrap":
    case "unshare":
      return "namespace";
    case "watcher":
      return "process";
  }
}
