import assert from "node:assert/strict";
import { readBatch } from "../../src/mcp/batch.ts";
import type { Batch } from "../../src/mcp/message.ts";
import { JsonScanner } from "../../src/wire/json.ts";
import { messageOf } from "../support/lines.ts";

function elementsOf(line: string, elementsMax = 100) {
  const batch = messageOf(line);
  assert.equal(batch.kind, "batch");
  return readBatch(new JsonScanner(), batch as Batch, elementsMax);
}

const textOf = ({ frame: { buffer, start, end } }: ReturnType<typeof elementsOf>[number]) =>
  new TextDecoder().decode(buffer.subarray(start, end));

Deno.test("readBatch() gives each message to the byte, in order, in bytes of its own that end with a line feed", () => {
  const texts = [
    '{ "jsonrpc":"2.0","id":1.0,"method":"ping" , "x":1.00}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}',
  ];
  const elements = elementsOf(`\t[ ${texts.join(" ,\t")} ] `);
  assert.deepEqual(elements.map(textOf), texts);
  assert.deepEqual(elements.map(({ kind }) => kind), ["request", "notification", "result", "error"]);
  for (const { frame: { buffer, start, end } } of elements) {
    assert.deepEqual([start, end, buffer[end]], [0, buffer.length - 1, 0x0a]);
  }
});

Deno.test("readBatch() makes of what is no message a malformed element, with its id where it has one", () => {
  const cases: [string, string][] = [
    ["1", "null"],
    ["null", "null"],
    ['"text"', "null"],
    ["{}", "null"],
    ["[]", "null"],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "null"],
    ['{"jsonrpc":"2.0","id":4}', "4"],
    ['{"jsonrpc":"2.0","id":4,"method":"ping","method":"x"}', "4"],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', "1.5"],
    ['{"jsonrpc":"2.0","id":"i","method":"initialize","params":{}}', '"i"'],
  ];
  const elements = elementsOf(`[${cases.map(([text]) => text).join()}]`);
  assert.equal(elements.length, cases.length);
  for (const [i, element] of elements.entries()) {
    assert.equal(element.kind, "malformed", cases[i][0]);
    if (element.kind !== "malformed") continue;
    assert.deepEqual(
      [element.code, element.replyId, element.chatter],
      [-32600, cases[i][1], false],
      cases[i][0],
    );
  }
});

Deno.test("readBatch() reads no more elements than it is asked for", () => {
  assert.equal(elementsOf(`[${"1,".repeat(9)}1]`, 3).length, 3);
  assert.deepEqual(elementsOf(" [ ] "), []);
});
