/** Task id → the tool whose call became that task, the oldest first. A value: it is replaced, never changed. */

import { taskNameCharactersMax, tasksMax } from "../limits.ts";

export type TaskTable = ReadonlyMap<string, string>;

export const noTasks: TaskTable = new Map();

/** The table with `task` in it, the oldest forgotten where it is full; the same table for an id too long to keep. */
export function withTask(table: TaskTable, task: string, tool: string): TaskTable {
  if (task.length > taskNameCharactersMax) return table;
  const tasks = new Map(table);
  tasks.delete(task);
  tasks.set(task, tool);
  if (tasks.size > tasksMax) tasks.delete(tasks.keys().next().value!);
  return tasks;
}
