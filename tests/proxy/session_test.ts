import assert from "node:assert/strict";
import fc from "fast-check";
import { end, receive, recordFailed, serverGone } from "../../src/proxy/session.ts";
import type { Request } from "../../src/mcp/message.ts";
import { messageOf } from "../support/lines.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, type Happening, recordsIn, replyIn } from "./support.ts";

Deno.test("bad input of the agent is answered and recorded, and the server never sees it", () => {
  const conversation = new Conversation();
  const lines: [string, number, unknown][] = [
    ['{"jsonrpc":"2.0",', -32700, null],
    ['{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}', -32600, 1],
    ['\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}', -32700, 1],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600, null],
    ['{"jsonrpc":"2.0","id":1,"method":\r"ping"}', -32700, 1],
    ["[".repeat(200_000), -32700, null],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, 1.5],
  ];
  for (const [line, code, id] of lines) {
    const happenings = conversation.agent(line);
    const reply = replyIn(happenings);
    assert.deepEqual([reply.error.code, reply.id], [code, id], line.slice(0, 60));
    assert.deepEqual(forwardsIn(happenings), []);
    assert.equal(recordsIn(happenings).length, 1);
  }
  assert.equal(forwardsIn(conversation.agent({ jsonrpc: "2.0", id: 1, method: "ping" })).length, 1);
});

Deno.test("an oversize message of the agent is answered with 413 and its id; one of the server's ends its request", () => {
  const conversation = new Conversation();
  conversation.agent(call(8, "x"));
  const head = (text: string) =>
    ({
      kind: "oversize",
      bytes: 20_000_000,
      head: new TextEncoder().encode(text),
      tail: new Uint8Array(),
    }) as const;
  const fromAgent = conversation.adopt(
    receive(
      conversation.session,
      "downstream",
      head('{"jsonrpc":"2.0","id":"big","method":"tools/call","par'),
      0,
    ),
  );
  assert.deepEqual([replyIn(fromAgent).id, replyIn(fromAgent).error.code], ["big", 413]);
  const fromServer = conversation.adopt(
    receive(conversation.session, "upstream", head('{"jsonrpc":"2.0","id":8,"result":{"content":['), 0),
  );
  assert.deepEqual([replyIn(fromServer).id, replyIn(fromServer).error.code], [8, 413]);
  assert.equal(conversation.session.state.pending.downstream.size, 0);
});

Deno.test("a refused message never takes the id of a request that waits: the error would pass for its answer", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  conversation.agent(call(2, "x"));
  conversation.agent({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 2 } });
  for (const id of [1, 2]) {
    for (const line of [`{"jsonrpc":"2.0","id":${id},`, `{"jsonrpc":"2.0","id":${id},"method":7}`]) {
      assert.equal(replyIn(conversation.agent(line)).id, null, line);
    }
    const huge = {
      kind: "oversize",
      bytes: 20_000_000,
      head: new TextEncoder().encode(`{"id":${id},"params":{"x":"`),
      tail: new Uint8Array(),
    } as const;
    assert.equal(
      replyIn(conversation.adopt(receive(conversation.session, "downstream", huge, 0))).id,
      null,
    );
  }
  assert.equal(replyIn(conversation.agent('{"jsonrpc":"2.0","id":3,')).id, 3);
});

Deno.test("a request of the server's that is refused is answered to the server, and takes no request of the agent's", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  for (
    const line of [
      '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":[]}',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}',
      '{"jsonrpc":"2.0","id":1,"method":}',
    ]
  ) {
    const reply = conversation.server(line).find((happening) => "reply" in happening);
    assert.ok(reply !== undefined && "reply" in reply && reply.reply === "upstream", line);
    assert.equal(reply.message.id, 1);
  }
  const huge = {
    kind: "oversize",
    bytes: 20_000_000,
    head: new TextEncoder().encode('{"method":"sampling/createMessage","params":{"x":"'),
    tail: new TextEncoder().encode('xxx"},"jsonrpc":"2.0","id":1}'),
  } as const;
  const replies = conversation.adopt(receive(conversation.session, "upstream", huge, 0));
  assert.deepEqual([replyIn(replies).id, replyIn(replies).error.code], [1, 413]);
  assert.equal(conversation.session.state.pending.downstream.size, 1);
  // Nobody waits for an answer to these.
  assert.ok(!conversation.server('{"jsonrpc":"2.0","method":"x","params":[]}').some((one) => "reply" in one));
});

