import assert from "node:assert/strict";
import { batchElementsMax, batchHeldBytesMax, inFlightMax } from "../../src/limits.ts";
import type { Side } from "../../src/mcp/operation.ts";
import { nextElement, receive, recordFailed, resume, serverGone } from "../../src/proxy/session.ts";
import type { Step } from "../../src/proxy/session.ts";
import { messageOf, recordOf, sentText } from "../support/lines.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import {
  call,
  Conversation,
  forwardsIn,
  type Happening,
  recordsIn,
  type Reply,
  replyIn,
  sentTo,
} from "./support.ts";

const ping = (id: unknown) => ({ jsonrpc: "2.0", id, method: "ping" });
const result = (id: unknown, members: object = {}) => ({ jsonrpc: "2.0", id, result: members });
const note = { jsonrpc: "2.0", method: "notifications/initialized" };
const cancel = (id: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { requestId: id },
});

/** A conversation whose handshake has settled on a revision. */
function settled(
  document: ConstructorParameters<typeof Conversation>[0] = { default: "allow" },
  protocolVersion = "2025-03-26",
): Conversation {
  const conversation = new Conversation(document);
  conversation.agent({
    jsonrpc: "2.0",
    id: "init",
    method: "initialize",
    params: { protocolVersion: "2025-03-26" },
  });
  conversation.server(result("init", { protocolVersion, capabilities: {} }));
  return conversation;
}

/** The arrays that go to `side`. */
const arraysTo = (side: Side, happenings: readonly Happening[]) =>
  sentTo(side, happenings).filter(Array.isArray);
const idsOf = (messages: readonly { id?: unknown }[]) => messages.map(({ id }) => id);
const pendingCount = (conversation: Conversation) => conversation.session.state.pending.downstream.size;

function assertNothingHeld(conversation: Conversation): void {
  for (const side of ["downstream", "upstream"] as const) {
    const { open, heldBytes, reading } = conversation.session.state.batches[side];
    assert.deepEqual([open, heldBytes, reading], [[], 0, undefined]);
  }
}

Deno.test("each message of a batch goes to the server by itself, to the byte, after a record of its own", () => {
  const texts = [
    '{ "jsonrpc":"2.0","id":1.0,"method":"ping" ,"x":1.00}',
    JSON.stringify(note),
    JSON.stringify(call("a", "x")),
  ];
  const happenings = settled().agent(`[ ${texts.join(" , ")}\t]`);
  assert.deepEqual(happenings.map((happening) => Object.keys(happening)[0]), [
    "record",
    "forward",
    "record",
    "forward",
    "record",
    "forward",
  ]);
  assert.deepEqual(forwardsIn(happenings), texts);
  assert.deepEqual(recordsIn(happenings).map(({ kind, type, batch }) => [kind, type, batch]), [
    ["decision", "request", 1],
    ["decision", "notification", 1],
    ["decision", "request", 1],
  ]);
});

Deno.test("the answers leave as one array when the last has come, to the byte, each recorded when it came", () => {
  const conversation = settled();
  conversation.agent([ping(1), note, ping(2), ping(3)]);
  const texts = [
    '{"id" :2, "result":{"n":1.00},"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no"}}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
  ];
  for (const text of texts.slice(0, 2)) {
    const happenings = conversation.server(text);
    assert.deepEqual(happenings.map((happening) => Object.keys(happening)[0]), ["record"]);
  }
  const message = messageOf(texts[2]);
  const { session, effects } = receive(conversation.session, "upstream", message, 0);
  assert.deepEqual(effects.map(({ kind }) => kind), ["record", "reply"]);
  assert.equal(sentText(effects[1]), `[${texts.join()}]`);
  conversation.session = session;
  assertNothingHeld(conversation);
  assert.equal(conversation.session.state.counts.forwarded, 2 + 4 + 3);
});

Deno.test("a batch of one is answered by an array of one, and a message by itself as ever", () => {
  const conversation = settled();
  conversation.agent([ping(1)]);
  conversation.agent(ping(2));
  assert.deepEqual(sentTo("downstream", conversation.server(result(2))), [result(2)]);
  assert.deepEqual(sentTo("downstream", conversation.server(result(1))), [[result(1)]]);
});

