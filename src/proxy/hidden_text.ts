/** Text that nobody sees in what the server sends: it is noted, or keeps a message from passing where a policy says so. */

import type { ErrorAnswer, Notification, Request, Result, Value } from "../mcp/message.ts";
import { listedTargets } from "../mcp/operation.ts";
import { builtInPolicy, builtInRules } from "../policy/built_in.ts";
import { quote } from "../policy/sentence.ts";
import { surfaceKindOf } from "../policy/trust.ts";
import { replyCodes } from "../mcp/reply.ts";
import { findInvisible, type InvisibleCounts } from "../wire/invisible_text.ts";
import type { PendingRequest } from "./pending.ts";
import type { Turn } from "./turn.ts";
import { isNews } from "./surfaces.ts";
import type { Withheld } from "./withheld.ts";

/** What nobody sees in an answer of the server's, and why it does not pass for that; undefined where there is nothing. */
export function lookForInvisible(
  turn: Turn,
  request: PendingRequest,
  message: Result | ErrorAnswer,
): { readonly counts: InvisibleCounts; readonly refusal: Withheld | undefined } | undefined {
  if (message.isPlain) return undefined;
  const { method, tool } = request;
  const what = tool === undefined ? `the answer to ${method}` : `an answer of tool ${quote(tool)}`;
  const value = message.kind === "result" ? message.result : message.error;
  const found = lookInto(turn, what, message.frame.buffer, value);
  if (found === undefined) return undefined;
  const { counts, reason } = found;
  const listed = listedTargets(method)?.listedIn;
  // Of these each element was, or is to be, judged by itself.
  const isJudged = method === "initialize" || method === "server/discover" ||
    (listed !== undefined && surfaceKindOf(listed) !== undefined);
  if (!refuses(turn) || isJudged) return { counts, refusal: undefined };
  const rule = { policy: builtInPolicy, rule: builtInRules.invisibleText };
  return { counts, refusal: { code: "invisible_text", reply: replyCodes.denied, ...rule, reason } };
}

/** The same for what the server asks or tells of its own accord. */
export function lookForInvisibleIn(
  turn: Turn,
  message: Request | Notification,
): { readonly counts: InvisibleCounts; readonly refusal: string | undefined } | undefined {
  if (message.isPlain || message.params === undefined) return undefined;
  const found = lookInto(turn, `the server's ${message.method}`, message.frame.buffer, message.params);
  return found && { counts: found.counts, refusal: refuses(turn) ? found.reason : undefined };
}

function refuses({ gate }: Turn): boolean {
  return gate.policy.trust?.refusesInvisible === true;
}

/** The operator is told once of each `what`; the record has the counts each time. */
function lookInto(
  turn: Turn,
  what: string,
  buffer: Uint8Array,
  { start, end }: Value,
): { readonly counts: InvisibleCounts; readonly reason: string } | undefined {
  const counts = findInvisible(buffer, start, end);
  if (counts === undefined) return undefined;
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind.replace("_", " ")}: ${count}`);
  const seen = `${what} holds text that nobody sees`;
  if (isNews(turn, seen)) {
    const sentence = seen.slice(0, 1).toUpperCase() + seen.slice(1);
    turn.say("warning", `${sentence} (${kinds.join(", ")}, the first time)`);
  }
  return { counts, reason: `${seen} (${kinds.join(", ")})` };
}
