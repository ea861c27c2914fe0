/** Results and errors, from either side: matched to the request they answer, recorded, then passed on. */

import type { ErrorAnswer, Result } from "../mcp/message.ts";
import { otherTypeKey } from "../mcp/message_id.ts";
import { everyList, type ListedTargets, listedTargets, type Side } from "../mcp/operation.ts";
import { errorReply, replyCodes } from "../mcp/reply.ts";
import { couldAllow } from "../policy/visible.ts";
import { keyedDigest } from "../audit/digest.ts";
import type { Note, OutcomeRecord } from "../audit/record.ts";
import { JsonScanner } from "../wire/json.ts";
import { type FilteredList, filterList } from "./list_filter.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName, type Turn } from "./session_state.ts";

/** An answer has come from `side`. What answers no pending request is dropped: an answer counts once. */
export function receiveAnswer(turn: Turn, side: Side, message: Result | ErrorAnswer): void {
  const asker = otherSide(side);
  const answered = takePending(turn, asker, message);
  if (answered === undefined) return dropUnasked(turn, side, asker, message);
  const { request, notes } = answered;
  const listed = side === "upstream" && message.kind === "result" ? listIn(message, request) : undefined;
  if (listed !== undefined) return passList(turn, message as Result, answered, listed);
  turn.record({
    kind: "outcome",
    call: request.call,
    from: sideName(side),
    type: answerType(request, message),
    action: "forward",
    durationMs: turn.nowMs - request.sinceMs,
    bytes: message.frame.end - message.frame.start,
    notes,
  });
  turn.forward(asker, message);
}

interface Answered {
  readonly request: PendingRequest;
  /** What the answer's record mentions besides what became of it. */
  readonly notes: readonly Note[];
}

/** Finds and removes the request that is answered, leniently where only one could be meant: some servers turn 7 into "7". */
function takePending(turn: Turn, asker: Side, message: Result | ErrorAnswer): Answered | undefined {
  if (message.id === undefined) return undefined;
  const pending = turn.pending[asker];
  const exact = pending.get(message.id.key);
  if (exact !== undefined) {
    turn.setPending(asker, pending.remove(exact.key));
    return { request: exact, notes: message.oddities };
  }
  const otherKey = otherTypeKey(message.id.key);
  const other = otherKey === undefined ? undefined : pending.get(otherKey);
  if (other === undefined) return undefined;
  turn.setPending(asker, pending.remove(other.key));
  return { request: other, notes: [...message.oddities, "id_of_other_type"] };
}

function dropUnasked(turn: Turn, side: Side, asker: Side, message: Result | ErrorAnswer): void {
  const late = takeCancelled(turn, asker, message.id?.key);
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

/** Whether the answer is one to a cancelled request; its id is free again then. */
function takeCancelled(turn: Turn, asker: Side, key: string | undefined): boolean {
  if (key === undefined) return false;
  const cancelled = turn.cancelled[asker];
  const other = otherTypeKey(key);
  const request = cancelled.get(key) ?? (other === undefined ? undefined : cancelled.get(other));
  if (request !== undefined) turn.setCancelled(asker, cancelled.remove(request.key));
  return request !== undefined;
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
function passList(turn: Turn, message: Result, { request, notes }: Answered, listed: ListedTargets): void {
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
    return turn.reply("downstream", errorReply(request.idSource, replyCodes.badAnswer, reason));
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
    return turn.forward("downstream", message);
  }
  const key = turn.gate.digestKey;
  const before = keyedDigest(key, buffer.subarray(start, end));
  const after = keyedDigest(key, filtered.bytes.subarray(0, -1));
  outcome({ action: "filter", filtered: { removed: filtered.removed, before, after } });
  const frame = { buffer: filtered.bytes, start: 0, end: filtered.bytes.length - 1 };
  turn.forward("downstream", { frame });
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
