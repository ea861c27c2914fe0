/**
 * Finding the server's command before anything is started. The helpers that start it blur what went wrong (bwrap says
 * status 1 for a missing command), and here there is still time for a sentence.
 */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { LilithError } from "../errors.ts";
import { interpreterLineBytesMax } from "../limits.ts";
import { withoutNodeShim } from "./environment.ts";
import { accessSymbols } from "./ffi/posix.ts";
import { cString, openLibc } from "./libc.ts";

/** Where and how to look. */
export interface LookUpSettings {
  /** The PATH: directories with `:` between. Absent: `/usr/local/bin:/usr/bin:/bin`. */
  readonly path: string | undefined;
  /** The server's working directory, absolute; names that hold a `/` and relative entries of the PATH begin there. */
  readonly directory: string;
}

const defaultPath = "/usr/local/bin:/usr/bin:/bin";

/**
 * The absolute path of a command, as a shell would find it.
 *
 * @throws {LilithError} `command_not_found`; `command_not_executable` where what was found cannot be run: a directory,
 * a file without the right to execute it, a script whose interpreter is missing.
 *
 * ```ts
 * import { lookUpCommand } from "./look_up.ts";
 *
 * const find = (command: string) => lookUpCommand(command, { path: Deno.env.get("PATH"), directory: Deno.cwd() });
 * // find("npx") is "/usr/bin/npx"
 * ```
 */
export function lookUpCommand(command: string, settings: LookUpSettings): string {
  if (command === "" || command.includes("\0")) {
    throw new LilithError("command_not_found", {
      message: `Cannot start ${JSON.stringify(command)}: it is not the name of a command`,
      hint: "Give the server's command after the options: lilith-zero run --policy FILE -- COMMAND ARG…",
    });
  }
  const canExecute = openExecuteCheck();
  const candidates = command.includes("/")
    ? [resolve(settings.directory, command)]
    : inPath(command, settings);
  let obstacle: LilithError | undefined;
  for (const candidate of candidates) {
    const found = inspect(command, candidate, canExecute);
    if (found === "runnable") {
      refuseMissingInterpreter(command, candidate, settings);
      return candidate;
    }
    // A shell goes on looking, and in the end complains about the first one that it saw.
    if (found !== "absent") obstacle ??= found;
  }
  throw obstacle ?? notFound(command, candidates);
}

function inPath(command: string, { path, directory }: LookUpSettings): string[] {
  const entries = withoutNodeShim(path ?? defaultPath).split(":");
  // An empty entry is the current directory (POSIX.1-2024, XBD 8.3), which for the server is its own.
  return entries.map((entry) => resolve(directory, entry === "" ? "." : entry, command));
}

function notFound(command: string, candidates: readonly string[]): LilithError {
  const where = command.includes("/")
    ? `there is no ${candidates[0]}`
    : "none of the directories of the PATH holds it";
  return new LilithError("command_not_found", {
    message: `Cannot start "${command}": ${where}`,
    hint: command.includes("/")
      ? "A relative command begins in the server's working directory"
      : "Clients often start us with a short PATH: give the command's full path (as `which` prints it)",
  });
}

/** What stands at a path. A shell takes only a regular file that may be executed. */
function inspect(
  command: string,
  path: string,
  canExecute: (path: string) => boolean,
): "runnable" | "absent" | LilithError {
  let stat;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === "ENOTDIR") return "absent"; // an entry of the PATH that is a file
    // A directory that we may not search, a loop of links, a name too long.
    return notExecutable(command, `${path} cannot be looked at (${code})`);
  }
  if (stat === undefined) return "absent";
  if (stat.isDirectory()) return notExecutable(command, `${path} is a directory`);
  if (!stat.isFile()) return notExecutable(command, `${path} is not a regular file`);
  if (canExecute(path)) return "runnable";
  return notExecutable(command, `${path} may not be executed by this user`, `chmod +x ${path}`);
}

function notExecutable(command: string, seen: string, hint?: string): LilithError {
  const message = `Cannot start "${command}": ${seen}`;
  return new LilithError("command_not_executable", hint === undefined ? { message } : { message, hint });
}

/** Asks the kernel: mode bits, access lists and mounts without exec are its business. */
function openExecuteCheck(): (path: string) => boolean {
  const libc = openLibc(accessSymbols);
  const X_OK = 1;
  return (path) => libc.access(cString(path), X_OK) === 0;
}

/** The kernel would say ENOENT, which everyone reads as "no such command". execve(2), interpreter scripts. */
function refuseMissingInterpreter(command: string, path: string, settings: LookUpSettings): void {
  const line = readInterpreterLine(path);
  if (line === undefined) return;
  const [interpreter, argument] = line.split(/[ \t]+/);
  const seen = `${path} begins with "#!${line.replaceAll("\r", "\\r")}"`;
  if (statSync(resolve(settings.directory, interpreter), { throwIfNoEntry: false }) === undefined) {
    const hint = line.includes("\r")
      ? "The file has Windows line ends: convert it to LF (dos2unix)"
      : `Install ${interpreter}, or correct the script's first line`;
    throw notExecutable(command, `${seen}, and there is no ${interpreter.replaceAll("\r", "\\r")}`, hint);
  }
  // `env` looks its argument up itself; one that begins with - or holds = is an option or a variable for it.
  if (!/\/env$/.test(interpreter) || argument === undefined || /^-|[=/]/.test(argument)) return;
  const places = inPath(argument, settings);
  if (places.every((place) => statSync(place, { throwIfNoEntry: false }) === undefined)) {
    throw notExecutable(command, `${seen}, and the PATH leads to no "${argument}"`, `Install ${argument}`);
  }
}

/** What follows `#!` in the first line of a file; undefined where the file is no script or cannot be read. */
function readInterpreterLine(path: string): string | undefined {
  const head = new Uint8Array(interpreterLineBytesMax);
  let length: number;
  try {
    const file = openSync(path, "r");
    length = readSync(file, head, 0, head.length, 0);
    closeSync(file);
  } catch {
    return undefined; // a program may be executable and not readable
  }
  const [line] = new TextDecoder("latin1").decode(head.subarray(0, length)).split("\n", 1);
  if (!line.startsWith("#!")) return undefined;
  const rest = line.slice(2).replace(/^[ \t]+|[ \t]+$/g, "");
  return rest === "" ? undefined : rest;
}
