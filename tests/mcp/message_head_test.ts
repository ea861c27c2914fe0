import assert from "node:assert/strict";
import { readHead } from "../../src/mcp/message_head.ts";

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
