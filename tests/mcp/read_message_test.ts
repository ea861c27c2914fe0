import assert from "node:assert/strict";
import { idBytesMax, methodBytesMax } from "../../src/limits.ts";
import type { Malformed } from "../../src/mcp/message.ts";
import { messageOf } from "../support/lines.ts";

function kindOf(line: Parameters<typeof messageOf>[0]): string {
  return messageOf(line).kind;
}

function refusalOf(line: Parameters<typeof messageOf>[0]): { code: number; reason: string; replyId: string } {
  const message = messageOf(line);
  assert.equal(message.kind, "malformed", `was taken as a ${message.kind}`);
  const { code, reason, replyId } = message as Extract<typeof message, { kind: "malformed" }>;
  return { code, reason, replyId };
}

Deno.test("readMessage() tells requests, notifications, results and errors apart", () => {
  assert.equal(kindOf({ jsonrpc: "2.0", id: 1, method: "ping" }), "request");
  assert.equal(kindOf({ jsonrpc: "2.0", method: "notifications/initialized" }), "notification");
  assert.equal(kindOf({ jsonrpc: "2.0", id: 1, result: {} }), "result");
  assert.equal(kindOf({ jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no" } }), "error");
  assert.equal(kindOf({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "no" } }), "error");
});

Deno.test("readMessage() passes over unknown members and finds those that it wants", () => {
  const params = { a: 1, uri: "x", deep: { name: "no" }, name: "t", b: [2] };
  const message = messageOf({ jsonrpc: "2.0", id: 1, trace: { name: "z" }, method: "x/y", params });
  assert.equal(message.kind, "request");
  const { members } = message as Extract<typeof message, { kind: "request" }>;
  assert.equal(members.size, 2);
  assert.ok(members.has("uri") && members.has("name"));
});

Deno.test("readMessage() refuses keys with needless escapes in a request, and directly in an answer", () => {
  for (
    const line of [
      '{"jsonrpc":"2.0","id":7,"m\\u0065thod":"ping"}',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"n\\u0061me":"a"}}',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"x":[{"p\\u0061th":1}]}}}',
      '{"jsonrpc":"2.0","id":7,"result":{"t\\u006fols":[]}}',
    ]
  ) assert.match(refusalOf(line).reason, /spelt as/, line);
  assert.equal(kindOf('{"jsonrpc":"2.0","id":7,"result":{"structuredContent":{"p\\u0061th":1}}}'), "result");
});

Deno.test("readMessage() takes escapes that a key needs, or that writers of other languages make", () => {
  for (const key of ['a\\"b', "a\\\\b", "\\u00e9t\\u00e9", "a\\/b", "\\n", "\\u0000x", "\\ud83d\\ude00"]) {
    const line =
      `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"${key}":1}}}`;
    assert.equal(kindOf(line), "request", line);
  }
});

Deno.test("readMessage() answers text that is not JSON with -32700 and the id where one can be read, else null", () => {
  for (
    const [line, replyId] of [
      ['{"jsonrpc":"2.0","id":1,"method":"ping"', "1"],
      ['\ufeff{"jsonrpc":"2.0","id":"a","method":"ping"}', '"a"'],
      [`{"method":"ping","params":{"x":"\t${"x".repeat(10_000)}"},"jsonrpc":"2.0","id":7}`, "7"],
      [`{"id":1,"params":${"[".repeat(200_000)}`, "1"],
      ['{"jsonrpc":"2.0","id":1', "null"],
      ['{"id":{},"method":}', "null"],
      [`{"id":"${"x".repeat(2000)}",}`, "null"],
      ["{'a':1}", "null"],
      ['{"a":1}{"b":2}', "null"],
      ["{".repeat(200_000), "null"],
    ]
  ) {
    const refusal = refusalOf(line);
    assert.deepEqual([refusal.code, refusal.replyId], [-32700, replyId], line.slice(0, 60));
  }
});

Deno.test("readMessage() says of a refused message whether it asks, or which request it was to answer", () => {
  const seen = (line: string) => {
    const message = messageOf(line);
    return message.kind === "malformed" && [message.asks, message.answers?.key];
  };
  assert.deepEqual(seen('{"jsonrpc":"2.0","id":1,"result":{},"result":{}}'), [false, "n1"]);
  assert.deepEqual(seen('{"jsonrpc":"2.0","id":"1","Result":{},"result":{}}'), [false, "s1"]);
  assert.deepEqual(seen('{"jsonrpc":"2.0","id":1,"result":{"a":"\t"}}'), [false, "n1"]);
  assert.deepEqual(seen('{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}'), [true, undefined]);
  assert.deepEqual(seen('{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'), [true, undefined]);
  assert.deepEqual(seen('{"jsonrpc":"2.0","method":"ping","params":[]}'), [true, undefined]);
  assert.deepEqual(seen('{"jsonrpc":"2.0","id":1,"method":}'), [true, undefined]);
});

