/** The whole proxy between two streams of bytes, without relay, processes or time: bytes go in, effects come out. */

import { frameBytesMax as frameBytesCeiling } from "../../src/limits.ts";
import type { Incoming } from "../../src/mcp/message.ts";
import type { Side } from "../../src/mcp/operation.ts";
import { noFacts } from "../../src/policy/facts.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import type { Effect } from "../../src/proxy/effect.ts";
import {
  createSession,
  nextElement,
  receive,
  resume,
  type Session,
  type Step,
} from "../../src/proxy/session.ts";
import { Inbox } from "../../src/transport/inbox.ts";
import { asText } from "../wire/support/bytes.ts";
import { policyOf } from "./policies.ts";

/** One message as it was delivered, and all that it led to. Bytes are copies: a channel may use its buffer again. */
export interface Delivery {
  readonly side: Side;
  readonly incoming: Incoming;
  readonly effects: readonly Effect[];
}

export interface ByteSessionOptions {
  readonly document?: Partial<PolicyDocument>;
  readonly frameBytesMax?: number;
  /** Stands for `receive`, in tests of the tests. */
  readonly receive?: typeof receive;
}

export class ByteSession {
  session: Session;
  readonly deliveries: Delivery[] = [];
  readonly #inboxes: Readonly<Record<Side, Inbox>>;
  readonly #receive: typeof receive;
  /** A message of the agent's that waits for the server's answer to a question of ours. */
  #waiting: Incoming | undefined;

  constructor(options: ByteSessionOptions = {}) {
    const { document = { default: "allow" }, frameBytesMax = frameBytesCeiling } = options;
    this.#receive = options.receive ?? receive;
    this.session = createSession({
      session: "s",
      policy: policyOf(document),
      audited: true,
      anchor: "0".repeat(64),
      digestKey: new Uint8Array(32),
    });
    const inbox = (side: Side, dropFraming: boolean) => {
      const inbox = new Inbox({ frameBytesMax, dropFraming }, () => {});
      inbox.listen({ message: (incoming) => this.#take(side, incoming), idle() {}, end() {}, broken() {} });
      return inbox;
    };
    this.#inboxes = { downstream: inbox("downstream", false), upstream: inbox("upstream", true) };
  }

  /** Bytes have come from `side`. As from a channel, they are gone when this returns. */
  push(side: Side, bytes: Uint8Array): void {
    const chunk = bytes.slice();
    this.#inboxes[side].push(chunk);
    if (this.#waiting === undefined) chunk.fill(0x23); // (A channel is not read from while its message waits.)
  }

  end(side: Side): void {
    this.#inboxes[side].end();
    this.#goOn();
  }

  #take(side: Side, incoming: Incoming): void {
    // What waits for the server's answer to us holds up its side. Here it waits no longer than until the next message.
    if (side === "downstream") this.#goOn();
    for (let next: Incoming | undefined = incoming; next !== undefined;) {
      this.#settle(side, next, this.#receive(this.session, side, next, 1000));
      next = this.#next(side);
    }
    if (this.session.state.surfaces.asking === undefined) this.#goOn();
    const other = side === "downstream" ? "upstream" : "downstream";
    if (this.session.state.consent.released.length > 0) {
      const released = this.#next(other);
      if (released !== undefined) this.#take(other, released);
    }
  }

  #next(side: Side): Incoming | undefined {
    return side === "downstream" && this.#waiting !== undefined ? undefined : nextElement(this.session, side);
  }

  #goOn(): void {
    const incoming = this.#waiting;
    if (incoming === undefined) return;
    this.#waiting = undefined;
    this.#settle("downstream", incoming, resume(this.session, "downstream", noFacts, 1000));
    const next = this.#next("downstream");
    if (next !== undefined) this.#take("downstream", next);
  }

  /** Answers the questions of a step with nothing. */
  #settle(side: Side, incoming: Incoming, step: Step): void {
    for (;;) {
      const question = step.effects.at(-1);
      if (question?.kind !== "look_up") return this.#adopt(side, incoming, step);
      const before = step.effects.slice(0, -1);
      if (before.length > 0) this.#adopt(side, incoming, { session: step.session, effects: before });
      this.session = step.session;
      if (question.awaitsServer === true) {
        this.#waiting = incoming;
        return;
      }
      step = resume(step.session, side, noFacts, 1000);
    }
  }

  #adopt(side: Side, incoming: Incoming, step: Step): void {
    this.session = step.session;
    this.deliveries.push({ side, incoming: copyOf(incoming), effects: step.effects.map(copyOfEffect) });
  }

  /** All effects in their order, as plain data that can be compared: bytes as text, one character each. */
  happenings(): unknown[] {
    return this.deliveries.flatMap(({ side, effects }) => effects.map((effect) => [side, plainOf(effect)]));
  }

  /** What has left for `side`, one line after the other, in latin1. */
  sentTo(side: Side): string[] {
    return this.deliveries.flatMap(({ effects }) =>
      effects.flatMap((effect) =>
        (effect.kind === "forward" || effect.kind === "reply") && effect.to === side ? [textOf(effect)] : []
      )
    );
  }
}

/** The bytes that an effect sends, its line feed included. */
export function bytesOf(effect: Effect & { readonly kind: "forward" | "reply" }): Uint8Array {
  return effect.kind === "forward" ? effect.buffer.subarray(effect.start, effect.end) : effect.bytes;
}

const textOf = (effect: Effect & { readonly kind: "forward" | "reply" }) => asText(bytesOf(effect));

function plainOf(effect: Effect): unknown {
  switch (effect.kind) {
    case "record":
      return ["record", asText(effect.line)];
    case "forward":
    case "reply":
      return [effect.kind, effect.to, textOf(effect)];
    default:
      return effect;
  }
}

function copyOfEffect(effect: Effect): Effect {
  switch (effect.kind) {
    case "record":
      return { ...effect, line: effect.line.slice() };
    case "forward":
      return {
        ...effect,
        buffer: effect.buffer.slice(effect.start, effect.end),
        start: 0,
        end: effect.end - effect.start,
      };
    case "reply":
      return { ...effect, bytes: effect.bytes.slice() };
    default:
      return effect;
  }
}

function copyOf(incoming: Incoming): Incoming {
  if (incoming.kind === "oversize") return incoming;
  const { buffer, start, end } = incoming.frame;
  return { ...incoming, frame: { buffer: buffer.slice(start, end + 1), start: 0, end: end - start } };
}
