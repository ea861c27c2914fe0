/**
 * Containment on Linux: the exact command of each mechanism, and the probe that tries them.
 *
 * In a namespace, pid 1 is never the server: pid 1 is deaf to signals that it has no handler for (an unhandled SIGTERM
 * would do nothing), does not reap, reads as another exit status, and could clear its own death signal and outlive us.
 */

import { spawn } from "node:child_process";
import { LilithError } from "../errors.ts";
import { probeTimeoutMs } from "../limits.ts";
import { type ContainmentReport, levelOf, type Mechanism, type MissingMechanism } from "./containment.ts";
import { findSystemProgram, namespaceHint } from "./system.ts";

/**
 * The reaper of the `unshare` mechanism, pid 1 of the namespace. The last command is not the server's, so that the shell
 * forks for it instead of becoming it. The server's command comes as positional parameters and is never read as shell.
 * What a shell (bash) adds to the environment of its own is taken out again.
 */
const reaperScript = 'unset SHLVL OLDPWD; "$@"; exit $?';

/** The command, program first, that runs `command` under a mechanism. */
export function wrapCommand(mechanism: Mechanism, command: readonly string[]): readonly string[] {
  switch (mechanism.kind) {
    case "bwrap":
      return [
        mechanism.bwrap,
        "--die-with-parent", // bwrap dies with us, its pid 1 with bwrap (once it is set up), the namespace with its pid 1
        "--unshare-pid",
        ...["--dev-bind", "/", "/"], // all files as they are: which of them it may use is another matter
        ...["--proc", "/proc"], // the namespace's own: it sees no process of ours
        "--",
        ...command,
      ];
    case "unshare":
      return [
        mechanism.unshare,
        // Without CAP_SYS_ADMIN a PID namespace needs a user namespace; in one, root would lose its rights over files.
        ...(mechanism.userNamespace ? ["--user", "--map-current-user"] : []),
        ...["--pid", "--fork"],
        "--kill-child=SIGKILL", // pid 1 dies with unshare, and unshare with us by the death signal of our stage
        "--mount-proc",
        "--",
        ...[mechanism.shell, "-c", reaperScript, "sh"],
        ...command,
      ];
    case "watcher":
      return command;
  }
}

/**
 * Finds what this machine gives by running each mechanism's own command around a small program, the best first.
 *
 * Both namespace mechanisms promise the same about processes. bwrap comes first because it hands the environment over
 * as it is, where a shell changes or drops some names. A trial takes about 3 ms, nearly all of it outside this process:
 * begin it, do other work, and await it when the server is to be started. It has to come after `guardSelf`, which takes
 * away what the real start will not have either.
 *
 * With `process` no namespace is tried. Never gives less than level `process`.
 *
 * @throws {LilithError} `containment_unavailable` where there is not even a shell.
 */
export async function probeContainment(wish: "best" | "process"): Promise<ContainmentReport> {
  const shell = findSystemProgram("sh");
  if (shell === undefined) {
    throw new LilithError("containment_unavailable", {
      message: "Cannot contain a server: the system's directories hold no sh",
      hint: "A POSIX shell kills what a dead proxy leaves behind; install one (dash, bash, busybox)",
    });
  }
  const missing: MissingMechanism[] = [];
  for (const candidate of wish === "best" ? namespaceCandidates(shell) : []) {
    const refusal = "why" in candidate ? candidate : await refusalOf(candidate, shell);
    if (refusal === undefined) {
      const by = candidate as Mechanism;
      return report(by, shell, missing.filter(({ mechanism }) => mechanism !== by.kind));
    }
    missing.push(refusal);
  }
  return report({ kind: "watcher" }, shell, missing);
}

function report(by: Mechanism, shell: string, missing: readonly MissingMechanism[]): ContainmentReport {
  return { level: levelOf(by.kind), mechanism: by.kind, by, shell, missing };
}

/** The ways to a namespace, in the order of preference; those whose program is not there as missing. */
function namespaceCandidates(shell: string): readonly (Mechanism | MissingMechanism)[] {
  const bwrap = findSystemProgram("bwrap");
  const unshare = findSystemProgram("unshare");
  const candidates: (Mechanism | MissingMechanism)[] = [];
  candidates.push(
    bwrap === undefined
      ? {
        mechanism: "bwrap",
        why: "it is not installed",
        hint: "Install bubblewrap (apt, dnf, apk: bubblewrap)",
      }
      : { kind: "bwrap", bwrap },
  );
  if (unshare === undefined) {
    candidates.push({ mechanism: "unshare", why: "it is not installed", hint: "Install util-linux" });
    return candidates;
  }
  if (Deno.uid() === 0) candidates.push({ kind: "unshare", unshare, shell, userNamespace: false });
  candidates.push({ kind: "unshare", unshare, shell, userNamespace: true });
  return candidates;
}

/** The status of a trial that went as it should: no helper ends with it of itself. */
const trialStatus = 42;

/** Proves that the namespace is there (a small pid), that /proc is its own, and that a status comes through. */
const trialScript =
  `read -r pid rest </proc/self/stat && [ "$pid" = "$$" ] && [ "$$" -lt 10 ] && exit ${trialStatus}`;

/** Why a mechanism cannot be used; undefined where it can. */
async function refusalOf(mechanism: Mechanism, shell: string): Promise<MissingMechanism | undefined> {
  const [program, ...args] = wrapCommand(mechanism, [shell, "-c", trialScript]);
  const why = await tryProgram(program, args);
  return why === undefined ? undefined : { mechanism: mechanism.kind, why, hint: namespaceHint() };
}

/** Runs a trial; gives what was seen where it did not end as it should. */
function tryProgram(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const trial = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env: {}, cwd: "/" });
    const timer = setTimeout(() => trial.kill("SIGKILL"), probeTimeoutMs);
    let stderr = "";
    trial.stderr.on("data", (chunk) => {
      if (stderr.length < 1024) stderr += chunk;
    });
    trial.on("error", (error) => {
      clearTimeout(timer);
      resolve(error.message);
    });
    trial.on("close", (status, signal) => {
      clearTimeout(timer);
      if (status === trialStatus) resolve(undefined);
      else {resolve(
          stderr.trim().split("\n")[0] || `a trial of it ended with ${signal ?? `status ${status}`}`,
        );}
    });
  });
}
