import assert from "node:assert/strict";
import fc from "fast-check";
import { readEnds, readHead } from "../../src/mcp/message_head.ts";

const headOf = (text: string) => readHead(new TextEncoder().encode(text));

Deno.test("readHead() finds the id of a message that was cut off inside a later value", () => {
  assert.equal(headOf('{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"x":"aaaa').idSource, "12");
  assert.equal(headOf(' { "id" : "a\\"b" , "result":{"content":["aaa').idSource, '"a\\"b"');
  assert.equal(headOf('{"params":{"id":3,"y":["}"]},"id":4,"method":"m').idSource, "4");
});

Deno.test("readHead() gives an id without the white space around it", () => {
  for (const space of [" ", "\t", "\r", " \r "]) {
    const head = headOf(`{"id":${space}12${space},"result":{"x":"aaaa`);
    assert.deepEqual([head.idSource, head.id?.key], ["12", "n12"]);
  }
});

Deno.test("readHead() takes no id from inside params, nor one that is cut off, nor one that is no string or number", () => {
  assert.equal(headOf('{"params":{"id":3,"x":"aaaaaa').idSource, undefined);
  assert.equal(headOf('{"jsonrpc":"2.0","id":12').idSource, undefined);
  for (const id of ["null", "[1]", "{}", "tru", "01"]) {
    assert.equal(headOf(`{"id":${id},"method":"m"`).idSource, undefined, id);
  }
});

Deno.test("readHead() tells a request from an answer, and survives any head", () => {
  assert.equal(headOf('{"id":1,"method":"sampling/createMessage","x":{').looksLike, "request");
  assert.equal(headOf('{"id":1,"params":{').looksLike, "request");
  assert.equal(headOf('{"id":1,"result":{').looksLike, "answer");
  assert.equal(headOf('{"id":1,"error":{').looksLike, "answer");
  assert.equal(headOf('{"id":1,"x":{').looksLike, "unknown");
  for (const text of ["", "[", "{", "{{{{", '{"', '{"a"', '{"a":', "\u0000", "[[[[[[", '{"a":"\\']) {
    headOf(text);
  }
});

const ends = (head: string, tail: string) => {
  const encoder = new TextEncoder();
  return readHead(encoder.encode(head), encoder.encode(tail)).idSource;
};

Deno.test("readHead() finds an id that stands last, as the TypeScript SDK and others write it", () => {
  const head = '{"result":{"content":[{"text":"aaaa';
  for (
    const [tail, id] of [
      ['a"}]},"jsonrpc":"2.0","id":12}', "12"],
      ['a"}]},"id":12,"jsonrpc":"2.0"}', "12"],
      ['a"}]} , "id" : "a\\"b" , "jsonrpc" : "2.0" } \r', '"a\\"b"'],
      ['a"}]},"id":1.0}', "1.0"],
    ]
  ) assert.equal(ends(head, tail), id, tail);
  assert.equal(
    ends('{"id":1,"result":{"x":"aaa', 'a"},"id":2}'),
    "1",
    "the first is taken where there are two",
  );
});

Deno.test("readHead() takes no id from inside a string or an inner object at the end", () => {
  const head = '{"result":{"content":[{"text":"aaaa';
  for (
    const tail of [
      'a"}],"id":12}}',
      'a,\\"id\\":12"}]}}',
      'a,\\"id\\":12}',
      'a"}]},"xid":12}',
      'a"}]},"id":12,"trace":"x"}',
      'a"}]},"id":null}',
      'a"}]},"id":12',
      'a"}]},"id":012}',
    ]
  ) assert.equal(ends(head, tail), undefined, tail);
});

Deno.test("readHead() finds the id of any JSON message that is too long, wherever its writer puts it", () => {
  const id = fc.oneof(fc.integer(), fc.string({ maxLength: 20 }));
  fc.assert(
    fc.property(id, fc.jsonValue(), fc.boolean(), (id, value, isLast) => {
      const result = { value, filler: "x".repeat(9000) };
      const text = JSON.stringify(isLast ? { result, jsonrpc: "2.0", id } : { id, result });
      const buffer = new TextEncoder().encode(text);
      assert.equal(readEnds({ buffer, start: 0, end: buffer.length }).idSource, JSON.stringify(id));
    }),
  );
});
