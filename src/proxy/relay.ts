/**
 * Does what the session says: pumps two channels, runs the effects of each message in order, and brings the
 * conversation to its end. It decides *when*; *what* was decided in `session.ts`.
 */

import type { Sink } from "../audit/sink.ts";
import type { Chain, StartRecord } from "../audit/record.ts";
import { listTimeoutMs, shareAttemptsMax } from "../limits.ts";
import type { Incoming } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import type { CompiledPolicy } from "../policy/compiled.ts";
import {
  type ApprovalQuery,
  type Facts,
  noFacts,
  type Query,
  type SharedState,
  withShared,
} from "../policy/facts.ts";
import type { SharedAccess } from "../state/shared_state.ts";
import type { Channel } from "../transport/channel.ts";
import type { Effect } from "./effect.ts";
import { otherSide } from "./session_state.ts";
import {
  end,
  nextElement,
  note,
  type PolicyEvent,
  receive,
  recordFailed,
  reload,
  resume,
  serverGone,
  type Session,
  start,
  type Step,
  tick,
} from "./session.ts";

/** The server process as the relay sees it. */
export interface RelayedServer {
  /** Settles when the process is gone. */
  readonly exited: Promise<ServerEnding>;
  /** Stops it and whatever it started: end of input, then signals. Settles when nothing is left. */
  stop(): Promise<ServerEnding>;
}

export interface ServerEnding {
  /** Exit status; 128 + n where signal n ended it. */
  readonly status: number;
  /** "ended with status 3", "was ended by SIGSEGV". */
  readonly description: string;
}

export interface RelayParts {
  readonly downstream: Channel;
  readonly upstream: Channel;
  readonly server: RelayedServer;
  /** Absent: nothing is recorded. */
  readonly sink: Sink | undefined;
  /** Present where the policies share what they count and see with other proxies. */
  readonly shared?: SharedAccess | undefined;
  /** Answers at once where it can; what it leaves out is a missing fact. */
  readonly lookUp: (queries: readonly (Query | ApprovalQuery)[]) => Facts | Promise<Facts>;
  readonly now: () => number;
  readonly say: (level: "info" | "warning", text: string) => void;
}

/** How the conversation ended. */
export interface RelayEnding {
  /** `stopped`: the client or the operator ended it. `server`: the server ended by itself. */
  readonly by: "stopped" | "server";
  readonly reason: string;
  readonly server: ServerEnding;
}

/**
 * After the server's exit, how long its output may be quiet before its last words have been heard; something it left
 * behind may hold the pipe open.
 */
const lastWordsMs = 500;

/** After a signal, how long the last words may take on their way to a client that perhaps does not read. */
const farewellMs = 500;

/** A record that could not be written, and how far the log did get. */
interface RecordFailure {
  readonly written: Chain | undefined;
  readonly cause: string;
}

