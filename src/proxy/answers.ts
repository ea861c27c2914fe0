/** Results and errors, from either side: matched to the request they answer, judged, recorded, then passed on. */

import type { ErrorAnswer, Result } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import { announcedLists } from "../mcp/list_changes.ts";
import { createsTask } from "../mcp/progress.ts";
import { replyCodes } from "../mcp/reply.ts";
import { negotiatedRevision } from "../mcp/revision.ts";
import { type Facts, noFacts } from "../policy/facts.ts";
import { needsOfAll } from "../policy/needs.ts";
import type { OutcomeRecord } from "../audit/record.ts";
import { judgeContents, readContents } from "./answer_contents.ts";
import { heldByAnswer, receiveConsent } from "./consent_answers.ts";
import { takeOwnAnswer } from "./asked_list.ts";
import { type Answered, refuseTaken, takeAnswered } from "./correlation.ts";
import { denialOf } from "./denial.ts";
import { lookForInvisible } from "./hidden_text.ts";
import { filterLists } from "./lists.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";
import type { ResultBound } from "../policy/result_bound.ts";
import { explainSize, type Withheld, withholdResult } from "./withheld.ts";
import { judgeInstructions } from "./surfaces.ts";
import { rememberTask } from "./tasks.ts";
import type { WaitingAnswer } from "./waiting.ts";

/** An answer has come from `side`. What answers no pending request is dropped: an answer counts once. */
export function receiveAnswer(turn: Turn, side: Side, message: Result | ErrorAnswer): void {
  if (side === "downstream" && turn.consent.held.length > 0) {
    const held = heldByAnswer(turn, message.id);
    if (held !== undefined) return receiveConsent(turn, held, message);
  }
  if (side === "downstream" && turn.phase !== "open") return dropAfterEnd(turn, message);
  const { asking } = turn.surfaces;
  if (asking !== undefined && side === "upstream" && takeOwnAnswer(turn, asking, message)) return;
  const contents = readContents(side, message);
  if (contents === undefined) {
    const answered = takeRequest(turn, side, message);
    if (answered !== undefined) deliver(turn, side, message, answered);
    return;
  }
  if (contents.kind === "unreadable") return refuseUnreadable(turn, side, message, contents.reason);
  const queries = needsOfAll(turn.gate.policy, contents.operations);
  const waiting: WaitingAnswer = { kind: "answer", message, contents, queries };
  if (queries.length === 0) return judgeAnswer(turn, side, waiting, noFacts);
  turn.setWaiting(side, waiting);
  turn.effects.push({ kind: "look_up", queries });
}

/** The facts that {@linkcode receiveAnswer} asked for are there. A fact that is not counts as missing. */
export function resumeAnswer(turn: Turn, side: Side, waiting: WaitingAnswer, facts: Facts): void {
  turn.setWaiting(side, undefined);
  if (side === "downstream" && turn.phase !== "open") return dropAfterEnd(turn, waiting.message);
  judgeAnswer(turn, side, waiting, facts);
}

/** Finds the request that is answered, and takes it off the table. Undefined where that is the end of the answer. */
function takeRequest(turn: Turn, side: Side, message: Result | ErrorAnswer): Answered | undefined {
  const asker = otherSide(side);
  const answered = takeAnswered(turn, asker, message.id);
  if (typeof answered !== "object") {
    dropUnasked(turn, side, message, answered === "late");
    return undefined;
  }
  const bytes = message.frame.end - message.frame.start;
  if (turn.hasRoomFor(asker, answered.request, bytes)) return answered;
  const reason = "the answers of its batch are too large to be held until they are complete";
  refuseTaken(turn, asker, answered.request, {
    code: "too_large",
    reply: replyCodes.tooLarge,
    reason,
    bytes,
  });
  return undefined;
}

/** An answer with something in it to be judged: it passes whole, or an error stands in its place. */
function judgeAnswer(
  turn: Turn,
  side: Side,
  { message, contents, queries }: WaitingAnswer,
  facts: Facts,
): void {
  const asker = otherSide(side);
  const answered = takeRequest(turn, side, message);
  if (answered === undefined) return;
  const { request } = answered;
  const denial = judgeContents(turn, message, contents, request, queries, facts);
  if (denial === undefined) return deliver(turn, side, message, answered);
  const { decision, call, about } = denial;
  turn.countDenied();
  recordOutcome(turn, side, message, answered, { action: "replace", code: decision.code });
  turn.replaceAnswer(
    asker,
    request,
    denialOf(decision, {
      idSource: request.idSource,
      isToolCall: asker === "downstream" && request.isToolCall,
      isStateless: () => request.stateless,
      record: `${turn.gate.session}/${call}`,
      ...(about === undefined ? {} : { about }),
    }),
  );
}

