/**
 * Batches of one direction whose answers are not complete. JSON-RPC 2.0 §6: a batch is answered by one array with an
 * answer for each of its requests, and by nothing where it has none. A value, as all of the session's state.
 */

import type { BatchElement } from "../mcp/batch.ts";

/** A batch whose elements are taken one after the other. */
export interface Reading {
  readonly batch: number;
  readonly elements: readonly BatchElement[];
  /** The element that comes next, or that waits for its facts. */
  readonly at: number;
}

interface HeldAnswer {
  /** The key of the id that it answers; undefined for `null`. */
  readonly key: string | undefined;
  /** Without a line feed. */
  readonly bytes: Uint8Array;
}

interface OpenBatch {
  readonly number: number;
  /** Requests among its elements that are passed on and not answered. */
  readonly waiting: number;
  /** What its sender is to get, in the order in which it came. */
  readonly answers: readonly HeldAnswer[];
}

export interface Batches {
  /** The number that the last batch got. */
  readonly last: number;
  readonly reading: Reading | undefined;
  /** No more than there are requests in flight, and the one that is being read. */
  readonly open: readonly OpenBatch[];
  /** Bytes of all answers in `open`. */
  readonly heldBytes: number;
}

export const noBatches: Batches = { last: 0, reading: undefined, open: [], heldBytes: 0 };

/** Batches after a step, and the answer of one that is complete by it: an array and its line feed. */
export interface BatchStep {
  readonly batches: Batches;
  readonly complete: Uint8Array | undefined;
}

/** Begins a batch; none may be being read. */
export function openBatch(batches: Batches, elements: readonly BatchElement[]): Batches {
  const number = batches.last + 1;
  return {
    last: number,
    reading: { batch: number, elements, at: 0 },
    open: [...batches.open, { number, waiting: 0, answers: [] }],
    heldBytes: batches.heldBytes,
  };
}

/** The element that was being read has been dealt with. */
export function passElement(batches: Batches): BatchStep {
  const { reading } = batches;
  if (reading === undefined) return { batches, complete: undefined };
  const at = reading.at + 1;
  if (at < reading.elements.length) {
    return { batches: { ...batches, reading: { ...reading, at } }, complete: undefined };
  }
  return complete({ ...batches, reading: undefined }, reading.batch);
}

/** One more request of the batch has been passed on. */
export function awaitAnswer(batches: Batches, number: number): Batches {
  return change(batches, number, (batch) => ({ ...batch, waiting: batch.waiting + 1 }));
}

/** `answer` is for an element that nobody else has to answer. The bytes must not change. */
export function holdAnswer(batches: Batches, number: number, answer: HeldAnswer): Batches {
  const held = change(batches, number, (batch) => ({ ...batch, answers: [...batch.answers, answer] }));
  return { ...held, heldBytes: held.heldBytes + answer.bytes.length };
}

/** Whether an answer to the request with this id is held: to its sender that request still waits. */
export function holdsAnswerTo({ open }: Batches, key: string): boolean {
  return open.length > 0 && open.some(({ answers }) => answers.some((answer) => answer.key === key));
}

/** A request of the batch is waited for no longer: it was answered (`answer`), or cancelled. */
export function endWait(batches: Batches, number: number, answer: HeldAnswer | undefined): BatchStep {
  const held = answer === undefined ? batches : holdAnswer(batches, number, answer);
  return complete(change(held, number, (batch) => ({ ...batch, waiting: batch.waiting - 1 })), number);
}

/** The element that is to be taken before any other message of that side. */
export function elementToTake({ reading }: Batches): BatchElement | undefined {
  return reading?.elements[reading.at];
}

function change(batches: Batches, number: number, update: (batch: OpenBatch) => OpenBatch): Batches {
  return { ...batches, open: batches.open.map((batch) => batch.number === number ? update(batch) : batch) };
}

/** Takes the batch out where nothing more will come for it. */
function complete(batches: Batches, number: number): BatchStep {
  const batch = batches.open.find((open) => open.number === number);
  if (batch === undefined || batch.waiting > 0 || batches.reading?.batch === number) {
    return { batches, complete: undefined };
  }
  const { answers } = batch;
  const heldBytes = batches.heldBytes - answers.reduce((sum, answer) => sum + answer.bytes.length, 0);
  const open = batches.open.filter((other) => other !== batch);
  return {
    batches: { ...batches, open, heldBytes },
    complete: answers.length === 0 ? undefined : join(answers),
  };
}

/** The answers as one array, to the byte as they came, and its line feed. */
function join(answers: readonly HeldAnswer[]): Uint8Array {
  const line = new Uint8Array(answers.reduce((sum, { bytes }) => sum + bytes.length + 1, 2));
  let at = 0;
  for (const { bytes } of answers) {
    line[at] = at === 0 ? OPEN_BRACKET : COMMA;
    line.set(bytes, at + 1);
    at += bytes.length + 1;
  }
  line[at] = CLOSE_BRACKET;
  line[at + 1] = LF;
  return line;
}

const LF = 0x0a;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
