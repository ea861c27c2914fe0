/** The methods of all revisions of MCP up to 2026-07-28, and of its extension for tasks, to tell a misspelt one; an unknown one is not an error. */

import { editDistance } from "./suggest.ts";

const methods: readonly string[] = [
  "completion/complete",
  "elicitation/create",
  "initialize",
  "logging/setLevel",
  "notifications/cancelled",
  "notifications/elicitation/complete",
  "notifications/initialized",
  "notifications/message",
  "notifications/progress",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/roots/list_changed",
  "notifications/subscriptions/acknowledged",
  "notifications/tasks",
  "notifications/tasks/status",
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
  "server/discover",
  "subscriptions/listen",
  "tasks/cancel",
  "tasks/get",
  "tasks/list",
  "tasks/result",
  "tasks/update",
  "tools/call",
  "tools/list",
];

/** Whether some revision has the method `name`; those of one word could as well be tools. */
export function isKnownMethod(name: string): boolean {
  return name.includes("/") && methods.includes(name);
}

/** The known method that `name` is a slip away from; undefined for known methods, globs and far names. */
export function nearestMethod(name: string): string | undefined {
  if (/[*?]/.test(name) || name.length > 64 || methods.includes(name)) return undefined;
  return methods.find((method) => editDistance(method.toLowerCase(), name.toLowerCase()) <= 2);
}
