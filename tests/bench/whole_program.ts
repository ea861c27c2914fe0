/** What the program costs as a whole: its start and its memory, beside those of a Deno program that does nothing. */

import { median } from "./figures.ts";
import type { Command } from "./programs.ts";

const request =
  '{"jsonrpc":"2.0","id":10000001,"method":"tools/call","params":{"name":"echo","arguments":{"text":"' +
  "x".repeat(190) + '"}}}\n';

/** Some time after the first answer: the collector has had its turn. */
const restMs = 500;

/** Between two looks at the memory while large messages pass. */
const lookMs = 5;

interface Started {
  readonly firstByteMs: number;
  readonly restingKiB: number;
}

/** Starts a program, writes one request to it, and waits for the first byte that it writes. */
async function start(command: Command): Promise<Started> {
  const before = performance.now();
  const child = spawn(command);
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  await writer.write(new TextEncoder().encode(request));
  const { done } = await reader.read();
  const firstByteMs = performance.now() - before;
  if (done) throw new Error(`${command.join(" ")} wrote nothing`);
  await new Promise((resolve) => setTimeout(resolve, restMs));
  const restingKiB = residentKiB(child.pid);
  await writer.close();
  reader.releaseLock();
  await child.stdout.cancel();
  await child.status;
  return { firstByteMs, restingKiB };
}

/** The most memory that a program has while `messages` requests of `bytes` bytes pass, one after the other. */
async function peakKiB(command: Command, bytes: number, messages: number): Promise<number> {
  const child = spawn(command);
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  const text = "The harbour was quiet that morning. ".repeat(Math.ceil(bytes / 36)).slice(0, bytes);
  let peak = 0;
  for (let id = 1; id <= messages; id++) {
    const params = { name: "echo", arguments: { text } };
    const line = new TextEncoder().encode(
      JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params }) + "\n",
    );
    const timer = setInterval(() => peak = Math.max(peak, residentKiB(child.pid)), lookMs);
    const written = writer.write(line);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${command.join(" ")} ended`);
      if (value.at(-1) === 0x0a) break;
    }
    await written;
    clearInterval(timer);
  }
  await writer.close();
  reader.releaseLock();
  await child.stdout.cancel();
  await child.status;
  return peak;
}

function spawn(command: Command): Deno.ChildProcess {
  const [program, ...args] = command;
  return new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
}

/** `taskset`, `sh` and the like have become the program by then: they use exec. */
function residentKiB(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export interface WholePrograms {
  /** A Deno program that writes one line and waits for the end of its input. */
  readonly empty: Command;
  readonly process: Command;
  readonly namespace: Command;
  /** In front of a server that echoes whole messages of any size. */
  readonly large: Command;
}

const largeBytes = 16 * 1024 * 1024 - 1024;

/** Ratios to the empty program, medians over `rounds` interleaved rounds. */
export async function measureWhole(programs: WholePrograms, rounds: number) {
  const process: number[] = [];
  const namespace: number[] = [];
  const resting: number[] = [];
  const large: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const empty = await start(programs.empty);
    const atProcess = await start(programs.process);
    const atNamespace = await start(programs.namespace);
    process.push(atProcess.firstByteMs / empty.firstByteMs);
    namespace.push(atNamespace.firstByteMs / empty.firstByteMs);
    resting.push(atNamespace.restingKiB / empty.restingKiB);
    large.push(await peakKiB(programs.large, largeBytes, 3) / empty.restingKiB);
  }
  return {
    startRatio: { process: median(process), namespace: median(namespace) },
    restingRatio: median(resting),
    largeMessagesRatio: median(large),
  };
}