Deno.test("readMessage() takes for an answer only a result that is an object, and an error with a code and a message", () => {
  for (
    const answer of [
      '"result":null',
      '"result":[]',
      '"result":"x"',
      '"result":7',
      '"error":null',
      '"error":"text"',
      '"error":{}',
      '"error":{"code":1}',
      '"error":{"code":"1","message":"x"}',
      '"error":{"code":1.5,"message":"x"}',
      '"error":{"code":1,"message":null}',
      '"error":{"data":{"code":1,"message":"x"}}',
    ]
  ) {
    const refusal = refusalOf(`{"jsonrpc":"2.0","id":4,${answer}}`);
    assert.deepEqual([refusal.code, refusal.replyId], [-32600, "4"], answer);
  }
  for (
    const answer of ['"result":{}', '"error":{"code":-1,"message":""}', '"error":{"message":"x","code":1.0}']
  ) {
    assert.notEqual(kindOf(`{"jsonrpc":"2.0","id":4,${answer}}`), "malformed", answer);
  }
});

Deno.test("readMessage() refuses a byte order mark and invalid UTF-8 in an agent's line", () => {
  assert.equal(refusalOf('\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}').code, -32700);
  const bytes = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"p?ng"}');
  bytes[bytes.indexOf(0x3f)] = 0xff;
  assert.equal(refusalOf(bytes).code, -32700);
});

Deno.test("readMessage() refuses a carriage return between tokens, where text-mode readers see two lines", () => {
  const smuggled =
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":\r{"jsonrpc":"2.0","id":2,"method":"tools/call"}\r}}';
  assert.equal(refusalOf(smuggled).code, -32700);
  assert.equal(kindOf('{"jsonrpc":"2.0","id":1,"method":"ping"}\r'), "request");
});

Deno.test("readMessage() refuses what is JSON but no JSON-RPC with -32600 and the id where one can be read", () => {
  const cases: [string, string][] = [
    ["7", "null"],
    ['"text"', "null"],
    ["{}", "null"],
    ['{"id":4}', "4"],
    ['{"id":4,"method":"ping"}', "4"],
    ['{"jsonrpc":"1.0","id":4,"method":"ping"}', "4"],
    ['{"jsonrpc":2.0,"id":"a","method":"ping"}', '"a"'],
    ['{"jsonrpc":"2.0","id":4}', "4"],
    ['{"jsonrpc":"2.0","id":4,"method":7}', "4"],
    ['{"jsonrpc":"2.0","id":4,"method":"ping","params":[1]}', "4"],
    ['{"jsonrpc":"2.0","id":4,"method":"ping","params":null}', "4"],
    ['{"jsonrpc":"2.0","id":4,"method":"ping","result":{}}', "4"],
    ['{"jsonrpc":"2.0","id":4,"result":{},"error":{}}', "4"],
    ['{"jsonrpc":"2.0","id":4,"error":"text"}', "4"],
    ['{"jsonrpc":"2.0","id":null,"result":{}}', "null"],
  ];
  for (const [line, replyId] of cases) {
    const refusal = refusalOf(line);
    assert.equal(refusal.code, -32600, line);
    assert.equal(refusal.replyId, replyId, line);
    assert.ok(refusal.reason.length > 10, line);
  }
});

Deno.test("readMessage() takes an array for a batch, and says where it lies", () => {
  for (const [line, start] of [["[]", 0], [' [{"jsonrpc":"2.0","id":1,"method":"ping"}, 7]\t', 1]] as const) {
    const message = messageOf(line);
    assert.equal(message.kind, "batch", line);
    if (message.kind !== "batch") continue;
    const { array } = message;
    assert.deepEqual([array.start, array.end], [start, line.trimEnd().length]);
  }
  assert.equal(refusalOf('[{"jsonrpc":"2.0"},]').code, -32700);
});