Deno.test("a batch of notifications alone is answered by nothing", () => {
  const conversation = settled();
  assert.deepEqual(sentTo("downstream", conversation.agent([note, note])), []);
  assertNothingHeld(conversation);
});

Deno.test("denials, refusals and what is no message stand in the array with the server's answers", () => {
  const allow = ruleOf({ id: "r", effect: "allow", scope: scopeOf({ tools: ["read"] }) });
  const conversation = settled({ rules: [allow] });
  const first = conversation.agent([
    call(1, "write"),
    call(2, "read"),
    7,
    [ping(9)],
    { jsonrpc: "2.0", id: 4 },
    { jsonrpc: "2.0", id: 5, method: "prompts/get", params: { name: "p" } },
    { jsonrpc: "2.0", id: 6, method: "initialize", params: {} },
    { jsonrpc: "2.0", method: "tools/call", params: { name: "write" } },
  ]);
  assert.deepEqual(sentTo("downstream", first), []);
  assert.equal(recordsIn(first).length, 8);
  const [array] = arraysTo("downstream", conversation.server(result(2, { content: [] })));
  assert.deepEqual(array.map(({ id, error, result }: Reply) => [id, error?.code, result?.isError]), [
    [1, undefined, true],
    [null, -32600, undefined],
    [null, -32600, undefined],
    [4, -32600, undefined],
    [5, 403, undefined],
    [6, -32600, undefined],
    [2, undefined, undefined],
  ]);
  assertNothingHeld(conversation);
});

Deno.test("a batch that is denied as a whole is answered at once, by one array", () => {
  const happenings = settled({}).agent([call(1, "x"), call(2, "x")]);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.deepEqual(arraysTo("downstream", happenings).map(idsOf), [[1, 2]]);
});

Deno.test("two messages of a batch with the same id: the second is a duplicate in flight", () => {
  const conversation = settled();
  assert.equal(forwardsIn(conversation.agent([ping(1), ping(1), ping("1")])).length, 2);
  conversation.server(result("1"));
  const [array] = arraysTo("downstream", conversation.server(result(1)));
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [
    [null, -32600],
    ["1", undefined],
    [1, undefined],
  ]);
});

Deno.test("an id whose answer is held is taken still: to the agent its request waits", () => {
  const conversation = settled({ rules: [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["read"] }) })] });
  conversation.agent([ping(1), ping(2), call(3, "write"), { jsonrpc: "2.0", id: 4 }]);
  conversation.server(result(1));
  for (const id of [1, 3, 4]) assert.equal(replyIn(conversation.agent(ping(id))).id, null, String(id));
  assert.equal(forwardsIn(conversation.agent(ping("1"))).length, 1);
  conversation.server(result(2));
  for (const id of [1, 3, 4]) assert.equal(forwardsIn(conversation.agent(ping(id))).length, 1, String(id));
});

Deno.test("an array without messages is answered with one error and no array", () => {
  const conversation = settled();
  const happenings = conversation.agent(" [ ] ");
  assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [null, -32600]);
  assert.deepEqual(recordsIn(happenings).map(({ code }) => code), ["malformed"]);
});

Deno.test("under every other revision, and before one is settled, an array is no message", () => {
  const conversations = [
    new Conversation(),
    ...["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28", ""].map((revision) =>
      settled(undefined, revision)
    ),
  ];
  for (const conversation of conversations) {
    for (const line of [[ping(1)], []]) {
      const happenings = conversation.agent(line);
      assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [null, -32600]);
      assert.deepEqual(forwardsIn(happenings), []);
      assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => [kind, code]), [[
        "refused",
        "malformed",
      ]]);
    }
  }
});

Deno.test("what the server says to another request, or what the agent asks for, settles nothing", () => {
  const conversation = new Conversation();
  conversation.agent(ping(1));
  conversation.server(result(1, { protocolVersion: "2025-03-26" }));
  conversation.agent({
    jsonrpc: "2.0",
    id: 2,
    method: "initialize",
    params: { protocolVersion: "2025-03-26" },
  });
  assert.equal(replyIn(conversation.agent([ping(3)])).error.code, -32600);
  conversation.server(result(2, { protocolVersion: "2025-03-26" }));
  assert.equal(forwardsIn(conversation.agent([ping(3)])).length, 1);
});

