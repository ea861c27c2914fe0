import assert from "node:assert/strict";
import { createdTask, namesTasks, readTaskIds } from "../../src/mcp/task.ts";
import { assertReason, requestOf, resultOf } from "./support.ts";

Deno.test("createdTask() reads the task that a call became, of both revisions", () => {
  assert.equal(createdTask(resultOf({ task: { taskId: "a", status: "working" } })), "a");
  assert.equal(createdTask(resultOf({ resultType: "task", taskId: "b", status: "working" })), "b");
  for (
    const result of [{ content: [] }, { task: "a" }, { task: {} }, { taskId: 7 }, { task: { taskId: 7 } }]
  ) {
    assert.equal(createdTask(resultOf(result)), undefined);
  }
});

Deno.test("readTaskIds() reads the tasks that a client's message is about", () => {
  for (const method of ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"]) {
    assert.equal(namesTasks(method), true);
    assert.deepEqual(readTaskIds(requestOf(method, { taskId: "a" })), ["a"]);
    assert.deepEqual(readTaskIds(requestOf(method, { taskId: 7 })), []);
    assert.deepEqual(readTaskIds(requestOf(method)), []);
    assertReason(readTaskIds(requestOf(method, { taskId: "a", taskID: "b" })), /taskId/);
  }
  const listen = requestOf("subscriptions/listen", { notifications: { taskIds: ["a", "b"] } });
  assert.deepEqual(readTaskIds(listen), ["a", "b"]);
  assert.equal(namesTasks("subscriptions/listen"), true);
  for (const method of ["tasks/list", "tools/call", "notifications/tasks/status"]) {
    assert.equal(namesTasks(method), false);
  }
});
