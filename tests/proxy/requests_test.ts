import assert from "node:assert/strict";
import { cancelledMax, inFlightMax } from "../../src/limits.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, recordsIn, replyIn } from "./support.ts";

const allowRead = ruleOf({ id: "read", effect: "allow", scope: scopeOf({ tools: ["read"] }) });

Deno.test("an allowed call is recorded, then forwarded byte for byte", () => {
  const line =
    '{ "jsonrpc" : "2.0","id":1, "method":"tools/call","params":{"name":"read","x":1.0,"arguments":{}} ,"y":[]}';
  const happenings = new Conversation({ rules: [allowRead] }).agent(line);
  assert.equal(recordsIn(happenings)[0].kind, "decision");
  assert.deepEqual(happenings.slice(1), [{ forward: "upstream", text: line }]);
});

Deno.test("a denied tool call is answered with a tool result that says by which rule and why", () => {
  const deny = ruleOf({
    id: "no-write",
    effect: "deny",
    scope: scopeOf({ tools: ["write*"] }),
    reason: "read only",
  });
  const conversation = new Conversation({ rules: [allowRead, deny] });
  const happenings = conversation.agent(call(7, "write_file"));
  const reply = replyIn(happenings);
  assert.equal(reply.id, 7);
  assert.equal(reply.result.isError, true);
  assert.match(reply.result.content[0].text, /no-write.*read only/);
  assert.deepEqual(reply.result._meta, {
    code: "rule",
    rule: "no-write",
    reason: "read only",
    decision: "test-session/1",
  });
  assert.equal(reply.result.resultType, undefined);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(recordsIn(happenings).length, 1);
});

Deno.test("a denied call of a stateless revision is answered with a complete result", () => {
  const reply = replyIn(
    new Conversation({}).agent({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "x", _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } },
    }),
  );
  assert.equal(reply.result.resultType, "complete");
});

Deno.test("denials: protocol_error answers a denied call with error 403, a limited one with 429", () => {
  const limit = ruleOf({
    id: "pace",
    effect: "limit",
    scope: scopeOf({ tools: ["read"] }),
    to: { calls: 1, perMs: 60_000, burst: 1 },
  });
  const conversation = new Conversation({ rules: [allowRead, limit], denials: "protocol_error" });
  assert.equal(replyIn(conversation.agent(call(1, "write"))).error.code, 403);
  assert.equal(forwardsIn(conversation.agent(call(2, "read"))).length, 1);
  const limited = replyIn(conversation.agent(call(3, "read")));
  assert.equal(limited.error.code, 429);
  assert.equal(limited.error.data.rule, "pace");
  assert.ok(limited.error.data.retryAfterMs > 0 && limited.error.data.retryAfterMs <= 60_000);
});

Deno.test("a limited call is told when to come again, in the unit that a person would take", () => {
  const textAfter = (perMs: number): string => {
    const limit = ruleOf({
      id: "pace",
      effect: "limit",
      scope: scopeOf({ tools: ["read"] }),
      to: { calls: 1, perMs, burst: 1 },
    });
    const conversation = new Conversation({ rules: [allowRead, limit] });
    conversation.agent(call(1, "read"));
    return replyIn(conversation.agent(call(2, "read"))).result.content[0].text;
  };
  assert.match(textAfter(60_000), /Try again in (60|59) s\.$/);
  assert.match(textAfter(3_600_000), /Try again in 60 min\.$/);
  assert.match(textAfter(86_400_000), /Try again in 24 h\.$/);
});

Deno.test("a denied request that is no tool call is answered with error 403", () => {
  const reply = replyIn(
    new Conversation({}).agent({ jsonrpc: "2.0", id: "p", method: "prompts/get", params: { name: "x" } }),
  );
  assert.equal(reply.error.code, 403);
  assert.equal(reply.id, "p");
});

Deno.test("a tools/call without an id is still a call: denied, it is recorded and dropped", () => {
  const happenings = new Conversation({}).agent({
    jsonrpc: "2.0",
    method: "tools/call",
    params: { name: "x" },
  });
  assert.equal(happenings.length, 1);
  assert.equal(recordsIn(happenings)[0].action, "deny");
});

Deno.test("a call without a name is refused before anything is decided", () => {
  const happenings = new Conversation({ default: "allow" }).agent({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {},
  });
  assert.equal(replyIn(happenings).error.code, -32600);
  assert.equal(recordsIn(happenings)[0].kind, "refused");
  assert.deepEqual(forwardsIn(happenings), []);
});

