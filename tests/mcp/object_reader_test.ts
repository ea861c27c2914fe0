import assert from "node:assert/strict";
import type { Value } from "../../src/mcp/message.ts";
import { findAmbiguity, ObjectReader, textOf } from "../../src/mcp/object_reader.ts";

const reader = new ObjectReader("ref", ["type", "name"], ["uri"]);

function bytesOf(text: string): readonly [Uint8Array, Value] {
  const bytes = new TextEncoder().encode(text);
  return [bytes, { start: 0, end: bytes.length, kind: text.startsWith("{") ? "object" : "array" }];
}

Deno.test("ObjectReader gives the wanted members of an object, and leaves the others alone", () => {
  const [bytes, value] = bytesOf('{"x":{"type":0,"type":1},"type":"a\\u0062","other":[{"name":1}]}');
  const members = reader.read(bytes, value);
  assert.ok(typeof members !== "string");
  assert.equal(members.size, 1);
  assert.equal(textOf(bytes, members.get("type")), "ab");
  assert.equal(textOf(bytes, members.get("name")), undefined);
});

Deno.test("ObjectReader refuses what two readers would read differently", () => {
  for (
    const text of [
      '{"type":1,"type":2}',
      '{"typ\\u0065":1}',
      '{"Type":1}',
      '{"URI":1}',
      '{"type\\u0000":1}',
      '{"__proto__":{"type":1}}',
      '{"\\ud800":1}',
      "[]",
    ]
  ) assert.equal(typeof reader.read(...bytesOf(text)), "string", text);
});

Deno.test("findAmbiguity() looks at every depth", () => {
  for (
    const text of ['{"a":[{"b":1,"b":2}]}', '{"a":["\\ud800"]}', '[{"a":{"\\u0062":1}}]']
  ) assert.equal(typeof findAmbiguity(...bytesOf(text)), "string", text);
  assert.equal(findAmbiguity(...bytesOf('{"a":[{"b":1},{"b":2}],"c":"\\u0062"}')), undefined);
});
