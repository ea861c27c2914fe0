/** How a denial is told: to the model as a tool result that it can go on from, to everyone else as an error. */

import { type DenialDetails, deniedToolResult, errorReply, replyCodes } from "../mcp/reply.ts";
import type { Decision } from "../policy/decision.ts";

/** Whom a denial answers, and what about. */
export interface Denied {
  /** The id as the asker spelt it. */
  readonly idSource: string;
  /** Whether a denial may take the form of a tool result. */
  readonly isToolCall: boolean;
  /** Asked only for a tool result. */
  readonly isStateless: () => boolean;
  /** The record of the decision: session and call number. */
  readonly record: string;
  /** What was asked for, where it is not what the asker asked for itself. */
  readonly about?: string;
}

/** The answer to a request that a policy denied, or whose answer it denied. */
export function denialOf(
  decision: Decision,
  { idSource, isToolCall, isStateless, record, about }: Denied,
): Uint8Array {
  const details: DenialDetails = {
    code: decision.code ?? "error",
    rule: decision.rule,
    reason: decision.reason,
    decision: record,
    ...(decision.retryAfterMs === undefined ? {} : { retryAfterMs: decision.retryAfterMs }),
  };
  const text = about === undefined ? denialText(decision) : `${about} ${denialText(decision)}`;
  if (isToolCall && decision.denials === "tool_result") {
    return deniedToolResult(idSource, text, details, { stateless: isStateless() });
  }
  const code = decision.code === "limit" ? replyCodes.limited : replyCodes.denied;
  return errorReply(idSource, code, text, details);
}

/** `30 s`, `7 min`, `5 h`: never too early. */
function sayWait(seconds: number): string {
  if (seconds <= 120) return `${seconds} s`;
  return seconds <= 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}

/** One sentence for the model: what, by which rule, and why. How to change the policy is not for it to know. */
function denialText(decision: Decision): string {
  if (decision.code === "limit") {
    const wait = Math.ceil((decision.retryAfterMs ?? 0) / 1000);
    const later = wait > 0 ? ` Try again in ${sayWait(wait)}.` : "";
    return `Limited by policy (rule "${decision.rule}"): ${decision.reason}.${later}`;
  }
  if (decision.code === "ask") {
    return `Not done without a person's consent (rule "${decision.rule}"): ${decision.reason}.`;
  }
  return `Denied by policy (rule "${decision.rule}"): ${decision.reason}.`;
}