Deno.test("an answer that is refused ends its request, wherever its id stands", () => {
  const conversation = new Conversation();
  const refused: [number, Parameters<typeof receive>[2]][] = [
    [1, messageOf('{"jsonrpc":"2.0","id":1,"result":{},"result":{}}')],
    [2, messageOf('{"jsonrpc":"2.0","Id":0,"id":2,"result":{}}')],
    [3, messageOf(`{"result":{"x":"${"x".repeat(10_000)}\t"},"jsonrpc":"2.0","id":3}`)],
    [4, messageOf('{"jsonrpc":"2.0","id":"4","result":null}')],
    [5, {
      kind: "oversize",
      bytes: 20_000_000,
      head: new TextEncoder().encode('{"result":{"content":[{"type":"text","text":"'),
      tail: new TextEncoder().encode('xx"}]},"jsonrpc":"2.0","id":5}'),
    }],
  ];
  for (const [id, incoming] of refused) {
    conversation.agent(call(id, "x"));
    const happenings = conversation.adopt(receive(conversation.session, "upstream", incoming, 0));
    assert.equal(replyIn(happenings).id, id);
    assert.deepEqual(recordsIn(happenings).map(({ kind }) => kind), ["refused", "outcome"]);
    assert.equal(conversation.session.state.pending.downstream.size, 0);
  }
});

Deno.test("when the server goes, every request in flight is answered with 503 in the order of the calls", () => {
  const conversation = new Conversation();
  for (const id of [3, "a", 1]) conversation.agent(call(id, "x"));
  const happenings = conversation.adopt(serverGone(conversation.session, "ended with status 3", 0));
  const replies = happenings.flatMap((happening) => "reply" in happening ? [happening.message] : []);
  assert.deepEqual(replies.map(({ id, error }) => [id, error.code]), [[3, 503], ["a", 503], [1, 503]]);
  assert.match(replies[0].error.message, /it ended with status 3/);
  const later = conversation.agent(call(9, "x"));
  assert.equal(replyIn(later).error.code, 503);
  assert.deepEqual(conversation.adopt(serverGone(conversation.session, "again", 0)), []);
});

Deno.test("a message whose record fails does not leave, costs nothing, and its sender is told", () => {
  const conversation = new Conversation();
  const before = conversation.session;
  const message = messageOf(call(1, "x"));
  receive(before, "downstream", message, 0);
  const happenings = conversation.adopt(
    recordFailed(before, undefined, "downstream", message, "disk full", 0),
  );
  assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [1, 403]);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(conversation.session.state.pending.downstream.size, 0);
  assert.deepEqual(conversation.session.state.policy, before.state.policy);
});

Deno.test("an answer whose record fails is replaced by an error", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  const answer = messageOf({ jsonrpc: "2.0", id: 1, result: { secret: 1 } });
  const happenings = conversation.adopt(
    recordFailed(conversation.session, undefined, "upstream", answer, "disk full", 0),
  );
  assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [1, 403]);
  assert.deepEqual(forwardsIn(happenings), []);
});

Deno.test("after a record that failed the chain goes on from the last line that was written", () => {
  const conversation = new Conversation();
  const message = messageOf(call(1, "x"));
  const step = receive(conversation.session, "downstream", message, 0);
  const record = step.effects[0];
  assert.equal(record.kind, "record");
  const chain = record.kind === "record" ? record.chain : undefined;
  const denied = recordFailed(conversation.session, chain, "downstream", message, "disk full", 0);
  assert.deepEqual(denied.session.state.chain, chain);
});

Deno.test("a message that we fail on is refused and recorded, and nothing of it has happened", () => {
  const conversation = new Conversation();
  const before = conversation.session.state;
  const broken = { ...(messageOf(call(1, "x")) as Request) };
  Object.defineProperty(broken, "members", {
    get() {
      throw new Error("broken on purpose");
    },
  });
  const happenings = conversation.adopt(receive(conversation.session, "downstream", broken, 0));
  assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [1, -32603]);
  assert.deepEqual(recordsIn(happenings).map(({ code }) => code), ["internal"]);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.deepEqual(conversation.session.state.policy, before.policy);
  assert.equal(conversation.session.state.pending.downstream.size, 0);
});

Deno.test("the session ends with a record that counts what happened, once", () => {
  const conversation = new Conversation({
    rules: [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["a"] }) })],
  });
  conversation.agent(call(1, "a"));
  conversation.agent(call(2, "b"));
  conversation.agent("nonsense");
  const [record] = recordsIn(
    conversation.adopt(end(conversation.session, "the client closed its end", 0, 0)),
  );
  assert.deepEqual(record.counts, { forwarded: 1, denied: 1, refused: 1 });
  assert.deepEqual(conversation.adopt(end(conversation.session, "again", 0, 0)), []);
});

