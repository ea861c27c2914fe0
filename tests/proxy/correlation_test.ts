import assert from "node:assert/strict";
import type { Side } from "../../src/mcp/operation.ts";
import { receive, recordFailed } from "../../src/proxy/session.ts";
import { messageOf } from "../support/lines.ts";
import { call, Conversation, forwardsIn, recordsIn, replyIn, sentTo } from "./support.ts";

const result = (id: unknown) => ({ jsonrpc: "2.0", id, result: {} });
const cancel = (id: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { requestId: id },
});
const oversize = (text: string) =>
  ({
    kind: "oversize",
    bytes: 20_000_000,
    head: new TextEncoder().encode(text),
    tail: new Uint8Array(),
  }) as const;

function pendingIds(conversation: Conversation, side: Side = "downstream"): string[] {
  return conversation.session.state.pending[side].all().map(({ idSource }) => idSource);
}

Deno.test("an answer is for the request with the same number, however either of them is spelt", () => {
  for (
    const [asked, answered] of [
      ["1", "1.0"],
      ["1.0", "1"],
      ["1e0", "1"],
      ["1E1", "10"],
      ["10", "1E1"],
      ["-0", "0"],
      ["2.50e1", "25"],
    ]
  ) {
    const conversation = new Conversation();
    const request = `{"jsonrpc":"2.0","id":${asked},"method":"ping"}`;
    assert.deepEqual(forwardsIn(conversation.agent(request)), [request]);
    const answer = `{"jsonrpc":"2.0","id":${answered},"result":{}}`;
    const happenings = conversation.server(answer);
    assert.deepEqual(forwardsIn(happenings), [answer], `${answered} for ${asked}`);
    assert.equal(recordsIn(happenings)[0].notes, undefined);
    assert.deepEqual(pendingIds(conversation), []);
  }
});

Deno.test("two spellings of one number are one id: the second request is a duplicate in flight", () => {
  const conversation = new Conversation();
  conversation.agent('{"jsonrpc":"2.0","id":1.0,"method":"ping"}');
  assert.equal(replyIn(conversation.agent('{"jsonrpc":"2.0","id":1,"method":"ping"}')).id, null);
});

Deno.test("an error of ours carries the id as the asker spelt it", () => {
  const conversation = new Conversation({});
  const { effects } = receive(
    conversation.session,
    "downstream",
    messageOf('{"jsonrpc":"2.0","id":1.0E0,"method":"prompts/get","params":{"name":"x"}}'),
    0,
  );
  const reply = effects.find(({ kind }) => kind === "reply");
  assert.ok(reply?.kind === "reply");
  assert.match(new TextDecoder().decode(reply.bytes), /"id":1\.0E0,/);
});

Deno.test("an id that came back as the other type is delivered and noted, in both directions", () => {
  for (
    const [asked, answered] of [["7", '"7"'], ['"7"', "7"], ['"7.0"', "7.0"], ["7.0", '"7"'], ['"7"', "7.0"]]
  ) {
    for (const [asker, answerer] of [["downstream", "upstream"], ["upstream", "downstream"]] as const) {
      const conversation = new Conversation();
      conversation.take(asker, `{"jsonrpc":"2.0","id":${asked},"method":"ping"}`);
      const happenings = conversation.take(answerer, `{"jsonrpc":"2.0","id":${answered},"result":{}}`);
      assert.equal(forwardsIn(happenings).length, 1, `${answered} for ${asked}`);
      assert.deepEqual(recordsIn(happenings)[0].notes, ["id_of_other_type"]);
    }
  }
});

Deno.test('where 7 and "7" both wait, an answer is for the exact one alone', () => {
  for (const [first, second] of [[7, "7"], ["7", 7]] as const) {
    const conversation = new Conversation();
    conversation.agent(call(7, "x"));
    conversation.agent(call("7", "x"));
    assert.equal(recordsIn(conversation.server(result(first)))[0].notes, undefined);
    assert.deepEqual(pendingIds(conversation), [JSON.stringify(second)]);
  }
});