Deno.test("the server cannot settle a revision in an initialize of its own", () => {
  const conversation = new Conversation();
  conversation.server({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
  conversation.agent(result(1, { protocolVersion: "2025-03-26" }));
  assert.equal(replyIn(conversation.agent([ping(3)])).error.code, -32600);
});

Deno.test("a cancelled message leaves its batch without an answer; where nothing is left, nothing is sent", () => {
  const conversation = settled();
  conversation.agent([ping(1), ping(2)]);
  conversation.server(result(1));
  const happenings = conversation.agent(cancel(2));
  assert.deepEqual(arraysTo("downstream", happenings).map(idsOf), [[1]]);
  conversation.agent([ping(3), note]);
  assert.deepEqual(sentTo("downstream", conversation.agent(cancel(3))), []);
  assert.deepEqual(sentTo("downstream", conversation.server(result(3))), []);
  assertNothingHeld(conversation);
});

Deno.test("a batch may cancel what stands before it in the same batch", () => {
  const conversation = settled();
  const happenings = conversation.agent([ping(1), cancel(1), ping(2)]);
  assert.equal(forwardsIn(happenings).length, 3);
  assert.deepEqual(arraysTo("downstream", conversation.server(result(2))).map(idsOf), [[2]]);
});

Deno.test("when the server goes, every open message of a batch is answered with 503 in its array", () => {
  const conversation = settled();
  conversation.agent([ping(1), ping(2), ping(3)]);
  conversation.agent(ping("single"));
  conversation.agent([ping("other")]);
  conversation.server(result(2));
  const sent = sentTo("downstream", conversation.adopt(serverGone(conversation.session, "ended", 0)));
  assert.deepEqual(sent.map((message) => Array.isArray(message) ? idsOf(message) : message.id), [
    [2, 1, 3],
    "single",
    ["other"],
  ]);
  assert.deepEqual(sent[0].map(({ error }: Reply) => error?.code), [undefined, 503, 503]);
  assertNothingHeld(conversation);
});

const underTmp = ruleOf({
  id: "tmp",
  effect: "allow",
  scope: scopeOf({ tools: ["read"] }),
  args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: { line: 1, column: 1 } }],
});

Deno.test("a message of a batch waits for its facts in its order; other answers meanwhile do not complete the batch", () => {
  const conversation = settled({ default: "deny", rules: [underTmp] });
  const { session } = conversation;
  let step: Step = receive(
    session,
    "downstream",
    messageOf([ping(1), call(2, "read", { path: "/tmp/a" }), ping(3)]),
    0,
  );
  step = receive(step.session, "downstream", nextElement(step.session, "downstream")!, 0);
  assert.deepEqual(step.effects.map(({ kind }) => kind), ["record", "forward"]);
  step = receive(step.session, "downstream", nextElement(step.session, "downstream")!, 0);
  assert.deepEqual(step.effects.map(({ kind }) => kind), ["look_up"]);
  assert.equal(nextElement(step.session, "downstream"), undefined);
  step = receive(step.session, "upstream", messageOf(result(1)), 0);
  assert.deepEqual(step.effects.map(({ kind }) => kind), ["record"]);
  step = resume(step.session, "downstream", new Map(), 0);
  assert.deepEqual(step.effects.map(({ kind }) => kind), ["record"]);
  step = receive(step.session, "downstream", nextElement(step.session, "downstream")!, 0);
  assert.equal(nextElement(step.session, "downstream"), undefined);
  conversation.adopt(step);
  assert.deepEqual(arraysTo("downstream", conversation.server(result(3))).map(idsOf), [[1, 2, 3]]);
});

