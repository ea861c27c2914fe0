/**
 * The whole proxy without its inputs and outputs: a message and a time go in, the next state and a list of effects
 * come out. Same session, same message, same facts, same clock → same effects.
 */

import type { Chain, StartRecord } from "../audit/record.ts";
import type { Incoming } from "../mcp/message.ts";
import type { Side } from "../mcp/operation.ts";
import type { Facts } from "../policy/facts.ts";
import { receiveAnswer, resumeAnswer } from "./answers.ts";
import { elementToTake } from "./batches.ts";
import { endLateWaits, nextReleased, releasedAs } from "./consent_answers.ts";
import type { ReleasedCall } from "./consent_state.ts";
import { denyUnrecorded, endServer, endSession } from "./endings.ts";
import { refuseFailed, refuseMalformed, refuseOversize } from "./refusals.ts";
import { receiveBatch } from "./receive_batch.ts";
import { receiveRequest, resumeRequest } from "./requests.ts";
import { type Session, sideName, type Step } from "./session_state.ts";
import { Turn } from "./turn.ts";

export { note, type PolicyEvent, reload } from "./reload.ts";
export { createSession, type Gate, type Session, type Step } from "./session_state.ts";

/** The first record of a session: what was decided at its start. */
export function start(session: Session, body: StartRecord, nowMs: number): Step {
  return take(session, nowMs, undefined, (turn) => turn.record(body));
}

/**
 * One line has come from `side` (`downstream`: the agent). Effects are in order; a `look_up` effect is the last
 * one, and is answered with {@linkcode resume} before the next message of that side.
 */
export function receive(session: Session, side: Side, incoming: Incoming, nowMs: number): Step {
  return takeMessage(session, side, incoming, nowMs, (turn) => receiveWith(turn, side, incoming));
}

function receiveWith(turn: Turn, side: Side, incoming: Incoming): void {
  switch (incoming.kind) {
    case "request":
    case "notification":
      return receiveRequest(turn, side, incoming);
    case "result":
    case "error":
      return receiveAnswer(turn, side, incoming);
    case "malformed":
      return refuseMalformed(turn, side, incoming);
    case "oversize":
      return refuseOversize(turn, side, incoming);
    case "batch":
      return receiveBatch(turn, side, incoming);
  }
}

/**
 * The element of a batch of `side`, or the call of `side` that a person has approved, that is to be received next, before
 * any other message of that side; undefined where there is none, and while one waits for its facts.
 */
export function nextElement(session: Session, side: Side): Incoming | undefined {
  const { batches, waiting, consent } = session.state;
  if (waiting[side] !== undefined) return undefined;
  return elementToTake(batches[side]) ??
    (consent.released.length === 0 ? undefined : nextReleased(consent, side));
}

/**
 * The facts that a `look_up` effect of `side` asked for. Where the policy has changed since, they are those that the old
 * one wanted: the message is received anew, and the step may be another `look_up`.
 */
export function resume(session: Session, side: Side, facts: Facts, nowMs: number): Step {
  const waiting = session.state.waiting[side];
  if (waiting === undefined) throw new Error(`no message of the ${sideName(side)} waits for facts`);
  return takeMessage(
    session,
    side,
    waiting.message,
    nowMs,
    (turn) => {
      if (waiting.isOvertaken === true) {
        turn.setWaiting(side, undefined);
        return receiveWith(turn, side, waiting.message);
      }
      return waiting.kind === "request"
        ? resumeRequest(turn, side, waiting, facts)
        : resumeAnswer(turn, side, waiting, facts);
    },
  );
}

/**
 * The server process has ended; `description` says how ("ended with status 3"). What the agent has sent and is not
 * judged yet (it waits for facts, or is the rest of a batch) is refused with the rest: it will not be asked for again.
 */
export function serverGone(session: Session, description: string, nowMs: number): Step {
  const { waiting, batches } = session.state;
  let step = take(session, nowMs, undefined, (turn) => endServer(turn, description));
  // (An element of a batch that waits is still the next of its batch.)
  const unjudged = batches.downstream.reading === undefined ? waiting.downstream?.message : undefined;
  let next: Incoming | undefined = unjudged ?? nextElement(step.session, "downstream");
  while (next !== undefined) {
    const refused = receive(step.session, "downstream", next, nowMs);
    step = { session: refused.session, effects: [...step.effects, ...refused.effects] };
    next = nextElement(step.session, "downstream");
  }
  return step;
}

/** The time that a `wake` effect named has come. */
export function tick(session: Session, nowMs: number): Step {
  return take(session, nowMs, undefined, endLateWaits);
}

/** The last step of a session. */
export function end(session: Session, reason: string, status: number, nowMs: number): Step {
  return take(session, nowMs, undefined, (turn) => endSession(turn, reason, status));
}

/**
 * A record of `incoming` could not be written. `session` is the one *before* that message, because nothing of it may
 * have happened; `written` is the chain as far as it did get into the log.
 */
export function recordFailed(
  session: Session,
  written: Chain | undefined,
  side: Side,
  incoming: Incoming,
  cause: string,
  nowMs: number,
): Step {
  const { state } = takeReleased(session, incoming);
  const turn = new Turn(session.gate, state, nowMs, side, written);
  denyUnrecorded(turn, side, incoming, cause);
  return turn.finish();
}

/** A message that we fail on is refused like any other that cannot be judged: nothing of it has happened. */
function takeMessage(
  session: Session,
  side: Side,
  incoming: Incoming,
  nowMs: number,
  act: (turn: Turn) => void,
): Step {
  const { state, released } = takeReleased(session, incoming);
  const { gate } = session;
  try {
    return take({ gate, state }, nowMs, side, act, released);
  } catch (error) {
    return take({ gate, state }, nowMs, side, (turn) => refuseFailed(turn, side, incoming, error));
  }
}

/** An approved call is received once, whatever comes of it. */
function takeReleased(
  { state }: Session,
  incoming: Incoming,
): { readonly state: Session["state"]; readonly released: ReleasedCall | undefined } {
  const { consent } = state;
  const released = consent.released.length === 0 ? undefined : releasedAs(consent, incoming);
  if (released === undefined) return { state, released };
  const others = consent.released.filter((other) => other !== released);
  return { state: { ...state, consent: { ...consent, released: others } }, released };
}

/** `sender`: whose message it is about; undefined where it is about none. */
function take(
  session: Session,
  nowMs: number,
  sender: Side | undefined,
  act: (turn: Turn) => void,
  released?: ReleasedCall,
): Step {
  const turn = new Turn(session.gate, session.state, nowMs, sender);
  turn.released = released;
  act(turn);
  return turn.finish();
}
