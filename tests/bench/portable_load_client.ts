/**
 * native/load_client.c for a machine without a C compiler: the same arguments, the same figures as JSON, but measured
 * through a JavaScript event loop, whose own cost is part of each of them.
 */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { idFirst, isAnswer, makeRequest } from "./portable_message.ts";

const window = 256;
const restMs = 500;

const [mode, lengthText, countText, dashes, command, ...args] = Deno.args;
if (command === undefined || dashes !== "--") {
  console.error("usage: portable_load_client.ts start|latency|throughput BYTES COUNT -- COMMAND [ARGUMENT…]");
  Deno.exit(2);
}
const lengthBytes = Number(lengthText);
const count = Number(countText);

const beginMs = performance.now();
const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
const exited = once(server, "exit");
let idNext = idFirst;

/** What arrived and is not read yet, and who waits for more. */
let arrived: Buffer[] = [];
let wake = (): void => {};
server.stdout.on("data", (chunk: Buffer) => {
  arrived.push(chunk);
  if (chunk.at(-1) === 0x0a) wake();
});
server.stdout.on("end", () => {
  console.error("Cannot read an answer: the stream ended");
  Deno.exit(1);
});

/** Sends as many requests as told and takes their answers; milliseconds. */
async function exchange(requests: number): Promise<number> {
  const text = Array.from({ length: requests }, (_, i) => makeRequest(lengthBytes, idNext + i)).join("");
  const ended = Promise.withResolvers<void>();
  let received: string[] = [];
  wake = () => {
    received = received.concat(Buffer.concat(arrived).toString().match(/.*\n/g) ?? []);
    arrived = [];
    if (received.length >= requests) ended.resolve();
  };
  const begin = performance.now();
  server.stdin.write(text);
  await ended.promise;
  const tookMs = performance.now() - begin;
  for (const line of received) {
    if (!isAnswer(line, lengthBytes, idNext)) {
      console.error(`Cannot accept the answer to ${idNext}: ${line.slice(0, 1000)}`);
      Deno.exit(1);
    }
    idNext += 1;
  }
  return tookMs;
}

async function measure(): Promise<Record<string, number>> {
  switch (mode) {
    case "start": {
      await exchange(1);
      const firstAnswerMs = performance.now() - beginMs;
      await new Promise((resolve) => setTimeout(resolve, restMs));
      const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1];
      return { firstAnswerMs, restingMiB: Number(kib) / 1024 };
    }
    case "latency": {
      for (let i = 0; i < (lengthBytes > 100_000 ? 10 : 2000 + count / 5); i++) await exchange(1);
      const timesMs: number[] = [];
      for (let i = 0; i < count; i++) timesMs.push(await exchange(1));
      timesMs.sort((a, b) => a - b);
      return {
        p50Us: timesMs[Math.floor(count / 2)] * 1000,
        p99Us: timesMs[Math.floor(count * 99 / 100)] * 1000,
      };
    }
    case "throughput": {
      for (let done = 0; done < 2000 + count / 5; done += window) await exchange(window);
      let tookMs = 0;
      for (let done = 0; done < count; done += window) {
        tookMs += await exchange(Math.min(window, count - done));
      }
      return { messagesPerSecond: count / tookMs * 1000 };
    }
    default:
      throw new Error(`Cannot measure "${mode}"`);
  }
}

const figures = await measure();
server.stdout.removeAllListeners("end");
server.stdin.end();
const [code] = await exited;
if (code !== 0) {
  console.error(`Cannot accept the run: the command ended with ${code}`);
  Deno.exit(1);
}
console.log(JSON.stringify(figures));
Deno.exit(0);
