import assert from "node:assert/strict";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, recordsIn, replyIn } from "./support.ts";

Deno.test("an answer is forwarded byte for byte, after its record", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  const line =
    '{"id" :1,"result":{"content":[],"n":1.00, "big":12345678901234567890},"extra":0,"jsonrpc":"2.0"}';
  const happenings = conversation.server(line);
  assert.deepEqual(recordsIn(happenings).map(({ kind, call, type }) => ({ kind, call, type })), [
    { kind: "outcome", call: 1, type: "result" },
  ]);
  assert.deepEqual(happenings.at(-1), { forward: "downstream", text: line });
});

Deno.test("an answer counts once: a second one, or one that nobody asked for, is dropped and recorded", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  conversation.server({ jsonrpc: "2.0", id: 1, result: {} });
  for (
    const answer of [
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", id: 99, error: { code: 1, message: "x" } },
      { jsonrpc: "2.0", id: null, error: { code: -32700, message: "x" } },
    ]
  ) {
    const happenings = conversation.server(answer);
    assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => [kind, code]), [["refused", "unasked"]]);
    assert.equal(happenings.length, 1);
  }
});

Deno.test("an agent cannot answer its own request, nor a server its own", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  assert.deepEqual(forwardsIn(conversation.agent({ jsonrpc: "2.0", id: 1, result: {} })), []);
  conversation.server({ jsonrpc: "2.0", id: 2, method: "ping" });
  assert.deepEqual(forwardsIn(conversation.server({ jsonrpc: "2.0", id: 2, result: {} })), []);
});

Deno.test("an id that came back as the other type is delivered and noted; the exact one goes first", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  const happenings = conversation.server({ jsonrpc: "2.0", id: "1", result: {} });
  assert.equal(forwardsIn(happenings).length, 1);
  assert.deepEqual(recordsIn(happenings)[0].notes, ["id_of_other_type"]);
  conversation.agent(call(2, "x"));
  conversation.agent(call("2", "x"));
  conversation.server({ jsonrpc: "2.0", id: "2", result: {} });
  assert.equal(conversation.session.state.pending.downstream.get("n2")?.idSource, "2");
  assert.equal(conversation.session.state.pending.downstream.get("s2"), undefined);
});

Deno.test("a tool's own error is told from a result", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  const happenings = conversation.server({ jsonrpc: "2.0", id: 1, result: { content: [], isError: true } });
  assert.equal(recordsIn(happenings)[0].type, "tool_error");
});

Deno.test("a malformed answer becomes an error for the request that waits for it", () => {
  const conversation = new Conversation();
  for (
    const [id, line] of [
      [1, '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"both"}}'],
      [2, '{"jsonrpc":"2.0","id":2}'],
      [3, '{"jsonrpc":"2.0","id":3,"result":{"a":1,"a":2}}'],
      [4, '{"id":4,"result":{}}'],
    ] as const
  ) {
    conversation.agent(call(id, "x"));
    const happenings = conversation.server(line);
    assert.deepEqual(forwardsIn(happenings), []);
    assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [id, -32603], line);
    assert.equal(conversation.session.state.pending.downstream.size, 0);
  }
});

Deno.test("a banner of the server is recorded and shown to the operator, never to the agent", () => {
  const happenings = new Conversation().server("Server v1 listening on stdio");
  assert.equal(recordsIn(happenings)[0].kind, "refused");
  assert.deepEqual(happenings.slice(1).map((happening) => Object.keys(happening)), [["say"]]);
});

const readOnly = { rules: [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["read*"] }) })] };

function listAnswer(line: string, document: ConstructorParameters<typeof Conversation>[0] = readOnly) {
  const conversation = new Conversation(document);
  conversation.agent({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  return conversation.server(line);
}

Deno.test("tools/list shows what could be used, and what stays is byte-identical, nextCursor too", () => {
  const happenings = listAnswer(
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"write"} , {"name":"read_a", "x":1.0},{"name":"del"},{ "name":"read_b"}],"nextCursor":"c"}}',
  );
  assert.deepEqual(forwardsIn(happenings), [
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read_a", "x":1.0},{ "name":"read_b"}],"nextCursor":"c"}}',
  ]);
  const [record] = recordsIn(happenings);
  assert.equal(record.action, "filter");
  const filtered = record.filtered as { removed: string[]; before: string; after: string };
  assert.deepEqual(filtered.removed, ["write", "del"]);
  assert.notEqual(filtered.before, filtered.after);
});

Deno.test("tools/list is forwarded untouched where everything could be used", () => {
  const line = '{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"read_a"} ] }}';
  assert.deepEqual(forwardsIn(listAnswer(line)), [line]);
});

Deno.test("an element of a list without one certain name is cut out", () => {
  const happenings = listAnswer(
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read_a","name":"write"},{"name":"read_b","Name":"write"},{"title":"x"},7,{"name":["read"]},{"name":"read_c"}]}}',
  );
  assert.deepEqual(forwardsIn(happenings), [
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read_c"}]}}',
  ]);
});

Deno.test("a list that is no list becomes an error", () => {
  const happenings = listAnswer('{"jsonrpc":"2.0","id":1,"result":{"tools":{"name":"read"}}}');
  assert.equal(replyIn(happenings).error.code, -32603);
  assert.deepEqual(forwardsIn(happenings), []);
});

Deno.test("an observing policy shows every tool", () => {
  const line = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"write"}]}}';
  assert.deepEqual(forwardsIn(listAnswer(line, { ...readOnly, mode: "observe" })), [line]);
});

Deno.test("a list that comes late, or under another request's id, shows no more than it would have", () => {
  const list = (id: unknown) => ({
    jsonrpc: "2.0",
    id,
    result: { tools: [{ name: "write" }, { name: "read_a" }] },
  });
  const shown = '"tools":[{"name":"read_a"}]';
  const cancelled = new Conversation(readOnly);
  cancelled.agent({ jsonrpc: "2.0", id: 7, method: "tools/list" });
  cancelled.agent({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } });
  assert.equal(replyIn(cancelled.agent({ jsonrpc: "2.0", id: 7, method: "ping" })).id, null);
  cancelled.agent({ jsonrpc: "2.0", id: "7", method: "ping" });
  assert.ok(forwardsIn(cancelled.server(list("7")))[0].includes(shown));
  assert.deepEqual(forwardsIn(cancelled.server(list(7))), []);
  assert.equal(forwardsIn(cancelled.agent({ jsonrpc: "2.0", id: 7, method: "ping" })).length, 1);

  const confused = new Conversation(readOnly);
  confused.agent({ jsonrpc: "2.0", id: 7, method: "tools/list" });
  confused.agent({ jsonrpc: "2.0", id: "7", method: "ping" });
  assert.ok(forwardsIn(confused.server(list("7")))[0].includes(shown));
});
