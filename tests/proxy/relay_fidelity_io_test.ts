/** The same fidelity through the relay: between two channels nothing is lost, added, reordered or changed. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Relay, type ServerEnding } from "../../src/proxy/relay.ts";
import { createSession } from "../../src/proxy/session.ts";
import { MemoryChannel } from "../support/memory_channel.ts";
import { policyOf } from "../support/policies.ts";
import { answerText, notificationText, requestText } from "../support/json_messages.ts";
import { asText, concat, encode } from "../wire/support/bytes.ts";
import { split } from "../wire/support/naive_frames.ts";

/** Requests of the agent, each answered later, with notifications of both sides in between. */
const dialogue = fc.uniqueArray(fc.integer({ min: -5, max: 2000 }), { minLength: 1, maxLength: 12 }).chain((
  ids,
) =>
  fc.tuple(...ids.map((id) =>
    fc.record({
      request: requestText(fc.constant(String(id))),
      answer: answerText(fc.constant(String(id))),
      ours: fc.option(notificationText),
      theirs: fc.option(notificationText),
    })
  ))
);

const ending: ServerEnding = { status: 0, description: "ended with status 0" };

Deno.test("property: through the relay every byte of both directions arrives, however the streams are cut", async () => {
  const cuts = fc.array(fc.nat(3000), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(dialogue, cuts, cuts, async (turns, downCuts, upCuts) => {
      const records: string[] = [];
      const [downstream, upstream] = [false, true].map((dropFraming) => new MemoryChannel({ dropFraming }));
      const exited = Promise.withResolvers<ServerEnding>();
      const session = createSession({
        session: "s",
        policy: policyOf({ default: "allow" }),
        audited: true,
        anchor: "0".repeat(64),
        digestKey: new Uint8Array(32),
      });
      const relay = new Relay(session, {
        downstream,
        upstream,
        sink: {
          path: "/log",
          anchor: "0".repeat(64),
          torn: undefined,
          notices: [],
          append: (line) => void records.push(asText(line)),
          close() {},
        },
        lookUp: () => Promise.resolve(new Map()),
        server: {
          exited: exited.promise,
          stop() {
            exited.resolve(ending);
            upstream.peerWrites("end");
            return exited.promise;
          },
        },
        now: () => 0,
        say() {},
      });
      const done = relay.run();
      const agent = concat(
        turns.flatMap(({ request, ours }) => [request, ...(ours === null ? [] : [ours])]).map(lineOf),
      );
      const server = concat(
        turns.flatMap(({ answer, theirs }) => [answer, ...(theirs === null ? [] : [theirs])]).map(lineOf),
      );
      for (const chunk of split(agent, downCuts)) downstream.peerWrites(chunk);
      await new Promise((resolve) => setTimeout(resolve)); // what is not asked yet cannot be answered
      for (const chunk of split(server, upCuts)) upstream.peerWrites(chunk);
      downstream.peerWrites("end");
      await done;
      assert.equal(asText(upstream.received), asText(agent));
      assert.equal(asText(downstream.received), asText(server));
      const lines = (bytes: Uint8Array) => asText(bytes).split("\n").length - 1;
      // One for each message, one for the server's end, one for the end of the session.
      assert.equal(records.length, lines(agent) + lines(server) + 2);
    }),
    { numRuns: 150 },
  );
});

function lineOf(text: string): Uint8Array {
  return encode(`${text}\n`);
}
