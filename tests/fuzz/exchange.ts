/** One exchange: an agent, a server, a person and a clock around a session, and a relay that does what it says. */

import type { Incoming } from "../../src/mcp/message.ts";
import type { Side } from "../../src/mcp/operation.ts";
import {
  type ApprovalQuery,
  type Facts,
  noFacts,
  type SharedState,
  withApproval,
  withShared,
} from "../../src/policy/facts.ts";
import type { Effect } from "../../src/proxy/effect.ts";
import * as session from "../../src/proxy/session.ts";
import type { Session, Step } from "../../src/proxy/session.ts";
import { messageOf, recordOf, sentText } from "../support/lines.ts";
import { openSharedAccess, type SharedAccess } from "../../src/state/shared_state.ts";
import { emptyContent, type StateContent } from "../../src/state/state_content.ts";
import type { StateFile } from "../../src/state/state_file.ts";
import { exchangePolicies, payMax } from "./exchange_policies.ts";
import { type Policies, Referee } from "./exchange_referee.ts";
import { shareAttemptsMax } from "../../src/limits.ts";
import type { Random } from "./random.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

/** The functions of a session, which a canary changes. */
export type ExchangeSession = Pick<
  typeof session,
  "receive" | "resume" | "tick" | "reload" | "nextElement" | "serverGone" | "end" | "recordFailed"
>;

export const soundSession: ExchangeSession = session;

const other = (side: Side): Side => side === "downstream" ? "upstream" : "downstream";

/** Characters that nobody sees. */
const hidden = "\u200b";

const surfaces = [
  { name: "fetch", inputSchema: { type: "object", properties: { a: { type: "number" } } } },
  { name: "fetch", inputSchema: {} },
  { name: "fetch", description: `Fetches.${hidden}`, inputSchema: {} },
  ...["read", "remove", "send", "pay", "big"].flatMap((name) => [
    { name, inputSchema: {} },
    { name, inputSchema: {}, description: "other words" },
    { name, inputSchema: {}, description: `hidden${hidden}` },
  ]),
];

export class Exchange {
  /** What happened, for the reader. */
  readonly story: string[] = [];
  readonly referee: Referee;
  readonly #policies: Policies = { all: exchangePolicies, now: 0, haveChanged: false };
  readonly #random: Random;
  readonly #do: ExchangeSession;
  #session: Session;
  #nowMs = 1_000_000;
  #ids = 0;
  #isLogFull = false;
  #isOver = false;
  /** A message of the agent's that waits for the server's answer to ourselves. */
  #waiting: Incoming | undefined;
  /** What each side has in front of it and has not answered, and what it has answered already. */
  readonly #inbox: Record<Side, Json[]> = { downstream: [], upstream: [] };
  readonly #answered: Record<Side, Json[]> = { downstream: [], upstream: [] };
  /** What is shared with another proxy of the same client; undefined: nothing. */
  readonly #shared: SharedAccess | undefined;
  #content: StateContent = emptyContent;
  #isStateLost = false;
  readonly #hasBatches: boolean;
  readonly #isStateless: boolean;

