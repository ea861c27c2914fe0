/** The server process: spawn → running → stopping (end of input, SIGTERM, SIGKILL) → exited. */

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { LilithError } from "../errors.ts";
import type { ContainmentReport } from "./containment.ts";
import { openServerPipes, type OutputEnd, type ServerPipes } from "./descriptors.ts";
import { stageEnvironment } from "./environment.ts";
import { encodeEnvironment, type ProcessLimits } from "./init_plan.ts";
import { signal as signalNumber } from "./libc.ts";
import { adoptServer, openSharedTable } from "./server_tree.ts";
import { stageCommand } from "./stage_command.ts";
import { climbDown } from "./stop_ladder.ts";
import { startWatcher, type Watcher } from "./watcher.ts";

/** What to run, and how. */
export interface ServerSpec {
  /** Absolute, as `lookUpCommand` gives it. */
  readonly command: string;
  readonly args: readonly string[];
  /** All of the server's environment, as `serverEnvironment` gives it. `PWD` is set to the directory. */
  readonly environment: Readonly<Record<string, string>>;
  /** The server's working directory, absolute. */
  readonly directory: string;
  /** Caps of each process of the server's. */
  readonly limits: ProcessLimits;
  readonly containment: ContainmentReport;
  /** How long each step of `stop` waits for the next. */
  readonly stopTimeoutMs: number;
}

/** How a server ended. */
export interface ServerExit {
  /** Its exit status; 128 + n where signal n ended it. */
  readonly status: number;
  /** The signal that ended it, where we were told one: inside a namespace it reads as a status. */
  readonly signal?: string;
  /** For people: "ended with status 3", "was ended by SIGKILL". */
  readonly description: string;
}

/** The server's standard input. */
export interface ServerInput {
  readonly output: OutputEnd;
  /**
   * Who writes to it is asked to close it, once what it has queued has left, and how many bytes that are; until then
   * `end` closes at once.
   */
  onEnd(close: () => void, bytesLeft?: () => number): void;
  /** Says that nothing more will come. Safe to call twice. */
  end(): void;
  /** What `onEnd` told of: bytes that have not left yet. */
  bytesLeft(): number;
}

/** A server that was started. All of it works after the permissions are dropped. */
export interface SupervisedServer {
  /** Of the server at level `process`, of the helper that contains it at level `namespace`. */
  readonly pid: number;
  /** A pipe that does not block, and is this object's to close: by {@linkcode ServerInput.end}. */
  readonly stdin: ServerInput;
  /** The reading end of a pipe that does not block. */
  readonly stdout: number;
  readonly stderr: Readable;
  /** Settles when the server has ended; whatever else of it was left has been killed then. Never rejects. */
  readonly exited: Promise<ServerExit>;
  /**
   * Takes the server down: closes its standard input, waits, SIGTERM to everything that is its own, waits, SIGKILL.
   * Settles when nothing of it is left. Called again, it gives the same promise.
   */
  stop(): Promise<ServerExit>;
  /** Kills everything of the server's now, without waiting. */
  killNow(): void;
}

/**
 * Starts a server in its containment.
 *
 * It has to be called on the main thread (a death signal is tied to the thread that starts the process), after
 * `guardSelf` and before the permissions are dropped. A command that cannot be run is no error here: the server then
 * ends with a message on its standard error and status 126 or 127, as under a shell.
 *
 * @throws {LilithError} `command_not_started` where no process could be made; `containment_unavailable` where a part of
 * the containment, or a cap, cannot be had; `libc_unavailable`.
 *
 * ```ts
 * import { spawnServer } from "./child.ts";
 * import { probeContainment } from "./linux.ts";
 *
 * async function serve(): Promise<number> {
 *   const server = spawnServer({
 *     command: "/usr/bin/cat",
 *     args: [],
 *     environment: {},
 *     directory: "/tmp",
 *     limits: { openFilesMax: 64 },
 *     containment: await probeContainment("best"),
 *     stopTimeoutMs: 2000,
 *   });
 *   const { status } = await server.stop();
 *   return status;
 * }
 * ```
 */
