import assert from "node:assert/strict";
import fc from "fast-check";
import type { BatchElement } from "../../src/mcp/batch.ts";
import {
  awaitAnswer,
  type Batches,
  elementToTake,
  endWait,
  holdAnswer,
  holdsAnswerTo,
  noBatches,
  openBatch,
  passElement,
} from "../../src/proxy/batches.ts";
import { messageOf } from "../support/lines.ts";

const ping = messageOf({ jsonrpc: "2.0", id: 1, method: "ping" }) as BatchElement;
const elements = (count: number) => new Array<BatchElement>(count).fill(ping);
const answer = (text: string, key?: string) => ({ key, bytes: new TextEncoder().encode(text) });
const text = (line: Uint8Array | undefined) => line && new TextDecoder().decode(line);

Deno.test("a batch is complete when it is read and every request in it is answered", () => {
  let batches = openBatch(noBatches, elements(2));
  batches = awaitAnswer(batches, 1);
  batches = passElement(batches).batches;
  const early = endWait(batches, 1, answer("1"));
  assert.equal(early.complete, undefined, "not read yet");
  const step = passElement(holdAnswer(early.batches, 1, answer(" 2")));
  assert.equal(text(step.complete), "[1, 2]\n");
  assert.deepEqual(step.batches, { ...noBatches, last: 1 });
});

Deno.test("a batch to which there is no answer ends without one", () => {
  const read = passElement(openBatch(noBatches, elements(1)));
  assert.deepEqual(read, { batches: { ...noBatches, last: 1 }, complete: undefined });
  const cancelled = endWait(
    passElement(awaitAnswer(openBatch(noBatches, elements(1)), 1)).batches,
    1,
    undefined,
  );
  assert.deepEqual(cancelled, { batches: { ...noBatches, last: 1 }, complete: undefined });
});

Deno.test("elementToTake() gives the elements one after the other, and passElement() passes each once", () => {
  const all = [ping, { ...ping }, { ...ping }] as BatchElement[];
  let batches = openBatch(noBatches, all);
  for (const element of all) {
    assert.equal(elementToTake(batches), element);
    batches = passElement(batches).batches;
  }
  assert.equal(elementToTake(batches), undefined);
  assert.equal(passElement(batches).batches, batches);
});

/** Several batches, each with so many requests that are answered by the other side, and in what order that happens. */
const anyBatches = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 }).chain((sizes) =>
  fc.tuple(
    fc.constant(sizes),
    fc.shuffledSubarray(sizes.flatMap((size, i) => new Array<number>(size).fill(i + 1)), {
      minLength: sizes.reduce((sum, size) => sum + size, 0),
    }),
  )
);

Deno.test("property: whatever the order of the answers, each batch leaves once with all of its own, and nothing is kept", () => {
  fc.assert(fc.property(anyBatches, ([sizes, order]) => {
    let batches: Batches = noBatches;
    const left = new Map<number, unknown[]>();
    for (const [i, size] of sizes.entries()) {
      batches = openBatch(batches, elements(size + 1));
      for (let element = 0; element < size; element++) {
        batches = passElement(awaitAnswer(batches, i + 1)).batches;
      }
      const step = passElement(batches); // one notification
      assert.equal(step.complete, undefined);
      batches = step.batches;
    }
    for (const [n, number] of order.entries()) {
      const step = endWait(batches, number, answer(`{"n":${n},"of":${number}}`));
      batches = step.batches;
      if (step.complete === undefined) continue;
      assert.ok(!left.has(number));
      left.set(number, JSON.parse(text(step.complete)!));
    }
    for (const [i, size] of sizes.entries()) {
      const due = order.flatMap((number, n) => number === i + 1 ? [{ n, of: number }] : []);
      assert.deepEqual(left.get(i + 1), size === 0 ? undefined : due);
    }
    assert.deepEqual(batches, { ...noBatches, last: sizes.length });
  }));
});

Deno.test("the bytes that are held are those of the answers that wait", () => {
  let batches = openBatch(noBatches, elements(1));
  batches = passElement(awaitAnswer(awaitAnswer(batches, 1), 1)).batches;
  batches = endWait(batches, 1, answer("12345")).batches;
  assert.equal(batches.heldBytes, 5);
  assert.equal(endWait(batches, 1, undefined).batches.heldBytes, 0);
});

Deno.test("an id is held from its answer until its batch leaves", () => {
  let batches = awaitAnswer(awaitAnswer(openBatch(noBatches, elements(1)), 1), 1);
  batches = passElement(batches).batches;
  assert.ok(!holdsAnswerTo(batches, "n1"));
  batches = endWait(batches, 1, answer("{}", "n1")).batches;
  assert.ok(holdsAnswerTo(batches, "n1") && !holdsAnswerTo(batches, "n2"));
  batches = endWait(batches, 1, answer("{}", "n2")).batches;
  assert.ok(!holdsAnswerTo(batches, "n1") && !holdsAnswerTo(batches, "n2"));
});
