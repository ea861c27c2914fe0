import assert from "node:assert/strict";
import { inputRequestsMax } from "../../src/limits.ts";
import { readElicitations, readInputRequests, readTaskNotification } from "../../src/mcp/input_requests.ts";
import type { ReadOperation } from "../../src/mcp/operation.ts";
import { assertReason, errorOf, namesOf, notificationOf, resultOf } from "./support.ts";

const ask = { who: { method: "elicitation/create", params: { message: "Who?" } } };
const sample = { model: { method: "sampling/createMessage", params: { maxTokens: 5 } } };

Deno.test("readInputRequests() finds what a result asks for, wherever a client would", () => {
  for (
    const [result, names] of [
      [{ inputRequests: { ...ask, ...sample } }, [
        "method elicitation/create",
        "method sampling/createMessage",
      ]],
      [{ status: "input_required", inputRequests: { roots: { method: "roots/list" } } }, [
        "method roots/list",
      ]],
      [{ task: { taskId: "t", inputRequests: ask } }, ["method elicitation/create"]],
      [{ result: { inputRequests: ask }, inputRequests: sample }, [
        "method sampling/createMessage",
        "method elicitation/create",
      ]],
      [{ inputRequests: {} }, []],
      [{ content: [] }, undefined],
      [{ content: [{ inputRequests: ask }], structuredContent: { inputRequests: ask } }, undefined],
      [{ result: "text", task: 7 }, undefined],
    ] as const
  ) assert.deepEqual(namesOf(readInputRequests(resultOf(result))), names, JSON.stringify(result));
});

Deno.test("readInputRequests() names them as a server's own requests, with their params as arguments", () => {
  const [operation] = readInputRequests(resultOf({ inputRequests: sample })) as ReadOperation[];
  assert.equal(operation.from, "upstream");
  assert.equal(operation.housekeeping, false);
  assert.deepEqual((operation.arguments as ReadonlyMap<string, unknown>).get("maxTokens"), {
    kind: "number",
    source: "5",
    value: 5,
  });
  const [roots] = readInputRequests(
    resultOf({ inputRequests: { r: { method: "roots/list" } } }),
  ) as ReadOperation[];
  assert.equal(roots.housekeeping, true);
  assert.equal(roots.arguments, undefined);
});

Deno.test("readInputRequests() refuses what two clients would read differently", () => {
  for (
    const result of [
      '{"inputRequests":[]}',
      '{"inputRequests":null}',
      '{"inputRequests":{"a":7}}',
      '{"inputRequests":{"a":{}}}',
      '{"inputRequests":{"a":{"method":7}}}',
      '{"inputRequests":{"a":{"method":"x","params":[]}}}',
      '{"inputRequests":{"a":{"method":"x","params":{"Name":1}}}}',
      '{"inputRequests":{"a":{"method":"x","params":{"__proto__":{}}}}}',
      '{"inputRequests":{"a":{"method":"x","Method":"y"}}}',
      '{"inputRequests":{"a":{"method":"x","Params":{}}}}',
      '{"inputRequests":{"a":{"method":"x","method":"y"}}}',
      '{"inputRequests":{"a":{"method":"x"},"a":{"method":"y"}}}',
      '{"inputRequests":{"a":{"method":"x","params":{"b":[{"c":1,"c":2}]}}}}',
      '{"inputRequests":{"a":{"method":"x","params":{"\\u0062":1}}}}',
      '{"inputRequests":{"a":{"method":"x","params":{"b":"\\ud800"}}}}',
      '{"inputRequests":{"a":{"method":"Elicitation/Create"}}}',
      `{"inputRequests":{"a":{"method":"${"m".repeat(300)}"}}}`,
      '{"result":{"inputRequests":{},"inputRequests":{}}}',
      '{"result":{"InputRequests":{}}}',
      '{"task":{"inputrequests":{}}}',
    ]
  ) assertReason(readInputRequests(resultOf(result)), /./);
  assert.throws(() => resultOf('{"InputRequests":{}}'), /inputRequests/);
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, { method: "roots/list" }]));
  assert.equal(
    readInputRequests(resultOf({ inputRequests: many(inputRequestsMax) }))?.length,
    inputRequestsMax,
  );
  assertReason(readInputRequests(resultOf({ inputRequests: many(inputRequestsMax + 1) })), /more than/);
});