/** Lines of either side, in order and out of it, over a few ids so that they meet. */
const anyLine = fc.oneof(
  fc.record({
    side: fc.constantFrom("downstream", "upstream"),
    id: fc.integer({ min: 0, max: 4 }),
    what: fc.integer({ min: 0, max: 14 }),
  }),
).map(({ side, id, what }) => {
  const lines = [
    call(id, "a"),
    call(id, "b", { path: "/tmp/x" }),
    { jsonrpc: "2.0", id, method: "tools/list" },
    { jsonrpc: "2.0", id, result: { tools: [{ name: "a" }, { name: "b" }] } },
    { jsonrpc: "2.0", id, error: { code: 1, message: "x" } },
    { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } },
    { jsonrpc: "2.0", method: "notifications/message", params: {} },
    { jsonrpc: "2.0", id, method: "sampling/createMessage", params: {} },
    "garbage",
    { jsonrpc: "2.0", id, result: { inputRequests: { q: { method: "sampling/createMessage" } } } },
    { jsonrpc: "2.0", id, result: { inputRequests: { q: { method: "roots/list" } } } },
    { jsonrpc: "2.0", id, result: { inputRequests: [], roots: {} } },
    { jsonrpc: "2.0", id, result: { roots: [{ uri: "file:///a" }], taskId: `t${id}` } },
    { jsonrpc: "2.0", id, method: "tasks/get", params: { taskId: `t${id}` } },
    { jsonrpc: "2.0", method: "notifications/tasks", params: { inputRequests: { q: { method: "ping" } } } },
  ];
  return { side: side as "downstream" | "upstream", line: lines[what] };
});

Deno.test("property: nothing leaves before its record, and every message leaves a record", () => {
  const rules = [
    ruleOf({ effect: "allow", scope: scopeOf({ tools: ["a"], methods: ["notifications/*"] }) }),
    ruleOf({ effect: "limit", scope: scopeOf({ tools: ["a"] }), to: { calls: 3, perMs: 1000, burst: 3 } }),
  ];
  fc.assert(fc.property(fc.array(anyLine, { maxLength: 40 }), (lines) => {
    const conversation = new Conversation({ rules });
    for (const { side, line } of lines) {
      const happenings = conversation.take(side, line);
      const firstRecord = happenings.findIndex((happening) => "record" in happening);
      const firstLeaving = happenings.findIndex((happening) =>
        "forward" in happening || "reply" in happening
      );
      assert.ok(firstRecord >= 0, "no record");
      assert.ok(firstLeaving < 0 || firstRecord < firstLeaving, "left before its record");
    }
  }));
});

Deno.test("property: the same messages at the same times give the same effects", () => {
  fc.assert(fc.property(fc.array(anyLine, { maxLength: 20 }), (lines) => {
    const rules = [ruleOf({ id: "r", effect: "allow", scope: scopeOf({ tools: ["a"] }) })];
    const play = (): Happening[][] => {
      const conversation = new Conversation({ rules });
      return lines.map(({ side, line }) => conversation.take(side, line));
    };
    assert.deepEqual(play(), play());
  }));
});

Deno.test("property: a step leaves the session that went in as it was", () => {
  fc.assert(fc.property(fc.array(anyLine, { minLength: 1, maxLength: 20 }), (lines) => {
    const conversation = new Conversation();
    for (const { side, line } of lines) {
      const before = conversation.session;
      const image = JSON.stringify(before.state);
      conversation.take(side, line);
      assert.equal(JSON.stringify(before.state), image);
    }
  }));
});

Deno.test("property: the agent gets at most one answer to each request, and only to its own", () => {
  fc.assert(fc.property(fc.array(anyLine, { maxLength: 40 }), (lines) => {
    const conversation = new Conversation();
    let open = new Map<string, number>();
    for (const { side, line } of lines) {
      const id = typeof line === "object" && "id" in line && "method" in line
        ? JSON.stringify(line.id)
        : undefined;
      const happenings = conversation.take(side, line);
      const asked = side === "downstream" && id !== undefined;
      if (asked) open.set(id, (open.get(id) ?? 0) + 1);
      for (const happening of happenings) {
        if (!("forward" in happening) || happening.forward !== "downstream") continue;
        const answer = JSON.parse(happening.text);
        if ("method" in answer) continue;
        const waiting = open.get(JSON.stringify(answer.id)) ?? 0;
        assert.ok(waiting > 0, `an answer to nothing: ${happening.text}`);
        open.set(JSON.stringify(answer.id), waiting - 1);
      }
    }
    open = new Map();
  }));
});

Deno.test("a call number that got into the log is not given out again where a later record of its message failed", () => {
  const conversation = new Conversation();
  conversation.agent(call(1, "x"));
  const cancel = messageOf({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  const { effects } = receive(conversation.session, "downstream", cancel, 0);
  const [first] = effects;
  assert.ok(first.kind === "record" && effects[1].kind === "record");
  conversation.adopt(recordFailed(conversation.session, first.chain, "downstream", cancel, "disk full", 0));
  const numbers = recordsIn(conversation.agent(call(2, "x"))).map(({ call: number }) => number);
  assert.deepEqual(numbers, [3]);
});

Deno.test("all records of a message come before all that leaves", () => {
  const conversation = new Conversation();
  conversation.server({ jsonrpc: "2.0", id: 1, method: "roots/list" });
  const happenings = conversation.agent({ jsonrpc: "2.0", id: "1" });
  assert.deepEqual(happenings.map((happening) => Object.keys(happening)[0]), [
    "record",
    "record",
    "reply",
    "reply",
  ]);
  assert.deepEqual(recordsIn(happenings).map(({ seq }) => seq), [1, 2]);
});
