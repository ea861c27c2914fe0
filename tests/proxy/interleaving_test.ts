/** Laws of correlation, over arbitrary interleavings of what both sides can say about a few ids and tokens. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { batchHeldBytesMax, cancelledMax, inFlightMax, taskTokensMax } from "../../src/limits.ts";
import type { Side } from "../../src/mcp/operation.ts";
import { Conversation, type Happening, recordsIn } from "./support.ts";

const sides = ["downstream", "upstream"] as const;
const other = (side: Side): Side => side === "downstream" ? "upstream" : "downstream";

/** Spellings of few ids, so that they meet: equal by value, equal but for their type, and different ones. */
const anyId = fc.constantFrom("0", "1", "1.0", "10e-1", '"1"', "2", '"a"');

const anyMessage: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(anyId, anyId).map(([id, token]) =>
    `{"jsonrpc":"2.0","id":${id},"method":"x/y","params":{"_meta":{"progressToken":${token}}}}`
  ),
  anyId.map((id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`),
  anyId.map((id) => `{"jsonrpc":"2.0","id":${id},"result":{}}`),
  anyId.map((id) => `{"jsonrpc":"2.0","id":${id},"result":{"task":{"taskId":"t"}}}`),
  anyId.map((id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":1,"message":"x"}}`),
  anyId.map((id) => `{"jsonrpc":"2.0","id":${id},"result":{},"error":{}}`),
  anyId.map((id) => `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`),
  anyId.map((token) =>
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token}}}`
  ),
);

/** Lines as JSON text: ids and tokens keep their spelling. */
const anyLines = fc.array(
  fc.record({
    side: fc.constantFrom(...sides),
    text: fc.oneof(
      { weight: 5, arbitrary: anyMessage },
      {
        weight: 1,
        arbitrary: fc.array(anyMessage, { minLength: 1, maxLength: 4 }).map((all) => `[${all.join()}]`),
      },
    ),
  }),
  { maxLength: 60 },
);

function settled(revision: string): Conversation {
  const conversation = new Conversation();
  conversation.agent({ jsonrpc: "2.0", id: "init", method: "initialize", params: {} });
  conversation.server({ jsonrpc: "2.0", id: "init", result: { protocolVersion: revision } });
  return conversation;
}

/** Messages that leave for `to`, those of arrays one by one, as values. */
// deno-lint-ignore no-explicit-any
function leaving(to: Side, happenings: readonly Happening[]): any[] {
  return happenings.flatMap((happening) => {
    if ("forward" in happening && happening.forward === to) return [JSON.parse(happening.text)];
    if (!("reply" in happening) || happening.reply !== to) return [];
    return Array.isArray(happening.message) ? happening.message : [happening.message];
  });
}

/** An id or token as a naive reader compares it: by JSON value, 1 and "1" apart. */
const keyOf = (value: unknown) => JSON.stringify(value);

/** The same without regard to the type: 1 and "1" are alike. */
const looseKeyOf = (value: unknown) =>
  value !== "" && Number.isFinite(Number(value)) ? String(Number(value)) : String(value);

/** What one side has asked and the other has seen, told by what leaves the proxy alone. */
class Asker {
  /** Requests without an answer, by id, with their tokens. */
  readonly open = new Map<string, unknown>();
  readonly taskTokens = new Set<string>();

  ask(id: unknown, token: unknown): void {
    assert.ok(!this.open.has(keyOf(id)), `two requests in flight with the id ${id}`);
    this.open.set(keyOf(id), token);
  }

  cancel(id: unknown): void {
    assert.ok(this.open.delete(keyOf(id)), `a cancellation of nothing: ${id}`);
  }

  answer(id: unknown, isTask: boolean): void {
    const asked = this.open.has(keyOf(id))
      ? keyOf(id)
      : [...this.open.keys()].find((key) => looseKeyOf(JSON.parse(key)) === looseKeyOf(id));
    assert.ok(asked !== undefined, `an answer to nothing: ${id}`);
    const token = this.open.get(asked);
    if (isTask && token !== undefined) this.taskTokens.add(looseKeyOf(token));
    this.open.delete(asked);
  }

  report(token: unknown): void {
    const isActive = this.taskTokens.has(looseKeyOf(token)) ||
      [...this.open.values()].some((active) =>
        active !== undefined && looseKeyOf(active) === looseKeyOf(token)
      );
    assert.ok(isActive, `progress of nothing: ${token}`);
  }
}

Deno.test("property: every request is answered at most once, nothing unasked is delivered, progress only for what runs", () => {
  fc.assert(
    fc.property(fc.constantFrom("2025-03-26", "2025-11-25"), anyLines, (revision, lines) => {
      const conversation = settled(revision);
      const askers = { downstream: new Asker(), upstream: new Asker() };
      for (const { side, text } of lines) {
        const happenings = conversation.take(side, text);
        for (const happening of happenings) {
          for (const to of sides) {
            for (const message of leaving(to, [happening])) {
              if (message.method === "notifications/cancelled") {
                askers[side].cancel(message.params.requestId);
              } else if (message.method === "notifications/progress") {
                askers[to].report(message.params.progressToken);
              } else if ("method" in message) {
                askers[other(to)].ask(message.id, message.params?._meta?.progressToken);
              } else if (message.id !== null && !isRefusal(message)) {
                askers[to].answer(message.id, message.result?.task !== undefined);
              } else if (message.id !== null) {
                assert.ok(!askers[to].open.has(keyOf(message.id)), "a refusal that answers another request");
              }
            }
          }
        }
      }
    }),
    { numRuns: 400 },
  );
});

/** An error for what never got to the other side; what takes the place of an answer says so in its text. */
function isRefusal(
  { error }: { readonly error?: { readonly data?: unknown; readonly message: string } },
): boolean {
  return error?.data !== undefined && !error.message.includes("answer was refused");
}

Deno.test("property: when everything was answered nothing is kept, and no answer was held back", () => {
  fc.assert(
    fc.property(anyLines, (lines) => {
      const conversation = settled("2025-03-26");
      for (const { side, text } of lines) conversation.take(side, text);
      for (const side of sides) {
        const { pending, cancelled } = conversation.session.state;
        for (const { idSource } of [...pending[side].all(), ...cancelled[side].all()]) {
          conversation.take(other(side), `{"jsonrpc":"2.0","id":${idSource},"result":{}}`);
        }
      }
      const { pending, cancelled, batches, waiting } = conversation.session.state;
      for (const side of sides) {
        assert.deepEqual([pending[side].size, cancelled[side].size], [0, 0]);
        assert.deepEqual([batches[side].open, batches[side].heldBytes, batches[side].reading], [
          [],
          0,
          undefined,
        ]);
        assert.equal(waiting[side], undefined);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("property: every message leaves a record, also in a batch, and nothing leaves before one", () => {
  fc.assert(fc.property(anyLines, (lines) => {
    const conversation = settled("2025-03-26");
    for (const { side, text } of lines) {
      const happenings = conversation.take(side, text);
      const messages = text.startsWith("[") ? JSON.parse(text).length : 1;
      assert.ok(recordsIn(happenings).length >= messages, text);
      const [first] = happenings;
      assert.ok("record" in first, text);
    }
  }));
});

Deno.test("property: the state stays within its bounds, whatever is said and never answered", () => {
  const flood = fc.array(
    fc.record({
      side: fc.constantFrom(...sides),
      kind: fc.nat({ max: 4 }),
      times: fc.integer({ min: 1, max: 700 }),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(flood, (waves) => {
      const conversation = settled("2025-03-26");
      let next = 0;
      for (const { side, kind, times } of waves) {
        const first = next;
        for (let i = 0; i < times; i++) {
          const id = `"${next++}"`;
          const request =
            `{"jsonrpc":"2.0","id":${id},"method":"x/y","params":{"_meta":{"progressToken":${id}}}}`;
          const cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`;
          if (kind !== 4) conversation.take(side, kind === 3 ? `[${request},7]` : request);
          if (kind === 1) conversation.take(side, cancel);
          if (kind === 2) conversation.take(other(side), `{"jsonrpc":"2.0","id":${id},"result":{"task":{}}}`);
          if (kind === 4) conversation.take(side, `{"jsonrpc":"2.0","id":"${first}","result":{}}`);
        }
      }
      const { pending, cancelled, taskTokens, batches } = conversation.session.state;
      for (const side of sides) {
        assert.ok(pending[side].size <= inFlightMax);
        assert.ok(cancelled[side].size <= cancelledMax);
        assert.ok(taskTokens[side].length <= taskTokensMax);
        assert.ok(batches[side].open.length <= pending[side].size);
        assert.ok(batches[side].heldBytes <= batchHeldBytesMax);
      }
    }),
    { numRuns: 15 },
  );
});
