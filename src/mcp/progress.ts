/** Progress tokens: what joins `notifications/progress` to the request that it tells of. MCP, basic/utilities/progress. */

import { objectMembers } from "../wire/json_spans.ts";
import { decodeString } from "../wire/json_value.ts";
import { progressTokenBytesMax } from "../limits.ts";
import type { Notification, Request, Result, Value } from "./message.ts";
import { type MessageId, readMessageId } from "./message_id.ts";

/** A token is a string or a whole number, equal by type and value, as an id is. */
export type ProgressToken = MessageId;

/** The token in a request's `_meta`; undefined where it asks for no progress, or with something that is no token. */
export function requestedProgress(message: Request): ProgressToken | undefined {
  const meta = message.members.get("_meta");
  if (meta?.kind !== "object") return undefined;
  const { buffer } = message.frame;
  for (const member of objectMembers(buffer, meta.start, meta.end)) {
    if (member.key === "progressToken") return readToken(buffer, member);
  }
  return undefined;
}

/** The token that a `notifications/progress` names; undefined where it names none. */
export function reportedProgress(message: Notification): ProgressToken | undefined {
  const value = message.members.get("progressToken");
  return value === undefined ? undefined : readToken(message.frame.buffer, value);
}

/**
 * Whether a result says that the work goes on as a task: `task` (2025-11-25, basic/utilities/tasks, `CreateTaskResult`),
 * or `resultType: "task"` (2026-07-28, extension io.modelcontextprotocol/tasks).
 */
export function createsTask({ members, frame: { buffer } }: Result): boolean {
  if (members.get("task")?.kind === "object") return true;
  const type = members.get("resultType");
  return type?.kind === "string" && decodeString(buffer, type.start, type.end) === "task";
}

function readToken(buffer: Uint8Array, { start, end }: Value): ProgressToken | undefined {
  return end - start > progressTokenBytesMax ? undefined : readMessageId(buffer, start, end);
}
