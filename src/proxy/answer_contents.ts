/** What an answer carries besides the answer: requests of the server's, and directories that the agent gives it. */

import { readElicitations, readInputRequests } from "../mcp/input_requests.ts";
import type { ErrorAnswer, Result } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import { readRoots } from "../mcp/roots.ts";
import type { Decision } from "../policy/decision.ts";
import { decideTogether } from "../policy/decide_together.ts";
import type { Facts, Query } from "../policy/facts.ts";
import { aboutAsked, carryOutAsked, decideAsked, recordAsked } from "./asked.ts";
import { recordDecision } from "./decision_record.ts";
import type { PendingRequest } from "./pending.ts";
import type { Turn } from "./turn.ts";
import type { AnswerContents } from "./waiting.ts";

/** Why what an answer carries cannot be told for certain. */
export interface UnreadableContents {
  readonly kind: "unreadable";
  readonly reason: string;
}

/** What is to be judged in an answer of `side`; undefined for nearly all of them. */
export function readContents(
  side: Side,
  message: Result | ErrorAnswer,
): AnswerContents | UnreadableContents | undefined {
  if (side === "downstream") return message.kind === "error" ? undefined : readGiven(message);
  const asked = message.kind === "error" ? readElicitations(message) : readInputRequests(message);
  if (asked === undefined || asked.length === 0) return undefined;
  return typeof asked === "string"
    ? { kind: "unreadable", reason: asked }
    : { kind: "asked", operations: asked };
}

/** Under `roots` in any result: a list that comes under another request's id is still a list. */
function readGiven(message: Result): AnswerContents | UnreadableContents | undefined {
  if (message.members.size === 0) return undefined;
  const roots = message.members.get("roots");
  if (roots === undefined) return undefined;
  const operations = readRoots(message.frame.buffer, roots);
  if (typeof operations === "string") return { kind: "unreadable", reason: operations };
  return operations.length === 0 ? undefined : { kind: "given", operations, roots };
}

/** Why an answer may not pass. */
export interface ContentsDenial {
  readonly decision: Decision;
  /** Number of the decision's record. */
  readonly call: number;
  /** What was asked for, where the reason does not say it. */
  readonly about?: string;
}

/** Judges and records what an answer carries; undefined where the answer may pass, and then all of it is charged. */
export function judgeContents(
  turn: Turn,
  message: Result | ErrorAnswer,
  contents: AnswerContents,
  request: PendingRequest,
  queries: readonly Query[],
  facts: Facts,
): ContentsDenial | undefined {
  switch (contents.kind) {
    case "asked": {
      const verdicts = decideAsked(turn, turn.policy, contents.operations, facts);
      const call = recordAsked(turn, message, verdicts, facts, request.call);
      if (verdicts.denied === undefined) {
        carryOutAsked(turn, verdicts);
        return undefined;
      }
      return { decision: verdicts.denied.decision, call, about: aboutAsked(verdicts.denied) };
    }
    case "given": {
      const [first, ...rest] = contents.operations;
      const { policy } = turn.gate;
      const { decision, operation } = decideTogether(policy, turn.policy, first, rest, facts, turn.nowMs);
      const call = turn.nextCall();
      recordDecision(turn, "downstream", {
        message,
        operation,
        judged: { argumentsValue: contents.roots },
        queries,
        facts,
        decision,
        call,
        within: request.call,
      });
      if (decision.action === "forward") {
        if (decision.taints !== undefined) turn.carryOut(decision);
        return undefined;
      }
      // The log says which one. The server may not know: what was denied is that it hears of it.
      const reason = "one of the roots that the agent would give is denied";
      return { decision: { ...decision, reason }, call };
    }
  }
}
