/** `lilith-zero approvals list|approve|deny`: a person's answers to calls that wait for one. */

import { redactJson } from "../audit/redact.ts";
import { visibleText } from "../audit/terminal_text.ts";
import { LilithError } from "../errors.ts";
import { duration, sayAsking, shown } from "../proxy/consent_call.ts";
import { answerApproval, type ApprovalEntry, currentApprovals } from "../state/approvals.ts";
import { openExistingStateFile } from "./state_file.ts";
import { exitStatus } from "./exit_status.ts";

export interface ListOptions {
  readonly state: string;
  readonly json: boolean;
  /** Arguments as they are, and not masked. */
  readonly show: boolean;
}

/** stdout carries no protocol in this command. */
const terminal = (line: string): void => console.log(line);

/** Prints what waits and what was answered, the oldest first. Gives the exit status. */
export function listApprovals(
  { state, json, show }: ListOptions,
  nowMs: number,
  out: (line: string) => void = terminal,
): number {
  const file = openExistingStateFile(state);
  try {
    const entries = file.update((content) => ({ result: currentApprovals(content, nowMs) }));
    if (json) {
      out(JSON.stringify(entries.map((entry) => ({ ...entry, ...argumentsOf(entry, show) }))));
    } else if (entries.length === 0) {
      out("Nothing waits for approval.");
    } else {
      for (const line of entries.flatMap((entry) => describe(entry, show, nowMs))) out(line);
      out(`Answer with: lilith-zero approvals approve|deny ID --state ${visibleText(state)}`);
    }
  } finally {
    file.close();
  }
  return exitStatus.done;
}

/** Writes one answer down. Gives the exit status: 0, or 1 where nothing by that name waits. */
export function answerOne(
  id: string,
  answer: "approved" | "denied",
  { state, json }: Pick<ListOptions, "state" | "json">,
  nowMs: number,
  out: (line: string) => void = terminal,
): number {
  const file = openExistingStateFile(state);
  let entry: ApprovalEntry | undefined;
  try {
    entry = file.update((content) => answerApproval(content, id, answer, nowMs));
  } finally {
    file.close();
  }
  if (entry === undefined) {
    throw new LilithError("approval_unknown", {
      message: `Cannot answer: nothing by the name "${visibleText(id).slice(0, 80)}" waits for approval`,
      hint: `It may have waited for too long. See lilith-zero approvals list --state ${state}`,
    });
  }
  if (json) {
    out(JSON.stringify({ ...entry, ...argumentsOf(entry, false) }));
    return exitStatus.done;
  }
  for (const line of describe(entry, false, nowMs)) out(line);
  out(
    answer === "approved"
      ? `It passes, when it is asked for again exactly so, for ${duration(entry.approvedForMs)}.`
      : `It is denied for ${duration(entry.approvedForMs)}.`,
  );
  return exitStatus.done;
}

function describe(entry: ApprovalEntry, show: boolean, nowMs: number): string[] {
  const { id, status, target, name, server, asks, askedMs, untilMs, from } = entry;
  const { arguments: args, argumentsCut } = argumentsOf(entry, show);
  const left = duration(Math.max(1000, Math.ceil((untilMs - nowMs) / 60_000) * 60_000));
  const cut = argumentsCut === undefined
    ? ""
    : ` [… CUT: ${argumentsCut.characters} characters in all, SHA-256 ${argumentsCut.sha256}]`;
  return [
    `${id}  ${status === "pending" ? "WAITS" : status}  ${target} ${shown(JSON.stringify(name))}` +
    `${from === "upstream" ? " (asked by the server)" : ""}`,
    `    asked      ${age(nowMs - askedMs)}; ${status === "pending" ? "waits" : "holds"} for another ${left}`,
    `    server     ${shown(server)}`,
    `    arguments  ${args === undefined ? "(none)" : shown(args)}${cut}`,
    ...asks.map((asking) => `    asked by   ${sayAsking(asking)}`),
    "",
  ];
}

function argumentsOf(
  { argumentsJson, argumentsCut }: ApprovalEntry,
  show: boolean,
): {
  readonly arguments?: string;
  readonly argumentsJson?: undefined;
  readonly argumentsCut?: ApprovalEntry["argumentsCut"];
} {
  if (argumentsJson === undefined) return {};
  const more = argumentsCut === undefined ? {} : { argumentsCut };
  if (show) return { arguments: argumentsJson, argumentsJson: undefined, ...more };
  if (argumentsCut !== undefined) {
    // Half a JSON text cannot be masked as one.
    return { arguments: "(long; add --show)", argumentsJson: undefined, ...more };
  }
  const bytes = new TextEncoder().encode(argumentsJson);
  return { arguments: redactJson(bytes, 0, bytes.length).json, argumentsJson: undefined };
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  return `${duration(minutes * 60_000)} ago`;
}
