/** Calls that wait for a person's answer in the state file, and the answers. What is for one call is for no other. */

import { createHash } from "node:crypto";
import {
  approvalArgumentsCharactersMax,
  approvalsPendingMax,
  approvalWaitMs,
  recordTextCharactersMax,
} from "../limits.ts";
import type { Approval, ApprovalQuery } from "../policy/facts.ts";
import type { PlainObject, StateContent } from "./state_content.ts";
import type { StateChange } from "./state_file.ts";

/** One call as it stands in the file. */
export interface ApprovalEntry {
  /** Eight letters and digits, for people. */
  readonly id: string;
  /** `ApprovalQuery.key`. */
  readonly key: string;
  readonly status: "pending" | "approved" | "denied";
  /** When it was asked for first, Unix milliseconds. */
  readonly askedMs: number;
  /** Until when it waits, or its answer holds. */
  readonly untilMs: number;
  /** For how long an answer holds. */
  readonly approvedForMs: number;
  readonly server: string;
  readonly from: "downstream" | "upstream";
  readonly target: string;
  readonly name: string;
  readonly method: string;
  /** Canonical JSON, cut where it is long; absent: the call has none. Not masked: the file is its owner's alone. */
  readonly argumentsJson?: string;
  /** Of the arguments before they were cut, where they were. */
  readonly argumentsCut?: { readonly characters: number; readonly sha256: string };
  readonly asks: readonly { readonly policy: string; readonly rule: string; readonly reason: string }[];
}

/** Looks a call up; one that nobody has asked for yet is put into the file. */
export function consultApprovals(
  content: StateContent,
  query: ApprovalQuery,
  nowMs: number,
): StateChange<Approval> {
  const current = currentApprovals(content, nowMs);
  const known = current.find(({ key }) => key === query.key);
  if (known !== undefined) {
    const { id, status } = known;
    return { result: status === "pending" ? { kind: status, id, isNew: false } : { kind: status, id } };
  }
  if (current.filter(({ status }) => status === "pending").length >= approvalsPendingMax) {
    const why = `${approvalsPendingMax} calls wait for approval already`;
    return { result: { kind: "unavailable", why } };
  }
  const entry = newEntry(query, nowMs, current);
  return {
    content: withApprovals(content, [...current, entry]),
    result: { kind: "pending", id: entry.id, isNew: true },
  };
}

/** Writes an answer down. Undefined where no call has that id, or it waits no longer. */
export function answerApproval(
  content: StateContent,
  id: string,
  status: "approved" | "denied",
  nowMs: number,
): StateChange<ApprovalEntry | undefined> {
  const current = currentApprovals(content, nowMs);
  const entry = current.find((one) => one.id === id);
  if (entry === undefined) return { result: undefined };
  const answered: ApprovalEntry = { ...entry, status, untilMs: nowMs + entry.approvedForMs };
  const all = current.map((one) => one === entry ? answered : one);
  return { content: withApprovals(content, all), result: answered };
}

/** All that wait and all answers that hold, the oldest first. */
export function currentApprovals({ approvals }: StateContent, nowMs: number): readonly ApprovalEntry[] {
  return approvals.filter(isEntry).filter(({ untilMs }) => nowMs <= untilMs);
}

function withApprovals(content: StateContent, entries: readonly ApprovalEntry[]): StateContent {
  // Entries are plain data: an absent member is left out.
  return { ...content, approvals: entries as unknown as readonly PlainObject[] };
}

function newEntry(query: ApprovalQuery, nowMs: number, others: readonly ApprovalEntry[]): ApprovalEntry {
  const { key, server, from, target, name, method, approvedForMs } = query;
  const json = query.argumentsJson;
  const isLong = json !== undefined && json.length > approvalArgumentsCharactersMax;
  // Two keys that begin alike, which nobody can make happen on purpose, are told apart by what follows.
  let length = idCharacters;
  while (others.some(({ id }) => id === key.slice(0, length))) length++;
  return {
    id: key.slice(0, length),
    key,
    status: "pending",
    askedMs: nowMs,
    untilMs: nowMs + approvalWaitMs,
    approvedForMs,
    server: cutTo(server, recordTextCharactersMax),
    from,
    target,
    name: cutTo(name, recordTextCharactersMax),
    method,
    ...(json === undefined ? {} : { argumentsJson: cutTo(json, approvalArgumentsCharactersMax) }),
    ...(isLong
      ? { argumentsCut: { characters: json.length, sha256: createHash("sha256").update(json).digest("hex") } }
      : {}),
    asks: query.asks.map(({ policy, rule, reason }) => ({ policy, rule, reason })),
  };
}

const idCharacters = 8;

function cutTo(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : text.slice(0, charactersMax).replace(/[\ud800-\udbff]$/, "");
}

/** Of our own writing, as the file's digest shows; what another version has written is left out, so that it approves nothing. */
function isEntry(value: PlainObject): value is PlainObject & ApprovalEntry {
  const texts = ["id", "key", "server", "from", "target", "name", "method"].every((name) =>
    typeof value[name] === "string"
  );
  const numbers = ["askedMs", "untilMs", "approvedForMs"].every((name) => Number.isFinite(value[name]));
  return texts && numbers && Array.isArray(value.asks) &&
    (value.status === "pending" || value.status === "approved" || value.status === "denied");
}