Deno.test("when the server goes while a batch is being read, what was not come to is refused and recorded, and the array leaves", () => {
  for (const waitsForFacts of [false, true]) {
    const conversation = settled({ default: "deny", rules: [underTmp] });
    const second = waitsForFacts ? call(2, "read", { path: "/tmp/a" }) : ping(2);
    conversation.adopt(
      receive(conversation.session, "downstream", messageOf([ping(1), second, note, result(9), ping(3)]), 0),
    );
    const take = () =>
      conversation.adopt(
        receive(conversation.session, "downstream", nextElement(conversation.session, "downstream")!, 0),
      );
    take();
    if (waitsForFacts) assert.ok("lookUp" in take()[0]);
    const happenings = conversation.adopt(serverGone(conversation.session, "ended with status 3", 0));
    const [array] = arraysTo("downstream", happenings);
    assert.deepEqual(array.map(({ id, error }: Reply) => [id, error.code]), [
      [1, 503],
      [2, 503],
      [3, 503],
    ]);
    assert.deepEqual(sentTo("upstream", happenings), []);
    assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => `${kind} ${code}`), [
      "event undefined",
      "outcome server_gone",
      ...new Array(4).fill("refused server_gone"),
    ]);
    assertNothingHeld(conversation);
  }
});

Deno.test("when the server goes, a message by itself that waits for facts is answered too", () => {
  const conversation = settled({ default: "deny", rules: [underTmp] });
  const asked = messageOf(call(2, "read", { path: "/tmp/a" }));
  conversation.adopt(receive(conversation.session, "downstream", asked, 0));
  const happenings = conversation.adopt(serverGone(conversation.session, "ended", 0));
  assert.deepEqual(sentTo("downstream", happenings).map(({ id, error }) => [id, error.code]), [[2, 503]]);
  assert.deepEqual(conversation.adopt(serverGone(conversation.session, "again", 0)), []);
});

Deno.test("the server's batches are taken message by message too, and answered by an array", () => {
  const conversation = settled({ rules: [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["*"] }) })] });
  conversation.agent(ping(1));
  conversation.agent(ping(2));
  const happenings = conversation.server([
    result(1),
    { jsonrpc: "2.0", id: 1, method: "roots/list" },
    { jsonrpc: "2.0", id: 2, method: "sampling/createMessage", params: {} },
    result(2),
    result(3),
  ]);
  assert.deepEqual(sentTo("downstream", happenings).map(({ id, method }) => [id, method]), [
    [1, undefined],
    [1, "roots/list"],
    [2, undefined],
  ]);
  assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => [kind, code]), [
    ["outcome", undefined],
    ["decision", undefined],
    ["decision", "default"],
    ["outcome", undefined],
    ["refused", "unasked"],
  ]);
  const [array] = arraysTo("upstream", conversation.agent(result(1, { roots: [] })));
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [[2, 403], [1, undefined]]);
  assertNothingHeld(conversation);
});

Deno.test("a server's array where there are no batches is dropped, and the answers in it become errors", () => {
  const conversation = settled(undefined, "2025-06-18");
  conversation.agent(ping(1));
  conversation.agent(ping(2));
  const happenings = conversation.server([result(1), result(2), ping(3), 7]);
  assert.deepEqual(sentTo("downstream", happenings).map(({ id, error }) => [id, error.code]), [
    [1, -32603],
    [2, -32603],
  ]);
  assert.equal(pendingCount(conversation), 0);
});

Deno.test("whoever waits for something in a server's array that is refused is told: also for what is no answer in order, and for the server's own requests", () => {
  for (const revision of ["2025-06-18", "2025-03-26"]) {
    const conversation = settled(undefined, revision);
    conversation.agent(ping(1));
    conversation.agent(ping(2));
    const filling = revision === "2025-03-26" ? new Array(batchElementsMax).fill(7) : [];
    const happenings = conversation.server([
      { jsonrpc: "2.0", id: 1 },
      { jsonrpc: "2.0", id: 2, result: 5 },
      { jsonrpc: "2.0", id: "s", method: "roots/list" },
      { jsonrpc: "2.0", id: "t", method: 7 },
      ...filling,
    ]);
    assert.deepEqual(sentTo("downstream", happenings).map(({ id, error }) => [id, error.code]), [
      [1, -32603],
      [2, -32603],
    ]);
    const code = revision === "2025-03-26" ? 413 : -32600;
    assert.deepEqual(sentTo("upstream", happenings).map(({ id, error }) => [id, error.code]), [
      ["s", code],
      ["t", code],
    ]);
    assert.equal(pendingCount(conversation), 0);
  }
});

