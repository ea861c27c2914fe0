import assert from "node:assert/strict";
import { taskTokensMax } from "../../src/limits.ts";
import type { Side } from "../../src/mcp/operation.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, type Happening, recordsIn, replyIn } from "./support.ts";

const ask = (id: number | string, token?: unknown, method = "tools/list") => ({
  jsonrpc: "2.0",
  id,
  method,
  params: token === undefined ? {} : { _meta: { progressToken: token } },
});
const result = (id: unknown, members: object = {}) => ({ jsonrpc: "2.0", id, result: members });
const progress = (token?: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progress: 1, ...(token === undefined ? {} : { progressToken: token }) },
});
const cancel = (id?: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { reason: "slow", ...(id === undefined ? {} : { requestId: id }) },
});

const other = (side: Side): Side => side === "downstream" ? "upstream" : "downstream";
const sides: readonly Side[] = ["downstream", "upstream"];

const passes = (happenings: readonly Happening[]) => forwardsIn(happenings).length === 1;

/** Asserts that the message was dropped with one record of this code, and that nothing was sent. */
function assertDropped(happenings: readonly Happening[], code: string, why = ""): void {
  assert.deepEqual(
    recordsIn(happenings).map((record) => [record.kind, record.code]),
    [["refused", code]],
    why,
  );
  assert.equal(happenings.length, 1, why);
}

// ——— progress ———

Deno.test("progress passes while its request waits, in both directions, falsy tokens too", () => {
  for (const asker of sides) {
    for (const token of [0, "", 7, "abc", "0"]) {
      const conversation = new Conversation();
      conversation.take(asker, ask(1, token, "ping"));
      const line = JSON.stringify(progress(token));
      assert.deepEqual(forwardsIn(conversation.take(other(asker), line)), [line]);
      assert.ok(passes(conversation.take(other(asker), line)), "only once");
      conversation.take(other(asker), result(1));
      assertDropped(conversation.take(other(asker), line), "unasked", "after the answer");
    }
  }
});

Deno.test("progress that nobody asked for is dropped and recorded", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1));
  for (const token of [1, 0, "", "x"]) assertDropped(conversation.server(progress(token)), "unasked");
  assertDropped(conversation.agent(progress(1)), "unasked");
});

Deno.test("a token counts in one direction only: the asker cannot report to itself", () => {
  for (const asker of sides) {
    const conversation = new Conversation();
    conversation.take(asker, ask(1, "t", "ping"));
    assertDropped(conversation.take(asker, progress("t")), "unasked");
  }
});

Deno.test("progress without a token, or with one that can be none, is malformed", () => {
  const conversation = new Conversation();
  for (const token of [undefined, null, 1.5, true, {}, [1], 2 ** 53]) {
    assertDropped(conversation.server(progress(token)), "malformed", String(token));
  }
  assertDropped(conversation.server({ jsonrpc: "2.0", method: "notifications/progress" }), "malformed");
});

Deno.test("a request with something that is no token passes, and no progress is due to it", () => {
  for (const token of [null, 1.5, {}, "x".repeat(2000)]) {
    const conversation = new Conversation();
    assert.ok(passes(conversation.agent(ask(1, token))));
    assert.deepEqual(forwardsIn(conversation.server(progress(token))), []);
  }
});

Deno.test("a token that came back as the other type passes and is noted", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1, 7));
  const happenings = conversation.server(progress("7"));
  assert.ok(passes(happenings));
  assert.deepEqual(recordsIn(happenings)[0].notes, ["token_of_other_type"]);
});

Deno.test("a token that another request still has passes with a note, and serves both", () => {
  const conversation = new Conversation();
  assert.equal(recordsIn(conversation.agent(ask(1, "t")))[0].notes, undefined);
  const second = conversation.agent(ask(2, "t"));
  assert.ok(passes(second));
  assert.deepEqual(recordsIn(second)[0].notes, ["progress_token_in_use"]);
  assert.equal(
    recordsIn(conversation.server(ask(1, "t", "ping")))[0].notes,
    undefined,
    "the other direction",
  );
  conversation.server(result(1));
  assert.ok(passes(conversation.server(progress("t"))));
  conversation.server(result(2));
  assertDropped(conversation.server(progress("t")), "unasked");
});

Deno.test("progress of a cancelled request is dropped and recorded", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1, "t"));
  conversation.agent(cancel(1));
  assertDropped(conversation.server(progress("t")), "unasked");
});

Deno.test("a rule on the method comes first, and what refers to nothing is not charged", () => {
  const deny = ruleOf({ effect: "deny", scope: scopeOf({ methods: ["notifications/progress"] }) });
  const denied = new Conversation({ default: "allow", rules: [deny] });
  denied.agent(ask(1, "t"));
  assert.deepEqual(recordsIn(denied.server(progress("t"))).map(({ kind, action }) => [kind, action]), [
    ["decision", "deny"],
  ]);
  const limit = ruleOf({
    effect: "limit",
    scope: scopeOf({ methods: ["notifications/progress"] }),
    to: { calls: 1, perMs: 60_000, burst: 1 },
  });
  const limited = new Conversation({ default: "allow", rules: [limit] });
  limited.agent(ask(1, "t"));
  for (let i = 0; i < 5; i++) assertDropped(limited.server(progress("none")), "unasked");
  assert.ok(passes(limited.server(progress("t"))));
  assert.deepEqual(forwardsIn(limited.server(progress("t"))), []);
});

