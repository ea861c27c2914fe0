/** Task id → the tool whose call became that task, the oldest first. A value: it is replaced, never changed. */

import { hash } from "node:crypto";
import type { ResultBound } from "../policy/result_bound.ts";
import { taskNameCharactersMax, tasksMax } from "../limits.ts";

export type TaskTable = ReadonlyMap<string, string>;

/** Task id → how large its result may be. */
export type TaskBounds = ReadonlyMap<string, ResultBound>;

export const noTaskBounds: TaskBounds = new Map();

export const noTasks: TaskTable = new Map();

/** The table with `task` in it, the oldest forgotten where it is full. */
export function withTask<T>(table: ReadonlyMap<string, T>, task: string, what: T): ReadonlyMap<string, T> {
  const key = keyOf(task);
  const tasks = new Map(table);
  tasks.delete(key);
  tasks.set(key, what);
  if (tasks.size > tasksMax) tasks.delete(tasks.keys().next().value!);
  return tasks;
}

/** What the table knows of a task; undefined where it is not, or no longer, in it. */
export function findTask<T>(table: ReadonlyMap<string, T>, task: string): T | undefined {
  return table.get(keyOf(task));
}

/** The server chooses the id: a long one is kept as its digest, since what is not kept would escape its rules. */
function keyOf(task: string): string {
  return task.length <= taskNameCharactersMax ? task : `sha256:${hash("sha256", task)}`;
}
