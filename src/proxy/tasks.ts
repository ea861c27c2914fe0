/** Which tool a task came from, so that whoever asks for its result is judged, and recorded, by that tool too. */

import { taskNameCharactersMax } from "../limits.ts";
import type { Notification, Request, Result } from "../mcp/message.ts";
import { accompanyingTool, type Operation } from "../mcp/operation.ts";
import { createdTask, namesTasks, notifiedTask, readTaskIds } from "../mcp/task.ts";
import { type ResultBound, smallerBound } from "../policy/result_bound.ts";
import type { PendingRequest } from "./pending.ts";
import type { Turn } from "./turn.ts";
import { findTask, withTask } from "./task_table.ts";

/** The name of a called tool as it is kept until its answer comes; undefined for what is no tool, or too long to keep. */
export function toolToRemember({ target, name }: Operation): string | undefined {
  return target === "tool" && name.length <= taskNameCharactersMax ? name : undefined;
}

/** Notes the task that the answer to `request` says it has become, if it says so. */
export function rememberTask(turn: Turn, request: PendingRequest, message: Result): void {
  const { tool, resultBound } = request;
  if ((tool === undefined && resultBound === undefined) || message.members.size === 0) return;
  const task = createdTask(message);
  if (task === undefined) return;
  if (tool !== undefined) turn.tasks = withTask(turn.tasks, task, tool);
  if (resultBound !== undefined) turn.taskBounds = withTask(turn.taskBounds, task, resultBound);
}

/** The tools of the tasks that a client's message is about, as far as they are known; a reason where it is ambiguous. */
export function toolsOfTasks(turn: Turn, message: Request | Notification): readonly Operation[] | string {
  if (turn.tasks.size === 0 || !namesTasks(message.method)) return none;
  const ids = readTaskIds(message);
  if (typeof ids === "string") return ids;
  const tools = new Set<string>();
  for (const id of ids) {
    const tool = findTask(turn.tasks, id);
    if (tool !== undefined) tools.add(tool);
  }
  return Array.from(tools, (tool) => accompanyingTool(message.method, tool));
}

/** How large an answer to a client's message may be that is about tasks: what bounds the calls bounds their results. */
export function boundOfTasks(turn: Turn, message: Request): ResultBound | undefined {
  if (turn.taskBounds.size === 0 || !namesTasks(message.method)) return undefined;
  const ids = readTaskIds(message);
  if (typeof ids === "string") return undefined; // it was refused before
  return ids.map((id) => findTask(turn.taskBounds, id)).reduce(smallerBound, undefined);
}

/** The same for a server's notification of one task's state; a reason where the task cannot be told for certain. */
export function boundOfNotifiedTask(turn: Turn, message: Notification): ResultBound | string | undefined {
  if (turn.taskBounds.size === 0) return undefined;
  const { task, problem } = notifiedTask(message);
  return problem ?? (task === undefined ? undefined : findTask(turn.taskBounds, task));
}

const none: readonly Operation[] = [];
