/** The record of a decision: what was asked, what was said of it, and the facts by which a replay says the same. */

import { keyedDigest } from "../audit/digest.ts";
import type { DecisionRecord, Note, RecordedConsent } from "../audit/record.ts";
import { recordArgumentsBytesMax } from "../limits.ts";
import type { Message, Value } from "../mcp/message.ts";
import type { AsciiSource, Operation, Side } from "../mcp/operation.ts";
import type { Decision } from "../policy/decision.ts";
import { type Facts, pathQueries, type Query, type Resolution, type SharedState } from "../policy/facts.ts";
import type { InvisibleCounts } from "../wire/invisible_text.ts";
import { sideName } from "./session_state.ts";
import type { Turn } from "./turn.ts";

/** What a decision was about. */
export interface Decided {
  readonly message: Message;
  /** The operation that decided. */
  readonly operation: Operation;
  /** What the record shows as arguments: those of the message's main operation. */
  readonly judged: {
    readonly argumentsValue: Value | undefined;
    readonly argumentsSource?: AsciiSource | undefined;
  };
  readonly queries: readonly Query[];
  readonly facts: Facts;
  readonly decision: DecisionRecord["decision"];
  readonly call: number;
  /** The request whose answer it stands in. */
  readonly within?: number | undefined;
  /** What else the message was about. */
  readonly also?: readonly Operation[] | undefined;
  readonly notes?: readonly Note[] | undefined;
  /** By whose yes it passed. */
  readonly consent?: RecordedConsent | undefined;
  readonly invisible?: InvisibleCounts | undefined;
}

export function recordDecision(turn: Turn, side: Side, decided: Decided): void {
  if (!turn.gate.audited) return;
  const { message, operation, judged, decision, call, within, also, notes, consent, invisible } = decided;
  const value = judged.argumentsValue;
  const { frame } = message;
  const isLong = value !== undefined && value.end - value.start > recordArgumentsBytesMax;
  const body: DecisionRecord = {
    kind: "decision",
    call,
    from: sideName(side),
    type: message.kind,
    id: message.kind === "request" ? message.id.source : undefined,
    method: operation.method,
    target: operation.target,
    name: operation.name,
    decision,
    facts: factsToRecord(decided.queries, decided.facts, decision),
    surface: decided.facts.surface,
    arguments: value &&
      {
        bytes: frame.buffer,
        start: value.start,
        end: value.end,
        source: isLong ? undefined : judged.argumentsSource?.slice(0, value.end - value.start),
      },
    argumentsDigest: isLong
      ? keyedDigest(turn.gate.digestKey, frame.buffer.subarray(value.start, value.end))
      : undefined,
    shared: decided.facts.shared && ownShare(decided.facts.shared, turn),
    bytes: frame.end - frame.start,
    within,
    also,
    notes,
    consent,
    invisible,
  };
  turn.record(body);
}

/** Other policies' windows are none of this session's business. */
function ownShare(shared: SharedState, turn: Turn): SharedState {
  if (shared.kind === "unknown") return shared;
  const names = turn.gate.policy.documents.map(({ name }) => name);
  return { ...shared, used: shared.used.filter(({ policy }) => names.includes(policy)) };
}

/**
 * The facts by which a replay comes to the same verdict. That a text of the arguments is none of our files is no such
 * fact: it is looked up for every text, and would only repeat the arguments.
 */
function factsToRecord(queries: readonly Query[], facts: Facts, decision: Pick<Decision, "code">): Facts {
  if (facts.size === 0 || decision.code === "own_file") return facts;
  const recorded = new Map<string, Resolution>();
  for (const { path, askedBy } of pathQueries(queries)) {
    const fact = askedBy === "check" ? facts.get(path) : undefined;
    if (fact !== undefined) recorded.set(path, fact);
  }
  return recorded;
}