/** What an answer carries cannot be told for certain: whoever waits for it gets an error. */
function refuseUnreadable(turn: Turn, side: Side, message: Result | ErrorAnswer, reason: string): void {
  const answered = takeRequest(turn, side, message);
  if (answered === undefined) return;
  const bytes = message.frame.end - message.frame.start;
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code: "malformed",
    reason,
    bytes,
    ...(message.id === undefined ? {} : { id: message.id.source }),
  });
  turn.say("warning", `The ${sideName(side)} sent an answer that cannot be passed on: ${reason}`);
  const refusal = { code: "malformed", reply: replyCodes.badAnswer, reason, bytes } as const;
  refuseTaken(turn, otherSide(side), answered.request, refusal);
}

function tooLarge(bound: ResultBound, bytes: number): Withheld {
  const { policy, rule } = bound;
  const reason = explainSize(bound, bytes);
  return { code: "result_too_large", reply: replyCodes.tooLarge, policy, rule, reason };
}

/** Passes an answer on, what it lists as far as it could be used. */
function deliver(turn: Turn, side: Side, message: Result | ErrorAnswer, answered: Answered): void {
  const asker = otherSide(side);
  const { request } = answered;
  const bytes = message.frame.end - message.frame.start;
  if (request.resultBound !== undefined && bytes > request.resultBound.bytesMax) {
    return withholdResult(turn, asker, request, tooLarge(request.resultBound, bytes), bytes);
  }
  const invisible = side === "downstream" ? undefined : lookForInvisible(turn, request, message);
  if (invisible?.refusal !== undefined) {
    return withholdResult(turn, asker, request, invisible.refusal, bytes);
  }
  if (message.kind === "result") {
    const { trust } = turn.gate.policy;
    const refusal = trust === undefined || side === "downstream"
      ? undefined
      : judgeInstructions(turn, trust, request.method, message);
    if (refusal !== undefined) {
      turn.countDenied();
      const bytes = message.frame.end - message.frame.start;
      return refuseTaken(turn, asker, request, { ...refusal, reply: replyCodes.denied, bytes });
    }
    learn(turn, asker, request, message);
    const shown = side === "upstream" ? filterLists(turn, message, request) : undefined;
    if (shown?.kind === "no_list") {
      const { reason } = shown;
      const bytes = message.frame.end - message.frame.start;
      return refuseTaken(turn, asker, request, {
        code: "malformed",
        reply: replyCodes.badAnswer,
        reason,
        bytes,
      });
    }
    if (shown?.kind === "cut") {
      recordOutcome(turn, side, message, answered, {
        action: "filter",
        filtered: shown.filtered,
        invisible: invisible?.counts,
      });
      return turn.forwardAnswer(asker, request, shown);
    }
  }
  recordOutcome(turn, side, message, answered, { action: "forward", invisible: invisible?.counts });
  turn.forwardAnswer(asker, request, message);
}

function recordOutcome(
  turn: Turn,
  side: Side,
  message: Result | ErrorAnswer,
  { request, isExact }: Answered,
  { action, code, filtered, invisible }: Pick<OutcomeRecord, "action" | "code" | "filtered" | "invisible">,
): void {
  turn.record({
    kind: "outcome",
    call: request.call,
    from: sideName(side),
    type: answerType(request, message),
    action,
    code,
    durationMs: turn.nowMs - request.sinceMs,
    bytes: message.frame.end - message.frame.start,
    filtered,
    invisible,
    notes: isExact ? message.oddities : [...message.oddities, "id_of_other_type"],
  });
}

/** What a result says about the messages to come. */
function learn(turn: Turn, asker: Side, request: PendingRequest, message: Result): void {
  if (request.progress !== undefined && createsTask(message)) turn.keepTaskToken(asker, request.progress);
  if (asker === "downstream") rememberTask(turn, request, message);
  if (asker === "downstream" && request.method === "initialize") {
    turn.revision = negotiatedRevision(message);
    turn.announcedLists = announcedLists(message);
  }
}

/** The agent answers a server that is gone. */
function dropAfterEnd(turn: Turn, message: Result | ErrorAnswer): void {
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: "agent",
    code: "server_gone",
    reason: "the tool server is gone",
    bytes: message.frame.end - message.frame.start,
    ...(message.id === undefined ? {} : { id: message.id.source }),
  });
}

function dropUnasked(turn: Turn, side: Side, message: Result | ErrorAnswer, late: boolean): void {
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code: "unasked",
    reason: late
      ? "a late answer to a request that was cancelled"
      : "an answer to no pending request: sent twice, or never asked for",
    bytes: message.frame.end - message.frame.start,
    ...(message.id === undefined ? {} : { id: message.id.source }),
  });
}

function answerType(request: PendingRequest, message: Result | ErrorAnswer): OutcomeRecord["type"] {
  if (message.kind === "error") return "error";
  const flag = request.isToolCall ? message.members.get("isError") : undefined;
  return flag !== undefined && message.frame.buffer[flag.start] === LOWER_T ? "tool_error" : "result";
}

/** The first byte of `true`. */
const LOWER_T = 0x74;
