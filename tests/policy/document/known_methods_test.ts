import assert from "node:assert/strict";
import { isKnownMethod, nearestMethod } from "../../../src/policy/document/known_methods.ts";

/** Every `method` in the schemas, by the revision that has it first. */
const byRevision: Readonly<Record<string, readonly string[]>> = {
  "2024-11-05": [
    "completion/complete",
    "initialize",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/initialized",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/roots/list_changed",
    "notifications/tools/list_changed",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "roots/list",
    "sampling/createMessage",
    "tools/call",
    "tools/list",
  ],
  "2025-03-26": [],
  "2025-06-18": ["elicitation/create"],
  "2025-11-25": [
    "notifications/elicitation/complete",
    "notifications/tasks/status",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
  ],
  "2026-07-28": ["notifications/subscriptions/acknowledged", "server/discover", "subscriptions/listen"],
  "io.modelcontextprotocol/tasks": ["notifications/tasks", "tasks/update"],
};

for (const [revision, methods] of Object.entries(byRevision)) {
  Deno.test(`the methods that ${revision} brought are known, and a slip in one is told`, () => {
    for (const method of methods) {
      if (method.includes("/")) assert.equal(isKnownMethod(method), true, method);
      assert.equal(nearestMethod(method), undefined, method);
      assert.notEqual(nearestMethod(`${method}z`), undefined, method);
    }
  });
}

Deno.test("words and far names are no methods", () => {
  for (const name of ["ping", "read_file", "x/y"]) assert.equal(isKnownMethod(name), false, name);
  assert.equal(nearestMethod("read_file"), undefined);
});