Deno.test("an answer that two requests could be meant by is delivered to neither", () => {
  const conversation = new Conversation();
  for (const id of ['"7"', '"7.0"']) conversation.agent(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
  const happenings = conversation.server('{"jsonrpc":"2.0","id":7.0,"result":{}}');
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(recordsIn(happenings)[0].code, "unasked");
  assert.equal(pendingIds(conversation).length, 2);
});

Deno.test('a late answer to a cancelled 7 is not taken for the answer to a waiting "7"', () => {
  for (const [gone, waiting] of [[7, "7"], ["7", 7]] as const) {
    const conversation = new Conversation();
    conversation.agent(call(gone, "x"));
    conversation.agent(cancel(gone));
    conversation.agent(call(waiting, "x"));
    const late = conversation.server(result(gone));
    assert.deepEqual(forwardsIn(late), []);
    assert.match(String(recordsIn(late)[0].reason), /late/);
    assert.equal(forwardsIn(conversation.server(result(waiting))).length, 1);
  }
});

Deno.test("a late answer frees the id, also where it comes as the other type or malformed", () => {
  for (
    const late of [
      '{"jsonrpc":"2.0","id":"7","result":{}}',
      '{"jsonrpc":"2.0","id":7,"result":{},"error":{}}',
      '{"jsonrpc":"2.0","id":7}',
    ]
  ) {
    const conversation = new Conversation();
    conversation.agent(call(7, "x"));
    conversation.agent(cancel(7));
    assert.deepEqual(sentTo("downstream", conversation.server(late)), []);
    assert.equal(forwardsIn(conversation.agent(call(7, "x"))).length, 1, late);
  }
});

Deno.test("a malformed answer with the id as the other type ends its request too", () => {
  const conversation = new Conversation();
  conversation.agent(call(7, "x"));
  const reply = replyIn(conversation.server('{"jsonrpc":"2.0","id":"7","result":{},"error":{}}'));
  assert.deepEqual([reply.id, reply.error.code], [7, -32603]);
  assert.deepEqual(pendingIds(conversation), []);
});

Deno.test("a malformed or oversize answer of the agent's becomes an error for the server, and answers no request of the agent's", () => {
  const lines = [
    '{"jsonrpc":"2.0","id":5,"result":{},"error":{}}',
    oversize('{"jsonrpc":"2.0","id":5,"result":{"x":"'),
  ];
  for (const [line, ownId] of lines.flatMap((line) => [[line, 5], [line, 6]] as const)) {
    const conversation = new Conversation();
    conversation.agent(call(ownId, "x"));
    conversation.server({ jsonrpc: "2.0", id: 5, method: "roots/list" });
    const happenings = typeof line === "string"
      ? conversation.agent(line)
      : conversation.adopt(receive(conversation.session, "downstream", line, 0));
    assert.deepEqual(sentTo("upstream", happenings).map(({ id, error }) => [id, typeof error.code]), [[
      5,
      "number",
    ]]);
    assert.deepEqual(sentTo("downstream", happenings).map(({ id }) => id), [null]);
    assert.deepEqual([pendingIds(conversation), pendingIds(conversation, "upstream")], [[`${ownId}`], []]);
    const outcome = recordsIn(happenings).find(({ kind }) => kind === "outcome");
    assert.deepEqual([outcome?.from, outcome?.action], ["agent", "replace"]);
  }
});

Deno.test("bad input under the id of a request in flight is answered with null: it would be taken for its answer", () => {
  const lines = [
    '{"jsonrpc":"2.0","id":1,"method":7}',
    '{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"x","name":"y"}}',
    '{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled","params":{"requestId":1}}',
    oversize('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"x":"'),
  ];
  for (const line of lines) {
    const conversation = new Conversation();
    conversation.agent(call(1, "x"));
    const happenings = typeof line === "string"
      ? conversation.agent(line)
      : conversation.adopt(receive(conversation.session, "downstream", line, 0));
    assert.equal(replyIn(happenings).id, null);
    assert.equal(forwardsIn(conversation.server(result(1))).length, 1);
  }
});

Deno.test("the same holds where the record fails", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  conversation.server({ jsonrpc: "2.0", id: 5, method: "roots/list" });
  const failing = (line: object | string) =>
    conversation.adopt(
      recordFailed(conversation.session, undefined, "downstream", messageOf(line), "disk full", 0),
    );
  assert.equal(replyIn(failing(call(1, "y"))).id, null);
  assert.equal(replyIn(failing('{"jsonrpc":"2.0","id":1,"method":7}')).id, null);
  const happenings = failing(result(5));
  assert.deepEqual(sentTo("upstream", happenings).map(({ id, error }) => [id, error.code]), [[5, 403]]);
  assert.deepEqual(sentTo("downstream", happenings), []);
  assert.deepEqual([pendingIds(conversation), pendingIds(conversation, "upstream")], [["1"], []]);
});

Deno.test("an agent that answers after the server is gone is recorded, and nothing is sent", () => {
  const conversation = new Conversation();
  conversation.server({ jsonrpc: "2.0", id: 5, method: "roots/list" });
  conversation.session = {
    ...conversation.session,
    state: { ...conversation.session.state, phase: "server_gone" },
  };
  const happenings = conversation.agent(result(5));
  assert.deepEqual(recordsIn(happenings).map(({ code }) => code), ["server_gone"]);
  assert.equal(happenings.length, 1);
});
