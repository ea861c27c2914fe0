/** The state of one session as a value. */

import { type Chain, startChain } from "../audit/record.ts";
import type { AnnouncedList } from "../mcp/list_changes.ts";
import type { Side } from "../mcp/operation.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import { initialState, type PolicyState } from "../policy/state.ts";
import { type Batches, noBatches } from "./batches.ts";
import { type ConsentState, noConsent } from "./consent_state.ts";
import type { Effect } from "./effect.ts";
import { PendingTable } from "./pending.ts";
import { noSurfaces, type SurfaceTable } from "./surface_table.ts";
import { noTaskBounds, noTasks, type TaskBounds, type TaskTable } from "./task_table.ts";
import type { Waiting } from "./waiting.ts";

/** What a session is given at its start. Only `policy` ever changes, all of it between two messages (`reload.ts`). */
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
  /** The server's launch command, as a person is told it. */
  readonly server?: string;
  /** Where approvals can be looked up and given besides; absent: nowhere. `file`: as a person names it. */
  readonly approvals?: { readonly file: string } | undefined;
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
  /** Progress tokens of requests that were answered with a task, by who asked, the oldest first. */
  readonly taskTokens: BySide<readonly string[]>;
  /** By who sent them. */
  readonly batches: BySide<Batches>;
  /** What the server's answer to `initialize` settled on; undefined before, and in the stateless revisions. */
  readonly revision: string | undefined;
  /** What the server may tell the agent to ask for anew, by the same answer. */
  readonly announcedLists: readonly AnnouncedList[];
  readonly waiting: BySide<Waiting | undefined>;
  /** The tools of the tasks that the server made of the agent's calls. */
  readonly tasks: TaskTable;
  readonly taskBounds: TaskBounds;
  /** What the server has said of its tools and prompts; kept where something is expected of it. */
  readonly surfaces: SurfaceTable;
  readonly consent: ConsentState;
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
      taskTokens: { downstream: [], upstream: [] },
      batches: { downstream: noBatches, upstream: noBatches },
      revision: undefined,
      announcedLists: [],
      waiting: { downstream: undefined, upstream: undefined },
      tasks: noTasks,
      taskBounds: noTaskBounds,
      surfaces: noSurfaces,
      consent: noConsent,
      chain: startChain(gate.session, gate.anchor),
      calls: 0,
      counts: { forwarded: 0, denied: 0, refused: 0 },
    },
  };
}

export function otherSide(side: Side): Side {
  return side === "downstream" ? "upstream" : "downstream";
}

/** The side's name in records and in messages for people. */
export function sideName(side: Side): "agent" | "server" {
  return side === "downstream" ? "agent" : "server";
}
