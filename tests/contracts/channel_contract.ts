/** What every carrier promises (src/transport/channel.ts), as tests that any implementation can be put through. */

import assert from "node:assert/strict";
import type { Channel } from "../../src/transport/channel.ts";
import type { Incoming } from "../../src/mcp/message.ts";

/** A channel whose far end the test holds. */
export interface Rig {
  readonly channel: Channel;
  /** Writes raw bytes as the peer would. */
  peerWrites(bytes: Uint8Array): Promise<void>;
  /** The peer will write nothing more. */
  peerEnds(): Promise<void>;
  /** Everything that the peer has been sent, once the channel has closed its end. */
  peerReceived(): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const line = (id: number, padding = 0) =>
  `{"jsonrpc":"2.0","id":${id},"method":"ping","pad":"${"x".repeat(padding)}"}\n`;

/** Listens and keeps what comes; `hold` makes the receiver slow. */
function listen(channel: Channel, hold?: (incoming: Incoming) => Promise<void> | undefined) {
  const messages: Incoming[] = [];
  const ended = Promise.withResolvers<void>();
  const broken: string[] = [];
  channel.listen({
    message(incoming) {
      messages.push(incoming);
      return hold?.(incoming);
    },
    idle: () => channel.flush(),
    end: () => ended.resolve(),
    broken: (cause) => void broken.push(cause),
  });
  return { messages, ended: ended.promise, broken };
}

const idOf = (incoming: Incoming) => incoming.kind === "request" ? Number(incoming.id.source) : incoming.kind;

export function testChannelContract(name: string, makeRig: () => Promise<Rig>): void {
  const test = (sentence: string, run: (rig: Rig) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const rig = await makeRig();
      try {
        await run(rig);
      } finally {
        await rig.dispose();
      }
    });

  test("messages come in order, each once, however the bytes were cut", async (rig) => {
    const { messages, ended } = listen(rig.channel);
    const bytes = encoder.encode(Array.from({ length: 50 }, (_, i) => line(i, i)).join(""));
    for (let at = 0; at < bytes.length; at += 37) await rig.peerWrites(bytes.slice(at, at + 37));
    await rig.peerEnds();
    await ended;
    assert.deepEqual(messages.map(idOf), Array.from({ length: 50 }, (_, i) => i));
  });

  test("no message is delivered while the receiver is busy with another", async (rig) => {
    let busy = 0;
    let most = 0;
    const { messages, ended } = listen(rig.channel, async () => {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy--;
    });
    await rig.peerWrites(encoder.encode(Array.from({ length: 20 }, (_, i) => line(i)).join("")));
    await rig.peerEnds();
    await ended;
    assert.equal(most, 1);
    assert.deepEqual(messages.map(idOf), Array.from({ length: 20 }, (_, i) => i));
  });

  test("a last line without a line feed is delivered before the end", async (rig) => {
    const { messages, ended } = listen(rig.channel);
    await rig.peerWrites(encoder.encode(line(1).trimEnd()));
    await rig.peerEnds();
    await ended;
    assert.deepEqual(messages.map(idOf), [1]);
  });

  test("what is not a message is delivered as such, and the next line is read as usual", async (rig) => {
    const { messages, ended } = listen(rig.channel);
    await rig.peerWrites(encoder.encode(`nonsense\n\n${line(1)}`));
    await rig.peerEnds();
    await ended;
    assert.deepEqual(messages.map(idOf), ["malformed", 1]);
  });

  test("what is sent arrives byte for byte and in order, more than any buffer holds", async (rig) => {
    listen(rig.channel);
    const sent: Uint8Array[] = [];
    const received = rig.peerReceived();
    for (let i = 0; i < 40; i++) {
      const bytes = encoder.encode(line(i, i * 2500));
      sent.push(bytes);
      rig.channel.send(bytes, 0, bytes.length);
      if (i % 3 === 0) rig.channel.flush();
      if (rig.channel.congested) await rig.channel.drained();
    }
    await rig.channel.close();
    await rig.channel.close();
    assert.equal(decoder.decode(await received), sent.map((bytes) => decoder.decode(bytes)).join(""));
  });
}
