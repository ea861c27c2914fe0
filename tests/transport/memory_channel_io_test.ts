/** The channel that tests use in memory keeps the same promises as the real ones, or what they prove would prove little. */

import assert from "node:assert/strict";
import { testChannelContract } from "../contracts/channel_contract.ts";
import { MemoryChannel } from "../support/memory_channel.ts";

testChannelContract("MemoryChannel", () => {
  const channel = new MemoryChannel({ dropFraming: false });
  return Promise.resolve({
    channel,
    peerWrites(bytes: Uint8Array) {
      channel.peerWrites(bytes);
      return Promise.resolve();
    },
    peerEnds() {
      channel.peerWrites("end");
      return Promise.resolve();
    },
    async peerReceived() {
      await channel.closed;
      return channel.received;
    },
    dispose: () => Promise.resolve(),
  });
});

Deno.test("MemoryChannel takes the bytes away that it has delivered, and keeps those that it was sent", () => {
  const channel = new MemoryChannel({ dropFraming: false });
  const kept: Uint8Array[] = [];
  channel.listen({
    message(incoming) {
      if (incoming.kind !== "request") return;
      const { buffer, start, end } = incoming.frame;
      kept.push(buffer.subarray(start, end));
      channel.send(buffer, start, end + 1);
    },
    idle: () => channel.flush(),
    end() {},
    broken() {},
  });
  const line = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
  channel.peerWrites(new TextEncoder().encode(line));
  assert.equal(new TextDecoder().decode(kept[0]), "#".repeat(line.length - 1));
  assert.equal(new TextDecoder().decode(channel.received), line);
});
