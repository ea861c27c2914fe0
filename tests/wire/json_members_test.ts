import assert from "node:assert/strict";
import { JsonScanner } from "../../src/wire/json.ts";
import { concat, decode, encode } from "./support/bytes.ts";

const scanner = new JsonScanner();

Deno.test("scan() notes the members of the root and of the objects directly in it, in text order", () => {
  const members = membersOf(
    '{"jsonrpc":"2.0","id":7,"params":{"name":"x","arguments":{"deep":1}},"ok":[{"no":1}],"last":null}',
  );
  assert.deepEqual(members, [
    { parent: -1, key: "jsonrpc", value: '"2.0"', kind: "string" },
    { parent: -1, key: "id", value: "7", kind: "number" },
    { parent: -1, key: "params", value: '{"name":"x","arguments":{"deep":1}}', kind: "object" },
    { parent: 2, key: "name", value: '"x"', kind: "string" },
    { parent: 2, key: "arguments", value: '{"deep":1}', kind: "object" },
    { parent: -1, key: "ok", value: '[{"no":1}]', kind: "array" },
    { parent: -1, key: "last", value: "null", kind: "null" },
  ]);
});

Deno.test("spans of keys and values hold no white space", () => {
  const members = membersOf(' { "a" : { "b" :\t-1.5e3\n, "c":true } , "d" : false } \r');
  assert.deepEqual(members, [
    { parent: -1, key: "a", value: '{ "b" :\t-1.5e3\n, "c":true }', kind: "object" },
    { parent: 0, key: "b", value: "-1.5e3", kind: "number" },
    { parent: 0, key: "c", value: "true", kind: "boolean" },
    { parent: -1, key: "d", value: "false", kind: "boolean" },
  ]);
});

Deno.test("the root's kind and span are known, white space left out", () => {
  for (
    const [text, kind, whole] of [
      [' {"a":1} ', "object", '{"a":1}'],
      [" [1] ", "array", "[1]"],
      [' "a" ', "string", '"a"'],
      [" -1 ", "number", "-1"],
      [" true ", "boolean", "true"],
      [" null ", "null", "null"],
    ]
  ) {
    const bytes = scanText(text);
    assert.equal(scanner.rootKind, kind);
    assert.equal(decode(bytes.subarray(scanner.rootStart, scanner.rootEnd)), whole);
  }
});

Deno.test("a root that is no object has no members, even where its elements are objects", () => {
  for (const text of ["1", '"a"', "[]", '[{"a":{"b":1}}]']) assert.deepEqual(membersOf(text), []);
});

Deno.test("keyIs() compares keys with their escapes resolved", () => {
  const bytes = scanText(
    '{"method":1,"m\\u0065thod":2,"metho":3,"methods":4,"Method":5,"":6,"met\\u0068":7}',
  );
  const isMethod = [0, 1, 2, 3, 4, 5, 6].map((i) => scanner.keyIs(i, "method", bytes));
  assert.deepEqual(isMethod, [true, true, false, false, false, false, false]);
  assert.equal(scanner.keyIs(5, "", bytes), true);
});

Deno.test("keyText() resolves escapes and decodes UTF-8", () => {
  const bytes = scanText(
    '{"caf\\u00e9 é \\ud83d\\ude00 😀 \\n\\"\\\\\\/":1,"\ufeffmark":2,"a key of more than sixteen bytes é":3}',
  );
  assert.equal(scanner.keyText(0, bytes), 'café é 😀 😀 \n"\\/');
  assert.equal(scanner.keyText(1, bytes), "\ufeffmark");
  assert.equal(scanner.keyText(2, bytes), "a key of more than sixteen bytes é");
  assert.deepEqual([0, 1, 2].map((i) => scanner.keyHasEscapes(i)), [true, false, false]);
});

Deno.test("spans of members count from the first byte of the buffer", () => {
  const text = '{"a":{"b":"c"}}';
  const bytes = concat([encode("12345"), encode(text)]);
  assert.equal(scanner.scan(bytes, 5, bytes.length), undefined);
  assert.deepEqual([scanner.keyStart(1), scanner.keyEnd(1)], [12, 13]);
  assert.deepEqual([scanner.valueStart(1), scanner.valueEnd(1)], [15, 18]);
  assert.deepEqual([scanner.rootStart, scanner.rootEnd], [5, bytes.length]);
});

Deno.test("a member that the text does not have cannot be read", () => {
  scanText('{"a":1,"b":2,"c":3}');
  scanText('{"a":1}');
  for (const i of [-1, 1, 2, Number.NaN]) {
    assert.throws(() => scanner.valueStart(i), RangeError);
    assert.throws(() => scanner.memberParent(i), RangeError);
  }
});

Deno.test("thousands of members are noted, and none of them is left in the next text", () => {
  const count = 5000;
  const inner = Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join(",");
  const bytes = scanText(`{"params":{${inner}},"id":1}`);
  assert.equal(scanner.memberCount, count + 2);
  assert.equal(scanner.keyText(count, bytes), `k${count - 1}`);
  assert.equal(scanner.memberParent(count), 0);
  assert.equal(scanner.memberParent(count + 1), -1);
  assert.deepEqual(membersOf('{"a":1}'), [{ parent: -1, key: "a", value: "1", kind: "number" }]);
});

Deno.test("a policy may lower the depth but not raise it", () => {
  const low = new JsonScanner({ depthMax: 2 });
  const [two, three] = [encode("[[]]"), encode("[[[]]]")];
  assert.equal(low.scan(two, 0, two.length), undefined);
  assert.equal(low.scan(three, 0, three.length)?.code, "depth");
  const high = new JsonScanner({ depthMax: 1_000_000 });
  const deep = encode("[".repeat(200_000));
  assert.equal(high.scan(deep, 0, deep.length)?.code, "depth");
});

function scanText(text: string): Uint8Array {
  const bytes = encode(text);
  assert.equal(scanner.scan(bytes, 0, bytes.length), undefined);
  return bytes;
}

function membersOf(text: string): unknown[] {
  const bytes = scanText(text);
  return Array.from({ length: scanner.memberCount }, (_, i) => ({
    parent: scanner.memberParent(i),
    key: scanner.keyText(i, bytes),
    value: decode(bytes.subarray(scanner.valueStart(i), scanner.valueEnd(i))),
    kind: scanner.valueKind(i),
  }));
}
