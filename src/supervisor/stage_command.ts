/** The command line that starts a server: our `__init` stage, the containing helper, the server. */

import { LilithError } from "../errors.ts";
import type { ContainmentReport } from "./containment.ts";
import { survivesShell } from "./environment.ts";
import { formatInitArguments, type InitPlan, type ProcessLimits, type StageLimits } from "./init_plan.ts";
import { wrapCommand } from "./linux.ts";
import { findSystemProgram } from "./system.ts";

/** What the command line depends on. */
export interface StageSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly limits: ProcessLimits;
  readonly containment: ContainmentReport;
  readonly watcherPid: number;
}

/**
 * The whole command line, program first.
 *
 * A second stage inside the namespace is used only where it must be, as it costs the start of another Deno: for a cap on
 * processes (set outside, it would count all of the user's and stop the helper), and for variables that a shell on the
 * way would drop or change.
 *
 * @throws {LilithError} `containment_unavailable` where a cap cannot be kept here.
 */
export function stageCommand(spec: StageSpec): readonly string[] {
  const { containment: { by }, directory } = spec;
  const { cpuSecondsMax, openFilesMax, fileBytesMax, processesMax, memoryBytesMax } = spec.limits;
  if (processesMax !== undefined) refuseUncountable(spec.containment, processesMax);
  const tie = { parentPid: Deno.pid, watcherPid: spec.watcherPid };
  const limits = onlyGiven({ cpuSecondsMax, openFilesMax, fileBytesMax });
  const server = [spec.command, ...spec.args];

  const losesVariables = by.kind === "unshare" && !Object.keys(spec.environment).every(survivesShell);
  if (processesMax === undefined && !losesVariables) {
    const plan: InitPlan = { ...tie, directory, limits, environment: "server" };
    return stage(plan, capMemory(memoryBytesMax, wrapCommand(by, server)));
  }
  const inner: InitPlan = {
    directory,
    limits: onlyGiven({ ...limits, processesMax }),
    environment: "server",
  };
  const outer: InitPlan = { ...tie, directory, limits, environment: "keep" };
  return stage(outer, wrapCommand(by, stage(inner, capMemory(memoryBytesMax, server))));
}

/** The caps that were given, by name. */
function onlyGiven(limits: { [Name in keyof StageLimits]: number | undefined }): StageLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** Puts a small program in front that caps its own memory and then becomes the command. The stage cannot: see its plan. */
function capMemory(memoryBytesMax: number | undefined, command: readonly string[]): readonly string[] {
  if (memoryBytesMax === undefined) return command;
  const prlimit = findSystemProgram("prlimit");
  if (prlimit !== undefined) return [prlimit, `--data=${memoryBytesMax}:${memoryBytesMax}`, "--", ...command];
  throw new LilithError("containment_unavailable", {
    message: "Cannot limit the server's memory: prlimit is not installed",
    hint: "Install util-linux, or leave `memory` out of the policy",
  });
}

/** RLIMIT_NPROC counts the processes of a user in a user namespace, and root is exempt (setrlimit(2)). */
function refuseUncountable({ level }: ContainmentReport, processesMax: number): void {
  if (level === "namespace" && Deno.uid() !== 0) return;
  throw new LilithError("containment_unavailable", {
    message: `Cannot limit the server to ${processesMax} processes: ${
      Deno.uid() === 0 ? "the kernel does not count those of root" : `level "${level}" cannot count them`
    }`,
    hint:
      "Leave `processes` out of the policy, or run as an ordinary user with namespaces (bwrap or unshare)",
  });
}

function stage(plan: InitPlan, command: readonly string[]): readonly string[] {
  return [...initCommand(), ...formatInitArguments(plan, command)];
}

/**
 * How to start our own stage.
 *
 * - From source: `init.ts` beside this file, with no permission but `ffi`, no configuration and no network.
 * - From the archive (scripts/package.ts): `init.js` beside the bundle, likewise. Below `node_modules` Deno hands a
 *   module to V8 as it is; any other it would first parse itself.
 * - As an executable, or bundled into one file: the program itself, whose main file knows `__init`.
 */
function initCommand(): readonly string[] {
  if (Deno.build.standalone) return [Deno.execPath(), "__init"];
  const flags = ["--no-prompt", "--no-config", "--no-lock", "--cached-only", "--no-npm", "--allow-ffi"];
  const command = [Deno.execPath(), "run", "--quiet"];
  const here = import.meta.url;
  if (here.includes("/node_modules/lilith-zero/")) {
    const module = new URL("./init.js", here).href;
    return [...command, ...flags, "--no-remote", "--node-modules-dir=manual", "--no-code-cache", module];
  }
  if (here.endsWith("/supervisor/stage_command.ts")) {
    // What came from a URL is found in Deno's cache by that URL (mod.ts imports it too), and only with remote modules
    // allowed.
    if (here.startsWith("file:")) flags.push("--no-remote");
    return [...command, ...flags, new URL("./init.ts", here).href];
  }
  return [...command, ...flags, Deno.mainModule, "__init"];
}
