/** Results and errors, from either side: matched to the request they answer, recorded, then passed on. */

import type { ErrorAnswer, Result } from "../mcp/message.ts";
import { otherTypeKey } from "../mcp/message_id.ts";
import { listedTargets, type Side } from "../mcp/operation.ts";
import { errorReply, replyCodes } from "../mcp/reply.ts";
import { couldAllow } from "../policy/visible.ts";
import { keyedDigest } from "../audit/digest.ts";
import { JsonScanner } from "../wire/json.ts";
import { filterList } from "./list_filter.ts";
import type { PendingRequest } from "./pending.ts";
import { otherSide, sideName, type Turn } from "./session_state.ts";

/** Something that the answer's record mentions besides what became of it. */
type Note = "duplicate_key" | "lone_surrogate" | "id_of_other_type";

/** An answer has come from `side`. What answers no pending request is dropped: an answer counts once. */
export function receiveAnswer(turn: Turn, side: Side, message: Result | ErrorAnswer): void {
  const asker = otherSide(side);
  const notes: Note[] = [...message.oddities];
  const request = takePending(turn, asker, message, notes);
  if (request === undefined) return dropUnasked(turn, side, message);
  const durationMs = turn.nowMs - request.sinceMs;
  const base = {
    kind: "outcome",
    call: request.call,
    from: sideName(side),
    durationMs,
    bytes: message.frame.end - message.frame.start,
    ...(notes.length === 0 ? {} : { notes }),
  } as const;
  if (message.kind === "error") {
    turn.record({ ...base, type: "error", action: "forward" });
    return turn.forward(asker, message);
  }
  const listed = side === "upstream" ? listedTargets(request.method) : undefined;
  if (listed !== undefined) return passList(turn, asker, message, request, base);
  turn.record({ ...base, type: isToolError(request, message) ? "tool_error" : "result", action: "forward" });
  turn.forward(asker, message);
}

interface OutcomeBase {
  readonly kind: "outcome";
  readonly call: number;
  readonly from: "agent" | "server";
  readonly durationMs: number;
  readonly bytes: number;
  readonly notes?: readonly Note[];
}

/** Finds and removes the request that is answered, leniently where only one could be meant: some servers turn 7 into "7". */
function takePending(
  turn: Turn,
  asker: Side,
  message: Result | ErrorAnswer,
  notes: Note[],
): PendingRequest | undefined {
  if (message.id === undefined) return undefined;
  const pending = turn.pendingOf(asker);
  let request = pending.get(message.id.key);
  if (request === undefined) {
    const other = otherTypeKey(message.id.key);
    request = other === undefined ? undefined : pending.get(other);
    if (request !== undefined) notes.push("id_of_other_type");
  }
  if (request !== undefined) turn.setPending(asker, pending.remove(request.key));
  return request;
}

function dropUnasked(turn: Turn, side: Side, message: Result | ErrorAnswer): void {
  turn.countRefused();
  turn.record({
    kind: "refused",
    from: sideName(side),
    code: "unasked",
    reason: "an answer to no pending request: late, sent twice, or never asked for",
    bytes: message.frame.end - message.frame.start,
    ...(message.id === undefined ? {} : { id: message.id.source }),
  });
}

/** A `tools/list` and its kin: shown as far as it could be used. */
function passList(turn: Turn, asker: Side, message: Result, request: PendingRequest, base: OutcomeBase): void {
  const listed = listedTargets(request.method)!;
  const list = message.members.get(listed.listedIn);
  if (list === undefined) {
    turn.record({ ...base, type: "result", action: "forward" });
    return turn.forward(asker, message);
  }
  if (list.kind !== "array") {
    const reason = `the server's answer to ${request.method} has no list in "${listed.listedIn}"`;
    turn.record({ ...base, type: "result", action: "replace", code: "malformed" });
    return turn.reply(asker, errorReply(request.idSource, replyCodes.badAnswer, reason));
  }
  const filtered = filterList(elementScanner, message.frame, list, listed.namedBy, (name) =>
    couldAllow(turn.gate.policy, {
      from: asker,
      target: listed.target,
      name,
      method: listed.usedBy,
    }));
  if (filtered.kind === "untouched") {
    turn.record({ ...base, type: "result", action: "forward" });
    return turn.forward(asker, message);
  }
  const { buffer, start, end } = message.frame;
  turn.record({
    ...base,
    type: "result",
    action: "filter",
    filtered: {
      removed: filtered.removed,
      before: keyedDigest(turn.gate.digestKey, buffer.subarray(start, end)),
      after: keyedDigest(turn.gate.digestKey, filtered.bytes.subarray(0, -1)),
    },
  });
  turn.effects.push({ kind: "forward", to: asker, buffer: filtered.bytes, start: 0, end: filtered.bytes.length });
}

/** Scratch space for the elements of lists; it holds nothing between two calls. */
const elementScanner = new JsonScanner();

function isToolError(request: PendingRequest, message: Result): boolean {
  if (!request.isToolCall) return false;
  const flag = message.members.get("isError");
  return flag !== undefined && message.frame.buffer[flag.start] === 0x74; // the t of true
}
