/**
 * Whoever writes faster than the other side reads is held back, in memory that has a bound; nothing is lost, nothing is
 * stuck once the slow side goes on, and the log still verifies.
 *
 * No test measures time. To see that a side is held back they wait until a count stands still; on a machine so slow that
 * it only seems to, they see less than there is, and pass.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { processesMentioning } from "../../scripts/demo/processes.ts";
import { frameBytesMax, inFlightMax, queuedBytesMax, readBytes } from "../../src/limits.ts";
import { allowAll, call, programCommand, readRecords, runProgram, Scratch } from "./support/program.ts";
import { type Message, RawClient } from "./support/raw_client.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * What a writer can get rid of while its reader does not read: the queue, a read in hand, and what lies in the pipes, of
 * which the server's hold a mebibyte and a client's whatever it made them (64 KiB, 208 KiB for a socket).
 */
const heldBackBytesMax = queuedBytesMax + readBytes + 2 * MiB;

/**
 * How far the memory of the program may grow: in each direction three messages of the largest size (one coming in, one
 * joined, one queued) and a queue; and what V8 lets lie outside its heap before it collects, some 64 MiB.
 */
const growthBytesMax = 2 * (3 * frameBytesMax + queuedBytesMax) + 64 * MiB;

const scriptedServer = fileURLToPath(new URL("fixtures/scripted_server.mjs", import.meta.url));
const floodingClient = fileURLToPath(new URL("fixtures/flooding_client.mjs", import.meta.url));
const encoder = new TextEncoder();
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** More than is ever taken from a client that is held back: where that fails, the test must not fill the disk. */
const noticesMax = 200_000;

const noticeOf = (i: number, textBytes: number) =>
  encoder.encode(
    JSON.stringify({
      jsonrpc: "2.0",
      method: "notifications/roots/list_changed",
      params: { i, text: "p".repeat(textBytes) },
    }) +
      "\n",
  );

/** One run of the program with a scripted server. */
class Rig implements AsyncDisposable {
  private constructor(
    readonly scratch: Scratch,
    readonly client: RawClient,
    /** Of the program at rest. */
    readonly memoryBytes: number,
  ) {}

  static start(...steps: string[]): Promise<Rig> {
    return Rig.startPatient("200ms", ...steps);
  }

  /** `stopTimeout`: how long the server may take to leave. */
  static async startPatient(stopTimeout: string, ...steps: string[]): Promise<Rig> {
    const scratch = await Scratch.make();
    const policy = await scratch.write(
      "policy.yaml",
      `${allowAll}server: { stop_timeout: ${stopTimeout} }\n`,
    );
    const server = ["node", scriptedServer, scratch.path, ...steps];
    const client = new RawClient(["run", "-p", policy, "-a", scratch.file("audit.jsonl"), "--", ...server]);
    // Its answer to what is no message says that it is up, whatever the server does.
    await client.write(encoder.encode("up?\n"));
    const upAnswer = await client.message();
    assert.equal(upAnswer.error?.code, -32700);
    return new Rig(scratch, client, (await client.memory()).now);
  }

  /** Lets the server go on. */
  signal(name: string): Promise<string> {
    return this.scratch.write(name, "");
  }

  /** Bytes that the server has written so far. */
  async written(): Promise<number> {
    return Number(await Deno.readTextFile(this.scratch.file("written")).catch(() => "0"));
  }

  /** What the server has read, once its input has ended. */
  async serverRead(): Promise<{ bytes: number; lines: number; sha256: string }> {
    return JSON.parse(await Deno.readTextFile(this.scratch.file("read")));
  }

  async assertMemoryIsFlat(): Promise<void> {
    const grownBytes = (await this.client.memory()).peak - this.memoryBytes;
    assert.ok(grownBytes <= growthBytesMax, `the memory grew by ${(grownBytes / MiB).toFixed(1)} MiB`);
  }

  /** The status of the program, whose log must verify. */
  async end(): Promise<number> {
    const { code } = await this.client.status;
    const verified = await runProgram(["audit", "verify", this.scratch.file("audit.jsonl")]);
    assert.equal(verified.code, 0, verified.stderr);
    return code;
  }

