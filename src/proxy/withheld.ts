/** An answer of the server's that does not reach the agent: the model is told why, and can go on. */

import type { Side } from "../mcp/operation.ts";
import { deniedToolResult, errorReply, type ReplyCode } from "../mcp/reply.ts";
import type { ResultBound } from "../policy/result_bound.ts";
import { quote } from "../policy/sentence.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";

/** Why. */
export interface Withheld {
  readonly code: "result_too_large" | "invisible_text";
  readonly reply: ReplyCode;
  /** Who said so: a policy and its rule, or a built-in rule. */
  readonly policy: string;
  readonly rule: string;
  readonly reason: string;
}

export function explainSize({ bytesMax, rule }: ResultBound, bytes: number): string {
  return `the answer has ${bytes} bytes, and rule ${quote(rule)} lets ${bytesMax} through`;
}

/** Answers `asker` in place of an answer of `bytes` bytes, whose request was taken off the table already. */
export function withholdResult(
  turn: Turn,
  asker: Side,
  request: PendingRequest,
  { code, reply, policy, rule, reason }: Withheld,
  bytes: number,
): void {
  turn.countDenied();
  turn.record({
    kind: "outcome",
    call: request.call,
    from: sideName(otherSide(asker)),
    type: "result",
    action: "replace",
    code,
    withheld: { policy, rule, reason },
    durationMs: turn.nowMs - request.sinceMs,
    bytes,
  });
  const details = { code, rule, reason, decision: `${turn.gate.session}/${request.call}` };
  const text = `Withheld by policy (rule "${rule}"): ${reason}. The call itself was made.`;
  const denials = turn.gate.policy.documents.find(({ name }) => name === policy)?.denials ??
    turn.gate.policy.documents[0].denials;
  const isToolResult = request.isToolCall && asker === "downstream" && denials === "tool_result";
  turn.replaceAnswer(
    asker,
    request,
    isToolResult
      ? deniedToolResult(request.idSource, text, details, { stateless: request.stateless })
      : errorReply(request.idSource, reply, text, details),
  );
}
