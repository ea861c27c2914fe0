import assert from "node:assert/strict";
import { arrayElements, type JsonSpan, objectMembers } from "../../src/wire/json_spans.ts";
import { concat, decode, encode } from "./support/bytes.ts";

Deno.test("arrayElements() gives each element without white space, with its kind", () => {
  const text = '[ 1 ,"a]\\"," , [ [1] ,2 ] ,{"b" : "}"}, true , null,-0.5e1 ]';
  const bytes = encode(text);
  assert.deepEqual(textsOf(bytes, arrayElements(bytes, 0, bytes.length)), [
    ["number", "1"],
    ["string", '"a]\\","'],
    ["array", "[ [1] ,2 ]"],
    ["object", '{"b" : "}"}'],
    ["boolean", "true"],
    ["null", "null"],
    ["number", "-0.5e1"],
  ]);
});

Deno.test("arrayElements() gives no more elements than it is asked for", () => {
  const bytes = encode("[1, 2,3]");
  for (const [elementsMax, count] of [[0, 0], [2, 2], [3, 3], [4, 3]]) {
    assert.equal(arrayElements(bytes, 0, bytes.length, elementsMax).length, count);
  }
});

Deno.test("objectMembers() gives each member's key, escapes resolved, and value", () => {
  const text = '{ "a\\u0062" : { "x":"\\\\" } , "":[], "ab":"\\"}" ,"n" :1}';
  const bytes = encode(text);
  const members = objectMembers(bytes, 0, bytes.length);
  assert.deepEqual(members.map(({ key }) => key), ["ab", "", "ab", "n"]);
  assert.deepEqual(textsOf(bytes, members), [
    ["object", '{ "x":"\\\\" }'],
    ["array", "[]"],
    ["string", '"\\"}"'],
    ["number", "1"],
  ]);
});

Deno.test("an empty array has no elements and an empty object no members", () => {
  for (const text of ["[]", "[ ]", "{}", "{ \t\n}"]) {
    const bytes = encode(text);
    const parts = text[0] === "[" ? arrayElements : objectMembers;
    assert.deepEqual(parts(bytes, 0, bytes.length), []);
  }
});

Deno.test("spans count from the first byte of the buffer, and nothing behind the array is looked at", () => {
  const bytes = encode('{"a":[1,[2]],"b":[3]}');
  assert.deepEqual(arrayElements(bytes, 5, 12), [
    { start: 6, end: 7, kind: "number" },
    { start: 8, end: 11, kind: "array" },
  ]);
});

Deno.test("elements can be cut out by their spans, and the rest stays byte for byte", () => {
  const bytes = encode('[ {"n":1.0}, {"n":2} , {"n":3e0}]');
  const [first, , third] = arrayElements(bytes, 0, bytes.length);
  const cut = concat([
    bytes.subarray(0, 1),
    bytes.subarray(first.start, first.end),
    encode(","),
    bytes.subarray(third.start, third.end),
    bytes.subarray(bytes.length - 1),
  ]);
  assert.equal(decode(cut), '[{"n":1.0},{"n":3e0}]');
});

Deno.test("spans of text that was never validated end inside it", () => {
  for (
    const text of ["[", "[1", '["', '["a\\', "[[", "[1,", "{", '{"a', '{"a"', '{"a":', '{"a":{', '{"a":1,']
  ) {
    const bytes = encode(text);
    const parts = text[0] === "[" ? arrayElements : objectMembers;
    for (const { end } of parts(bytes, 0, bytes.length)) assert.ok(end <= bytes.length, text);
  }
});

function textsOf(bytes: Uint8Array, spans: readonly JsonSpan[]): [string, string][] {
  return spans.map(({ kind, start, end }) => [kind, decode(bytes.subarray(start, end))]);
}
