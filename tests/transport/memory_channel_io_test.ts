/** The channel that tests use in memory keeps the same promises as the real ones, or what they prove would prove little. */

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
