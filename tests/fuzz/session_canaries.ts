/** Sessions with one fault each, of the kind that would break a promise: a fuzzer that misses one is not worth running. */

import type { Incoming } from "../../src/mcp/message.ts";
import type { Effect } from "../../src/proxy/effect.ts";
import { receive, type Session, type Step } from "../../src/proxy/session.ts";
import { otherSide } from "../../src/proxy/session_state.ts";
import type { Side } from "../../src/mcp/operation.ts";

export type Receive = typeof receive;

export interface SessionCanary {
  /** What it does wrong. */
  readonly name: string;
  readonly make: () => Receive;
}

export const sessionCanaries: readonly SessionCanary[] = [
  canary(
    "forwards without a record",
    (effects) => effects.filter(({ kind }, i) => kind !== "record" || i > 0),
  ),
  canary("records what it has forwarded", (effects) => effects.toReversed()),
  canary(
    "drops a message that it cannot read without a word",
    (effects, { kind }) => kind === "malformed" ? [] : effects,
  ),
  canary("drops what is too long without a word", (effects, { kind }) => kind === "oversize" ? [] : effects),
  canary(
    "forwards a message that it cannot read",
    (effects, incoming, side) =>
      incoming.kind === "malformed"
        ? [...effects, { kind: "forward", to: otherSide(side), ...lineOf(incoming.frame) }]
        : effects,
  ),
  canary(
    "forwards a message twice",
    (effects) =>
      effects.flatMap((effect): Effect[] => effect.kind === "forward" ? [effect, effect] : [effect]),
  ),
  canary(
    "sends a message back to its sender",
    (effects, _, side) =>
      effects.map((effect) => effect.kind === "forward" ? { ...effect, to: side } : effect),
  ),
  canary(
    "parses a message and writes it anew",
    (effects) => effects.map((effect) => effect.kind === "forward" ? rewritten(effect) : effect),
  ),
  canary(
    "loses the line feed of a last line",
    (effects) =>
      effects.map((effect) => effect.kind === "forward" ? { ...effect, end: effect.end - 1 } : effect),
  ),
  {
    name: "fails on a message",
    make: () => (session, side, incoming, nowMs) => {
      if (incoming.kind === "error") throw new Error("broken on purpose");
      return receive(session, side, incoming, nowMs);
    },
  },
];

/** A session whose effects are changed. */
function canary(
  name: string,
  change: (effects: readonly Effect[], incoming: Incoming, side: Side) => readonly Effect[],
): SessionCanary {
  const broken = (session: Session, side: Side, incoming: Incoming, nowMs: number): Step => {
    const step = receive(session, side, incoming, nowMs);
    return { ...step, effects: change(step.effects, incoming, side) };
  };
  return { name, make: () => broken };
}

function lineOf({ buffer, start, end }: { buffer: Uint8Array; start: number; end: number }) {
  return { buffer, start, end: end + 1 };
}

function rewritten(effect: Effect & { readonly kind: "forward" }): Effect {
  const value = JSON.parse(new TextDecoder().decode(effect.buffer.subarray(effect.start, effect.end)));
  const buffer = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return { ...effect, buffer, start: 0, end: buffer.length };
}