Deno.test("lists in a batch are cut as everywhere", () => {
  const conversation = settled({ rules: [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["read"] }) })] });
  conversation.agent([{ jsonrpc: "2.0", id: 1, method: "tools/list" }, {
    jsonrpc: "2.0",
    id: 2,
    method: "tools/list",
  }]);
  conversation.server(result(1, { tools: [{ name: "read" }, { name: "write" }] }));
  const [array] = arraysTo("downstream", conversation.server(result(2, { tools: 7 })));
  assert.deepEqual(array[0].result.tools, [{ name: "read" }]);
  assert.equal(array[1].error.code, -32603);
});

Deno.test("malformed and oversize answers to messages of a batch become errors in its array", () => {
  const conversation = settled();
  conversation.agent([ping(1), ping(2)]);
  conversation.server('{"jsonrpc":"2.0","id":1}');
  const head = new TextEncoder().encode('{"jsonrpc":"2.0","id":2,"result":{"x":"');
  const happenings = conversation.adopt(
    receive(conversation.session, "upstream", {
      kind: "oversize",
      bytes: 20_000_000,
      head,
      tail: new Uint8Array(),
    }, 0),
  );
  const [array] = arraysTo("downstream", happenings);
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error.code]), [[1, -32603], [2, 413]]);
});

// ——— bounds ———

Deno.test("a batch of more messages than its bound is refused as a whole; one of just so many is not", () => {
  const conversation = settled();
  const refused = conversation.agent(
    `[${new Array(batchElementsMax + 1).fill(JSON.stringify(note)).join()}]`,
  );
  assert.deepEqual([replyIn(refused).id, replyIn(refused).error.code], [null, 413]);
  assert.equal(recordsIn(refused).length, 1);
  const taken = conversation.agent(`[${new Array(batchElementsMax).fill(JSON.stringify(note)).join()}]`);
  assert.equal(forwardsIn(taken).length, batchElementsMax);
  assertNothingHeld(conversation);
});

Deno.test("each request of a batch counts as in flight", () => {
  const conversation = settled();
  for (let id = 0; id < inFlightMax - 1; id++) conversation.agent(ping(id));
  assert.equal(forwardsIn(conversation.agent([ping("a"), ping("b")])).length, 1);
  const [array] = arraysTo("downstream", conversation.server(result("a")));
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [
    ["b", 429],
    ["a", undefined],
  ]);
});

Deno.test("answers that cannot all be held become errors 413, and no batch begins while they are", () => {
  const conversation = settled();
  conversation.agent([ping(1), ping(2), ping(3), ping(4)]);
  const filling = "x".repeat(batchHeldBytesMax / 2 - 100);
  for (const id of [1, 2]) conversation.server(result(id, { filling }));
  const happenings = conversation.server(result(3, { filling }));
  assert.deepEqual(recordsIn(happenings).map(({ action, code }) => [action, code]), [[
    "replace",
    "too_large",
  ]]);
  assert.equal(conversation.session.state.counts.forwarded, 2 + 4 + 2);
  conversation.agent(ping("single"));
  assert.equal(
    forwardsIn(conversation.server(result("single", { filling }))).length,
    1,
    "outside of batches",
  );
  assert.equal(replyIn(conversation.agent([ping(5)])).error.code, 429);
  const [array] = arraysTo("downstream", conversation.server(result(4)));
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [
    [1, undefined],
    [2, undefined],
    [3, 413],
    [4, 413],
  ]);
  assertNothingHeld(conversation);
  assert.equal(forwardsIn(conversation.agent([ping(5)])).length, 1);
});