export function spawnServer(spec: ServerSpec): SupervisedServer {
  const table = openSharedTable();
  // Before the server: our stage reports to it and does not go on without it.
  const watcher = startWatcher(spec.containment.shell, (pid) => table.signal(pid, signalNumber.SIGKILL));
  try {
    return supervise(spec, watcher);
  } catch (error) {
    watcher.dismiss();
    throw error;
  }
}

function supervise(spec: ServerSpec, watcher: Watcher): SupervisedServer {
  const pipes = openServerPipes();
  const child = start(spec, watcher, pipes);
  const { pid, stderr } = child;
  const stdin = serverInput(pipes.input);
  const tree = adoptServer(pid, spec.containment.level === "namespace");
  let remark = "";
  watcher.onLoss(() => {
    remark = ", because its watcher was killed and it could have outlived the proxy";
    tree.kill();
  });
  const exited = whenExited(child).then((exit): ServerExit => {
    tree.kill(); // what it left; inside a namespace the kernel has done so already
    return { ...exit, description: exit.description + remark };
  });
  const gone = exited.then(async (exit): Promise<ServerExit> => {
    const remaining = await tree.whenEmpty();
    tree.release();
    watcher.dismiss();
    if (remaining.length === 0) return exit;
    return {
      ...exit,
      description: `${exit.description}; the kernel does not let go of ${remaining.join(", ")}`,
    };
  });

  let stopping: Promise<ServerExit> | undefined;
  const stop = () =>
    stopping ??= climbDown({
      closeInput: () => stdin.end(),
      inputLeft: () => stdin.bytesLeft(),
      terminate: tree.terminate,
      kill: tree.kill,
      left: exited,
      stepTimeoutMs: spec.stopTimeoutMs,
    }).then(() => gone);
  return { pid, stdin, stdout: pipes.output, stderr, exited, stop, killNow: tree.kill };
}

/**
 * The program that runs here, whatever stands at its path by now. Not `Deno.execPath()`: where that is started, Deno's
 * node:child_process takes the arguments for Node's and rewrites them (to `run -A …`), `__init` too.
 */
const ourselves = "/proc/self/exe";

interface StartedProcess extends ChildProcess {
  readonly pid: number;
  readonly stderr: Readable;
}

function start(spec: ServerSpec, watcher: Watcher, pipes: ServerPipes): StartedProcess {
  // Its directory, and never a stale one: bwrap and the shells set it too.
  const environment = { ...spec.environment, PWD: spec.directory };
  const [, ...args] = stageCommand({ ...spec, environment, watcherPid: watcher.pid });
  const child = spawn(ourselves, args, {
    stdio: [pipes.itsInput, pipes.itsOutput, "pipe"],
    env: { ...stageEnvironment(Deno.env.toObject()), ...encodeEnvironment(environment) },
    cwd: "/", // the stage enters the server's directory itself, and says so where it cannot
  });
  child.on("error", () => {}); // seen by the missing pid
  pipes.closeIts();
  if (child.pid === undefined) {
    pipes.closeOurs();
    throw new LilithError("command_not_started", {
      message: `Cannot start "${spec.command}": no process could be made for it`,
      hint: "Are there too many processes or open files, or is there too little memory?",
    });
  }
  return child as StartedProcess;
}

function serverInput(output: OutputEnd): ServerInput {
  let close = () => output.close();
  let bytesLeft = () => 0;
  return {
    output,
    onEnd(closer, left = () => 0) {
      close = closer;
      bytesLeft = left;
    },
    end: () => close(),
    bytesLeft: () => bytesLeft(),
  };
}

function whenExited(child: ChildProcess): Promise<ServerExit> {
  return new Promise((resolve) => {
    child.on("exit", (status, signal) => {
      if (signal !== null) {
        const number = constants.signals[signal];
        resolve({ status: 128 + number, signal, description: `was ended by ${signal}` });
      } else {
        resolve({ status: status ?? 1, description: `ended with status ${status}` });
      }
    });
  });
}
