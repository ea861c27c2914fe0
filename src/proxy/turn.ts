/** The working copy of a session's state with which one turn makes the next value. */

import { appendRecord, type Chain, type RecordBody } from "../audit/record.ts";
import type { AnnouncedList } from "../mcp/list_changes.ts";
import { readHead } from "../mcp/message_head.ts";
import type { Side } from "../mcp/operation.ts";
import type { Decision } from "../policy/decision.ts";
import { advance, type PolicyState } from "../policy/state.ts";
import { mergeTaints } from "../policy/taint.ts";
import { batchHeldBytesMax, taskTokensMax } from "../limits.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { awaitAnswer, type Batches, endWait, holdAnswer, passElement } from "./batches.ts";
import type { ConsentState, ReleasedCall } from "./consent_state.ts";
import type { Effect, ShareEffect } from "./effect.ts";
import type { PendingRequest, PendingTable } from "./pending.ts";
import type { SurfaceTable } from "./surface_table.ts";
import type { TaskBounds, TaskTable } from "./task_table.ts";
import type { Waiting } from "./waiting.ts";
import type { BySide, Counts, Gate, SessionState, Step } from "./session_state.ts";

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
  taskTokens: BySide<readonly string[]>;
  batches: BySide<Batches>;
  revision: string | undefined;
  announcedLists: readonly AnnouncedList[];
  waiting: BySide<Waiting | undefined>;
  tasks: TaskTable;
  taskBounds: TaskBounds;
  surfaces: SurfaceTable;
  consent: ConsentState;
  /** The call that a person has approved and that this turn's message is. */
  released: ReleasedCall | undefined;
  /** The batch that this turn's message is an element of. */
  readonly batch: number | undefined;
  readonly #sender: Side | undefined;
  #chain: Chain;
  #share: ShareEffect | undefined;
  /** Records among the effects. */
  #records = 0;
  #calls: number;
  #forwarded: number;
  #denied: number;
  #refused: number;

  /** `sender`: whose message the turn is about; undefined where it is about none. */
  constructor(
    readonly gate: Gate,
    state: SessionState,
    readonly nowMs: number,
    sender?: Side,
    written?: Chain,
  ) {
    this.phase = state.phase;
    this.policy = state.policy;
    this.pending = state.pending;
    this.cancelled = state.cancelled;
    this.taskTokens = state.taskTokens;
    this.batches = state.batches;
    this.revision = state.revision;
    this.announcedLists = state.announcedLists;
    this.waiting = state.waiting;
    this.tasks = state.tasks;
    this.taskBounds = state.taskBounds;
    this.surfaces = state.surfaces;
    this.consent = state.consent;
    this.#sender = sender;
    this.batch = sender === undefined ? undefined : state.batches[sender].reading?.batch;
    this.#chain = written ?? state.chain;
    // A number that stands in the log already belongs to what was denied since; a record has one at most.
    this.#calls = state.calls + (written === undefined ? 0 : written.sequence - state.chain.sequence);
    this.#forwarded = state.counts.forwarded;
    this.#denied = state.counts.denied;
    this.#refused = state.counts.refused;
  }

  nextCall(): number {
    return ++this.#calls;
  }

  /**
   * Writes a record. All records of a turn come before all else: where one cannot be written nothing has happened yet,
   * and nobody is told twice.
   */
  record(body: RecordBody): void {
    if (!this.gate.audited) return;
    const full = this.batch !== undefined && (body.kind === "decision" || body.kind === "refused")
      ? { ...body, batch: this.batch }
      : body;
    const { line, chain } = appendRecord(this.#chain, full, this.nowMs);
    this.#chain = chain;
    const effect: Effect = { kind: "record", line, chain };
    if (this.#records === this.effects.length) this.effects.push(effect);
    else this.effects.splice(this.#records, 0, effect);
    this.#records++;
  }

  forward(to: Side, message: { readonly frame: { buffer: Uint8Array; start: number; end: number } }): void {
    const { buffer, start, end } = message.frame;
    this.#forwarded++;
    this.effects.push({ kind: "forward", to, buffer, start, end: end + 1 });
  }

  /** Answers this turn's message. `bytes`: one line, line feed included. */
  reply(to: Side, bytes: Uint8Array): void {
    if (this.batch !== undefined && to === this.#sender) {
      const answer = { key: readHead(bytes).id?.key, bytes: bytes.subarray(0, -1) };
      const held = holdAnswer(this.batches[to], this.batch, answer);
      this.batches = withSide(this.batches, to, held);
      return;
    }
    this.effects.push({ kind: "reply", to, bytes });
  }

  /** Whether an answer of so many bytes could be passed on at once, or held until those of its batch are complete. */
  hasRoomFor(asker: Side, { batch }: PendingRequest, bytes: number): boolean {
    return batch === undefined || this.batches[asker].heldBytes + bytes <= batchHeldBytesMax;
  }

  /** A decision is carried out: what it takes and brings in counts from now on. */
  carryOut(decision: Decision): void {
    this.policy = advance(this.policy, this.gate.policy, decision, this.nowMs);
    if (this.gate.policy.sharesState) this.share(decision);
  }

  /** What a decision takes and brings in is shared with other proxies, where it is. */
  share({ uses = [], taints = [] }: Decision): void {
    if (!this.gate.policy.sharesState || uses.length + taints.length === 0) return;
    const before = this.#share;
    this.#share = {
      kind: "share",
      uses: [...before?.uses ?? [], ...uses],
      taints: mergeTaints(before?.taints ?? [], taints),
    };
  }

  /** Passes the other side's answer on to `asker`. `request` is pending no more. */
  forwardAnswer(asker: Side, request: PendingRequest, message: { readonly frame: FrameSpan }): void {
    if (request.batch === undefined) return this.forward(asker, message);
    const { buffer, start, end } = message.frame;
    this.#forwarded++;
    // A copy: a view would keep all alive that came in with it.
    this.#endWait(asker, request.batch, { key: request.key, bytes: buffer.slice(start, end) });
  }

  /** Answers a request of `asker`'s in place of the other side. `request` is pending no more. */
  replaceAnswer(asker: Side, request: PendingRequest, bytes: Uint8Array): void {
    if (request.batch === undefined) {
      this.effects.push({ kind: "reply", to: asker, bytes });
    } else {
      this.#endWait(asker, request.batch, { key: request.key, bytes: bytes.subarray(0, -1) });
    }
  }

  /** The request is to have no answer. It is pending no more. */
  endWithoutAnswer(asker: Side, request: PendingRequest): void {
    if (request.batch !== undefined) this.#endWait(asker, request.batch, undefined);
  }

  #endWait(asker: Side, batch: number, answer: Parameters<typeof endWait>[2]): void {
    const { batches, complete } = endWait(this.batches[asker], batch, answer);
    this.setBatches(asker, batches, complete);
  }

  /** `complete`: the answer to a batch that is whole by this step. */
  setBatches(side: Side, batches: Batches, complete?: Uint8Array): void {
    this.batches = withSide(this.batches, side, batches);
    if (complete !== undefined) this.effects.push({ kind: "reply", to: side, bytes: complete });
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

  /** `request` has been passed on and waits for its answer. */
  addPending(asker: Side, request: PendingRequest): void {
    this.setPending(asker, this.pending[asker].add(request));
    if (request.batch === undefined) return;
    this.batches = withSide(this.batches, asker, awaitAnswer(this.batches[asker], request.batch));
  }

  /** Progress may be reported under `token` still, after its request was answered with a task. */
  keepTaskToken(asker: Side, token: string): void {
    const others = this.taskTokens[asker].filter((other) => other !== token).slice(1 - taskTokensMax);
    this.taskTokens = withSide(this.taskTokens, asker, [...others, token]);
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
    if (this.#share !== undefined) this.effects.unshift(this.#share);
    // An element that waits for its facts is not done with.
    if (this.batch !== undefined && this.waiting[this.#sender!] === undefined) {
      const { batches, complete } = passElement(this.batches[this.#sender!]);
      this.setBatches(this.#sender!, batches, complete);
    }
    const state: SessionState = {
      phase: this.phase,
      policy: this.policy,
      pending: this.pending,
      cancelled: this.cancelled,
      taskTokens: this.taskTokens,
      batches: this.batches,
      revision: this.revision,
      announcedLists: this.announcedLists,
      waiting: this.waiting,
      tasks: this.tasks,
      taskBounds: this.taskBounds,
      surfaces: this.surfaces,
      consent: this.consent,
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