Deno.test("an answer that is held keeps nothing alive but itself", () => {
  const conversation = settled();
  conversation.agent([ping(1), ping(2)]);
  const line = new TextEncoder().encode(`${JSON.stringify(result(1))}\n`);
  const chunk = new Uint8Array(1_000_000);
  chunk.set(line);
  conversation.adopt(receive(conversation.session, "upstream", {
    ...messageOf(result(1)),
    frame: { buffer: chunk, start: 0, end: line.length - 1 },
  } as ReturnType<typeof messageOf>, 0));
  const [{ answers: [held] }] = conversation.session.state.batches.downstream.open;
  assert.equal(held.bytes.buffer.byteLength, line.length - 1);
});

// ——— records that fail ———

Deno.test("where the record of a message in a batch fails, it alone is denied, in the array", () => {
  const conversation = settled();
  conversation.adopt(receive(conversation.session, "downstream", messageOf([ping(1), ping(2)]), 0));
  const first = nextElement(conversation.session, "downstream")!;
  conversation.adopt(recordFailed(conversation.session, undefined, "downstream", first, "disk full", 0));
  const second = nextElement(conversation.session, "downstream")!;
  assert.notEqual(second, first);
  conversation.adopt(receive(conversation.session, "downstream", second, 0));
  const [array] = arraysTo("downstream", conversation.server(result(2)));
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [
    [1, 403],
    [2, undefined],
  ]);
  assertNothingHeld(conversation);
});

Deno.test("where the record of an answer fails, an error takes its place in the array, and the others are kept", () => {
  const conversation = settled();
  conversation.agent([ping(1), ping(2)]);
  conversation.server(result(1, { kept: true }));
  const happenings = conversation.adopt(
    recordFailed(conversation.session, undefined, "upstream", messageOf(result(2)), "disk full", 0),
  );
  const [array] = arraysTo("downstream", happenings);
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [
    [1, undefined],
    [2, 403],
  ]);
  assertNothingHeld(conversation);
});

Deno.test("where the record of a refused batch fails, its sender is told by one error", () => {
  const conversation = settled(undefined, "2025-06-18");
  const happenings = conversation.adopt(
    recordFailed(conversation.session, undefined, "downstream", messageOf([ping(1)]), "disk full", 0),
  );
  assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [null, 403]);
});

Deno.test("where the record of a server's refused array fails, whoever waits for something in it is told", () => {
  const conversation = settled(undefined, "2025-06-18");
  conversation.agent(ping(1));
  conversation.agent(ping(2));
  const array = messageOf([result(1), { jsonrpc: "2.0", id: 2 }, ping("s")]);
  const happenings = conversation.adopt(
    recordFailed(conversation.session, undefined, "upstream", array, "disk full", 0),
  );
  assert.deepEqual(sentTo("downstream", happenings).map(({ id, error }) => [id, error.code]), [
    [1, 403],
    [2, 403],
  ]);
  assert.deepEqual(sentTo("upstream", happenings).map(({ id, error }) => [id, error.code]), [["s", 403]]);
  assert.equal(pendingCount(conversation), 0);
});

Deno.test("a message of a batch that we fail on is refused in the array, and the batch goes on", () => {
  const conversation = settled();
  conversation.adopt(receive(conversation.session, "downstream", messageOf([ping(1), ping(2)]), 0));
  const broken = { ...nextElement(conversation.session, "downstream")! };
  Object.defineProperty(broken, "members", {
    get() {
      throw new Error("broken on purpose");
    },
  });
  conversation.adopt(receive(conversation.session, "downstream", broken, 0));
  conversation.adopt(
    receive(conversation.session, "downstream", nextElement(conversation.session, "downstream")!, 0),
  );
  const [array] = arraysTo("downstream", conversation.server(result(2)));
  assert.deepEqual(array.map(({ id, error }: Reply) => [id, error?.code]), [
    [1, -32603],
    [2, undefined],
  ]);
});

Deno.test("refused messages of a batch name it in their records", () => {
  const conversation = settled();
  conversation.agent([note]);
  const { effects } = receive(
    ...((step: Step) => [step.session, "downstream", nextElement(step.session, "downstream")!, 0] as const)(
      receive(conversation.session, "downstream", messageOf([7]), 0),
    ),
  );
  assert.equal(recordOf(effects[0])?.batch, 2);
});
