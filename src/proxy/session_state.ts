/** The state of one session as a value, and the working copy with which one turn makes the next value. */

import { appendRecord, type Chain, type RecordBody, startChain } from "../audit/record.ts";
import type { Request } from "../mcp/message.ts";
import type { ReadOperation, Side } from "../mcp/operation.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { Query } from "../policy/facts.ts";
import { initialState, type PolicyState } from "../policy/state.ts";
import type { Notification } from "../mcp/message.ts";
import type { Effect } from "./effect.ts";
import { PendingTable } from "./pending.ts";

/** What a session is given at its start and never changes. */
export interface Gate {
  /** Names the session in every record. */
  readonly session: string;
  readonly policy: CompiledPolicy;
  /** Whether records are to be made at all. */
  readonly audited: boolean;
  /** Hash of the last line that stands in the log already; see `Sink.anchor`. */
  readonly anchor: string;
  /** Key of the digests in the records: a bare hash of a message would let anyone guess a card number in it. */
  readonly digestKey: Uint8Array;
}

/** A request or notification whose facts are being looked up. */
export interface Waiting {
  readonly message: Request | Notification;
  readonly operation: ReadOperation;
  readonly queries: readonly Query[];
}

export interface Counts {
  readonly forwarded: number;
  readonly denied: number;
  readonly refused: number;
}

/** One of something for each side. */
export type BySide<T> = { readonly [side in Side]: T };

/** Everything that changes during a session. Plain data but for `waiting`, which lives only between two steps. */
export interface SessionState {
  readonly phase: "open" | "server_gone" | "ended";
  readonly policy: PolicyState;
  /** Requests without an answer, by who asked. The two directions have id spaces of their own. */
  readonly pending: BySide<PendingTable>;
  /**
   * Cancelled requests whose answers may still come. Their ids cannot be used again until then: the late answer would be
   * taken for the answer to the new request.
   */
  readonly cancelled: BySide<PendingTable>;
  readonly waiting: BySide<Waiting | undefined>;
  readonly chain: Chain;
  /** The last call number that was given out. */
  readonly calls: number;
  readonly counts: Counts;
}

export interface Session {
  readonly gate: Gate;
  readonly state: SessionState;
}

/** A new session, and what is to be done. */
export interface Step {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export function createSession(gate: Gate): Session {
  return {
    gate,
    state: {
      phase: "open",
      policy: initialState(gate.policy),
      pending: { downstream: PendingTable.empty, upstream: PendingTable.empty },
      cancelled: { downstream: PendingTable.empty, upstream: PendingTable.empty },
      waiting: { downstream: undefined, upstream: undefined },
      chain: startChain(gate.session, gate.anchor),
      calls: 0,
      counts: { forwarded: 0, denied: 0, refused: 0 },
    },
  };
}

/**
 * One turn: a mutable copy of the state that lives for one call of a function of the session and never leaves it.
 * What goes in is a value, and so is what comes out.
 */
export class Turn {
  readonly effects: Effect[] = [];
  phase: SessionState["phase"];
  policy: PolicyState;
  pending: BySide<PendingTable>;
  cancelled: BySide<PendingTable>;
  waiting: BySide<Waiting | undefined>;
  #chain: Chain;
  #calls: number;
  #forwarded: number;
  #denied: number;
  #refused: number;

  constructor(readonly gate: Gate, state: SessionState, readonly nowMs: number, written?: Chain) {
    this.phase = state.phase;
    this.policy = state.policy;
    this.pending = state.pending;
    this.cancelled = state.cancelled;
    this.waiting = state.waiting;
    this.#chain = written ?? state.chain;
    this.#calls = state.calls;
    this.#forwarded = state.counts.forwarded;
    this.#denied = state.counts.denied;
    this.#refused = state.counts.refused;
  }

  nextCall(): number {
    return ++this.#calls;
  }

  /** Writes a record. Call it before the effect that it speaks of: effects happen in order. */
  record(body: RecordBody): void {
    if (!this.gate.audited) return;
    const { line, chain } = appendRecord(this.#chain, body, this.nowMs);
    this.#chain = chain;
    this.effects.push({ kind: "record", line, chain });
  }

  forward(to: Side, message: { readonly frame: { buffer: Uint8Array; start: number; end: number } }): void {
    const { buffer, start, end } = message.frame;
    this.#forwarded++;
    this.effects.push({ kind: "forward", to, buffer, start, end: end + 1 });
  }

  reply(to: Side, bytes: Uint8Array): void {
    this.effects.push({ kind: "reply", to, bytes });
  }

  say(level: "info" | "warning", text: string): void {
    this.effects.push({ kind: "say", level, text });
  }

  countDenied(): void {
    this.#denied++;
  }

  countRefused(): void {
    this.#refused++;
  }

  get counts(): Counts {
    return { forwarded: this.#forwarded, denied: this.#denied, refused: this.#refused };
  }

  setPending(asker: Side, table: PendingTable): void {
    this.pending = withSide(this.pending, asker, table);
  }

  setCancelled(asker: Side, table: PendingTable): void {
    this.cancelled = withSide(this.cancelled, asker, table);
  }

  setWaiting(side: Side, waiting: Waiting | undefined): void {
    if (this.waiting[side] !== waiting) this.waiting = withSide(this.waiting, side, waiting);
  }

  finish(): Step {
    const state: SessionState = {
      phase: this.phase,
      policy: this.policy,
      pending: this.pending,
      cancelled: this.cancelled,
      waiting: this.waiting,
      chain: this.#chain,
      calls: this.#calls,
      counts: this.counts,
    };
    return { session: { gate: this.gate, state }, effects: this.effects };
  }
}

function withSide<T>(both: BySide<T>, side: Side, value: T): BySide<T> {
  return side === "downstream"
    ? { downstream: value, upstream: both.upstream }
    : { downstream: both.downstream, upstream: value };
}

export function otherSide(side: Side): Side {
  return side === "downstream" ? "upstream" : "downstream";
}

/** The side's name in records and in messages for people. */
export function sideName(side: Side): "agent" | "server" {
  return side === "downstream" ? "agent" : "server";
}
