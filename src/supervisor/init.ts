/**
 * The hidden `__init` stage: Deno can run nothing between fork and exec, so the proxy starts itself once more, and that
 * process prepares itself on its main thread and then becomes the server. Its pid stays, its standard streams stay.
 *
 * As a program of its own it loads nothing but this folder and needs no permission but `ffi`.
 */

import { LilithError } from "../errors.ts";
import { cpuGraceSeconds, openFilesDefault } from "../limits.ts";
import { guardSymbols, initSymbols } from "./ffi/posix.ts";
import { decodeVariable, type InitPlan, parseInitArguments, type StageLimits } from "./init_plan.ts";
import { cString, errno, openFlag, openLibc, prctlOption, signal } from "./libc.ts";
import { closeDebugger, closeDescriptorsOnExec, refuseNewPrivileges, refuseTracers } from "./self_guard.ts";

/** As shells do: 126 for a command that was found and could not be run, 127 for one that is not there. */
const statusNotRunnable = 126;
const statusNotFound = 127;
/** The proxy was gone before we could tie ourselves to it. Nobody reads it. */
const statusOrphaned = 125;

/** Everything that the stage calls. */
const symbols = { ...guardSymbols, ...initSymbols } as const;
type InitCalls = Deno.DynamicLibrary<typeof symbols>["symbols"];

/**
 * Becomes the command that the arguments name, or ends with a message on standard error and status 125, 126 or 127.
 *
 * @param args What `formatInitArguments` made: the plan, `--`, the command with an absolute path.
 */
export function runInit(args: readonly string[]): never {
  try {
    const { plan, command } = parseInitArguments(args);
    const libc = openLibc(symbols);
    prepare(libc, plan);
    become(libc, plan, command);
  } catch (error) {
    const hint = error instanceof LilithError && error.hint !== undefined ? `\n  hint: ${error.hint}` : "";
    console.error(`lilith-zero: ${error instanceof Error ? error.message : String(error)}${hint}`);
    Deno.exit(statusNotRunnable);
  }
}

/** The steps, in an order that matters. Each either holds or ends the stage: the server never runs with less. */
function prepare(libc: InitCalls, plan: InitPlan): void {
  // Another process of this user must not take the stage over, before it has become somebody else.
  closeDebugger(libc);
  refuseTracers(libc);
  if (plan.parentPid !== undefined) {
    dieWithParent(libc, plan.parentPid);
    // A session of its own: no signal from the client's terminal or to the client's group, and a name for all it starts.
    if (libc.setsid() < 0) refuse("begin a session");
  }
  // Only now: the watcher is told of a session, and from here on whatever becomes of us is killed when the proxy goes.
  if (plan.watcherPid !== undefined) reportToWatcher(libc, plan.watcherPid);
  // The client's and the proxy's descriptors are not the server's.
  closeDescriptorsOnExec(libc);
  // Before exec, or a set-uid program could shake off the death signal (PR_SET_PDEATHSIG(2const)).
  refuseNewPrivileges(libc);
  if (libc.chdir(cString(plan.directory)) !== 0) refuse(`enter the directory "${plan.directory}"`);
  resetSignals(libc);
}

/** SIGKILL when the proxy's main thread, which starts us, ends; and the case that it has ended already. */
function dieWithParent(libc: InitCalls, parentPid: number): void {
  if (libc.prctl(prctlOption.PR_SET_PDEATHSIG, BigInt(signal.SIGKILL), 0n, 0n, 0n) !== 0) {
    refuse("die with the proxy");
  }
  // Compared with the pid that we were told and not with 1: an orphan's new parent may be a subreaper.
  if (libc.getppid() !== parentPid) libc._exit(statusOrphaned);
}

/**
 * Writes our pid, which is that of our session, into the watcher's standard input. By us and not by the proxy: so there
 * is no moment at which the server runs and the watcher does not know of it.
 */
function reportToWatcher(libc: InitCalls, watcherPid: number): void {
  const line = new TextEncoder().encode(`${Deno.pid}\n`);
  const pipe = libc.open(cString(`/proc/${watcherPid}/fd/0`), openFlag.O_WRONLY | openFlag.O_CLOEXEC);
  if (pipe < 0) refuse("reach the watcher");
  if (libc.write(pipe, line, BigInt(line.length)) !== BigInt(line.length)) refuse("report to the watcher");
  libc.close(pipe);
}

// asm-generic/resource.h; struct rlimit { rlim_t rlim_cur; rlim_t rlim_max; }
const RLIMIT_CPU = 0;
const RLIMIT_FSIZE = 1;
const RLIMIT_CORE = 4;
const RLIMIT_NPROC = 6;
const RLIMIT_NOFILE = 7;
/** To prlimit(2), 0 is whoever calls. */
const thisProcess = 0;

function limitProcess(libc: InitCalls, limits: StageLimits): void {
  // A core dump would write what the server was sent to a disk.
  setLimit(libc, RLIMIT_CORE, "core dumps", 0);
  setOpenFiles(libc, limits.openFilesMax);
  if (limits.cpuSecondsMax !== undefined) {
    setLimit(libc, RLIMIT_CPU, "CPU time", limits.cpuSecondsMax, limits.cpuSecondsMax + cpuGraceSeconds);
  }
  if (limits.fileBytesMax !== undefined) setLimit(libc, RLIMIT_FSIZE, "file size", limits.fileBytesMax);
  if (limits.processesMax !== undefined) setLimit(libc, RLIMIT_NPROC, "processes", limits.processesMax);
}