Deno.test("a request that is answered with a task keeps its token; one that is answered outright does not", () => {
  for (const asker of sides) {
    for (
      const created of [{ task: { taskId: "a", status: "working" } }, { resultType: "task", taskId: "a" }]
    ) {
      const conversation = new Conversation();
      conversation.take(asker, ask(1, "t", "x/y"));
      conversation.take(other(asker), result(1, created));
      assert.ok(passes(conversation.take(other(asker), progress("t"))));
      assertDropped(conversation.take(asker, progress("t")), "unasked");
      assert.deepEqual(recordsIn(conversation.take(asker, ask(2, "t")))[0].notes, ["progress_token_in_use"]);
    }
  }
  const conversation = new Conversation();
  conversation.agent(ask(1, "t"));
  conversation.server({ jsonrpc: "2.0", id: 1, error: { code: 1, message: "x", task: {} } });
  assertDropped(conversation.server(progress("t")), "unasked");
});

Deno.test("the tokens of tasks are bounded: the oldest is given up", () => {
  const conversation = new Conversation();
  for (let id = 0; id <= taskTokensMax; id++) {
    conversation.agent(ask(id, `t${id}`));
    conversation.server(result(id, { task: {} }));
  }
  conversation.agent(ask("again", `t${taskTokensMax}`));
  conversation.server(result("again", { task: {} }));
  assert.equal(conversation.session.state.taskTokens.downstream.length, taskTokensMax);
  assertDropped(conversation.server(progress("t0")), "unasked");
  assert.ok(passes(conversation.server(progress("t1"))));
});

// ——— cancellation ———

Deno.test("either side cancels its own request: the answer that comes late is dropped", () => {
  for (const asker of sides) {
    const conversation = new Conversation();
    conversation.take(asker, ask(1, undefined, "ping"));
    const happenings = conversation.take(asker, cancel(1));
    assert.ok(passes(happenings));
    assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => [kind, code]), [
      ["decision", undefined],
      ["outcome", "cancelled"],
    ]);
    assertDropped(conversation.take(other(asker), result(1)), "unasked");
  }
});

Deno.test("a cancellation names its request by value: 1.0 cancels 1", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1));
  const line = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1.0}}';
  assert.deepEqual(forwardsIn(conversation.agent(line)), [line]);
  assert.equal(conversation.session.state.pending.downstream.size, 0);
});

Deno.test("a cancellation of what is unknown, answered, cancelled, or the other side's is dropped and recorded", () => {
  for (const asker of sides) {
    const conversation = new Conversation();
    conversation.take(other(asker), ask("theirs", undefined, "ping"));
    conversation.take(asker, ask(1, undefined, "ping"));
    conversation.take(other(asker), result(1));
    conversation.take(asker, ask(2, undefined, "ping"));
    conversation.take(asker, cancel(2));
    conversation.take(asker, ask(3, undefined, "ping"));
    for (const id of ["never", 1, 2, "3", "theirs"]) {
      assertDropped(conversation.take(asker, cancel(id)), "unasked", `${asker} ${id}`);
    }
    assert.equal(conversation.session.state.pending[other(asker)].size, 1);
    assert.equal(conversation.session.state.pending[asker].size, 1);
  }
});

Deno.test("a cancellation with something that is no id is malformed; one without any cancels nothing and passes", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1));
  for (const id of [null, 1.5, true, {}, [1], "x".repeat(2000)]) {
    assertDropped(conversation.agent(cancel(id)), "malformed", JSON.stringify(id).slice(0, 20));
  }
  assert.ok(passes(conversation.agent(cancel())));
  assert.equal(conversation.session.state.pending.downstream.size, 1);
});

Deno.test("the agent may not cancel the handshake", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1, undefined, "initialize"));
  assertDropped(conversation.agent(cancel(1)), "malformed");
  assert.ok(passes(conversation.server(result(1))));
});

Deno.test("the server may end the agent's subscriptions/listen, and nothing else of the agent's", () => {
  const conversation = new Conversation();
  conversation.agent(ask(1, undefined, "subscriptions/listen"));
  conversation.agent(call(2, "x"));
  assertDropped(conversation.server(cancel(2)), "unasked");
  assert.ok(passes(conversation.server(cancel(1))));
  assert.deepEqual(conversation.session.state.pending.downstream.all().map(({ idSource }) => idSource), [
    "2",
  ]);
  assertDropped(conversation.server(result(1)), "unasked");
  conversation.agent(ask(3, undefined, "subscriptions/listen"));
  assert.ok(passes(conversation.agent(cancel(3))), "by the agent itself");
});

Deno.test("a cancellation that a rule denies changes nothing", () => {
  const deny = ruleOf({ effect: "deny", scope: scopeOf({ methods: ["notifications/cancelled"] }) });
  const conversation = new Conversation({ default: "allow", rules: [deny] });
  conversation.agent(ask(1));
  assert.deepEqual(forwardsIn(conversation.agent(cancel(1))), []);
  assert.ok(passes(conversation.server(result(1))));
});

Deno.test("a request by the name of a cancellation or of progress is refused: some would act on it", () => {
  for (const asker of sides) {
    const conversation = new Conversation();
    conversation.take(asker, ask(1, undefined, "ping"));
    for (const notice of [cancel(1), progress("t")]) {
      const happenings = conversation.take(asker, { ...notice, id: 9 });
      assert.deepEqual(forwardsIn(happenings), []);
      assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [9, -32600]);
    }
    assert.equal(conversation.session.state.pending[asker].size, 1);
  }
});

Deno.test("a request by the name of a task's notification is refused: what it asks for would go unseen", () => {
  const asks = { inputRequests: { a: { method: "sampling/createMessage", params: {} } } };
  for (const method of ["notifications/tasks", "notifications/tasks/status"]) {
    const conversation = new Conversation();
    const happenings = conversation.server({ jsonrpc: "2.0", id: 9, method, params: asks });
    assert.deepEqual(forwardsIn(happenings), []);
    assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [9, -32600]);
    assert.equal(recordsIn(happenings)[0].code, "malformed");
  }
});