Deno.test("readTaskNotification() finds what a task asks for in the notification of its state", () => {
  for (const method of ["notifications/tasks", "notifications/tasks/status"]) {
    const message = notificationOf(method, { taskId: "t", status: "input_required", inputRequests: ask });
    assert.deepEqual(namesOf(readTaskNotification(message)), ["method elicitation/create"]);
    assertReason(readTaskNotification(notificationOf(method, { InputRequests: ask })), /inputRequests/);
  }
  assert.equal(readTaskNotification(notificationOf("notifications/tasks", { status: "working" })), undefined);
  const other = notificationOf("notifications/message", { inputRequests: ask });
  assert.equal(readTaskNotification(other), undefined);
});

Deno.test("the error of a task that failed is read as the error of its own that it would have been", () => {
  const page = { mode: "url", url: "https://a.example/", elicitationId: "1", message: "Sign in" };
  const error = { code: -32042, message: "x", data: { elicitations: [page] } };
  const failed = { taskId: "t", status: "failed", error };
  for (
    const asked of [
      readInputRequests(resultOf(failed)),
      readInputRequests(resultOf({ task: failed })),
      readTaskNotification(notificationOf("notifications/tasks", failed)),
      readTaskNotification(notificationOf("notifications/tasks/status", { task: failed })),
    ]
  ) {
    assert.deepEqual(namesOf(asked), ["method elicitation/create"]);
    const [{ arguments: params }] = asked as ReadOperation[];
    assert.equal((params as ReadonlyMap<string, unknown>).get("url"), page.url);
  }
  for (const plain of [7, "no", null, {}, { code: 1, message: "x" }, { code: 1, data: { why: [] } }]) {
    assert.equal(readInputRequests(resultOf({ status: "failed", error: plain })), undefined);
  }
  for (
    const ambiguous of [
      '{"error":{"Data":{}}}',
      '{"error":{"data":{"Elicitations":[]}}}',
      '{"task":{"Error":{}}}',
      '{"error":{"data":{"elicitations":7}}}',
    ]
  ) assertReason(readInputRequests(resultOf(ambiguous)), /./);
  assert.throws(() => resultOf('{"Error":{}}'), /error/);
});

Deno.test("readElicitations() finds the pages that an error wants opened, whatever its code", () => {
  const page = { mode: "url", url: "https://a.example/", elicitationId: "1", message: "Sign in" };
  for (const code of [-32042, 1]) {
    const error = errorOf({ code, message: "x", data: { elicitations: [page, page] } });
    const operations = readElicitations(error) as ReadOperation[];
    assert.deepEqual(namesOf(operations), ["method elicitation/create", "method elicitation/create"]);
    assert.equal((operations[0].arguments as ReadonlyMap<string, unknown>).get("url"), page.url);
  }
  for (
    const error of [{ code: 1, message: "x" }, { code: 1, message: "x", data: "y" }, {
      code: 1,
      message: "x",
      data: {},
    }]
  ) {
    assert.equal(readElicitations(errorOf(error)), undefined);
  }
  for (
    const error of [
      '{"code":1,"message":"x","Data":{}}',
      '{"code":1,"message":"x","data":{"Elicitations":[]}}',
      '{"code":1,"message":"x","data":{"elicitations":{}}}',
      '{"code":1,"message":"x","data":{"elicitations":[7]}}',
      '{"code":1,"message":"x","data":{"elicitations":[],"elicitations":[]}}',
      '{"code":1,"message":"x","data":{"elicitations":[{"url":"a","url":"b"}]}}',
      '{"code":1,"message":"x","data":{"elicitations":[{"x":{"a":1,"a":2}}]}}',
    ]
  ) assertReason(readElicitations(errorOf(error)), /./);
  const many = errorOf({
    code: 1,
    message: "x",
    data: { elicitations: Array(inputRequestsMax + 1).fill(page) },
  });
  assertReason(readElicitations(many), /more than/);
});