  constructor(functions: ExchangeSession, random: Random) {
    this.#do = functions;
    this.#random = random;
    this.#policies.now = random.below(exchangePolicies.length);
    this.referee = new Referee(this.#policies);
    const hasApprovals = random.below(2) === 0;
    this.#shared = random.below(2) === 0
      ? undefined
      : openSharedAccess({ update: (change) => this.#update(change) } as StateFile, "client", () => {});
    this.#session = session.createSession({
      session: "exchange",
      policy: this.#policy,
      audited: true,
      anchor: "0".repeat(64),
      digestKey: Uint8Array.from({ length: 32 }, () => random.below(256)),
      server: "server",
      approvals: hasApprovals ? { file: "state" } : undefined,
    });
    this.#isStateless = random.below(4) === 0;
    const revision = random.pick(["2025-11-25", "2025-03-26"]);
    this.#hasBatches = !this.#isStateless && revision === "2025-03-26";
    if (this.#isStateless) return;
    const capabilities = random.below(4) === 0 ? {} : { elicitation: {} };
    this.#says("downstream", { id: "init", method: "initialize", params: { capabilities } });
    this.#inbox.upstream.length = 0;
    const listChanged = random.below(2) === 0;
    const result = { protocolVersion: revision, capabilities: { tools: { listChanged } } };
    this.#says("upstream", { id: "init", result });
  }

  /** Somebody does something. */
  step(): void {
    const random = this.#random;
    const acts: readonly (() => void)[] = [
      () => this.#agentCalls(),
      () => this.#agentCalls(),
      () => this.#agentCalls(),
      () => this.#agentDoes(),
      () => this.#agentAnswers(),
      () => this.#agentAnswers(),
      () => this.#serverAnswers(),
      () => this.#serverAnswers(),
      () => this.#serverAnswers(),
      () => this.#serverDoes(),
      () => this.#timePasses(),
    ];
    random.pick(acts)();
    if (this.#isOver) return;
    const sharedLabels = this.#content.sessions.flatMap(({ taints }) => taints.map(({ label }) => label));
    this.referee.rests(this.#session, this.#waiting !== undefined, sharedLabels);
  }

  /** The server ends, and the session with it. */
  finish(): void {
    this.#isLogFull = false;
    this.#tell("the end");
    const gone = this.#do.serverGone(this.#session, "ended", this.#nowMs);
    this.referee.causes(undefined);
    this.#runAnyhow(gone);
    this.#runAnyhow(this.#do.end(this.#session, "test", 0, this.#nowMs));
    this.#isOver = true;
    this.referee.ends();
  }

  // ——— The agent ———

  get #agentMayWrite(): boolean {
    return this.#waiting === undefined;
  }

  #newCall(): Json {
    const random = this.#random;
    const name = random.pick(["read", "fetch", "remove", "remove", "send", "pay", "big"]);
    const args = name === "pay" ? { amount: random.pick([1, 3, 9, 15]) } : { a: random.pick([1, 2, "x"]) };
    const meta = this.#isStateless
      ? {
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": random.below(4) === 0
            ? {}
            : { elicitation: { form: {} } },
        },
      }
      : {};
    return { id: ++this.#ids, method: "tools/call", params: { name, arguments: args, ...meta } };
  }

  #agentCalls(): void {
    if (!this.#agentMayWrite) return;
    const random = this.#random;
    if (this.#hasBatches && random.below(4) === 0) {
      const many = Array.from({ length: 1 + random.below(3) }, () => this.#newCall());
      return this.#says("downstream", many);
    }
    const states = [...this.referee.states];
    if (states.length > 0 && random.below(2) === 0) return this.#agentAnswersInCall(random.pick(states));
    const call = this.#newCall();
    const open = [...this.referee.open.downstream].flatMap(([id, state]) => state === "open" ? [id] : []);
    // An id that is taken: nobody may take the refusal for the answer to the first.
    if (open.length > 0 && random.below(12) === 0) call.id = JSON.parse(random.pick(open));
    this.#says("downstream", call);
  }

  /** A call that was answered with a question comes again, with what the person said. */
  #agentAnswersInCall([requestState, subject]: [string, string]): void {
    const random = this.#random;
    const call = this.#newCall();
    const [, name, args] = JSON.parse(subject);
    if (random.below(4) > 0) Object.assign(call.params, { name, arguments: args });
    const isYes = random.below(3) > 0;
    const action = isYes ? "accept" : random.pick(["decline", "cancel"]);
    const answer = { action, content: { decision: isYes ? "approve" : "deny" } };
    call.params.requestState = random.below(10) === 0 ? `${requestState}0` : requestState;
    if (random.below(8) > 0) call.params.inputResponses = { lilith_consent: answer };
    if (isYes && !this.#isLogFull) this.referee.saysYes(subject, this.#nowMs);
    this.#says("downstream", call);
  }

  #agentDoes(): void {
    if (!this.#agentMayWrite) return;
    const random = this.#random;
    const open = [...this.referee.open.downstream.keys()];
    switch (random.below(4)) {
      case 0:
        return this.#says("downstream", { id: ++this.#ids, method: "tools/list" });
      case 1:
        return this.#says("downstream", { id: ++this.#ids, method: "ping" });
      case 2: {
        const questions = [...this.referee.questions.keys()].map((id) => JSON.stringify(id));
        const ids = [...open, ...questions, JSON.stringify(this.#ids + 5)].filter((id) => id !== '"init"');
        return this.#cancels("downstream", JSON.parse(random.pick(ids)));
      }
      default:
        return this.#says("downstream", { method: "notifications/roots/list_changed" });
    }
  }

  #cancels(side: Side, requestId: unknown): void {
    const books = this.referee.open[side];
    const id = JSON.stringify(requestId);
    // (In a batch an answer of ours may be waiting for the others already.)
    if (books.has(id)) books.set(id, this.#isLogFull || this.#hasBatches ? "perhaps" : "cancelled");
    this.#says(side, { method: "notifications/cancelled", params: { requestId } });
  }

  #agentAnswers(): void {
    const random = this.#random;
    if (!this.#agentMayWrite) return;
    const box = this.#inbox.downstream;
    if (this.#hasBatches && box.length > 1 && random.below(3) === 0) {
      return this.#says("downstream", box.splice(0).map((request) => this.#agentsAnswer(request)));
    }
    const request = this.#take("downstream");
    if (request !== undefined) this.#says("downstream", this.#agentsAnswer(request));
  }

  #agentsAnswer(request: Json): Json {
    const random = this.#random;
    const { id } = request;
    const subject = this.referee.questions.get(id);
    const decision = random.pick(["approve", "approve", "approve", "deny", "perhaps"]);
    const said = random.below(8);
    if (said === 0) return { id, error: { code: -32601, message: "no forms here" } };
    if (said === 1) return { id, result: { action: "decline" } };
    if (said === 2) return { id, result: { action: "accept" } };
    if (decision === "approve" && subject !== undefined) {
      this.referee.saysYes(subject, this.#nowMs);
    }
    return { id, result: { action: "accept", content: { decision } } };
  }

  // ——— The server ———

  #serverAnswers(): void {
    const random = this.#random;
    const request = this.#take("upstream");
    if (request === undefined) return;
    const { id, method } = request;
    if (random.below(8) === 0) return this.#says("upstream", { id, error: { code: -1, message: "no" } });
    if (method === "tools/list") {
      const tools = Array.from({ length: random.below(8) }, () => random.pick(surfaces));
      const more = random.below(6) === 0 ? { nextCursor: "more" } : {};
      return this.#says("upstream", { id, result: { tools: random.below(10) === 0 ? {} : tools, ...more } });
    }
    const text = random.pick(["ok", "ok", `ok${hidden}`, "x".repeat(2000)]);
    this.#says("upstream", { id, result: { content: [{ type: "text", text }] } });
  }

  #serverDoes(): void {
    const random = this.#random;
    switch (random.below(5)) {
      case 0:
        return this.#says("upstream", { method: "notifications/tools/list_changed" });
      case 1: {
        const id = `server ${++this.#ids}`;
        return this.#says("upstream", {
          id,
          method: "sampling/createMessage",
          params: { n: random.below(2) },
        });
      }
      case 2: {
        const open = [...this.referee.open.upstream.keys()];
        return this.#cancels("upstream", JSON.parse(random.pick([...open, "99"])));
      }
      case 3:
        return this.#says("upstream", { id: ++this.#ids + 1_000, result: {} });
      default:
        return this.#says("upstream", {
          method: "notifications/message",
          params: { level: "info", data: random.pick(["said", `said${hidden}`]) },
        });
    }
  }

  /** Something that `side` is to answer: the oldest, or any, or for a second time. */
  #take(side: Side): Json {
    const random = this.#random;
    const box = this.#inbox[side];
    const answered = this.#answered[side];
    if (answered.length > 0 && random.below(10) === 0) return random.pick(answered);
    if (box.length === 0) return undefined;
    const [request] = box.splice(random.below(2) * random.below(box.length), 1);
    answered.push(request);
    return request;
  }

  // ——— The world ———

  #timePasses(): void {
    const random = this.#random;
    switch (random.below(5)) {
      case 4:
        this.#isStateLost = random.below(4) === 0;
        if (this.#shared !== undefined) {
          this.#tell(this.#isStateLost ? "the state is lost" : "the state is there");
        }
        return this.#otherProxyCalls();
      case 0:
        this.#isLogFull = random.below(3) === 0;
        return this.#tell(this.#isLogFull ? "the log is full" : "the log has room");
      case 1:
        this.#policies.now = random.below(exchangePolicies.length);
        this.#policies.haveChanged = true;
        return this.#reload();
      case 2:
        if (this.#waiting === undefined) return;
        this.#tell("the server is no longer waited for");
        return this.#goOn();
      default:
        // A server is not waited for so long.
        if (this.#waiting !== undefined) this.#goOn();
        this.#nowMs += random.pick([1, 1_000, 61_000, 301_000, 700_000]);
        this.#tell(`it is ${this.#nowMs}`);
        this.referee.causes(undefined);
        return this.#runAnyhow(this.#do.tick(this.#session, this.#nowMs));
    }
  }

  #reload(): void {
    const compiled = this.#policy;
    this.#tell(`policy ${this.#policies.now}`);
    const wasFull = this.#isLogFull;
    this.#isLogFull = false;
    const event = { name: "policy_changed", detail: "test", policies: [] } as const;
    const step = this.#do.reload(this.#session, compiled, event, this.#nowMs);
    this.referee.causes(undefined);
    this.#runAnyhow(step);
    this.#isLogFull = wasFull;
  }

  get #policy() {
    const { compiled, sharing } = exchangePolicies[this.#policies.now];
    return this.#shared === undefined ? compiled : sharing;
  }

  #update<T>(change: (content: StateContent) => { readonly content?: StateContent; readonly result: T }): T {
    if (this.#isStateLost) throw new Error("gone");
    const { content, result } = change(this.#content);
    if (content !== undefined) this.#content = content;
    return result;
  }

  /** Another proxy of the same client takes and brings in what it may. */
  #otherProxyCalls(labels: readonly (string | undefined)[] = ["private", "untrusted", undefined]): void {
    if (this.#shared === undefined) return;
    const random = this.#random;
    const amount = random.below(4);
    const label = random.pick(labels);
    const failed = this.#shared.share({
      uses: amount === 0 ? [] : [{
        quota: "",
        policy: "test",
        rule: "pay-limit",
        window: "",
        amount: String(amount),
        max: String(payMax),
      }],
      taints: label === undefined ? [] : [{ label, by: "another" }],
    }, this.#nowMs);
    if (failed !== undefined) return;
    this.#tell(`another proxy pays ${amount} and brings in ${label}`);
    this.referee.sharesPayment(amount);
    if (label !== undefined) this.referee.sharesLabel(label);
  }

  #says(side: Side, message: Json): void {
    const whole = Array.isArray(message)
      ? message.map((one) => ({ jsonrpc: "2.0", ...one }))
      : { jsonrpc: "2.0", ...message };
    const text = JSON.stringify(whole);
    this.#tell(`${side === "downstream" ? ">" : "<"}${text}`);
    this.referee.sends(side, text);
    this.#deliver(side, messageOf(text));
    if (this.#waiting !== undefined && this.#session.state.surfaces.asking === undefined) this.#goOn();
  }

  #tell(what: string): void {
    this.story.push(what.length > 300 ? `${what.slice(0, 300)}…` : what);
  }

  // ——— What the relay does ———

  #deliver(side: Side, incoming: Incoming): void {
    for (let next: Incoming | undefined = incoming; next !== undefined;) {
      this.#cause(next);
      this.#proceed(this.#session, side, next, this.#do.receive(this.#session, side, next, this.#nowMs));
      next = this.#next(side);
    }
    const released = this.#next(other(side));
    if (released !== undefined) this.#deliver(other(side), released);
  }

  #next(side: Side): Incoming | undefined {
    return side === "downstream" && this.#waiting !== undefined
      ? undefined
      : this.#do.nextElement(this.#session, side);
  }

  #cause(incoming: Incoming): void {
    if (!("frame" in incoming)) return;
    const { buffer, start, end } = incoming.frame;
    const message = JSON.parse(new TextDecoder().decode(buffer.subarray(start, end)));
    this.referee.causes(message);
  }

  #goOn(): void {
    const incoming = this.#waiting!;
    this.#waiting = undefined;
    this.#cause(incoming);
    const facts = this.#facts(noFacts);
    const step = this.#do.resume(this.#session, "downstream", facts, this.#nowMs);
    this.#proceed(this.#session, "downstream", incoming, step, facts);
    const next = this.#next("downstream");
    if (next !== undefined) this.#deliver("downstream", next);
  }

  #facts(facts: Facts): Facts {
    return this.#shared === undefined ? facts : withShared(facts, this.#shared.read());
  }

  #proceed(before: Session, side: Side, incoming: Incoming, step: Step, known: Facts = noFacts): void {
    for (let attempts = 0;;) {
      const question = step.effects.at(-1);
      if (question?.kind !== "look_up") {
        const shared = this.#share(step, ++attempts);
        if (shared === undefined) break;
        if (attempts > 40) throw new Error("it tries for ever");
        step = this.#do.resume(before, side, withShared(known, shared), this.#nowMs);
        continue;
      }
      const written = this.#run(step.effects.slice(0, -1));
      if (written !== undefined) return this.#deny(before, side, incoming, written);
      if (question.awaitsServer === true) {
        this.#session = step.session;
        this.#waiting = incoming;
        return;
      }
      before = this.#session = step.session;
      const wanted = question.queries.find((query) => query.kind === "approval");
      const asked = wanted === undefined ? noFacts : withApproval(noFacts, this.#approval(wanted));
      known = question.queries.some(({ kind }) => kind === "shared_state") ? this.#facts(asked) : asked;
      // Somebody may be quicker between the question and what comes of it. (A label that comes in then came too late.)
      if (this.#random.below(4) === 0) this.#otherProxyCalls([undefined]);
      step = this.#do.resume(before, side, known, this.#nowMs);
    }
    const written = this.#run(step.effects);
    if (written !== undefined) {
      const [first] = step.effects;
      if (first?.kind === "share") this.#shared?.giveBack(first, this.#nowMs);
      return this.#deny(before, side, incoming, written);
    }
    this.#session = step.session;
  }

  /** As the relay does. */
  #share({ effects: [first] }: Step, attempts: number): SharedState | undefined {
    if (first?.kind !== "share") return undefined;
    if (attempts > shareAttemptsMax || this.#shared === undefined) {
      return { kind: "unknown", why: "somebody was always quicker" };
    }
    return this.#shared.share(first, this.#nowMs);
  }

  #approval({ name, method, target, argumentsJson }: ApprovalQuery): ReturnType<() => Json> {
    const id = "a";
    switch (this.#random.below(4)) {
      case 0: {
        const args = JSON.parse(argumentsJson ?? "{}");
        const message = target === "tool"
          ? { method: "tools/call", params: { name, arguments: args } }
          : { method, params: args };
        this.referee.saysYes(this.referee.subjectOf(message), this.#nowMs);
        return { kind: "approved", id };
      }
      case 1:
        return { kind: "denied", id };
      default:
        return { kind: "pending", id, isNew: true };
    }
  }

  /** The records that were written before one that could not be; undefined where all went well. */
  #run(effects: readonly Effect[]): readonly Effect[] | undefined {
    const written: Effect[] = [];
    for (const effect of effects) {
      if (effect.kind === "record") {
        if (this.#isLogFull) return written;
        this.referee.records(recordOf(effect));
        written.push(effect);
      } else if (effect.kind === "forward" || effect.kind === "reply") {
        this.#sends(effect, effect.kind, effect.to);
      }
    }
    return undefined;
  }

  #deny(before: Session, side: Side, incoming: Incoming, written: readonly Effect[]): void {
    const last = written.at(-1);
    const chain = last?.kind === "record" ? last.chain : undefined;
    this.#session = before;
    this.#runAnyhow(this.#do.recordFailed(before, chain, side, incoming, "full", this.#nowMs), chain);
  }

  #runAnyhow({ session, effects }: Step, chain = this.#session.state.chain): void {
    const { gate, state } = session;
    const written = this.#run(effects.filter(({ kind }) => kind === "record"));
    const last = written?.at(-1);
    this.#session = written === undefined
      ? session
      : { gate, state: { ...state, chain: last?.kind === "record" ? last.chain : chain } };
    this.#run(effects.filter(({ kind }) => kind !== "record"));
  }

  #sends(effect: Effect, kind: "forward" | "reply", to: Side): void {
    const text = sentText(effect)!;
    this.referee.leaves(kind, to, text, this.#nowMs, "");
    const message = JSON.parse(text);
    for (const one of Array.isArray(message) ? message : [message]) {
      if (one.method !== undefined && one.id !== undefined) this.#inbox[to].push(one);
    }
  }
}
