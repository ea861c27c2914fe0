import assert from "node:assert/strict";
import { jsonValuesMax } from "../../src/limits.ts";
import {
  listedTargets,
  type Operation,
  readMeta,
  readOperation,
  type Side,
} from "../../src/mcp/operation.ts";
import { messageOf } from "../support/lines.ts";

function operationOf(method: string, params?: object, from: Side = "downstream"): Operation {
  const message = messageOf({ jsonrpc: "2.0", id: 1, method, params });
  assert.equal(message.kind, "request");
  const operation = readOperation(message as Extract<typeof message, { kind: "request" }>, from);
  assert.ok(!("kind" in operation), "the target has no name");
  return operation;
}

Deno.test("readOperation() names tools, prompts and resources, and everything else by its method", () => {
  const named = (operation: Operation) => [operation.target, operation.name];
  assert.deepEqual(named(operationOf("tools/call", { name: "read_file", arguments: {} })), [
    "tool",
    "read_file",
  ]);
  assert.deepEqual(named(operationOf("prompts/get", { name: "greet" })), ["prompt", "greet"]);
  assert.deepEqual(named(operationOf("resources/read", { uri: "file:///a" })), ["resource", "file:///a"]);
  assert.deepEqual(named(operationOf("resources/subscribe", { uri: "x://y" })), ["resource", "x://y"]);
  assert.deepEqual(named(operationOf("unknown/method", { name: "x" })), ["method", "unknown/method"]);
});

Deno.test("readOperation() gives rules the arguments of a call, and the params of everything else", () => {
  assert.deepEqual(
    operationOf("tools/call", { name: "t", arguments: { a: "b" } }).arguments,
    new Map([["a", "b"]]),
  );
  assert.equal(operationOf("tools/call", { name: "t" }).arguments, undefined);
  assert.deepEqual(operationOf("tools/call", { name: "t", arguments: ["/etc"] }).arguments, ["/etc"]);
  assert.deepEqual(
    operationOf("sampling/createMessage", { m: "x" }, "upstream").arguments,
    new Map([["m", "x"]]),
  );
});

Deno.test("readOperation() refuses a call without a name, because a server might find one", () => {
  for (const params of [undefined, {}, { name: 7 }, { name: null }, { name: ["a"] }]) {
    const message = messageOf({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const operation = readOperation(message as Extract<typeof message, { kind: "request" }>, "downstream");
    assert.ok("kind" in operation && operation.kind === "unnamed_target");
  }
});

Deno.test("readOperation() refuses a method that some reader takes for one with a target", () => {
  for (
    const method of [
      "tools/call\0",
      "tools/call\0x",
      "Tools/Call",
      "tool\u017f/call",
      "resources/READ",
      "Completion/complete",
      "subscriptions/listen\0",
      "tas\u212as/get",
      "tasks/Result",
      "TASKS/update",
      "tasks/cancel\0",
    ]
  ) {
    const message = messageOf({ jsonrpc: "2.0", id: 1, method, params: { name: "a", uri: "b" } });
    const request = message as Extract<typeof message, { kind: "request" }>;
    assert.ok("kind" in readOperation(request, "downstream"), JSON.stringify(method));
    assert.equal((readOperation(request, "upstream") as Operation).target, "method");
  }
  assert.equal(operationOf("tools/calls").target, "method");
});

Deno.test("readMeta() passes over what is too large to be built", () => {
  const meta = (values: number) => `{"x":[${"0,".repeat(values)}0],"k":"v"}`;
  for (const [values, isRead] of [[10, true], [jsonValuesMax, false]] as const) {
    const message = messageOf(`{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":${meta(values)}}}`);
    assert.equal(readMeta(message as Extract<typeof message, { kind: "request" }>) !== undefined, isRead);
  }
});

Deno.test("readOperation() sees no tool call in what a server asks of the agent", () => {
  assert.equal(operationOf("tools/call", { name: "t" }, "upstream").target, "method");
});

Deno.test("housekeeping is exactly what keeps the conversation going", () => {
  const passes = [
    "initialize",
    "notifications/initialized",
    "ping",
    "server/discover",
    "notifications/cancelled",
    "notifications/progress",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "roots/list",
    "notifications/tools/list_changed",
    "notifications/roots/list_changed",
    "logging/setLevel",
  ];
  const judged = [
    "sampling/createMessage",
    "elicitation/create",
    "completion/complete",
    "tasks/result",
    "notifications/message",
    "notifications/resources/updated",
    "subscriptions/listen",
    "evil/list/x",
    "x/y/list",
    "Tools/list",
    "toString",
    "__proto__",
  ];
  for (const method of passes) assert.equal(operationOf(method).housekeeping, true, method);
  for (const method of judged) assert.equal(operationOf(method).housekeeping, false, method);
  assert.equal(operationOf("tools/call", { name: "t" }).housekeeping, false);
});

Deno.test("listedTargets() knows the lists of things that can be used", () => {
  assert.equal(listedTargets("tools/list")?.target, "tool");
  assert.equal(listedTargets("roots/list"), undefined);
  assert.equal(listedTargets("constructor"), undefined);
});
