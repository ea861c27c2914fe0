/** The system calls that carry the conversation: poll(2), read(2), write(2) on pipes, bound through the C library. */

import { fstatSync } from "node:fs";
import { LilithError } from "../errors.ts";
import { descriptorSymbols, guardSymbols } from "./ffi/posix.ts";
import { cString, errno, fcntlCommand, openErrno, openFlag, openLibc } from "./libc.ts";

/** What is done with descriptors; see `DescriptorCalls` in transport/descriptors.ts. Works after the permissions are dropped. */
export interface Descriptors {
  poll(set: Uint8Array, count: number, timeoutMs: number): number;
  pollApart(set: Uint8Array, count: number): Promise<number>;
  read(descriptor: number, into: Uint8Array): number;
  write(descriptor: number, bytes: Uint8Array): number;
  close(descriptor: number): void;
  openPipe(): readonly [number, number];
}

/** Bytes that a pipe of ours holds, where the system allows it: large messages then pass in few turns (pipe(7)). */
const pipeBytes = 1024 * 1024;

/** Binds the calls. @throws {LilithError} `libc_unavailable`. */
export function openDescriptors(): Descriptors {
  const libc = openLibc(descriptorSymbols);
  const lastErrno = openErrno();
  const outcome = (count: number, what: string): number => {
    if (count >= 0) return count;
    const number = lastErrno();
    if (number === errno.EAGAIN || number === errno.EINTR) return -1;
    throw new Error(failures.get(number) ?? `${what} failed with errno ${number}`);
  };
  return {
    poll: (set, count, timeoutMs) => libc.poll(own(set), BigInt(count), timeoutMs),
    pollApart: (set, count) => libc.pollApart(own(set), BigInt(count), -1),
    read: (descriptor, into) => outcome(libc.read(descriptor, own(into), BigInt(into.length)), "read(2)"),
    write: (descriptor, bytes) =>
      outcome(libc.write(descriptor, own(bytes), BigInt(bytes.length)), "write(2)"),
    close: (descriptor) => void libc.close(descriptor),
    openPipe() {
      const ends = openPipe(libc);
      for (const end of ends) setNonBlocking(libc, end);
      return ends;
    },
  };
}

/** What can be written to, and is closed once. */
export class OutputEnd {
  #descriptor: number;
  readonly blocks: boolean;
  readonly #close: (descriptor: number) => void;

  constructor(descriptor: number, blocks: boolean, close: (descriptor: number) => void) {
    this.#descriptor = descriptor;
    this.blocks = blocks;
    this.#close = close;
  }

  /** -1 once it is closed. */
  get descriptor(): number {
    return this.#descriptor;
  }

  close(): void {
    if (this.#descriptor < 0) return;
    this.#close(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** Our own standard input and output. */
export interface OwnEnds {
  readonly input: number;
  readonly output: OutputEnd;
  /** Lets them block again, as whoever shares them with us expects: the shell that goes on after us. Not to be used then. */
  restore(): void;
}

export function openOwnEnds(): OwnEnds {
  const libc = openLibc(descriptorSymbols);
  const isOurs = (descriptor: number) => {
    // A terminal or a file is shared with others, who do not expect it to stop blocking.
    const stats = fstatSync(descriptor);
    return stats.isFIFO() || stats.isSocket();
  };
  // All before any is changed: both may be one socket.
  const blocking = [0, 1].filter((end) => isOurs(end) && !isNonBlocking(libc, end));
  const terminal = openTerminal();
  for (const end of [0, 1]) if (isOurs(end)) prepare(libc, end);
  const restore = (end: number) => {
    if (blocking.includes(end)) setNonBlocking(libc, end, false);
  };
  const output = terminal ?? new OutputEnd(1, !isOurs(1), (descriptor) => {
    restore(1);
    libc.close(descriptor);
  });
  return {
    input: 0,
    output,
    restore() {
      restore(0);
      if (output.descriptor === 1) restore(1);
    },
  };
}

/**
 * The terminal that is our standard output, opened anew so that only we do not wait for it; undefined where it is none, or
 * another user's. One that nobody reads from takes less than it polls for, and we would hear no signal while we wait.
 */
function openTerminal(): OutputEnd | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  const libc = openLibc({ open: guardSymbols.open, close: descriptorSymbols.close });
  const flags = openFlag.O_WRONLY | openFlag.O_NOCTTY | openFlag.O_NONBLOCK | openFlag.O_CLOEXEC;
  const descriptor = libc.open(cString("/proc/self/fd/1"), flags);
  return descriptor < 0 ? undefined : new OutputEnd(descriptor, false, (opened) => void libc.close(opened));
}

/** The pipes to a server's standard input and from its standard output: our ends, and those that it gets. */
export interface ServerPipes {
  readonly input: OutputEnd;
  readonly output: number;
  readonly itsInput: number;
  readonly itsOutput: number;
  /** Closes the server's ends: it has its own by then, and an end that we kept would hide that it has closed them. */
  closeIts(): void;
  closeOurs(): void;
}

/** @throws {LilithError} `command_not_started` where there are too many open files. */
export function openServerPipes(): ServerPipes {
  const libc = openLibc(descriptorSymbols);
  const close = (descriptor: number) => void libc.close(descriptor);
  const [itsInput, input] = openPipe(libc);
  const [output, itsOutput] = openPipe(libc);
  for (const end of [input, output]) prepare(libc, end);
  return {
    input: new OutputEnd(input, false, close),
    output,
    itsInput,
    itsOutput,
    closeIts() {
      close(itsInput);
      close(itsOutput);
    },
    closeOurs() {
      close(input);
      close(output);
    },
  };
}

type Libc = ReturnType<typeof openLibc<typeof descriptorSymbols>>;

function openPipe(libc: Libc): readonly [number, number] {
  const ends = new Int32Array(2);
  if (libc.pipe2(new Uint8Array(ends.buffer), openFlag.O_CLOEXEC) !== 0) {
    throw new LilithError("command_not_started", {
      message: "Cannot make a pipe: too many files are open",
      hint: "Raise the limit on open files (ulimit -n), or close some",
    });
  }
  return [ends[0], ends[1]];
}

function prepare(libc: Libc, descriptor: number): void {
  setNonBlocking(libc, descriptor);
  libc.fcntl(descriptor, fcntlCommand.F_SETPIPE_SZ, pipeBytes); // a user over the system's bound keeps 64 KiB
}

function isNonBlocking(libc: Libc, descriptor: number): boolean {
  return (libc.fcntl(descriptor, fcntlCommand.F_GETFL, 0) & openFlag.O_NONBLOCK) !== 0;
}

function setNonBlocking(libc: Libc, descriptor: number, is = true): void {
  const flags = libc.fcntl(descriptor, fcntlCommand.F_GETFL, 0) & ~openFlag.O_NONBLOCK;
  libc.fcntl(descriptor, fcntlCommand.F_SETFL, is ? flags | openFlag.O_NONBLOCK : flags);
}

const failures: ReadonlyMap<number, string> = new Map([
  [errno.EPIPE, "its reader is gone"],
  [errno.ENOSPC, "No space left on device"],
]);

/** The C library is given memory of ours alone; a view of shared memory is never passed in here. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