/** Deno has raised the soft limit to the hard one for itself; a server gets the usual one back, and can raise it. */
function setOpenFiles(libc: InitCalls, openFilesMax: number | undefined): void {
  if (openFilesMax !== undefined) return setLimit(libc, RLIMIT_NOFILE, "open files", openFilesMax);
  const [, hard] = getLimit(libc, RLIMIT_NOFILE);
  setLimit(libc, RLIMIT_NOFILE, "open files", openFilesDefault, hard);
}

function getLimit(libc: InitCalls, resource: number): readonly [soft: bigint, hard: bigint] {
  const limit = new BigUint64Array(2);
  if (libc.prlimit(thisProcess, resource, null, limit) !== 0) refuse("read a limit");
  return [limit[0], limit[1]];
}

/** Sets a cap. Where the limit is lower already the lower one stays: only root could raise it, and it should not. */
function setLimit(
  libc: InitCalls,
  resource: number,
  name: string,
  soft: number,
  hard: number | bigint = soft,
): void {
  const [, hardBefore] = getLimit(libc, resource);
  const hardAfter = BigInt(hard) < hardBefore ? BigInt(hard) : hardBefore;
  const softAfter = BigInt(soft) < hardAfter ? BigInt(soft) : hardAfter;
  const limit = new BigUint64Array([softAfter, hardAfter]);
  if (libc.prlimit(thisProcess, resource, limit, null) !== 0) refuse(`limit ${name}`);
}

/**
 * Default actions and an empty mask. Deno ignores SIGPIPE, and a client that was started in the background leaves SIGINT
 * and SIGQUIT ignored: exec would hand that on. SIGKILL and SIGSTOP refuse, as they must; above 31 nothing was touched.
 */
function resetSignals(libc: InitCalls): void {
  const SIG_DFL = 0n;
  for (let number = 1; number < 32; number++) libc.signal(number, SIG_DFL);
  const SIG_SETMASK = 2;
  const sigsetBytes = 128; // glibc's sigset_t, the larger one
  if (libc.sigprocmask(SIG_SETMASK, new Uint8Array(sigsetBytes), null) !== 0) refuse("unblock the signals");
}

/** Gives this process to the command. Comes back only as the end of the stage. */
function become(libc: InitCalls, plan: InitPlan, command: readonly string[]): never {
  const errnoView = new Deno.UnsafePointerView(libc.__errno_location() as Deno.PointerObject);
  const environment = readEnvironment(libc).flatMap((variable) => {
    const passed = plan.environment === "server" ? decodeVariable(variable) : variable;
    return passed === undefined ? [] : [terminate(passed)];
  });
  const program = cString(command[0]);
  const argv = command.map(cString);
  const shell = cString("/bin/sh");
  const argvVector = pointerVector(argv);
  const shellVector = pointerVector([shell, program, ...argv.slice(1)]);
  const environmentVector = pointerVector(environment);

  // Last of all: until exec the caps are Deno's too, and its threads may want more than a server is given.
  limitProcess(libc, plan.limits);

  libc.execve(program, argvVector, environmentVector);
  let code = errnoView.getInt32();
  if (code === errno.ENOEXEC) {
    // A script without an interpreter line is the shell's, as for execvp(3) and every program that starts commands.
    libc.execve(shell, shellVector, environmentVector);
    code = errnoView.getInt32();
  }
  const reason = Deno.UnsafePointerView.getCString(libc.strerror(code) as Deno.PointerObject);
  const hint = code === errno.ENOENT ? missingLoader : "";
  console.error(`lilith-zero: Cannot start "${command[0]}": ${reason}${hint}`);
  libc._exit(code === errno.ENOENT ? statusNotFound : statusNotRunnable);
  throw new Error("unreachable: _exit does not return");
}

/** What ENOENT means for a file that was there a moment ago. */
const missingLoader = "\n  hint: If it is there, its interpreter or its loader (musl, glibc) is not";

/** Our environment as the kernel gave it: `NAME=value`, in bytes, valid as text or not. */
function readEnvironment(libc: InitCalls): Uint8Array[] {
  const variables: Uint8Array[] = [];
  const { environ } = libc; // the variable's address: one step before the vector itself
  const vector = environ === null ? null : new Deno.UnsafePointerView(environ).getPointer();
  if (vector === null) return variables;
  const entries = new Deno.UnsafePointerView(vector);
  for (let at = 0;; at += 8) {
    const entry = entries.getPointer(at);
    if (entry === null) return variables;
    variables.push(readCString(new Deno.UnsafePointerView(entry)));
  }
}

function readCString(view: Deno.UnsafePointerView): Uint8Array {
  let length = 0;
  while (view.getUint8(length) !== 0) length++;
  const bytes = new Uint8Array(length);
  if (length > 0) view.copyInto(bytes);
  return bytes;
}

function terminate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  return terminated;
}

/** A NULL-terminated array of pointers to C strings. */
function pointerVector(strings: readonly Uint8Array<ArrayBuffer>[]): BigUint64Array<ArrayBuffer> {
  const vector = new BigUint64Array(strings.length + 1);
  strings.forEach((string, index) => {
    pointedTo.push(string);
    vector[index] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(string));
  });
  return vector;
}

/** Nothing else refers to what a vector points to; without this it could be collected before exec. */
const pointedTo: Uint8Array[] = [];

/** Ends the stage: the server must not run with less protection than was promised. */
function refuse(act: string): never {
  throw new LilithError("containment_unavailable", {
    message: `Cannot start the server: the kernel refused to ${act}`,
  });
}

// Bundled into another module it is a part of that, and `import.meta.main` speaks of the whole.
const isModuleOfItsOwn = /\/(?:supervisor\/init\.ts|node_modules\/lilith-zero\/init\.js)$/.test(
  import.meta.url,
);
if (import.meta.main && isModuleOfItsOwn) runInit(Deno.args);
