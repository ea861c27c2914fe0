/**
 * What must hold in every exchange, kept in books of its own: it looks at the lines that go in and come out, and at
 * nothing of how the session reached them.
 *
 * 1. what is forwarded has a record that says so, written before, and is a line of the other side as it came (but for
 *    lists that were cut, answers that were gathered, and a person's answer that was cut out);
 * 2. what a policy asks about is forwarded only after a yes to exactly that, under that policy, not too long ago;
 * 3. whoever asks is answered once, or has cancelled; by the end, everyone;
 * 4. sums stay in their limits, labels are never lost, and what they close stays closed;
 * 5. no id or state of ours reaches the side that it is not for, and no answer to us either;
 * 6. messages of one side keep their order, but for what a person was asked about;
 * 7. what nobody sees and what is too large does not pass where that is said;
 * 8. nothing that is kept grows beyond its bound, and the chain of records has no gap.
 */

import { heldCallsMax, inFlightMax, keptAnswersMax } from "../../src/limits.ts";
import type { Side } from "../../src/mcp/operation.ts";
import type { Session } from "../../src/proxy/session.ts";
import { bigMax, type ExchangePolicy, payMax } from "./exchange_policies.ts";

/** For how long a yes holds: see `approvedForMsDefault`. Written out, so that a change there is noticed. */
const yesHoldsMs = 600_000;

// deno-lint-ignore no-explicit-any
type Json = any;

export interface Policies {
  readonly all: readonly ExchangePolicy[];
  /** Which one is in force. */
  now: number;
  /** Whether it was another before. */
  haveChanged: boolean;
}

export class Referee {
  breach: string | undefined;
  /** Messages that were forwarded. */
  passed = 0;
  /** Open requests, by the JSON text of their ids. `cancelled`: no answer is due, `perhaps`: it may not have been taken. */
  readonly open: Record<Side, Map<string, "open" | "cancelled" | "perhaps">> = {
    downstream: new Map(),
    upstream: new Map(),
  };
  /** Questions of ours that the agent has in front of it, by id: what they are about. */
  readonly questions = new Map<string, string>();
  /** The same for questions in results, by their state. */
  readonly states = new Map<string, string>();
  readonly #ourIds = new Set<string>();
  readonly #yes = new Map<string, number>();
  readonly #sent: Record<Side, Map<string, number>> = { downstream: new Map(), upstream: new Map() };
  readonly #lastIndex: Record<Side, number> = { downstream: -1, upstream: -1 };
  readonly #asked = new Set<string>();
  readonly #labels = new Set<string>();
  readonly #foreign = new Set<string>();
  /** Calls of `big` that were made under a policy that bounds their answers. */
  readonly #boundCalls = new Set<string>();
  #paid = 0;
  #index = 0;
  #permits = 0;
  #last: Json;

  constructor(readonly policies: Policies) {}

