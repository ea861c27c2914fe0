/** What else a message is about besides its own operation; nothing for nearly all messages. */

import { readAccompanying } from "../mcp/accompanying.ts";
import { readTaskNotification } from "../mcp/input_requests.ts";
import type { Notification, Request } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import type { Turn } from "./turn.ts";
import { toolsOfTasks } from "./tasks.ts";
import type { Company } from "./waiting.ts";

export const alone: Company = { accompanying: [], asked: [] };

/** Reads it; {@linkcode alone} where there is none, a reason where it cannot be told for certain. */
export function readCompany(turn: Turn, side: Side, message: Request | Notification): Company | string {
  const { method } = message;
  if (side === "upstream") {
    const asked = message.kind === "notification" ? readTaskNotification(message) : undefined;
    if (asked === undefined || asked.length === 0) return alone;
    return typeof asked === "string" ? asked : { accompanying: [], asked };
  }
  if (method === "tools/call" && !message.members.has("inputResponses")) return alone;
  const accompanying = readAccompanying(message);
  if (typeof accompanying === "string") return accompanying;
  const tools = toolsOfTasks(turn, message);
  if (typeof tools === "string") return tools;
  if (accompanying.length + tools.length === 0) return alone;
  return { accompanying: [...tools, ...accompanying], asked: [] };
}
