/** Results and errors, from either side: matched to the request they answer, recorded, then passed on. */

import type { ErrorAnswer, Result } from "../mcp/message.ts";
import { everyList, type ListedTargets, listedTargets, type Side } from "../mcp/operation.ts";
import { createsTask } from "../mcp/progress.ts";
import { errorReply, replyCodes } from "../mcp/reply.ts";
import { negotiatedRevision } from "../mcp/revision.ts";
import { couldAllow } from "../policy/visible.ts";
import { keyedDigest } from "../audit/digest.ts";
import type { Note, OutcomeRecord } from "../audit/record.ts";
import { JsonScanner } from "../wire/json.ts";
import { refuseTaken, takeAnswered } from "./correlation.ts";
import { type FilteredList, filterList } from "./list_filter.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName, type Turn } from "./session_state.ts";

/** An answer has come from `side`. What answers no pending request is dropped: an answer counts once. */
export function receiveAnswer(turn: Turn, side: Side, message: Result | ErrorAnswer): void {
  const asker = otherSide(side);
  if (side === "downstream" && turn.phase !== "open") return dropAfterEnd(turn, message);
  const answered = takeAnswered(turn, asker, message.id);
  if (typeof answered !== "object") return dropUnasked(turn, side, message, answered === "late");
  const { request, isExact } = answered;
  const notes: readonly Note[] = isExact ? message.oddities : [...message.oddities, "id_of_other_type"];
  const bytes = message.frame.end - message.frame.start;
  if (!turn.hasRoomFor(asker, request, bytes)) {
    const reason = "the answers of its batch are too large to be held until they are complete";
    return refuseTaken(turn, asker, request, {
      code: "too_large",
      reply: replyCodes.tooLarge,
      reason,
      bytes,
    });
  }
  if (message.kind === "result") learn(turn, asker, request, message);
  const listed = side === "upstream" && message.kind === "result" ? listIn(message, request) : undefined;
  if (listed !== undefined) return passList(turn, message as Result, request, notes, listed);
  turn.record({
    kind: "outcome",
    call: request.call,
    from: sideName(side),
    type: answerType(request, message),
    action: "forward",
    durationMs: turn.nowMs - request.sinceMs,
    bytes,
    notes,
  });
  turn.forwardAnswer(asker, request, message);
}

/** What a result says about the messages to come. */
function learn(turn: Turn, asker: Side, request: PendingRequest, message: Result): void {
  if (request.progress !== undefined && createsTask(message)) turn.keepTaskToken(asker, request.progress);
  if (asker === "downstream" && request.method === "initialize") turn.revision = negotiatedRevision(message);
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

/**
 * The list in a server's result, whatever it answers: a list that comes under another request's id (a server that
 * confuses 7 and "7", an id that was used again) is still a list of things that the agent may not see.
 */
function listIn(message: Result, request: PendingRequest): ListedTargets | undefined {
  return listedTargets(request.method) ??
    everyList.find(({ listedIn }) => message.members.get(listedIn)?.kind === "array");
}

/** A server's answer to `tools/list` and its kin: shown as far as it could be used. */
function passList(
  turn: Turn,
  message: Result,
  request: PendingRequest,
  notes: readonly Note[],
  listed: ListedTargets,
): void {
  const { buffer, start, end } = message.frame;
  const outcome = (rest: Pick<OutcomeRecord, "action" | "code" | "filtered">) =>
    turn.record({
      kind: "outcome",
      call: request.call,
      from: "server",
      type: "result",
      durationMs: turn.nowMs - request.sinceMs,
      bytes: end - start,
      notes,
      ...rest,
    });
  const list = message.members.get(listed.listedIn);
  if (list !== undefined && list.kind !== "array") {
    const reason = `the server's answer to ${request.method} has no list in "${listed.listedIn}"`;
    outcome({ action: "replace", code: "malformed" });
    return turn.replaceAnswer(
      "downstream",
      request,
      errorReply(request.idSource, replyCodes.badAnswer, reason),
    );
  }
  const filtered = list === undefined ? untouched : filterList(
    elementScanner,
    message.frame,
    list,
    listed.namedBy,
    (name) =>
      couldAllow(turn.gate.policy, {
        from: "downstream",
        target: listed.target,
        name,
        method: listed.usedBy,
      }),
  );
  if (filtered.kind === "untouched") {
    outcome({ action: "forward" });
    return turn.forwardAnswer("downstream", request, message);
  }
  const key = turn.gate.digestKey;
  const before = keyedDigest(key, buffer.subarray(start, end));
  const after = keyedDigest(key, filtered.bytes.subarray(0, -1));
  outcome({ action: "filter", filtered: { removed: filtered.removed, before, after } });
  const frame = { buffer: filtered.bytes, start: 0, end: filtered.bytes.length - 1 };
  turn.forwardAnswer("downstream", request, { frame });
}

const untouched: FilteredList = { kind: "untouched" };

/** Scratch space for the elements of lists; it holds nothing between two calls. */
const elementScanner = new JsonScanner();

function answerType(request: PendingRequest, message: Result | ErrorAnswer): OutcomeRecord["type"] {
  if (message.kind === "error") return "error";
  const flag = request.isToolCall ? message.members.get("isError") : undefined;
  return flag !== undefined && message.frame.buffer[flag.start] === LOWER_T ? "tool_error" : "result";
}

/** The first byte of `true`. */
const LOWER_T = 0x74;