  records(): Promise<Message[]> {
    return readRecords(this.scratch.file("audit.jsonl"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.scratch[Symbol.asyncDispose]();
  }
}

/** Waits until a count, once it has begun, stands still. */
async function stillness(count: () => number | Promise<number>): Promise<number> {
  let last = 0;
  for (let same = 0; same < 8; await sleep(100)) {
    const now = await count();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

Deno.test("a server that does not read holds its client back, and loses nothing when it reads at last", async () => {
  await using rig = await Rig.start("wait=go", "swallow");
  const { client } = rig;
  const hash = createHash("sha256");
  const before = client.taken;
  let sent = 0;
  const writing = (async () => {
    for (let i = 0; i < 64 * KiB; i++) {
      const line = noticeOf(i, 930);
      hash.update(line);
      sent += line.length;
      await client.write(line);
    }
    await client.closeInput();
  })();
  writing.catch(() => {}); // the test may have failed before
  const taken = await stillness(() => client.taken - before);
  assert.ok(taken <= heldBackBytesMax, `${taken} bytes were taken`);
  await rig.signal("go");
  await writing;
  assert.equal((await client.line()).length, 0);
  assert.equal(await rig.end(), 0);
  assert.deepEqual(await rig.serverRead(), { bytes: sent, lines: 64 * KiB, sha256: hash.digest("hex") });
});

Deno.test("a client that does not read holds its server back, and loses nothing when it reads at last", async () => {
  const count = 64 * KiB;
  await using rig = await Rig.start(`write=notice,${count}`, "swallow");
  const { client } = rig;
  const written = await stillness(() => rig.written());
  assert.ok(written <= heldBackBytesMax, `${written} bytes were taken`);
  await rig.assertMemoryIsFlat();
  for (let i = 0; i < count; i++) {
    const line = new TextDecoder().decode(await client.line());
    const message = JSON.parse(line);
    assert.equal(`${JSON.stringify(message)}\n`, line);
    assert.equal(message.params.data, `${i} ${"n".repeat(900)}`);
    if (i % 5000 === 0) await sleep(20); // it stops and goes on again
  }
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal((await client.line()).length, 0);
  assert.equal(await rig.end(), 0);
});

Deno.test("calls and answers of 64 KiB are all delivered in order to a client that wrote them all before it reads", async () => {
  await using rig = await Rig.start("echo");
  const { client } = rig;
  const count = 800;
  const textOf = (id: number) => `${id} ${"t".repeat(64 * KiB)}`;
  const before = client.taken;
  const writing = (async () => {
    for (let id = 0; id < count; id++) {
      await client.write(encoder.encode(JSON.stringify(call(id, "echo", { text: textOf(id) })) + "\n"));
    }
  })();
  writing.catch(() => {}); // the test may have failed before
  // Both directions are full: the server writes an answer that nobody reads, and reads nothing meanwhile.
  const taken = await stillness(() => client.taken - before);
  assert.ok(taken <= 2 * heldBackBytesMax, `${taken} bytes were taken`);
  for (let id = 0; id < count; id++) {
    const answer = await client.message();
    assert.equal(answer.id, id);
    assert.equal(JSON.parse(answer.result.content[0].text).arguments.text, textOf(id));
  }
  await writing;
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
});

Deno.test("both sides may write a message of 16 MiB before either reads", async () => {
  await using rig = await Rig.start(`line=${16 * MiB}`, "swallow");
  const { client } = rig;
  const line = noticeOf(0, 16 * MiB);
  await client.write(line);
  assert.equal((await client.message()).params.data, "L".repeat(16 * MiB));
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
  const sha256 = createHash("sha256").update(line).digest("hex");
  assert.deepEqual(await rig.serverRead(), { bytes: line.length, lines: 1, sha256 });
});

Deno.test("both sides may write more than all buffers hold, and all of it passes once one of them reads", async () => {
  await using rig = await Rig.start(...Array(5).fill(`line=${12 * MiB}`), "swallow");
  const { client } = rig;
  const before = client.taken;
  const writing = (async () => {
    for (let i = 0; i < 5; i++) await client.write(noticeOf(i, 12 * MiB));
  })();
  writing.catch(() => {}); // the test may have failed before
  const taken = await stillness(() => client.taken - before);
  assert.ok(taken <= 12 * MiB + heldBackBytesMax, `${taken} bytes were taken`);
  assert.ok(await rig.written() <= 12 * MiB + heldBackBytesMax);
  for (let i = 0; i < 5; i++) assert.equal((await client.message()).params.data, "L".repeat(12 * MiB));
  await writing;
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
  assert.equal((await rig.serverRead()).lines, 5);
});

Deno.test("a client that floods malformed lines and does not read their answers is held back, and gets each of them", async () => {
  await using rig = await Rig.start("swallow");
  const { client } = rig;
  const count = 100_000;
  const before = client.taken;
  const writing = client.write(encoder.encode(`${"y".repeat(99)}\n`.repeat(count)));
  writing.catch(() => {}); // the test may have failed before
  const taken = await stillness(() => client.taken - before);
  assert.ok(taken <= heldBackBytesMax, `${taken} bytes were taken`);
  for (let i = 0; i < count; i++) {
    assert.equal((await client.message()).error.code, -32700);
  }
  await writing;
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
  assert.equal((await rig.serverRead()).bytes, 0);
  assert.equal((await rig.records()).filter(({ kind }) => kind === "refused").length, count + 1);
});

Deno.test("a server that floods requests and does not read the answers is held back, and the session goes on", async () => {
  await using rig = await Rig.start("write=request,200000", "wait=go", "echo");
  const { client } = rig;
  let asked = 0;
  const written = await stillness(() => rig.written());
  // The first 1,024 pass, each other one is answered with an error longer than itself.
  assert.ok(written <= inFlightMax * 60 + heldBackBytesMax, `${written} bytes were taken`);
  await rig.assertMemoryIsFlat();
  await client.write(encoder.encode(JSON.stringify(call("last", "echo")) + "\n"));
  for (; asked < inFlightMax; asked++) assert.equal((await client.message()).method, "roots/list");
  // It never reads: only its end ends the session, and the call is answered.
  client.kill("SIGTERM");
  const answer = await client.message();
  assert.deepEqual([answer.id, answer.error.code], ["last", 503]);
  assert.equal(await rig.end(), 0);
});

for (
  const { sentence, kind, code } of [
    {
      sentence:
        "a server that floods answers that nobody asked for is read, each is recorded, and none passes",
      kind: "unasked",
      code: "unasked",
    },
    {
      sentence: "a server that floods what is no message is read, each line is recorded, and none passes",
      kind: "garbage",
      code: "malformed",
    },
  ]
) {
  Deno.test(sentence, async () => {
    const count = 4000;
    await using rig = await Rig.start("wait=go", `write=${kind},${count}`, "echo");
    const { client } = rig;
    await client.write(encoder.encode(JSON.stringify(call("call", "echo")) + "\n"));
    await rig.signal("go");
    assert.equal((await client.message()).id, "call");
    await rig.assertMemoryIsFlat();
    await client.closeInput();
    assert.equal((await client.line()).length, 0);
    assert.equal(await rig.end(), 0);
    const refused = (await rig.records()).filter(({ kind, from }) => kind === "refused" && from === "server");
    assert.equal(refused.length, count);
    assert.ok(refused.every((record) => record.code === code));
  });
}

Deno.test("a line that is longer than anything is never held, is recorded with its length, and the next one passes", async () => {
  const longBytes = 256 * MiB;
  await using rig = await Rig.start("wait=go", `long=${longBytes}`, "echo");
  const { client } = rig;
  await client.write(encoder.encode(JSON.stringify(call("call", "echo")) + "\n"));
  await rig.signal("go");
  assert.equal((await client.message()).id, "call");
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
  const [refused] = (await rig.records()).filter(({ kind, from }) => kind === "refused" && from === "server");
  assert.deepEqual([refused.code, refused.bytes], ["too_large", longBytes]);
});

Deno.test("the same of a client: it is answered, and its next line passes", async () => {
  const longBytes = 256 * MiB;
  await using rig = await Rig.start("echo");
  const { client } = rig;
  const piece = new Uint8Array(MiB).fill(0x65);
  for (let at = 0; at < longBytes; at += piece.length) await client.write(piece);
  await client.write(encoder.encode("\n" + JSON.stringify(call("call", "echo")) + "\n"));
  assert.equal((await client.message()).error.code, 413);
  assert.equal((await client.message()).id, "call");
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
});

Deno.test("a server that writes 8 MiB to its standard error before it answers is not stuck, though nobody reads ours", async () => {
  await using rig = await Rig.start("write=stderr,140", "echo");
  const { client } = rig;
  await client.write(encoder.encode(JSON.stringify(call("call", "echo")) + "\n"));
  assert.equal((await client.message()).id, "call");
  await rig.assertMemoryIsFlat();
  await client.closeInput();
  assert.equal(await rig.end(), 0);
});

Deno.test("a server that ends without ever having read ends the session, with its status", async () => {
  await using rig = await Rig.start("wait=go", "exit=5");
  const { client } = rig;
  await client.write(encoder.encode(JSON.stringify(call("call", "echo")) + "\n"));
  const before = client.taken;
  const writing = assert.rejects(async () => {
    for (let i = 0; i < noticesMax; i++) await client.write(noticeOf(i, 930));
  });
  await stillness(() => client.taken - before);
  await rig.signal("go");
  const answer = await client.message();
  assert.deepEqual([answer.id, answer.error.code], ["call", 503]);
  assert.equal((await client.line()).length, 0);
  assert.equal(await rig.end(), 5);
  await writing;
});

Deno.test("what a client wrote before it was killed reaches a server that held it back and reads on", async () => {
  await using rig = await Rig.startPatient("30s", "wait=go", "swallow");
  const { client } = rig;
  // So long that the queue is as large as the pipe: the server can empty the one, and the proxy the other, at one time.
  const line = encoder.encode('{"jsonrpc":"2.0","method":"notifications/x"}'.padEnd(1023) + "\n");
  const before = client.taken;
  const writing = (async () => {
    for (let i = 0; i < noticesMax; i++) await client.write(line);
  })();
  writing.catch(() => {});
  const taken = await stillness(() => client.taken - before);
  await client.die();
  await sleep(200); // it is noticed meanwhile, or later
  client.kill("SIGSTOP");
  await rig.signal("go");
  await sleep(500);
  client.kill("SIGCONT");
  assert.equal(await rig.end(), 0);
  const read = await rig.serverRead();
  assert.ok(read.bytes >= taken, `${taken} bytes were taken, and ${read.bytes} arrived`);
  assert.equal((await rig.records()).at(-1)?.counts.forwarded, read.lines);
});

Deno.test("a signal ends the session of a client that is held back by a server that does not read", async () => {
  await using rig = await Rig.start("wait=never");
  const { client } = rig;
  const before = client.taken;
  const writing = assert.rejects(async () => {
    for (let i = 0; i < noticesMax; i++) await client.write(noticeOf(i, 930));
  });
  await stillness(() => client.taken - before);
  client.kill("SIGTERM");
  assert.equal(await rig.end(), 0);
  assert.deepEqual(await processesMentioning(rig.scratch.path), []);
  await writing;
});

for (
  const [sentence, kind, steps] of [
    [
      "a client that is killed while a server that does not read holds it back takes proxy and server with it",
      "notification",
      ["wait=never"],
    ],
    [
      "a client that is killed while answers that it does not read hold it back takes proxy and server with it",
      "no message",
      ["swallow"],
    ],
  ] as const
) {
  Deno.test(sentence, async () => {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", `${allowAll}server: { stop_timeout: 200ms }\n`);
    const audit = scratch.file("audit.jsonl");
    const args = ["run", "-p", policy, "-a", audit, "--", "node", scriptedServer, scratch.path, ...steps];
    const client = new Deno.Command("node", {
      args: [floodingClient, kind, ...programCommand, ...args],
      stdout: "piped",
    }).spawn();
    const reader = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const proxy = Number((await reader.read()).value);
    try {
      await stillness(async () => (await Deno.stat(audit).catch(() => undefined))?.size ?? 0);
      assert.ok((await processesMentioning(scratch.path)).includes(proxy));
      client.kill("SIGKILL");
      await client.status;
      await reader.cancel();
      for (let i = 0; i < 300 && (await processesMentioning(scratch.path)).length > 0; i++) await sleep(100);
      assert.deepEqual(await processesMentioning(scratch.path), []);
    } finally {
      for (const pid of await processesMentioning(scratch.path)) Deno.kill(pid, "SIGKILL");
    }
    assert.equal((await readRecords(audit)).at(-1)?.kind, "end");
  });
}
