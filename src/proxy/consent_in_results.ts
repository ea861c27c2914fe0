/**
 * Asking a person in the stateless revisions, in which no server asks by itself: the call is answered with a question,
 * and the client makes it again with the person's answer. MCP 2026-07-28, basic/patterns/mrtr.
 */

import { keyedDigest } from "../audit/digest.ts";
import { consentWaitMs, declinedForMs } from "../limits.ts";
import { inputRequired, readElicitResult } from "../mcp/elicitation.ts";
import type { Request, Value } from "../mcp/message.ts";
import { textOf } from "../mcp/object_reader.ts";
import { objectMembers } from "../wire/json_spans.ts";
import { type ConsentCall, questionText } from "./consent_call.ts";
import { keepAnswer, withoutOpenQuestion } from "./consent_state.ts";
import type { Turn } from "./turn.ts";

/** The name of our question in `inputRequests`. */
const questionName = "lilith_consent";

/** Methods whose results may ask (basic/patterns/mrtr). */
const askingMethods: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"]);

/** Whether a call of a stateless revision can be answered with a question of ours: it answers none of the server's. */
export function canBeAnsweredWithQuestion({ method, members }: Request): boolean {
  return askingMethods.has(method) && !members.has("inputResponses") && !members.has("requestState");
}

/** The answer to a call of which a person is to be asked. `call`: its record. */
export function questionAnswer(turn: Turn, message: Request, consent: ConsentCall, call: number): Uint8Array {
  const state = [call, turn.nowMs + consentWaitMs, consent.approvedForMs, consent.key].join(".");
  const requestState = `${stateBegins}${state}.${sign(turn, state)}`;
  return inputRequired(message.id.source, questionName, questionText(consent), requestState);
}

const stateBegins = "lilith1.";

/** So that a client that keeps to the protocol cannot be led to answer another question than it was asked. */
function sign(turn: Turn, state: string): string {
  return keyedDigest(turn.gate.digestKey, new TextEncoder().encode(`question in a result ${state}`));
}

/**
 * Takes the person's answer out of a call that is made again, by byte span, and keeps it: the call as it was before we
 * asked is to be received next (`nextElement`). False where no answer to us is in it, a reason where that cannot be
 * told for certain.
 */
export function takeAnswerInCall(turn: Turn, message: Request): boolean | string {
  const { members, params, frame: { buffer } } = message;
  const responses = members.get("inputResponses");
  const written = textOf(buffer, members.get("requestState"));
  if (params === undefined || written?.startsWith(stateBegins) !== true) return false;
  // The server is not to have it: it could put a question of its own to the person under our name and state.
  if (responses === undefined) return '"requestState" comes without the "inputResponses" that it asks for';
  const [call, until, approvedFor, key, signature, ...rest] = written.slice(stateBegins.length).split(".");
  const state = [call, until, approvedFor, key].join(".");
  if (signature !== sign(turn, state) || rest.length > 0) return '"requestState" is not as it was given';
  if (responses.kind !== "object") return '"inputResponses" is not an object';
  const entries = objectMembers(buffer, responses.start, responses.end);
  if (entries.length !== 1 || entries[0].key !== questionName) {
    return `"inputResponses" answers something else than "${questionName}"`;
  }
  const said = readElicitResult(buffer, entries[0]);
  const answer = turn.nowMs > Number(until) ? "timeout" : said;
  const isYes = answer === "approved";
  const line = cutAnswer(message, params);
  turn.record({
    kind: "consent",
    call: Number(call),
    answer,
    durationMs: turn.nowMs - (Number(until) - consentWaitMs),
    cut: {
      before: keyedDigest(turn.gate.digestKey, buffer.subarray(message.frame.start, message.frame.end)),
      after: keyedDigest(turn.gate.digestKey, line.subarray(0, -1)),
    },
  });
  const kept = keepAnswer(withoutOpenQuestion(turn.consent, key), key, {
    approved: isYes,
    untilMs: turn.nowMs + (isYes ? Number(approvedFor) : declinedForMs),
  });
  // The rules have their yes by the answer that is kept: it is for one call, and this may be another.
  const released = { side: "downstream", line, rules: new Set<string>(), call: Number(call) } as const;
  turn.consent = { ...kept, released: [...kept.released, released] };
  return true;
}

/** The line without `inputResponses` and `requestState`; all else as it stands there. */
function cutAnswer({ frame: { buffer, start, end } }: Request, params: Value): Uint8Array {
  const parts: Uint8Array[] = [];
  let behindLast = params.start + 1;
  for (const { key, end: behindValue } of objectMembers(buffer, params.start, params.end)) {
    // From behind the comma before the key to the end of the value.
    const from = behindLast === params.start + 1 ? behindLast : buffer.indexOf(COMMA, behindLast) + 1;
    behindLast = behindValue;
    if (key === "inputResponses" || key === "requestState") continue;
    parts.push(buffer.subarray(from, behindValue));
  }
  const length = params.start + 1 - start + parts.reduce((sum, part) => sum + part.length + 1, 0) + end -
    params.end + 2;
  const line = new Uint8Array(length);
  let at = 0;
  const add = (part: Uint8Array | readonly number[]) => {
    line.set(part, at);
    at += part.length;
  };
  add(buffer.subarray(start, params.start + 1));
  for (const [index, part] of parts.entries()) {
    if (index > 0) add([COMMA]);
    add(part);
  }
  add(buffer.subarray(params.end - 1, end));
  add([LF]);
  return line.slice(0, at);
}

const COMMA = 0x2c;
const LF = 0x0a;
