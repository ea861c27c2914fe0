import assert from "node:assert/strict";
import { taskNameCharactersMax, tasksMax } from "../../src/limits.ts";
import { findTask, noTasks, withTask } from "../../src/proxy/task_table.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, recordsIn, replyIn } from "./support.ts";

/** A conversation in which a call of `build` has become the task `t`. */
function withBuild(result: object, document?: ConstructorParameters<typeof Conversation>[0]): Conversation {
  const conversation = new Conversation(document);
  const { params, ...rest } = call(1, "build") as { params: object };
  conversation.agent({ ...rest, params: { ...params, task: { ttl: 1000 } } });
  conversation.server({ jsonrpc: "2.0", id: 1, result });
  return conversation;
}

const created = {
  "2025-11-25": { task: { taskId: "t", status: "working" } },
  "extension of 2026-07-28": { resultType: "task", taskId: "t", status: "working" },
};

for (const [revision, result] of Object.entries(created)) {
  Deno.test(`${revision}: whoever asks for a task is recorded with the tool that it came from`, () => {
    const conversation = withBuild(result);
    for (const method of ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"]) {
      const happenings = conversation.agent({ jsonrpc: "2.0", id: method, method, params: { taskId: "t" } });
      assert.equal(forwardsIn(happenings).length, 1);
      const [record] = recordsIn(happenings);
      assert.deepEqual([record.name, record.also], [method, [{ target: "tool", name: "build" }]]);
    }
    const other = conversation.agent({ jsonrpc: "2.0", id: 2, method: "tasks/get", params: { taskId: "u" } });
    assert.equal(recordsIn(other)[0].also, undefined);
  });

  Deno.test(`${revision}: a task of a tool that a rule denies cannot be asked for`, () => {
    const conversation = withBuild(result);
    const deny = ruleOf({ id: "no-build", effect: "deny", scope: scopeOf({ tools: ["build"] }) });
    const { policy } = new Conversation({ default: "allow", rules: [deny] }).session.gate;
    const { session } = conversation;
    conversation.session = { ...session, gate: { ...session.gate, policy } };
    const get = { jsonrpc: "2.0", id: 2, method: "tasks/get", params: { taskId: "t" } };
    const happenings = conversation.agent(get);
    assert.equal(replyIn(happenings).error.data.rule, "no-build");
    const [record] = recordsIn(happenings);
    assert.deepEqual([record.method, record.target, record.name], ["tasks/get", "tool", "build"]);
    const listen = {
      jsonrpc: "2.0",
      id: 3,
      method: "subscriptions/listen",
      params: { notifications: { taskIds: ["u", "t"] } },
    };
    assert.equal(replyIn(conversation.agent(listen)).error.data.rule, "no-build");
  });
}

Deno.test("a call that asks to become a task is judged as the call that it is", () => {
  const conversation = new Conversation({});
  const happenings = conversation.agent({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "build", task: {} },
  });
  assert.equal(replyIn(happenings).result.isError, true);
  assert.equal(recordsIn(happenings)[0].name, "build");
});

Deno.test("a message that names a known task in two ways is refused", () => {
  const conversation = withBuild(created["2025-11-25"]);
  const happenings = conversation.agent({
    jsonrpc: "2.0",
    id: 2,
    method: "tasks/get",
    params: { taskId: "u", TaskId: "t" },
  });
  assert.equal(replyIn(happenings).error.code, -32600);
  assert.deepEqual(forwardsIn(happenings), []);
});

Deno.test("only what answers a tool call makes a task known, and only names of a sane length are kept", () => {
  const conversation = new Conversation();
  conversation.agent({ jsonrpc: "2.0", id: 1, method: "ping" });
  conversation.server({ jsonrpc: "2.0", id: 1, result: created["2025-11-25"] });
  const long = "x".repeat(taskNameCharactersMax + 1);
  conversation.agent(call(3, long));
  conversation.server({ jsonrpc: "2.0", id: 3, result: created["2025-11-25"] });
  assert.equal(conversation.session.state.tasks.size, 0);
});

Deno.test("the table of tasks knows a task by an id of any length, and keeps a long one as its digest", () => {
  const long = "x".repeat(1_000_000);
  const table = withTask(withTask(noTasks, long, "a"), `${long}y`, "b");
  assert.deepEqual([findTask(table, long), findTask(table, `${long}y`), findTask(table, "x")], [
    "a",
    "b",
    undefined,
  ]);
  for (const key of table.keys()) assert.ok(key.length <= taskNameCharactersMax);
});

Deno.test("the table of tasks is bounded, forgets the oldest, and leaves earlier ones as they were", () => {
  let table = noTasks;
  for (let i = 0; i < tasksMax; i++) table = withTask(table, `t${i}`, "a");
  const full = table;
  table = withTask(withTask(full, "t0", "b"), "new", "c");
  assert.equal(table.size, tasksMax);
  assert.deepEqual([table.get("t0"), table.has("t1"), table.get("new")], ["b", false, "c"]);
  assert.deepEqual([full.get("t0"), full.has("t1"), full.has("new")], ["a", true, false]);
});

const small = ruleOf({
  id: "small",
  effect: "allow",
  scope: scopeOf({ tools: ["build"] }),
  resultBytesMax: 1024,
});
const bounded = { default: "allow", rules: [small] } as const;
const large = { content: [{ type: "text", text: "x".repeat(2000) }] };

for (const [revision, result] of Object.entries(created)) {
  Deno.test(`${revision}: max_result holds for the result of a task, however the client comes by it`, () => {
    const conversation = withBuild(result, bounded);
    const fetch = (id: number, method: string, answer: object, taskId = "t") => {
      conversation.agent({ jsonrpc: "2.0", id, method, params: { taskId } });
      return conversation.server({ jsonrpc: "2.0", id, result: answer });
    };
    for (const [id, method] of [[2, "tasks/result"], [3, "tasks/get"]] as const) {
      const happenings = fetch(
        id,
        method,
        method === "tasks/result" ? large : { taskId: "t", result: large },
      );
      assert.deepEqual(forwardsIn(happenings), []);
      const { error } = replyIn(happenings);
      assert.deepEqual([error.code, error.data.code, error.data.rule], [413, "result_too_large", "small"]);
      assert.deepEqual(recordsIn(happenings).map(({ kind, code, rule }) => [kind, code, rule]), [
        ["outcome", "result_too_large", "small"],
      ]);
    }
    assert.equal(forwardsIn(fetch(4, "tasks/get", { taskId: "t", status: "working" })).length, 1);
    assert.equal(forwardsIn(fetch(5, "tasks/result", large, "other")).length, 1);
  });

  Deno.test(`${revision}: max_result holds for the result of a task that a notification brings`, () => {
    const conversation = withBuild(result, bounded);
    const pushed = (params: object) =>
      conversation.server({ jsonrpc: "2.0", method: "notifications/tasks", params });
    for (
      const params of [
        { taskId: "t", status: "completed", result: large },
        { task: { taskId: "t" }, result: large },
      ]
    ) {
      const happenings = pushed(params);
      assert.deepEqual(forwardsIn(happenings), []);
      assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => [kind, code]), [
        ["refused", "result_too_large"],
      ]);
    }
    assert.equal(forwardsIn(pushed({ taskId: "t", status: "working" })).length, 1);
    assert.equal(forwardsIn(pushed({ taskId: "other", result: large })).length, 1);
    // Some would take the one for the other, and then it is the task with the bound.
    const [refused] = recordsIn(pushed({ taskId: "other", TaskId: "t", result: large }));
    assert.deepEqual([refused.kind, refused.code], ["refused", "malformed"]);
  });
}
