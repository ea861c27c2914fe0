/** Task id → the tool whose call became that task, the oldest first. A value: it is replaced, never changed. */

import type { ResultBound } from "../policy/result_bound.ts";
import { taskNameCharactersMax, tasksMax } from "../limits.ts";

export type TaskTable = ReadonlyMap<string, string>;

/** Task id → how large its result may be. */
export type TaskBounds = ReadonlyMap<string, ResultBound>;

export const noTaskBounds: TaskBounds = new Map();

export const noTasks: TaskTable = new Map();

/** The table with `task` in it, the oldest forgotten where it is full; the same table for an id too long to keep. */
export function withTask<T>(table: ReadonlyMap<string, T>, task: string, what: T): ReadonlyMap<string, T> {
  if (task.length > taskNameCharactersMax) return table;
  const tasks = new Map(table);
  tasks.delete(task);
  tasks.set(task, what);
  if (tasks.size > tasksMax) tasks.delete(tasks.keys().next().value!);
  return tasks;
}
