import assert from "node:assert/strict";
import {
  decodeContent,
  decodeString,
  DuplicateKeyError,
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonValue,
  readJson,
  TooManyValuesError,
} from "../../src/wire/json_value.ts";
import { jsonValuesMax } from "../../src/limits.ts";
import { encode } from "./support/bytes.ts";
import { toPlain } from "./support/disagreement.ts";

Deno.test("readJson() reads what JSON.parse reads", () => {
  for (
    const text of [
      "null",
      "true",
      " false ",
      "-0",
      '"a"',
      "[]",
      "{}",
      " [ 1 , [ ] , { } , [ [ null ] ] ]\r",
      '{"a":{"b":[1,"2",{"c":null}]},"":0}',
      '"\\u0041\\ud83d\\ude00\\n\\\\"',
      '["\\\\","\\"","\\\\\\"","x\\\\\\\\"]',
      '"café €😀\u2028\x7f"',
    ]
  ) assert.deepEqual(toPlain(read(text)), JSON.parse(text), text);
});

Deno.test("an escaped key is read as it is, whatever keys were read before", () => {
  // JSON.parse of V8 13.6 to 15.0 gives a backslash for each of the second keys (nodejs/node#63785).
  read('{"first":1,"\\\\":2}');
  for (const [spelling, key] of [["\\n", "\n"], ["\\u0061", "a"], ["\\u08e9", "\u08e9"], ["\\/", "/"]]) {
    const value = read(`{"first":1,"${spelling}":2}`);
    assert.ok(isJsonObject(value));
    assert.deepEqual([...value.keys()], ["first", key]);
  }
});

Deno.test("numbers keep their spelling beside the nearest double", () => {
  const spellings = ["0", "-0", "1.0", "1e3", "1E+3", "9007199254740993", "0.1000", "1e400", "-1.5e-7"];
  for (const source of spellings) {
    assert.deepEqual(read(` ${source} `), { kind: "number", source, value: Number(source) });
  }
});

Deno.test("objects are maps, in the order of the text, and __proto__ is a key like any other", () => {
  const value = read('{"b":1,"__proto__":{"polluted":true},"a":2,"constructor":3}');
  assert.ok(isJsonObject(value));
  assert.deepEqual([...value.keys()], ["b", "__proto__", "a", "constructor"]);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

Deno.test("an object with a key twice has no value: readJson() throws, at every depth and in every spelling", () => {
  for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[[{"x":{"é":1,"\\u00e9":2}}]]']) {
    assert.throws(() => read(text), DuplicateKeyError);
  }
  assert.throws(() => read('{"key":1,"key":2}'), { name: "DuplicateKeyError", key: "key" });
});

Deno.test("one key in two objects is no duplicate", () => {
  assert.equal(isJsonArray(read('[{"a":1},{"a":{"a":2}}]')), true);
});

Deno.test("depth is counted, not number: many arrays and objects may stand beside each other", () => {
  for (const part of ["[]", "{}", "[0]", '{"a":0}']) {
    const text = `[${Array(500).fill(part).join(",")}]`;
    assert.deepEqual(toPlain(read(text)), JSON.parse(text));
  }
});

Deno.test("lone surrogates and a byte order mark inside strings stay what they are", () => {
  assert.equal(read('"\\ud800x\\udc00"'), "\ud800x\udc00");
  assert.equal(read('"\ufeffa"'), "\ufeffa");
  assert.deepEqual(toPlain(read('["\ufeff","\ufeff\\n"]')), ["\ufeff", "\ufeff\n"]);
});

Deno.test("readJson() reads a span inside a larger text", () => {
  const bytes = encode('{"a":[1,2],"b":"é"}');
  assert.deepEqual(toPlain(readJson(bytes, 5, 10)), [1, 2]);
  assert.equal(readJson(bytes, 15, 19), "é");
});

Deno.test("readJson() throws on a text that is not whole, and does not hang or overflow", () => {
  for (
    const text of [
      "",
      " ",
      "{",
      "[",
      "[1",
      "[1,",
      "[1 2]",
      "{1:2}",
      '{"a"}',
      '{"a":1',
      '{"a":1,}',
      '"',
      '"\\"',
      "tru",
      "nope",
      "1 2",
      "-",
      '"\\q"',
      "}",
      "[".repeat(200_000),
      "[".repeat(129) + "]".repeat(129),
    ]
  ) assert.throws(() => read(text), Error, text.slice(0, 20));
});

Deno.test("decodeString() takes the quotes along, decodeContent() does not", () => {
  const bytes = encode('"a\\tb" "a rather long string that is not short, é\\u00e9" ""');
  assert.equal(decodeString(bytes, 0, 6), "a\tb");
  assert.equal(decodeContent(bytes, 1, 5), "a\tb");
  assert.equal(decodeString(bytes, 7, bytes.length - 3), "a rather long string that is not short, éé");
  assert.equal(decodeString(bytes, bytes.length - 2, bytes.length), "");
});

Deno.test("decodeString() reads strings of every length and every kind of character", () => {
  for (let length = 0; length < 40; length++) {
    for (const last of ["x", "é", "😀", "\n", '"', "\\", "\ufeff"]) {
      const text = "y".repeat(length) + last;
      const bytes = encode(JSON.stringify(text));
      assert.equal(decodeString(bytes, 0, bytes.length), text);
    }
  }
});

Deno.test("the kinds of values are told apart", () => {
  const values: JsonValue[] = [null, true, "kind", read("1"), read("[]"), read('{"kind":"number"}')];
  assert.deepEqual(values.map(isJsonNumber), [false, false, false, true, false, false]);
  assert.deepEqual(values.map(isJsonArray), [false, false, false, false, true, false]);
  assert.deepEqual(values.map(isJsonObject), [false, false, false, false, false, true]);
  assert.deepEqual([isJsonNumber, isJsonArray, isJsonObject].map((is) => is(undefined)), [
    false,
    false,
    false,
  ]);
});

function read(text: string): JsonValue {
  const bytes = encode(text);
  return readJson(bytes, 0, bytes.length);
}

Deno.test("an object of many numbered keys is a map like any other", () => {
  const keys = Array.from({ length: 200 }, (_, index) => String((index + 1) * 65536));
  keys.splice(100, 0, "__proto__", "", "-1", "1.5", "x");
  const value = read(`{${keys.map((key, index) => `"${key}":"${index}"`).join()}}`);
  assert.ok(isJsonObject(value) && !isJsonNumber(value));
  assert.equal(value.size, keys.length);
  assert.deepEqual([...value.keys()], keys);
  assert.deepEqual([...value], keys.map((key, index) => [key, String(index)]));
  assert.deepEqual([...value.entries()], [...value]);
  assert.deepEqual([...value.values()], keys.map((_, index) => String(index)));
  const visited: [string, JsonValue][] = [];
  value.forEach((member, key) => visited.push([key, member]));
  assert.deepEqual(visited, [...value]);
  for (const [index, key] of keys.entries()) assert.ok(value.has(key) && value.get(key) === String(index));
  assert.equal(value.has("65537"), false);
  assert.equal(value.get('"65536'), undefined);
  for (const key of ["65536", "13107200"]) {
    const twice = `{${[...keys, key].map((one) => `"${one}":0`).join()}}`;
    assert.throws(() => read(twice), DuplicateKeyError);
  }
});

Deno.test("readJson() gives up on more values than anybody should build", () => {
  const values = (count: number) => `[${"0,".repeat(count - 2)}0]`;
  assert.ok(isJsonArray(read(values(jsonValuesMax))));
  assert.throws(() => read(values(jsonValuesMax + 1)), TooManyValuesError);
});
