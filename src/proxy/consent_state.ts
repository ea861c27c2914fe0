/** What a session knows of consent: calls that wait for a person, and answers that still hold. A value. */

import { heldCallsMax, keptAnswersMax } from "../limits.ts";
import type { Side } from "../mcp/operation.ts";
import type { Decision } from "../policy/decision.ts";

/** A call that waits for a person's answer; the other side has not seen it. */
export interface HeldCall {
  /** Id of the question to the client: letters, digits and `-`. */
  readonly question: string;
  /** Who sent the call. */
  readonly side: Side;
  /** Its id, as the key of `MessageId` and as it was spelt. */
  readonly idKey: string;
  readonly idSource: string;
  /** A copy of the call as it came, line feed included. */
  readonly line: Uint8Array;
  /** Names the very same call: see `ConsentCall.key`. */
  readonly consent: string;
  /** The rules that a yes is for, and those that have one already. */
  readonly rules: ReadonlySet<string>;
  readonly approvedForMs: number;
  /** Digests of the policies under which it was held. */
  readonly policies: readonly string[];
  /** Number of its record. */
  readonly call: number;
  readonly decision: Decision;
  readonly isToolCall: boolean;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A call that a person has approved and that is to be received anew, before any other message of its side. */
export interface ReleasedCall {
  readonly side: Side;
  readonly line: Uint8Array;
  readonly rules: ReadonlySet<string>;
  /** The record of the call when it was held. */
  readonly call: number;
}

/** An answer that holds for the very same call. */
export interface KeptAnswer {
  readonly approved: boolean;
  readonly untilMs: number;
}

export interface ConsentState {
  /** Whether the client can show a person a form. */
  readonly offersForms: boolean;
  /** Whether an answer was a question, so that a call may come again with a person's answer in it. */
  readonly asksInResults: boolean;
  /** Until when such questions may be answered that have not been, by `ConsentCall.key`. */
  readonly openInResults: ReadonlyMap<string, number>;
  /** Questions asked so far. */
  readonly questions: number;
  readonly held: readonly HeldCall[];
  readonly released: readonly ReleasedCall[];
  /** By `ConsentCall.key`, the oldest first. */
  readonly kept: ReadonlyMap<string, KeptAnswer>;
}

export const noConsent: ConsentState = {
  offersForms: false,
  asksInResults: false,
  openInResults: new Map(),
  questions: 0,
  held: [],
  released: [],
  kept: new Map(),
};

/** The state with one more answer kept; the oldest is forgotten where there are too many. */
export function keepAnswer(state: ConsentState, consent: string, answer: KeptAnswer): ConsentState {
  const kept = new Map(state.kept);
  kept.delete(consent);
  kept.set(consent, answer);
  if (kept.size > keptAnswersMax) kept.delete(kept.keys().next().value!);
  return { ...state, kept };
}

/** The state with one more question that a result asks; undefined where as many are open as may be. */
export function withOpenQuestion(
  state: ConsentState,
  consent: string,
  untilMs: number,
  nowMs: number,
): ConsentState | undefined {
  const openInResults = new Map([...state.openInResults].filter(([, until]) => nowMs <= until));
  openInResults.set(consent, untilMs);
  return openInResults.size > heldCallsMax ? undefined : { ...state, asksInResults: true, openInResults };
}

/** The state without a question that was answered. */
export function withoutOpenQuestion(state: ConsentState, consent: string): ConsentState {
  if (!state.openInResults.has(consent)) return state;
  const openInResults = new Map(state.openInResults);
  openInResults.delete(consent);
  return { ...state, openInResults };
}

/** The answer that holds at `nowMs`; undefined where there is none. */
export function keptAnswer({ kept }: ConsentState, consent: string, nowMs: number): KeptAnswer | undefined {
  const answer = kept.get(consent);
  return answer !== undefined && nowMs <= answer.untilMs ? answer : undefined;
}

/** The state without a call that was held. */
export function withoutHeld(state: ConsentState, held: HeldCall): ConsentState {
  return { ...state, held: state.held.filter((other) => other !== held) };
}

/** Whether a held call of `asker`'s has this id, or a question to the client, which counts as the server's. */
export function isHeldId({ held }: ConsentState, asker: Side, key: string): boolean {
  return held.some(({ side, idKey, question }) =>
    (side === asker && idKey === key) || (asker === "upstream" && questionKey(question) === key)
  );
}

/** The key (`MessageId.key`) of a question's id. */
export function questionKey(question: string): string {
  return `s${question}`;
}