  get #policy(): ExchangePolicy {
    return this.policies.all[this.policies.now];
  }

  #fault(what: string): void {
    this.breach ??= what;
  }

  /** A line that `side` is about to send; `elements` of a batch each count as one. */
  sends(side: Side, text: string): void {
    const message = JSON.parse(text);
    this.#index++;
    for (const element of Array.isArray(message) ? message : [message]) {
      this.#sent[side].set(JSON.stringify(element), this.#index);
      if (element.method === undefined && side === "downstream") this.questions.delete(element.id);
      const id = JSON.stringify(element.id);
      if (element.method !== undefined && id !== undefined && !this.open[side].has(id)) {
        this.open[side].set(id, "open");
      }
    }
  }

  /** Another proxy of the same client has paid, or brought a label in. */
  sharesPayment(amount: number): void {
    this.#paid += amount;
    if (!(this.#paid <= payMax)) {
      this.#fault(`${this.#paid} was paid by two proxies, and the limit is ${payMax}`);
    }
  }

  sharesLabel(label: string): void {
    this.#foreign.add(label);
  }

  #has(label: string): boolean {
    return this.#labels.has(label) || this.#foreign.has(label);
  }

  /** The person has said yes to a question. */
  saysYes(subject: string, nowMs: number): void {
    this.#yes.set(subject, nowMs + yesHoldsMs);
  }

  /** What a call is, for a yes: what is asked for under which policy. */
  subjectOf(message: Json): string {
    const what = message.method === "tools/call"
      ? [message.params.name, message.params.arguments]
      : [message.method, message.params];
    return JSON.stringify([this.policies.now, ...what]);
  }

  records(record: Json): void {
    if (record.action === "forward" || record.action === "filter") this.#permits++;
    const last = this.#last;
    if (last !== undefined && (record.seq !== last.seq + 1 || record.prev !== last.hash)) {
      this.#fault(`record ${record.seq} does not follow ${last.seq}`);
    }
    this.#last = record;
  }

  /** A line leaves for `to`. `cause`: the message for which a question of ours is, where the session was given one. */
  leaves(kind: "forward" | "reply", to: Side, text: string, nowMs: number, cause: string | undefined): void {
    const message = JSON.parse(text);
    for (const one of Array.isArray(message) ? message : [message]) {
      if (one.method === undefined) this.#answers(to, one);
      else if (kind === "reply") this.#asksItself(to, one, cause);
    }
    this.#keepsSecrets(to, text);
    if (kind === "forward") this.#forwards(to, message, nowMs);
    // (Answers that were gathered leave as one reply; each was judged when it came.)
    if (kind === "reply" && Array.isArray(message) && !this.policies.haveChanged) {
      for (const one of message) this.#looksAt(to, one);
    }
  }

  #answers(to: Side, message: Json): void {
    const id = JSON.stringify(message.id);
    if (message.id === null) return;
    const open = this.open[to];
    if (!open.has(id)) return this.#fault(`${to} is answered, and did not ask: ${JSON.stringify(message)}`);
    if (open.get(id) === "cancelled") {
      this.#fault(`${to} is answered, and had cancelled: ${JSON.stringify(message)}`);
    }
    open.delete(id);
    const state = message.result?.requestState;
    if (typeof state === "string" && state.startsWith("lilith1.")) {
      this.states.set(state, this.#lastCause ?? "");
      if (this.#lastCause !== undefined) this.#asked.add(this.#lastCauseText!);
    }
  }

  #lastCause: string | undefined;
  #lastCauseText: string | undefined;

  /** What the session is about to be given. */
  causes(message: Json): void {
    const isOne = message !== undefined && !Array.isArray(message) && message.method !== undefined;
    this.#lastCause = isOne && message.params !== undefined ? this.subjectOf(message) : undefined;
    this.#lastCauseText = isOne ? JSON.stringify(message) : undefined;
  }

  #asksItself(to: Side, message: Json, cause: string | undefined): void {
    if (to === "upstream") {
      if (!["tools/list", "prompts/list"].includes(message.method)) {
        this.#fault(`we ask the server ${message.method}`);
      }
      this.#ourIds.add(message.id);
      return;
    }
    if (message.method.endsWith("list_changed")) return;
    if (message.method === "notifications/cancelled") {
      if (!this.questions.delete(message.params.requestId)) {
        this.#fault("a question is withdrawn that nobody has");
      }
      return;
    }
    if (message.method !== "elicitation/create" || cause === undefined) {
      return this.#fault(`the agent is asked ${message.method} by us`);
    }
    if (this.questions.has(message.id) || this.#ourIds.has(message.id)) {
      this.#fault("an id of ours is used twice");
    }
    this.#ourIds.add(message.id);
    this.questions.set(message.id, this.#lastCause!);
    this.#asked.add(this.#lastCauseText!);
  }

  #keepsSecrets(to: Side, text: string): void {
    for (const id of this.#ourIds) {
      if (!text.includes(id)) continue;
      const message = JSON.parse(text);
      const isOurs = to === "upstream"
        ? message.id === id && message.method?.endsWith("/list")
        : (message.id === id && message.method === "elicitation/create") ||
          (message.method === "notifications/cancelled" && message.params.requestId === id);
      if (!isOurs) this.#fault(`an id of ours reaches ${to}: ${text}`);
    }
    if (to === "upstream" && text.includes("lilith1.")) this.#fault(`our state reaches the server: ${text}`);
  }

  #forwards(to: Side, message: Json, nowMs: number): void {
    this.passed++;
    if (--this.#permits < 0) this.#fault("forwarded without a record that says so");
    const from: Side = to === "upstream" ? "downstream" : "upstream";
    const text = JSON.stringify(message);
    const index = this.#sent[from].get(text);
    if (index === undefined && !this.#isCut(from, message)) return this.#fault(`nobody said ${text}`);
    // What was asked about may come later, and what is asked about at any time.
    if (index !== undefined && !this.#asked.has(text)) {
      if (index < this.#lastIndex[from]) this.#fault(`out of order: ${text}`);
      this.#lastIndex[from] = index;
    }
    if (message.method !== undefined) this.#uses(from, message, nowMs);
    this.#looksAt(to, message);
  }

  /** Whether it is a list with some elements less, or a call with the person's answer cut out. */
  #isCut(from: Side, message: Json): boolean {
    if (from === "upstream") return Array.isArray(message.result?.tools);
    for (const sent of this.#sent[from].keys()) {
      const { params, ...rest } = JSON.parse(sent);
      if (params?.requestState === undefined) continue;
      const { requestState: _, inputResponses: __, ...others } = params;
      if (JSON.stringify({ ...rest, params: others }) === JSON.stringify(message)) return true;
    }
    return false;
  }

  #uses(from: Side, message: Json, nowMs: number): void {
    const { flows, asks } = this.#policy;
    const tool = message.method === "tools/call" ? message.params.name : undefined;
    if (tool === "big" && this.#policy.boundsBig) this.#boundCalls.add(JSON.stringify(message.id));
    const isAsked =
      (asks && (tool === "remove" || (from === "upstream" && message.method === "sampling/createMessage"))) ||
      (flows && tool === "send" && this.#has("private"));
    if (isAsked) {
      const until = this.#yes.get(this.subjectOf(message));
      if (until === undefined || until < nowMs) this.#fault(`nobody said yes to ${JSON.stringify(message)}`);
    }
    if (tool === "send" && flows && this.#has("private") && this.#has("untrusted")) {
      this.#fault("sent, with what is private and what is not trusted in one session");
    }
    if (flows && tool === "read") this.#labels.add("private");
    if (flows && tool === "fetch") this.#labels.add("untrusted");
    if (tool === "pay") {
      this.#paid += message.params.arguments.amount;
      if (!(this.#paid <= payMax)) this.#fault(`${this.#paid} was paid, and the limit is ${payMax}`);
    }
  }

  /** An answer of the server's, or what it says. */
  #looksAt(to: Side, message: Json): void {
    if (to !== "downstream") return;
    const text = JSON.stringify(message);
    if (this.#policy.refusesInvisible && text.includes("\u200b")) {
      this.#fault(`what nobody sees passes: ${text}`);
    }
    if (message.method !== undefined) return;
    const wasBound = this.#boundCalls.has(JSON.stringify(message.id));
    if (wasBound && text.length > bigMax) this.#fault("an answer passes that is too large");
  }

  /** The session as it is between two messages. `waits`: one of the agent's waits for the server's answer to us. */
  rests({ state }: Session, waits: boolean, sharedLabels: readonly string[]): void {
    const { consent, pending, policy } = state;
    const kept = [...policy.taints.map(({ label }) => label), ...sharedLabels];
    for (const label of this.#labels) if (!kept.includes(label)) this.#fault(`the label ${label} is lost`);
    if (consent.held.length > heldCallsMax) this.#fault("too many calls are held");
    if (consent.kept.size > keptAnswersMax) this.#fault("too many answers are kept");
    if (consent.released.length > 0 && !waits) this.#fault("an approved call does not go on");
    if (pending.downstream.size > inFlightMax || pending.upstream.size > inFlightMax) {
      this.#fault("too many wait");
    }
    if (consent.held.length !== this.questions.size) {
      this.#fault(`${consent.held.length} calls are held, and ${this.questions.size} questions are open`);
    }
  }

  /** Everything is over. */
  ends(): void {
    for (const [id, state] of this.open.downstream) {
      if (state === "open") this.#fault(`the agent's request ${id} has no answer`);
    }
    if (this.questions.size > 0) this.#fault("a question is left open");
  }
}
