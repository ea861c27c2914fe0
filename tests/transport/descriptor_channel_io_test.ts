import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { queuedBytesMax } from "../../src/limits.ts";
import { openDescriptors, OutputEnd } from "../../src/supervisor/descriptors.ts";
import type { Incoming } from "../../src/mcp/message.ts";
import { DescriptorChannel } from "../../src/transport/descriptor_channel.ts";
import { wouldBlock } from "../../src/transport/descriptors.ts";
import type { StdioOptions } from "../../src/transport/inbox.ts";
import { PollLoop } from "../../src/transport/poll_loop.ts";
import { type Rig, testChannelContract } from "../contracts/channel_contract.ts";

const calls = openDescriptors();

/** The far end shares the thread with the channel, so the channel must not hold it. */
const givesWay = { quickMs: 0, turnMs: 0, now: Date.now };

interface DescriptorRig extends Rig {
  readonly channel: DescriptorChannel;
  /** The far end stops reading for good. */
  peerLeaves(): void;
  readonly loop: PollLoop;
  /** Where the far end writes. */
  readonly peerOutput: number;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

function makeRig(options: StdioOptions = { dropFraming: false }, blocks = false): DescriptorRig {
  const loop = new PollLoop(calls, givesWay);
  const [input, peerOutput] = calls.openPipe();
  const [peerInput, output] = calls.openPipe();
  const ends = new OutputEnd(output, blocks, (descriptor) => calls.close(descriptor));
  const peer = new OutputEnd(peerOutput, false, (descriptor) => calls.close(descriptor));
  const reader = new OutputEnd(peerInput, false, (descriptor) => calls.close(descriptor));
  return {
    channel: new DescriptorChannel(loop, { input, output: ends }, options),
    loop,
    peerOutput,
    async peerWrites(bytes) {
      for (let at = 0; at < bytes.length;) {
        const written = calls.write(peer.descriptor, bytes.subarray(at));
        if (written === wouldBlock) await turn();
        else at += written;
      }
      await turn();
    },
    peerEnds() {
      peer.close();
      return Promise.resolve();
    },
    async peerReceived() {
      const chunks: Uint8Array[] = [];
      for (;;) {
        const chunk = new Uint8Array(64 * 1024);
        const count = calls.read(reader.descriptor, chunk);
        if (count === 0) return Buffer.concat(chunks);
        if (count === wouldBlock) await turn();
        else chunks.push(chunk.subarray(0, count));
      }
    },
    peerLeaves: () => reader.close(),
    async dispose() {
      await loop.stop();
      for (const end of [ends, peer, reader]) end.close();
      calls.close(input);
    },
  };
}

testChannelContract("DescriptorChannel", () => Promise.resolve(makeRig()));
testChannelContract(
  "DescriptorChannel to an end that may block",
  () => Promise.resolve(makeRig({ dropFraming: false }, true)),
);

const ignoreAll = { message() {}, idle() {}, end() {}, broken() {} };

Deno.test("DescriptorChannel says that the peer is gone, though nothing is sent to it", async () => {
  const rig = makeRig();
  const broken = Promise.withResolvers<string>();
  rig.channel.listen({ ...ignoreAll, broken: broken.resolve });
  rig.peerLeaves();
  assert.equal(await broken.promise, "its reader is gone");
  rig.channel.send(new Uint8Array(10), 0, 10);
  rig.channel.flush();
  assert.equal(rig.channel.congested, false);
  await rig.channel.drained();
  await rig.channel.close();
  await rig.dispose();
});

Deno.test("DescriptorChannel keeps what there is no room for, until its reader goes on", async () => {
  const rig = makeRig();
  rig.channel.listen(ignoreAll);
  const bytes = new Uint8Array(queuedBytesMax + 3_000_000).fill(0x61);
  rig.channel.send(bytes, 0, bytes.length);
  rig.channel.flush();
  assert.equal(rig.channel.congested, true);
  const received = rig.peerReceived();
  await rig.channel.drained();
  assert.equal(rig.channel.congested, false);
  await rig.channel.close();
  assert.deepEqual(await received, Buffer.from(bytes));
  await rig.dispose();
});

Deno.test("DescriptorChannel keeps a message that it may not forward yet, though its buffer is read into again", async () => {
  const rig = makeRig();
  const other = makeRig();
  const received = other.peerReceived();
  other.channel.listen(ignoreAll);
  const ended = Promise.withResolvers<void>();
  rig.channel.listen({
    ...ignoreAll,
    message(incoming) {
      const { buffer, start, end } = (incoming as Extract<Incoming, { kind: "request" }>).frame;
      other.channel.send(buffer, start, end + 1);
    },
    idle: () => other.channel.flush(),
    end: ended.resolve,
  });
  // Fills the pipe to the far end, so that what comes after it must be kept.
  const filling = new Uint8Array(2 * queuedBytesMax).fill(0x20);
  other.channel.send(filling, 0, filling.length);
  other.channel.flush();
  const lines = ["a", "b"].map((letter) =>
    `{"jsonrpc":"2.0","id":"${letter.repeat(500)}","method":"ping"}\n`
  );
  for (const line of lines) await rig.peerWrites(new TextEncoder().encode(line));
  await rig.peerEnds();
  await ended.promise;
  await other.channel.close();
  assert.equal(new TextDecoder().decode(await received).trimStart(), lines.join(""));
  await rig.dispose();
  await other.dispose();
});

Deno.test("DescriptorChannel reads nothing while its receiver is busy, and notices the end afterwards", async () => {
  const rig = makeRig();
  const busy = Promise.withResolvers<void>();
  const seen: string[] = [];
  const ended = Promise.withResolvers<void>();
  rig.channel.listen({
    ...ignoreAll,
    message(incoming) {
      seen.push(incoming.kind);
      return busy.promise;
    },
    end: ended.resolve,
  });
  await rig.peerWrites(new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"ping"}\n'));
  while (seen.length === 0) await turn();
  let accepted = 0;
  const more = new Uint8Array(64 * 1024).fill(0x0a);
  for (let i = 0; i < 100; i++) accepted += Math.max(0, calls.write(rig.peerOutput, more));
  assert.ok(accepted < 10 * more.length, `${accepted} bytes were taken`);
  await rig.peerEnds();
  await turn();
  busy.resolve();
  await ended.promise;
  await rig.dispose();
});

Deno.test("PollLoop gives timers and promises their turn while messages follow each other without end", async () => {
  const rig = makeRig();
  let messages = 0;
  let timers = 0;
  const line = new TextEncoder().encode('{"jsonrpc":"2.0","method":"notifications/x"}\n');
  const enough = Promise.withResolvers<void>();
  rig.channel.listen({
    ...ignoreAll,
    message() {
      messages++;
      calls.write(rig.peerOutput, line); // each message brings the next
    },
  });
  const timer = setInterval(() => ++timers === 20 && enough.resolve(), 1);
  await rig.peerWrites(line);
  await enough.promise;
  clearInterval(timer);
  assert.ok(messages > 20, `${messages}`);
  await rig.dispose();
});

Deno.test("DescriptorChannel hears a peer out that no longer reads, also while its receiver is busy", async () => {
  const rig = makeRig();
  const busy = Promise.withResolvers<void>();
  const seen: string[] = [];
  rig.channel.listen({
    ...ignoreAll,
    message(incoming) {
      seen.push(incoming.kind);
      return seen.length === 1 ? busy.promise : undefined;
    },
  });
  await rig.channel.heardOut(); // it reads
  const line = new TextEncoder().encode('{"jsonrpc":"2.0","method":"notifications/x"}\n');
  await rig.peerWrites(line);
  while (seen.length === 0) await turn();
  await rig.peerWrites(line);
  rig.peerLeaves();
  rig.channel.send(line, 0, line.length);
  rig.channel.flush();
  let isHeardOut = false;
  const heardOut = rig.channel.heardOut().then(() => isHeardOut = true);
  for (let i = 0; i < 20; i++) await turn();
  assert.deepEqual([seen.length, isHeardOut], [1, false]);
  busy.resolve();
  await heardOut;
  assert.equal(seen.length, 2);
  await rig.dispose();
});

Deno.test("DescriptorChannel closes once all has left, also what was sent after it was asked to", async () => {
  const rig = makeRig();
  rig.channel.listen(ignoreAll);
  const bytes = new Uint8Array(queuedBytesMax + 200_000).fill(0x61);
  rig.channel.send(bytes, 0, bytes.length);
  const closed = rig.channel.close();
  rig.channel.send(bytes, 0, 10); // and no flush before all else has left
  const drained = rig.channel.drained();
  rig.channel.send(bytes, 0, 10);
  const received = rig.peerReceived();
  await drained;
  for (let i = 0; i < 100; i++) await turn();
  rig.channel.flush();
  await closed;
  assert.equal((await received).length, bytes.length + 20);
  await rig.dispose();
});

Deno.test("PollLoop gives everything else its turn also when the clock was set back", async () => {
  let nowMs = 1e12;
  const loop = new PollLoop(calls, { quickMs: 0, turnMs: 4, now: () => nowMs });
  const [input, output] = calls.openPipe();
  calls.write(output, Uint8Array.of(1));
  const enough = Promise.withResolvers<void>();
  let found = 0;
  loop.add({
    descriptor: input, // always ready
    wish: 1,
    ready() {
      nowMs += 0.01;
      if (++found === 1000) {
        nowMs -= 3_600_000;
        setTimeout(() => enough.resolve());
      }
      if (found > 200_000) throw new Error("nothing else had its turn");
    },
  });
  await enough.promise;
  await loop.stop();
  calls.close(input);
  calls.close(output);
});
