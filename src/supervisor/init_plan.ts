/**
 * What the proxy tells its `__init` stage: a plan as one argument, and the server's environment as variables of its own,
 * because arguments are for every user to see (`ps`) and an environment is not.
 */

import { LilithError } from "../errors.ts";

/** Caps of each process of a server's; what is left out is left as it is, but for open files. */
export interface ProcessLimits extends StageLimits {
  /** Private memory that a process may write to (RLIMIT_DATA). */
  readonly memoryBytesMax?: number;
}

/**
 * The caps that the stage sets on itself. That on memory is not among them: Deno has far more than a cap may allow, and
 * one of its threads that asked for a little more before exec would abort the stage.
 */
export interface StageLimits {
  readonly cpuSecondsMax?: number;
  readonly openFilesMax?: number;
  readonly fileBytesMax?: number;
  readonly processesMax?: number;
}

/** What one `__init` stage does before it becomes the command. */
export interface InitPlan {
  /** Who must still be our parent: the proxy. Absent in a second stage, whose parent is a helper. */
  readonly parentPid?: number;
  /** The watcher to report our session to. Absent in a second stage, which is in that session. */
  readonly watcherPid?: number;
  /** Where the command begins. */
  readonly directory: string;
  readonly limits: StageLimits;
  /** `server`: the command gets the server's variables alone; `keep`: it is a helper on the way to a second stage. */
  readonly environment: "server" | "keep";
}

/** The arguments of the stage. */
export function formatInitArguments(plan: InitPlan, command: readonly string[]): string[] {
  return [JSON.stringify(plan), "--", ...command];
}

/**
 * The plan and the command out of the arguments.
 *
 * @throws {LilithError} `usage` where they are not ours: somebody typed the hidden command.
 */
export function parseInitArguments(args: readonly string[]): { plan: InitPlan; command: readonly string[] } {
  const [text, separator, ...command] = args;
  const plan = parsePlan(text);
  if (plan === undefined || separator !== "--" || command.length === 0) {
    throw new LilithError("usage", {
      message: "Cannot run __init: its arguments are not a plan and a command",
      hint: "It is a stage of ours, not a command. Did you mean `lilith-zero run`?",
    });
  }
  return { plan, command };
}

function parsePlan(text: string | undefined): InitPlan | undefined {
  try {
    const plan = JSON.parse(text ?? "") as InitPlan;
    return typeof plan.directory === "string" && typeof plan.limits === "object" ? plan : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A server's variable as a variable of the stage: `LILITH_SERVER_` and the name in hexadecimal. So no variable of the
 * server's (LD_PRELOAD, DENO_DIR …) acts on the stage itself, and any name comes through a shell, which drops those that
 * it could not spell.
 */
const serverVariable = "LILITH_SERVER_";

/** The server's environment as variables for the stage. */
export function encodeEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const encoder = new TextEncoder();
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [serverVariable + toHex(encoder.encode(name)), value]),
  );
}

/** The server's `NAME=value` out of one variable of the stage; undefined where it is one of the stage's own. */
export function decodeVariable(variable: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const equals = variable.indexOf(0x3d);
  const name = String.fromCharCode(...variable.subarray(0, Math.max(equals, 0)));
  if (!name.startsWith(serverVariable)) return undefined;
  const original = fromHex(name.slice(serverVariable.length));
  if (original === undefined) return undefined;
  const decoded = new Uint8Array(original.length + variable.length - equals);
  decoded.set(original);
  decoded.set(variable.subarray(equals), original.length);
  return decoded;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]+$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