export class Relay {
  #session: Session;
  readonly #parts: RelayParts;
  #stopping: string | undefined;
  #upstreamEnded = Promise.withResolvers<void>();
  #upstreamBroken = Promise.withResolvers<void>();
  #asked = Promise.withResolvers<void>();
  #hurried = Promise.withResolvers<void>();
  #failed = Promise.withResolvers<never>();
  /** Messages of the server so far: whether it is quiet shows in them. */
  #heard = 0;
  #isOver = false;
  /** A message waits for the server's answer to a request of ours. */
  #serverAsked: PromiseWithResolvers<void> | undefined;
  /** Messages since the last moment in which a side had no more of them. */
  #inARow = 0;
  #areCrowded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, parts: RelayParts) {
    this.#session = session;
    this.#parts = parts;
    this.#failed.promise.catch(() => {}); // `run` may have left the race already
  }

  /** Whether messages come many at a time, so that nobody waits for each of them. */
  get areCrowded(): boolean {
    return this.#areCrowded;
  }

  /** Records the start. Throws where that fails: a session without its first record must not begin. */
  begin(body: StartRecord): void {
    const step = start(this.#session, body, this.#parts.now());
    this.#session = step.session;
    for (const effect of step.effects) if (effect.kind === "record") this.#parts.sink?.append(effect.line);
  }

  /**
   * Lets messages flow until either side ends; settles when everything that could still be said has been said, however
   * slowly the client reads. Rejects where a message could not be dealt with: a mistake of ours, and nothing passes then.
   */
  async run(): Promise<RelayEnding> {
    const { downstream, upstream, server } = this.#parts;
    upstream.listen({
      message: (incoming) => {
        this.#heard++;
        return this.#guard("upstream", incoming);
      },
      idle: () => this.#idle(),
      end: () => this.#upstreamEnded.resolve(),
      // It can be asked nothing more. That it is closed while we stop it is our own doing.
      broken: () => this.#upstreamBroken.resolve(),
    });
    downstream.listen({
      message: (incoming) => this.#guard("downstream", incoming),
      idle: () => this.#idle(),
      end: () => this.stop("the client closed its end"),
      broken: (cause) => this.stop(`the client no longer reads (${cause})`),
    });
    // A server that closes its output can never answer again, one that closes its input never be asked, alive or not.
    const ended = await Promise.race([
      server.exited.then(() => "server" as const),
      this.#upstreamEnded.promise.then(() => "server" as const),
      this.#upstreamBroken.promise.then(() => "server" as const),
      this.#asked.promise.then(() => "stopped" as const),
      this.#failed.promise,
    ]);
    const by = this.#stopping === undefined ? ended : "stopped";
    // In either case the ladder: it returns at once for a process that is gone, and takes what it left behind.
    const ending = await (by === "server" ? this.#exitOf(server) : server.stop());
    // After a signal a client that does not read is not waited for, neither for room nor for the end.
    const late = () => this.#hurried.promise.then(() => sleep(farewellMs));
    await Promise.race([this.#lastWords(), late(), this.#failed.promise]);
    const reason = this.#stopping ?? `the server ${ending.description}`;
    this.#conclude(ending, reason);
    await Promise.race([downstream.close(), late()]);
    return { by, reason, server: ending };
  }

  /** Ends the conversation as a client does that closes its end: it still gets whatever there is to read. */
  stop(reason: string): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = reason;
    this.#asked.resolve();
  }

  /** Ends it because a signal says so: a client that does not read is not waited for, also where `stop` came first. */
  stopNow(reason: string): void {
    this.stop(reason);
    this.#hurried.resolve();
  }

  /**
   * Puts another policy in force, between two messages. False where that could not be recorded: then the old one stays. A
   * session that has ended changes nothing any more.
   */
  reload(policy: CompiledPolicy, record: PolicyEvent): boolean {
    return this.#applyEvent(() => reload(this.#session, policy, record, this.#parts.now()));
  }

  /** Records something about the policy files that changes nothing. False where it could not be recorded. */
  note(record: PolicyEvent): boolean {
    return this.#applyEvent(() => note(this.#session, record, this.#parts.now()));
  }

  #applyEvent(makeStep: () => Step): boolean {
    if (this.#isOver) return true;
    const { session, effects } = makeStep();
    if (this.#run(effects) !== undefined) return false;
    this.#session = session;
    this.#flush();
    return true;
  }

  /** Settles when the server's output has ended or is quiet; while the client has no room for it, it is not. */
  async #lastWords(): Promise<void> {
    let heard = -1;
    while (!this.#isOver && (heard !== this.#heard || this.#parts.downstream.congested)) {
      heard = this.#heard;
      const ended = await Promise.race([
        this.#upstreamEnded.promise.then(() => true),
        sleep(lastWordsMs),
      ]);
      if (ended) return;
    }
  }

  /** The server closed its output or exited: give its exit status a moment, then make sure that it is gone. */
  async #exitOf(server: RelayedServer): Promise<ServerEnding> {
    const exited = await Promise.race([server.exited, sleep(lastWordsMs)]);
    const stopped = await server.stop();
    return exited ?? stopped;
  }

  #conclude(ending: ServerEnding, reason: string): void {
    this.#serverAsked?.resolve(); // what waits finds that it is over
    clearTimeout(this.#timer);
    const what = "The end of the session";
    this.#apply(serverGone(this.#session, ending.description, this.#parts.now()), what);
    this.#apply(end(this.#session, reason, ending.status, this.#parts.now()), what);
    this.#isOver = true;
    this.#flush();
  }

  /** After the last record nothing is taken any more, and after a mistake of ours nothing either. */
  #guard(side: Side, incoming: Incoming): void | Promise<void> {
    if (this.#isOver) return never;
    this.#inARow++;
    try {
      const waiting = this.#takeLine(side, incoming);
      return waiting?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): Promise<void> {
    this.#isOver = true;
    this.#failed.reject(error);
    return never;
  }

  /** One line from one side: a message, or the messages of a batch one after the other. A promise where it has to wait. */
  #takeLine(side: Side, incoming: Incoming): void | Promise<void> {
    const waiting = this.#takeMessages(side, incoming);
    // The agent's answer to a question of ours may let a request of the server's go on, for which the agent does not wait.
    if (this.#session.state.consent.released.length > 0) {
      const released = this.#takeRest(otherSide(side));
      released?.catch((error: unknown) => this.#fail(error));
    }
    return waiting;
  }

  #takeMessages(side: Side, incoming: Incoming): void | Promise<void> {
    let next: Incoming | undefined = incoming;
    while (next !== undefined) {
      const waiting = this.#take(side, next);
      next = nextElement(this.#session, side);
      if (waiting === undefined) continue;
      const { batches, consent } = this.#session.state;
      if (batches[side].reading === undefined && consent.released.length === 0) return waiting;
      return waiting.then(() => this.#takeRest(side));
    }
  }

  /** The rest of a batch that had to wait, and calls that were approved in it. */
  #takeRest(side: Side): void | Promise<void> {
    if (this.#isOver) return never;
    const next = nextElement(this.#session, side);
    if (next !== undefined) return this.#takeLine(side, next);
  }

  /** One message from one side. A promise where it has to wait: for facts, or for room. */
  #take(side: Side, incoming: Incoming): void | Promise<void> {
    const before = this.#session;
    return this.#proceed(before, side, incoming, receive(before, side, incoming, this.#parts.now()));
  }

  /** Looks up what a step asks for, again where a new policy asks for more, and performs the verdict. */
  #proceed(
    before: Session,
    side: Side,
    incoming: Incoming,
    step: Step,
    known: Facts = noFacts,
  ): void | Promise<void> {
    let attempts = 0;
    for (;;) {
      const question = step.effects.at(-1);
      if (question?.kind !== "look_up") {
        const shared = this.#share(step, ++attempts);
        if (shared !== undefined) {
          step = resume(before, side, withShared(known, shared), this.#parts.now());
          continue;
        }
        const waiting = this.#perform(before, side, incoming, step);
        if (this.#serverAsked !== undefined) this.#noteAnswer();
        return waiting;
      }
      // What is asked of the server, and what was learned before an approval is looked up.
      if (step.effects.length > 1) {
        const failure = this.#run(step.effects.slice(0, -1));
        if (failure !== undefined) return this.#denyUnrecorded(before, side, incoming, failure);
      }
      this.#session = before = step.session;
      const found = this.#parts.lookUp(question.queries);
      const facts = question.awaitsServer === true ? this.#askServer(found) : found;
      const sharesState = question.queries.some(({ kind }) => kind === "shared_state");
      if (facts instanceof Promise) {
        return facts.then((found) => {
          if (this.#isOver) return never; // it was answered when the session ended
          const now = this.#session;
          // What is shared is asked for last: others go on while we wait.
          const all = sharesState ? this.#withShared(found) : found;
          return this.#proceed(now, side, incoming, resume(now, side, all, this.#parts.now()), all);
        });
      }
      known = sharesState ? this.#withShared(facts) : facts;
      step = resume(before, side, known, this.#parts.now());
    }
  }

  #withShared(facts: Facts): Facts {
    const { shared } = this.#parts;
    return withShared(facts, shared?.read() ?? { kind: "unknown", why: "nothing is shared" });
  }

  /** Writes down what the step shares; where that did not go, what is shared by now, and the message is judged anew. */
  #share({ effects }: Step, attempts: number): SharedState | undefined {
    const [first] = effects;
    if (first?.kind !== "share") return undefined;
    if (attempts > shareAttemptsMax) return { kind: "unknown", why: "other proxies were always quicker" };
    const { shared } = this.#parts;
    if (shared === undefined) return { kind: "unknown", why: "nothing is shared" };
    return shared.share(first, this.#parts.now());
  }

  /** The effects of one message: all of them, or none after the first record that could not be written. */
  #perform(before: Session, side: Side, incoming: Incoming, step: Step): void | Promise<void> {
    const failure = this.#run(step.effects);
    if (failure === undefined) {
      this.#session = step.session;
      return this.#room(step.effects);
    }
    const [first] = step.effects;
    // Surely nobody got it.
    if (first?.kind === "share") this.#parts.shared?.giveBack(first, this.#parts.now());
    return this.#denyUnrecorded(before, side, incoming, failure);
  }

  #denyUnrecorded(
    before: Session,
    side: Side,
    incoming: Incoming,
    failure: RecordFailure,
  ): void | Promise<void> {
    const denied = recordFailed(before, failure.written, side, incoming, failure.cause, this.#parts.now());
    this.#runAnyhow(denied, failure.written ?? before.state.chain);
    return this.#room(denied.effects);
  }

  /** Effects that belong to no message: what cannot be recorded is said, and the rest still happens. */
  #apply(step: Step, what: string): void {
    const failure = this.#runAnyhow(step, this.#session.state.chain);
    if (failure !== undefined) this.#parts.say("warning", `${what} was not recorded: ${failure.cause}`);
  }

  /** Nothing in them passes anything on. The log goes on from what was written last: `before` or a record of theirs. */
  #runAnyhow({ session, effects }: Step, before: Chain): RecordFailure | undefined {
    this.#session = session;
    const failure = this.#run(effects.filter((effect) => effect.kind === "record"));
    if (failure !== undefined) {
      const { gate, state } = session;
      this.#session = { gate, state: { ...state, chain: failure.written ?? before } };
    }
    this.#run(effects.filter((effect) => effect.kind !== "record"));
    return failure;
  }

  /** The server was asked for a list; the message goes on when it has answered, or has taken too long. */
  async #askServer(known: Facts | Promise<Facts>): Promise<Facts> {
    const asked = Promise.withResolvers<void>();
    this.#serverAsked = asked;
    this.#flush();
    const timer = setTimeout(() => asked.resolve(), listTimeoutMs);
    try {
      await asked.promise;
      return await known;
    } finally {
      clearTimeout(timer);
      this.#serverAsked = undefined;
    }
  }

  /** A message has come while something waits for the server's answer to ourselves. */
  #noteAnswer(): void {
    this.#flush(); // another page may be asked for
    if (this.#session.state.surfaces.asking === undefined) this.#serverAsked?.resolve();
  }

  #run(effects: readonly Effect[]): RecordFailure | undefined {
    let written: Chain | undefined;
    for (const effect of effects) {
      switch (effect.kind) {
        case "share":
          break; // before all others: see #share
        case "record":
          try {
            this.#parts.sink?.append(effect.line);
          } catch (error) {
            return { written, cause: error instanceof Error ? error.message : String(error) };
          }
          written = effect.chain;
          break;
        case "forward":
          this.#channel(effect.to).send(effect.buffer, effect.start, effect.end);
          break;
        case "reply":
          this.#channel(effect.to).send(effect.bytes, 0, effect.bytes.length);
          break;
        case "say":
          this.#parts.say(effect.level, effect.text);
          break;
        case "wake":
          this.#wakeAt(effect.atMs);
          break;
        case "look_up":
          throw new Error("a question among other effects");
      }
    }
    return undefined;
  }

  /** One timer, for the next wait that ends: waits are of one length, so the first that began ends first. */
  #wakeAt(atMs: number): void {
    if (this.#timer !== undefined) return;
    const wake = () => {
      this.#timer = undefined;
      if (this.#isOver) return;
      this.#apply(tick(this.#session, this.#parts.now()), "The end of a wait for a person");
      this.#flush();
    };
    this.#timer = setTimeout(wake, Math.max(0, atMs - this.#parts.now()));
  }

  #channel(side: Side): Channel {
    return side === "downstream" ? this.#parts.downstream : this.#parts.upstream;
  }

  #idle(): void {
    this.#areCrowded = this.#inARow > 1;
    this.#inARow = 0;
    this.#flush();
  }

  #flush(): void {
    this.#parts.upstream.flush();
    this.#parts.downstream.flush();
  }

  /**
   * A side that sends faster than the other reads has to wait, and so has one that does not read our answers to it.
   * It never waits for a channel that its message did not write to: an agent that writes before it reads would
   * otherwise wait for us while we wait for it.
   */
  #room(effects: readonly Effect[]): void | Promise<void> {
    for (const effect of effects) {
      if ((effect.kind === "forward" || effect.kind === "reply") && this.#channel(effect.to).congested) {
        this.#flush(); // what else was said must not wait with it
        return this.#channel(effect.to).drained();
      }
    }
    return undefined;
  }
}

/** A channel that is told to wait for it delivers nothing more. */
const never = new Promise<void>(() => {});

function sleep(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
