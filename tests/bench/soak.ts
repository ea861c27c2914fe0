/**
 * A million messages through the program as a user starts it: does it lose one, and does its memory stay what it was?
 *
 *     deno task soak [--messages N]
 *
 * It exits 1 where a message was lost or changed, where the log does not verify, and where the resident memory at the end
 * is more than 1.10 times that after the first twentieth. README.md beside this file says how to read it.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import {
  type Answer,
  type Counts,
  expectedOf,
  idOf,
  outcomeOf,
  requestLine,
  requestsPerNotice,
} from "./soak_traffic.ts";

/** Requests on their way at once: fewer than the proxy lets wait. */
const window = 256;

/** The first reading of the memory is taken after this part of all messages: 50,000 of a million. */
const warmUpPart = 1 / 20;

/** How much more memory the end may have. */
const growthMax = 1.10;

/** Readings around one point: the memory of a program with a collector moves up and down. */
const readings = 9;

const { values } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: { messages: { type: "string", default: "1000000" } },
});
const messages = Number(values.messages);
if (!Number.isInteger(messages) || messages < 1000) {
  console.error(`Cannot send "${values.messages}" messages: a whole number from 1000 on`);
  Deno.exit(2);
}
const requests = messages / 2 | 0;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const program = [Deno.execPath(), "run", "-A", "--quiet", here("../../mod.ts")];

const folder = await Deno.makeTempDir({ prefix: "lilith-soak-" });
try {
  const audit = `${folder}/audit.jsonl`;
  const { firstBytes, lastBytes, seconds } = await soak(audit);
  await verify(audit);
  const growth = lastBytes / firstBytes;
  const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  console.log(
    `${messages} messages in ${seconds.toFixed(0)} s, none lost; log verified; ` +
      `memory ${mib(firstBytes)} MiB after ${messages * warmUpPart}, ${mib(lastBytes)} MiB at the end: ` +
      `${growth.toFixed(2)}×, at most ${growthMax.toFixed(2)}×`,
  );
  if (growth > growthMax) fail(`the memory grew by more than ${growthMax.toFixed(2)}×`);
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Sends everything, checks every answer, reads the memory. */
async function soak(audit: string): Promise<{ firstBytes: number; lastBytes: number; seconds: number }> {
  const [command, ...fixed] = program;
  const server = [Deno.execPath(), "run", "-A", "--quiet", here("soak_server.ts")];
  const args = [...fixed, "run", "--policy", here("soak_policy.yaml"), "--audit", audit, "--", ...server];
  const beginMs = performance.now();
  const proxy = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(proxy, "exit");

  /** By number of the request: 0 not sent, 1 sent, 2 answered. */
  const states = new Uint8Array(requests);
  const numberOf = (id: unknown) => Number(typeof id === "string" ? id.slice("request-".length) : id);
  const forwarded =
    Array.from({ length: requests }, (_, i) => expectedOf(i)).filter((kind) => kind !== "denied").length;
  const warmUp = Math.ceil(requests * warmUpPart);
  const firstReadings: number[] = [];
  const lastReadings: number[] = [];
  let [sent, answered, serverNotices, ownNotices, ownAnswers] = [0, 0, 0, 0, 0];
  const done = Promise.withResolvers<Counts>();

  const fill = () => {
    let text = "";
    for (; sent < requests && sent - answered < window; sent++) {
      states[sent] = 1;
      text += requestLine(sent);
      if (sent % requestsPerNotice === 0) {
        ownNotices++;
        text += '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}\n';
      }
    }
    if (text !== "") proxy.stdin.write(text);
  };
  const takeAnswer = (answer: Answer) => {
    const number = numberOf(answer.id);
    if (states[number] !== 1 || answer.id !== idOf(number)) {
      return lose(`an answer to nothing: ${JSON.stringify(answer)}`);
    }
    if (outcomeOf(answer) !== expectedOf(number)) {
      return lose(`not "${expectedOf(number)}": ${JSON.stringify(answer)}`);
    }
    states[number] = 2;
    answered++;
    // The readings lie close together: between two of them there is some tenth of a second.
    if (answered >= warmUp && firstReadings.length < readings && answered % 256 === 0) {
      firstReadings.push(residentBytes(proxy.pid!));
    }
    if (answered > requests - readings * 256 && answered % 256 === 0) {
      lastReadings.push(residentBytes(proxy.pid!));
    }
    if (sent - answered <= window / 2) fill();
    askForCounts();
  };
  /** When everything has been answered, on both sides. */
  const askForCounts = () => {
    if (answered < requests || ownAnswers < Math.floor(forwarded / requestsPerNotice)) return;
    proxy.stdin.write('{"jsonrpc":"2.0","id":"count","method":"tools/call","params":{"name":"count"}}\n');
  };
  const lose = (what: string) => done.reject(new Error(what));

  const lines = createInterface({ input: proxy.stdout });
  lines.on("line", (line) => {
    const message: Answer = JSON.parse(line);
    if (message.method === "ping") {
      ownAnswers++;
      proxy.stdin.write(`{"jsonrpc":"2.0","id":${message.id},"result":{}}\n`);
      askForCounts();
    } else if (message.method !== undefined) {
      serverNotices++;
      const expected = serverNotices * requestsPerNotice;
      if (message.params?.number !== expected) {
        lose(`notification ${message.params?.number} instead of ${expected}`);
      }
    } else if (message.id === "count") {
      done.resolve(message.result!.counts!);
    } else takeAnswer(message);
  });
  lines.on("close", () => lose(`the program ended after ${answered} answers`));
  fill();

  try {
    const counts = await done.promise;
    check("requests at the server", counts.requests, forwarded);
    check("notifications at the server", counts.notices, ownNotices);
    check("notifications at the client", serverNotices, Math.floor(forwarded / requestsPerNotice));
    check("requests at the client", ownAnswers, serverNotices);
    check("answers at the server", counts.answers, ownAnswers);
  } catch (error) {
    proxy.kill("SIGKILL");
    throw error;
  }
  lines.removeAllListeners("close");
  proxy.stdin.end();
  const [code] = await exited;
  check("status", code, 0);
  return {
    firstBytes: middle(firstReadings),
    lastBytes: middle(lastReadings),
    seconds: (performance.now() - beginMs) / 1000,
  };
}

async function verify(audit: string): Promise<void> {
  const [command, ...fixed] = program;
  const { code, stderr } = await new Deno.Command(command, { args: [...fixed, "audit", "verify", audit] })
    .output();
  if (code !== 0) fail(`the log does not verify: ${new TextDecoder().decode(stderr)}`);
}

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function check(what: string, is: unknown, shouldBe: unknown): void {
  if (is !== shouldBe) throw new Error(`${what}: ${is} instead of ${shouldBe}`);
}

function fail(what: string): void {
  console.error(`Cannot accept the run: ${what}`);
  Deno.exitCode = 1;
}
