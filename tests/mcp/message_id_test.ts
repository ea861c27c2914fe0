import assert from "node:assert/strict";
import { otherTypeKey, readAnswerId, readRequestId } from "../../src/mcp/message_id.ts";

function spanOf(text: string): [Uint8Array, number, number] {
  const bytes = new TextEncoder().encode(`  ${text}  `);
  return [bytes, 2, bytes.length - 2];
}

Deno.test("ids are equal by type and exact value, and keep their spelling", () => {
  assert.deepEqual(readRequestId(...spanOf("7")), { source: "7", key: "n7" });
  assert.deepEqual(readRequestId(...spanOf('"7"')), { source: '"7"', key: "s7" });
  assert.deepEqual(readRequestId(...spanOf('"\\u0037"')), { source: '"\\u0037"', key: "s7" });
});

Deno.test("an answer may spell a whole number with zeros behind the point, a request may not", () => {
  assert.deepEqual(readAnswerId(...spanOf("1.0")), { source: "1.0", key: "n1" });
  assert.deepEqual(readAnswerId(...spanOf("-12.000")), { source: "-12.000", key: "n-12" });
  assert.equal(readRequestId(...spanOf("1.0")), undefined);
});

Deno.test("numbers that are not exactly one whole number are no ids", () => {
  for (
    const text of [
      "1.5",
      "1e0",
      "1.00000000000000000001",
      "9007199254740992",
      "-0",
      "-0.0",
      "null",
      "true",
      "{}",
    ]
  ) {
    assert.equal(readAnswerId(...spanOf(text)), undefined, text);
    assert.equal(readRequestId(...spanOf(text)), undefined, text);
  }
});

Deno.test("otherTypeKey() names the same value as the other type, where there is one", () => {
  assert.equal(otherTypeKey("n7"), "s7");
  assert.equal(otherTypeKey("s7"), "n7");
  assert.equal(otherTypeKey("sabc"), undefined);
  assert.equal(otherTypeKey("s07"), undefined);
});
