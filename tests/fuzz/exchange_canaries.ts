/** Sessions with one fault each in what waits, is asked, is counted or kept: the fuzzer must notice every one. */

import type { Side } from "../../src/mcp/operation.ts";
import type { Effect } from "../../src/proxy/effect.ts";
import type { Session, SessionState } from "../../src/proxy/session_state.ts";
import type { Step } from "../../src/proxy/session.ts";
import { messageOf, sentText } from "../support/lines.ts";
import { type ExchangeSession, soundSession } from "./exchange.ts";

export interface ExchangeCanary {
  /** What it does wrong. */
  readonly name: string;
  readonly make: () => ExchangeSession;
}

const sound = soundSession;

export const exchangeCanaries: readonly ExchangeCanary[] = [
  canary("takes a no for a yes", {
    receive(session, side, incoming, nowMs) {
      if (incoming.kind !== "result" || side !== "downstream") {
        return sound.receive(session, side, incoming, nowMs);
      }
      const { buffer, start, end } = incoming.frame;
      const text = new TextDecoder().decode(buffer.subarray(start, end));
      const changed = messageOf(text.replace('"decision":"deny"', '"decision":"approve"'));
      return sound.receive(session, side, changed, nowMs);
    },
  }),
  canary("asks, and passes the call on all the same", {
    receive: (session, side, incoming, nowMs) => {
      const step = sound.receive(session, side, incoming, nowMs);
      if (!isAsking(step) || !("frame" in incoming)) return step;
      const { buffer, start, end } = incoming.frame;
      const forward: Effect = { kind: "forward", to: "upstream", buffer, start, end: end + 1 };
      return { ...step, effects: [...step.effects, forward] };
    },
  }),
  canary("forgets what it has counted", ofState((state) => ({ policy: { ...state.policy, used: {} } }))),
  canary("forgets labels", ofState((state) => ({ policy: { ...state.policy, taints: [] } }))),
  canary("forgets a call that is held", ofState((state) => ({ consent: { ...state.consent, held: [] } }))),
  canary("forgets requests that are on their way", ofState((_, empty) => ({ pending: empty.pending }))),
  canary(
    "lets a yes hold for ever",
    ofState((state) => {
      const kept = new Map([...state.consent.kept].map(([key, one]) => [key, { ...one, untilMs: Infinity }]));
      return { consent: { ...state.consent, kept } };
    }),
  ),
  canary(
    "takes a no that it keeps for a yes",
    ofState((state) => {
      const kept = new Map([...state.consent.kept].map(([key, one]) => [key, { ...one, approved: true }]));
      return { consent: { ...state.consent, kept } };
    }),
  ),
  canary("sends its questions to the server", {
    receive: changed((effects) =>
      effects.map((effect) =>
        effect.kind === "reply" && asks(effect) ? { ...effect, to: "upstream" as Side } : effect
      )
    ),
  }),
  canary("sends the server's answer to itself on to the agent", {
    receive(session, side, incoming, nowMs) {
      const { asking } = session.state.surfaces;
      const step = sound.receive(session, side, incoming, nowMs);
      if (asking === undefined || incoming.kind !== "result" || incoming.id.key !== asking.key) return step;
      const { buffer, start, end } = incoming.frame;
      return {
        ...step,
        effects: [...step.effects, { kind: "forward", to: "downstream", buffer, start, end: end + 1 }],
      };
    },
  }),
  canary("leaves a question open when the wait for it is over", {
    tick(session, nowMs) {
      const step = sound.tick(session, nowMs);
      const effects = step.effects.filter((effect) => !sentText(effect)?.includes("notifications/cancelled"));
      return { ...step, effects };
    },
  }),
  canary("says nothing to whoever waits for a person when the server ends", {
    serverGone(session, description, nowMs) {
      const consent = { ...session.state.consent, held: [] };
      return sound.serverGone(
        { gate: session.gate, state: { ...session.state, consent } },
        description,
        nowMs,
      );
    },
  }),
  canary("goes on with the chain of a record that was not written", {
    recordFailed(session, written, side, incoming, cause, nowMs) {
      const step = sound.recordFailed(session, written, side, incoming, cause, nowMs);
      const { gate, state } = step.session;
      const chain = { ...state.chain, sequence: state.chain.sequence + 1 };
      return { ...step, session: { gate, state: { ...state, chain } } };
    },
  }),
  canary("keeps an approved call back", { nextElement: () => undefined }),
  canary("passes text that nobody sees", {
    receive: (session, side, incoming, nowMs) => {
      const { trust } = session.gate.policy;
      if (trust === undefined) return sound.receive(session, side, incoming, nowMs);
      const policy = { ...session.gate.policy, trust: { ...trust, refusesInvisible: false } };
      const step = sound.receive({ ...session, gate: { ...session.gate, policy } }, side, incoming, nowMs);
      return { ...step, session: { ...step.session, gate: session.gate } };
    },
  }),
  canary(
    "passes answers of any size",
    ofState((state) => {
      const pending = state.pending.downstream.all().reduce(
        (table, request) => table.remove(request.key).add({ ...request, resultBound: undefined }),
        state.pending.downstream,
      );
      return { pending: { ...state.pending, downstream: pending } };
    }),
  ),
];

function canary(name: string, broken: Partial<ExchangeSession>): ExchangeCanary {
  return { name, make: () => ({ ...sound, ...broken }) };
}

function changed(change: (effects: readonly Effect[]) => readonly Effect[]): ExchangeSession["receive"] {
  return (session, side, incoming, nowMs): Step => {
    const step = sound.receive(session, side, incoming, nowMs);
    return { ...step, effects: change(step.effects) };
  };
}

const asks = (effect: Effect) => sentText(effect)?.includes('"elicitation/create"') === true;
const isAsking = ({ effects }: Step) => effects.some((effect) => effect.kind === "reply" && asks(effect));

/** Something of the state is lost between two messages, now and then. */
function ofState(
  change: (state: SessionState, empty: SessionState) => Partial<SessionState>,
): Partial<ExchangeSession> {
  let empty: SessionState | undefined;
  return {
    receive(session: Session, side, incoming, nowMs) {
      empty ??= session.state;
      const state = { ...session.state, ...change(session.state, empty) };
      return sound.receive({ gate: session.gate, state }, side, incoming, nowMs);
    },
  };
}
