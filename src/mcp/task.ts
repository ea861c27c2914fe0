/**
 * Tasks: calls whose results are fetched later. MCP 2025-11-25, basic/utilities/tasks; since 2026-07-28 the extension
 * `io.modelcontextprotocol/tasks`.
 */

import { readSubscribedTasks } from "./accompanying.ts";
import type { Members, Notification, Request, Result } from "./message.ts";
import { ObjectReader, textOf } from "./object_reader.ts";

const taskMethods: ReadonlySet<string> = new Set([
  "tasks/get",
  "tasks/result",
  "tasks/update",
  "tasks/cancel",
]);

const paramsReader = new ObjectReader("params", ["taskId"]);

/** Whether a client's message is about tasks that were made before. */
export function namesTasks(method: string): boolean {
  return taskMethods.has(method) || method === "subscriptions/listen";
}

/** The tasks that a client's message is about; a reason where they cannot be told for certain. */
export function readTaskIds(message: Request | Notification): readonly string[] | string {
  if (message.method === "subscriptions/listen") return readSubscribedTasks(message);
  if (message.params === undefined) return [];
  const { buffer } = message.frame;
  const members = paramsReader.read(buffer, message.params);
  if (typeof members === "string") return members;
  const id = textOf(buffer, members.get("taskId"));
  return id === undefined ? [] : [id];
}

const notifiedReader = new ObjectReader("params", ["taskId", "task"]);

/** The task that a server's notification is about, as {@linkcode createdTask} finds it; a problem where that is ambiguous. */
export function notifiedTask(
  { params, frame }: Notification,
): { readonly task?: string | undefined; readonly problem?: string } {
  if (params === undefined) return {};
  const members = notifiedReader.read(frame.buffer, params);
  return typeof members === "string" ? { problem: members } : { task: taskIn(frame.buffer, members) };
}

const createdReader = new ObjectReader("task", ["taskId"]);

/** The task that a call's result says it has become: in `task` (2025-11-25), or directly in the result (extension). */
export function createdTask({ frame, members }: Result): string | undefined {
  return taskIn(frame.buffer, members);
}

function taskIn(buffer: Uint8Array, members: Members): string | undefined {
  const direct = textOf(buffer, members.get("taskId"));
  if (direct !== undefined) return direct;
  const task = members.get("task");
  if (task?.kind !== "object") return undefined;
  const inside = createdReader.read(buffer, task);
  return typeof inside === "string" ? undefined : textOf(buffer, inside.get("taskId"));
}