Deno.test("what a server asks of the agent is judged too, and the server gets the error", () => {
  const sampling = { jsonrpc: "2.0", id: 1, method: "sampling/createMessage", params: {} };
  const conversation = new Conversation({});
  const happenings = conversation.server(sampling);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(replyIn(happenings).error.code, 403);
  assert.deepEqual(happenings.map((happening) => "reply" in happening ? happening.reply : ""), [
    "",
    "upstream",
  ]);
  assert.equal(forwardsIn(conversation.server({ jsonrpc: "2.0", id: 1, method: "roots/list" })).length, 1);
});

Deno.test("the two directions have id spaces of their own", () => {
  const conversation = new Conversation();
  assert.equal(forwardsIn(conversation.agent(call(1, "x"))).length, 1);
  assert.equal(forwardsIn(conversation.server({ jsonrpc: "2.0", id: 1, method: "ping" })).length, 1);
  const answer = conversation.agent({ jsonrpc: "2.0", id: 1, result: {} });
  assert.deepEqual(answer.at(-1), { forward: "upstream", text: '{"jsonrpc":"2.0","id":1,"result":{}}' });
});

Deno.test("an id that is still waiting cannot be used again, and the refusal does not answer the first request", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  const happenings = conversation.agent(call(1, "y"));
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(replyIn(happenings).id, null);
  assert.equal(forwardsIn(conversation.agent(call("1", "y"))).length, 1);
});

Deno.test("requests over the bound in flight are refused with 429, and room comes back with each answer", () => {
  const conversation = new Conversation();
  for (let id = 0; id < inFlightMax; id++) conversation.agent(call(id, "x"));
  assert.equal(replyIn(conversation.agent(call(inFlightMax, "x"))).error.code, 429);
  conversation.server({ jsonrpc: "2.0", id: 5, result: {} });
  assert.equal(forwardsIn(conversation.agent(call(inFlightMax, "x"))).length, 1);
});

Deno.test("a cancelled request no longer waits: its late answer is dropped, and only then is its id free", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "slow"));
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
  assert.equal(forwardsIn(conversation.agent(cancel)).length, 1);
  assert.equal(conversation.session.state.pending.downstream.size, 0);
  assert.equal(replyIn(conversation.agent(call(1, "again"))).id, null);
  const late = conversation.server({ jsonrpc: "2.0", id: 1, result: {} });
  assert.deepEqual(forwardsIn(late), []);
  assert.equal(recordsIn(late)[0].code, "unasked");
  assert.equal(forwardsIn(conversation.agent(call(1, "again"))).length, 1);
});

Deno.test("requests that were cancelled and never answered do not end the session", () => {
  const conversation = new Conversation();
  for (let id = 0; id < cancelledMax + 10; id++) {
    conversation.agent(call(id, "slow"));
    conversation.agent({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  }
  assert.equal(conversation.session.state.cancelled.downstream.size, cancelledMax);
  assert.equal(forwardsIn(conversation.agent(call("next", "x"))).length, 1);
});

Deno.test("a path check waits for its facts, and a fact that does not come denies", () => {
  const rule = ruleOf({
    id: "tmp",
    effect: "allow",
    scope: scopeOf({ tools: ["read"] }),
    args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: { line: 1, column: 1 } }],
  });
  const conversation = new Conversation({ rules: [rule] });
  const read = (id: number) => conversation.agent(call(id, "read", { path: "/tmp/a" }));
  assert.equal(replyIn(read(1)).result.isError, true);
  conversation.facts = new Map([
    ["/tmp", { kind: "real", path: "/tmp" }],
    ["/tmp/a", { kind: "real", path: "/tmp/a" }],
  ]);
  assert.equal(forwardsIn(read(2)).length, 1);
  conversation.facts = new Map([
    ["/tmp", { kind: "real", path: "/tmp" }],
    ["/tmp/a", { kind: "real", path: "/etc/passwd" }],
  ]);
  assert.equal(replyIn(read(3)).result.isError, true);
});

Deno.test("a denied call costs nothing and does not enter the table of pending requests", () => {
  const conversation = new Conversation({});
  const before = conversation.session.state;
  conversation.agent(call(1, "x"));
  assert.deepEqual(conversation.session.state.policy, before.policy);
  assert.equal(conversation.session.state.pending.downstream.size, 0);
  assert.deepEqual(conversation.session.state.counts, { forwarded: 0, denied: 1, refused: 0 });
});
