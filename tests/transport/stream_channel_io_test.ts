import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PassThrough, Writable } from "node:stream";
import type { Incoming } from "../../src/mcp/message.ts";
import type { StdioOptions } from "../../src/transport/inbox.ts";
import { StreamChannel } from "../../src/transport/stream_channel.ts";
import { type Rig, testChannelContract } from "../contracts/channel_contract.ts";

function makeRig(options: StdioOptions = { dropFraming: false }): Rig {
  const input = new PassThrough();
  const output = new PassThrough();
  const chunks: Uint8Array[] = [];
  const ended = new Promise<void>((resolve) => output.on("end", resolve));
  let reading = false;
  return {
    channel: new StreamChannel(input, output, options),
    peerWrites: (bytes) => new Promise((resolve) => void input.write(bytes, () => resolve())),
    peerEnds: () => new Promise((resolve) => void input.end(() => resolve())),
    async peerReceived() {
      if (!reading) output.on("data", (chunk) => chunks.push(chunk));
      reading = true;
      await ended;
      return Buffer.concat(chunks);
    },
    dispose() {
      input.destroy();
      output.destroy();
      return Promise.resolve();
    },
  };
}

testChannelContract("StreamChannel", () => Promise.resolve(makeRig()));

async function delivered(bytes: string, options: StdioOptions): Promise<Incoming[]> {
  const rig = makeRig(options);
  const messages: Incoming[] = [];
  const ended = Promise.withResolvers<void>();
  rig.channel.listen({
    message: (incoming) => void messages.push(incoming),
    idle() {},
    end: () => ended.resolve(),
    broken() {},
  });
  await rig.peerWrites(new TextEncoder().encode(bytes));
  await rig.peerEnds();
  await ended.promise;
  await rig.dispose();
  return messages;
}

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

Deno.test("StreamChannel drops a server's byte order marks and CRs, and what is forwarded has neither", async () => {
  const messages = await delivered(`\ufeff${ping}\r\n${ping}\r\n\ufeff${ping}\n`, { dropFraming: true });
  assert.equal(messages.length, 3);
  for (const message of messages) {
    assert.equal(message.kind, "request");
    const { buffer, start, end } = (message as Extract<Incoming, { kind: "request" }>).frame;
    assert.equal(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(buffer.subarray(start, end + 1)),
      `${ping}\n`,
    );
  }
});

Deno.test("StreamChannel refuses an agent's byte order mark and forwards its CR as it came", async () => {
  const [first, second] = await delivered(`\ufeff${ping}\n${ping}\r\n`, { dropFraming: false });
  assert.equal(first.kind, "malformed");
  assert.equal(second.kind, "request");
  const { buffer, start, end } = (second as Extract<Incoming, { kind: "request" }>).frame;
  assert.equal(new TextDecoder().decode(buffer.subarray(start, end + 1)), `${ping}\r\n`);
});

Deno.test("StreamChannel says at the end of a message spread over lines whose it is, and forgets it at a message", async () => {
  const pretty = JSON.stringify({ result: {}, jsonrpc: "2.0", id: 7 }, null, 2);
  for (const dropFraming of [true, false]) {
    const lines = await delivered(`${pretty}\n{\n"id": 8,\n${ping}\n}\n`, { dropFraming });
    const told = lines.map((line) => line.kind === "malformed" ? line.answers?.key : line.kind);
    assert.deepEqual(told, [
      ...[undefined, undefined, undefined, undefined, "n7"],
      ...[undefined, undefined, "request", undefined],
    ]);
    assert.match((lines[4] as Extract<Incoming, { kind: "malformed" }>).reason, /spread over several lines/);
  }
});

Deno.test("StreamChannel names a line over its bound and reads on behind it", async () => {
  const [first, second] = await delivered(
    `{"jsonrpc":"2.0","id":9,"method":"${"x".repeat(3000)}"}\n${ping}\n`,
    {
      dropFraming: false,
      frameBytesMax: 1000,
    },
  );
  assert.equal(first.kind, "oversize");
  assert.equal(second.kind, "request");
});

Deno.test("StreamChannel says that the peer is gone when it can no longer be written to", async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const channel = new StreamChannel(input, output, { dropFraming: false });
  const broken = new Promise<string>((resolve) =>
    channel.listen({ message() {}, idle() {}, end() {}, broken: (cause) => resolve(cause) })
  );
  output.destroy(new Error("EPIPE"));
  assert.match(await broken, /EPIPE/);
  channel.send(new Uint8Array(10), 0, 10);
  assert.equal(channel.congested, false);
  await channel.drained();
  await channel.close();
  input.destroy();
});

Deno.test("StreamChannel says that the peer is gone when a write throws, as a file on a full disk does", async () => {
  const input = new PassThrough();
  const output = new Writable();
  output.write = () => {
    throw new Error("No space left on device");
  };
  const channel = new StreamChannel(input, output, { dropFraming: false });
  const causes: string[] = [];
  channel.listen({ message() {}, idle() {}, end() {}, broken: (cause) => void causes.push(cause) });
  channel.send(new Uint8Array(10), 0, 10);
  channel.flush();
  channel.send(new Uint8Array(10), 0, 10);
  channel.flush();
  assert.deepEqual(causes, ["No space left on device"]);
  assert.equal(channel.congested, false);
  await channel.close();
  input.destroy();
});