Deno.test("readMessage() refuses ids that servers drop or round, and answers with the id as it was spelt", () => {
  const cases: [string, string][] = [
    ["null", "null"],
    ["1.5", "1.5"],
    ["9007199254740993", "9007199254740993"],
    ["1e400", "1e400"],
    ["true", "null"],
    ["{}", "null"],
    ["[1]", "null"],
  ];
  for (const [id, replyId] of cases) {
    const refusal = refusalOf(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
    assert.deepEqual([refusal.code, refusal.replyId], [-32600, replyId], id);
  }
});

Deno.test("readMessage() takes every id that MCP allows, falsy ones too", () => {
  for (const id of ["0", "-1", "-0", "1.0", "1E1", "9007199254740991", '""', '"0"', '"a b"', '"\\u0041"']) {
    assert.equal(kindOf(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`), "request", id);
  }
});

Deno.test("readMessage() refuses an id or a method over its bound", () => {
  const request = (fields: object) => ({ jsonrpc: "2.0", id: 1, method: "ping", ...fields });
  assert.match(refusalOf(request({ id: "x".repeat(idBytesMax) })).reason, /longer than/);
  assert.match(refusalOf(request({ method: "x".repeat(methodBytesMax) })).reason, /longer than/);
});

Deno.test("readMessage() refuses a request in which a key stands twice, at any depth and however it is spelt", () => {
  const cases = [
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","m\\u0065thod":"tools/call"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","na\\u006de":"b"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":[{"y":1,"y":2}]}}}',
  ];
  for (const line of cases) assert.match(refusalOf(line).reason, /twice/, line);
});

Deno.test("readMessage() refuses keys that a lenient reader takes for a protocol key", () => {
  const envelope = (key: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"ping",${JSON.stringify(key)}:"tools/call"}`;
  for (const key of ["Method", "METHOD", "Re\u017fult", "method\0x", "PARAMS"]) refusalOf(envelope(key));
  const params = (key: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a",${JSON.stringify(key)}:"b"}}`;
  for (const key of ["Name", "nAme", "argument\u017f", "tas\u212a", "URI", "_Meta", "name\0"]) {
    refusalOf(params(key));
  }
  for (const key of ["names", "title", "Nom"]) assert.equal(kindOf(params(key)), "request");
});

Deno.test("readMessage() leaves near misses alone where they are the user's own data", () => {
  assert.equal(
    kindOf(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"Name":1,"NAME":2}}}',
    ),
    "request",
  );
});

Deno.test("readMessage() refuses lone surrogates in a request and notes them deep inside a result", () => {
  refusalOf(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":"\\ud800"}}}',
  );
  const message = messageOf(
    '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"cut \\ud83d"}]}}',
  );
  assert.equal(message.kind, "result");
  assert.deepEqual((message as Extract<typeof message, { kind: "result" }>).oddities, ["lone_surrogate"]);
});

Deno.test("readMessage() notes a key that stands twice deep inside a result and refuses it directly in the result", () => {
  const deep = messageOf('{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"a":{"1":1,"1":2}}}}');
  assert.equal(deep.kind, "result");
  assert.deepEqual((deep as Extract<typeof deep, { kind: "result" }>).oddities, ["duplicate_key"]);
  refusalOf('{"jsonrpc":"2.0","id":1,"result":{"tools":[],"tools":[1]}}');
  refusalOf('{"jsonrpc":"2.0","id":1,"result":{"Tools":[],"tools":[1]}}');
});

Deno.test("readMessage() refuses __proto__ where a copy by assignment would inherit protocol keys from it", () => {
  const proto = '"__proto__":{"arguments":{"path":"/etc"},"method":"tools/call","tools":[]}';
  const call = (members: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${members}}}`;
  refusalOf(call(`"name":"a",${proto}`));
  refusalOf(call(`"name":"a","\\u005f_proto__":{}`));
  refusalOf(`{"jsonrpc":"2.0","id":1,"method":"ping",${proto}}`);
  refusalOf(`{"jsonrpc":"2.0","id":1,"result":{${proto}}}`);
  refusalOf(`{"jsonrpc":"2.0","id":1,"result":{},${proto}}`);
  // Deeper, it is the peers' own data.
  assert.equal(kindOf(call(`"name":"a","arguments":{${proto}}`)), "request");
  assert.equal(kindOf(`{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{${proto}}}}`), "result");
});

Deno.test("readMessage() tells a chatty line from JSON gone wrong", () => {
  const chatter = (line: string) => {
    const message = messageOf(line);
    return message.kind === "malformed" && message.chatter;
  };
  assert.equal(chatter("Server listening on stdio"), true);
  assert.equal(chatter('"just a string"'), true);
  assert.equal(chatter('{"jsonrpc":"2.0","id":1,'), false);
  assert.equal(chatter('[{"jsonrpc":"2.0","id":1,"result":{}}]'), false);
  // A line of a log in JSON has ids of its own.
  assert.equal(chatter('{"level":30,"id":1,"msg":"listening"}'), true);
  assert.equal((messageOf('{"level":30,"id":1,"msg":"listening"}') as Malformed).answers, undefined);
  assert.equal(chatter('{"jsonrpc":"2.0","id":1}'), false);
  assert.equal(chatter('{"id":1,"result":{}}'), false);
});
