/** Lists in a server's results: what the agent could not use anyway, it does not see. */

import { keyedDigest } from "../audit/digest.ts";
import type { OutcomeRecord } from "../audit/record.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { JsonScanner } from "../wire/json.ts";
import { decodeString } from "../wire/json_value.ts";
import type { Members, Result } from "../mcp/message.ts";
import { everyList, type ListedTargets, listedTargets } from "../mcp/operation.ts";
import { resultParts } from "../mcp/result_parts.ts";
import { policyAt } from "../policy/policy_at.ts";
import { surfaceKindOf } from "../policy/trust.ts";
import { couldAllow, couldAllowTemplate } from "../policy/visible.ts";
import { addPrivate, cutLists, type Edit, type ListToCut, makePrivate } from "./list_filter.ts";
import type { PendingRequest } from "./pending.ts";
import type { Turn } from "./turn.ts";
import { judgeList } from "./surfaces.ts";

/** What becomes of the lists in a result. */
export type ShownResult =
  /** Forward it as it is. */
  | { readonly kind: "whole" }
  | {
    readonly kind: "cut";
    readonly frame: FrameSpan;
    readonly filtered: NonNullable<OutcomeRecord["filtered"]>;
  }
  /** No list where one must be. */
  | { readonly kind: "no_list"; readonly reason: string };

const whole: ShownResult = { kind: "whole" };

/**
 * Filters every list in a server's result, whatever it answers: a list that comes under another request's id (a server
 * that confuses 7 and "7", an id that was used again), or inside a task, is still a list of things that the agent may
 * not see.
 */
export function filterLists(turn: Turn, message: Result, request: PendingRequest): ShownResult {
  const { members, frame } = message;
  if (members.size === 0) return whole;
  const expected = listedTargets(request.method);
  const list = expected && members.get(expected.listedIn);
  if (expected !== undefined && list !== undefined && list.kind !== "array") {
    const reason = `what ${request.method} asks for, "${expected.listedIn}", is no list`;
    return { kind: "no_list", reason };
  }
  const parts = resultParts(message);
  if (typeof parts === "string") return { kind: "no_list", reason: parts };
  const lists = parts.flatMap((part) => listsIn(turn, part, frame.buffer));
  if (lists.length === 0) return whole;
  const unshared = parts.flatMap((part) => unshare(frame.buffer, part));
  const cut = cutLists(elementScanner, frame, lists, unshared);
  if (cut.kind === "untouched") return whole;
  const key = turn.gate.digestKey;
  return {
    kind: "cut",
    frame: { buffer: cut.bytes, start: 0, end: cut.bytes.length - 1 },
    filtered: {
      removed: cut.removed,
      before: keyedDigest(key, frame.buffer.subarray(frame.start, frame.end)),
      after: keyedDigest(key, cut.bytes.subarray(0, -1)),
      ...(unshared.length === 0 ? {} : { madePrivate: true }),
    },
  };
}

/** Scratch space for the elements of lists; it holds nothing between two calls. */
const elementScanner = new JsonScanner();

function listsIn(turn: Turn, part: Members, buffer: Uint8Array): ListToCut[] {
  const { trust } = turn.gate.policy;
  const lists: ListToCut[] = [];
  for (const listed of everyList) {
    const list = part.get(listed.listedIn);
    if (list?.kind !== "array") continue;
    const kind = trust && surfaceKindOf(listed.listedIn);
    const trusted = kind && judgeList(turn, trust!, kind, buffer, list);
    lists.push({
      list,
      namedBy: listed.namedBy,
      isShown: (name, at) => isShown(turn, listed, name) && (trusted === undefined || trusted.has(at)),
    });
  }
  return lists;
}

function isShown(turn: Turn, { target, namedBy, usedBy }: ListedTargets, name: string): boolean {
  const policy = policyAt(turn.gate.policy, turn.nowMs);
  if (namedBy === "uriTemplate") return couldAllowTemplate(policy, name, "downstream");
  return couldAllow(policy, { from: "downstream", target, name, method: usedBy });
}

/**
 * A list that was cut for this agent may not be kept for others (MCP 2026-07-28, server/utilities/caching). Any other
 * word than `private` is taken for one that allows it, and so is none beside a time to keep it: some clients do.
 */
function unshare(buffer: Uint8Array, part: Members): Edit[] {
  const scope = part.get("cacheScope");
  if (scope === undefined) {
    const time = part.get("ttlMs");
    return time === undefined || !everyList.some(({ listedIn }) => part.has(listedIn))
      ? []
      : [addPrivate(time)];
  }
  const isPrivate = scope.kind === "string" && decodeString(buffer, scope.start, scope.end) === "private";
  return isPrivate ? [] : [makePrivate(scope)];
}
