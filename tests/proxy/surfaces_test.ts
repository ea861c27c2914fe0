import assert from "node:assert/strict";
import { listedCharactersMax, listSilenceMs, schemaBytesMax } from "../../src/limits.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { resume, serverGone } from "../../src/proxy/session.ts";
import { charactersOf } from "../../src/proxy/surface_table.ts";
import { policyOf, ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, type Happening, recordsIn, replyIn, sentTo } from "./support.ts";

const declared = () =>
  new Conversation({
    rules: [ruleOf({ id: "r", effect: "allow", scope: scopeOf({ tools: ["*"] }), schema: "declared" })],
  });

const text = { type: "object", properties: { a: { type: "string" } } };

let ids = 0;
/** The agent lists the tools, and the server answers with these. */
function list(conversation: Conversation, tools: readonly object[]): Happening[] {
  const id = `list ${++ids}`;
  conversation.agent({ jsonrpc: "2.0", id, method: "tools/list" });
  return conversation.server({ jsonrpc: "2.0", id, result: { tools } });
}

/** What becomes of a call to tool `name`; the server is not asked for anything. */
function verdict(conversation: Conversation, name: string, args: object): unknown {
  const happenings = conversation.agent(call(`call ${++ids}`, name, args));
  return recordsIn(happenings)[0].action;
}

Deno.test("arguments are held against the schema that was listed last", () => {
  const conversation = declared();
  list(conversation, [{ name: "x", inputSchema: text }]);
  assert.equal(verdict(conversation, "x", { a: "1" }), "forward");
  assert.equal(verdict(conversation, "x", { a: 1 }), "deny");
  list(conversation, [{ name: "x", inputSchema: { type: "object", required: ["b"] } }]);
  assert.equal(verdict(conversation, "x", { a: "1" }), "deny");
});

Deno.test("a tool that one list describes in two ways has no schema to go by, in either order", () => {
  const open = { name: "x", inputSchema: {} };
  const closed = { name: "x", inputSchema: text };
  for (const tools of [[open, closed], [closed, open], [open, closed, open]]) {
    const conversation = declared();
    list(conversation, tools);
    assert.equal(verdict(conversation, "x", { a: "1" }), "deny");
  }
});

Deno.test("names are told apart by case and by Unicode normalisation", () => {
  const conversation = declared();
  list(conversation, [{ name: "caf\u00e9", inputSchema: {} }, { name: "X", inputSchema: text }]);
  assert.equal(verdict(conversation, "caf\u00e9", {}), "forward");
  for (const name of ["cafe\u0301", "x"]) {
    const [, asked] = conversation.agent(call(`call ${++ids}`, name, {}));
    // (Nothing is known of it: the server is asked.)
    assert.equal(sentTo("upstream", [asked])[0].method, "tools/list");
    conversation.session = {
      ...conversation.session,
      state: { ...conversation.session.state, ...notWaiting },
    };
  }
});

const notWaiting = { waiting: { downstream: undefined, upstream: undefined } };

/** Tools whose schemas together have `characters` characters. */
function bigTools(prefix: string, characters: number): object[] {
  const each = schemaBytesMax - 1000;
  return Array.from({ length: Math.ceil(characters / each) }, (_, i) => ({
    name: `${prefix}${i}`,
    inputSchema: { description: "d".repeat(each) },
  }));
}

Deno.test("what is kept of lists is bounded, and what did not fit is not taken for what was said before", () => {
  const conversation = declared();
  list(conversation, [{ name: "last", inputSchema: text }]);
  for (const prefix of "abcde") {
    list(conversation, [...bigTools(prefix, listedCharactersMax / 3), { name: prefix, inputSchema: text }]);
    assert.ok(charactersOf(conversation.session.state.surfaces.tool.known) <= listedCharactersMax);
  }
  assert.equal(verdict(conversation, "last", { a: "1" }), "forward");
  assert.equal(verdict(conversation, "a", { a: "1" }), "forward");
  list(conversation, bigTools("f", listedCharactersMax));
  list(conversation, [{ name: "last", inputSchema: { description: "d".repeat(200_000), required: ["b"] } }]);
  const happenings = conversation.agent(call(`call ${++ids}`, "last", { a: "1" }));
  assert.deepEqual(recordsIn(happenings).map(({ name }) => name), ["server_asked"]);
});

/** Answers the request of ours among `happenings`; gives what follows, and what becomes of the call that waits. */
function answer(conversation: Conversation, happenings: readonly Happening[], result: unknown): Happening[] {
  const [{ id }] = sentTo("upstream", happenings);
  const next = conversation.server({ jsonrpc: "2.0", id, result });
  if (conversation.session.state.surfaces.asking !== undefined) return next;
  return [
    ...next,
    ...conversation.adopt(resume(conversation.session, "downstream", noFacts, conversation.nowMs)),
  ];
}

Deno.test("a list of many large pages that we ask for is given up, and the call is not let through", () => {
  const conversation = declared();
  let happenings = conversation.agent(call(1, "x", {}));
  let pages = 0;
  while (conversation.session.state.surfaces.asking !== undefined) {
    const tools = [{ name: "x", inputSchema: {} }, ...bigTools(`p${++pages} `, listedCharactersMax / 3)];
    happenings = answer(conversation, happenings, { tools, nextCursor: `${pages}` });
    const { asking } = conversation.session.state.surfaces;
    assert.ok(charactersOf(asking?.gathered ?? new Map()) <= listedCharactersMax);
    assert.ok(pages <= 4);
  }
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(replyIn(happenings).result.isError, true);
});

Deno.test("each of several approved calls is answered where the server goes while the first waits for its list", () => {
  const asking = ruleOf({ id: "a", effect: "ask", scope: scopeOf({ tools: ["x"] }) });
  const conversation = new Conversation({ rules: [asking] });
  conversation.agent({
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: { capabilities: { elicitation: {} } },
  });
  conversation.server({ jsonrpc: "2.0", id: 0, result: { protocolVersion: "2025-03-26" } });
  const answers = [1, 2, 3].map((n) => ({
    jsonrpc: "2.0",
    id: replyIn(conversation.agent(call(n, "x", { n }))).id,
    result: { action: "accept", content: { decision: "approve" } },
  }));
  // The policy that has come since wants to know what the server says of the tool.
  const policy = policyOf({ rules: [asking], invisibleText: "refuse" });
  conversation.session = { ...conversation.session, gate: { ...conversation.session.gate, policy } };
  conversation.agent(answers);
  assert.equal(conversation.session.state.consent.released.length, 2);
  const happenings = conversation.adopt(serverGone(conversation.session, "ended", conversation.nowMs));
  assert.deepEqual(sentTo("downstream", happenings).map(({ id, error }) => [id, error.code]), [
    [1, 503],
    [2, 503],
    [3, 503],
  ]);
});

Deno.test("nothing that a server answers us with reaches the agent, and a second answer neither", () => {
  for (
    const result of [
      { tools: [{ name: "x", inputSchema: {} }] },
      { tools: "none" },
      { tools: [], nextCursor: 1 },
      { inputRequests: { a: { method: "sampling/createMessage" } }, tools: [] },
      {},
    ]
  ) {
    const conversation = declared();
    const asked = conversation.agent(call(1, "x", {}));
    const [{ id }] = sentTo("upstream", asked);
    const happenings = answer(conversation, asked, result);
    assert.deepEqual(sentTo("downstream", happenings).filter((message) => message.id === id), []);
    const again = conversation.server({ jsonrpc: "2.0", id, result });
    assert.deepEqual(sentTo("downstream", again), []);
    assert.equal(recordsIn(again)[0].code, "unasked");
  }
});

Deno.test("a server that does not answer us is asked again when it says that it has another list, or after a while", () => {
  const conversation = declared();
  const isAsked = (happenings: readonly Happening[]) => sentTo("upstream", happenings).length > 0;
  const giveUp = () =>
    conversation.adopt(resume(conversation.session, "downstream", noFacts, conversation.nowMs));
  assert.ok(isAsked(conversation.agent(call(1, "x", {}))));
  assert.equal(replyIn(giveUp()).result.isError, true);
  // Nobody waits a second time, and what is not known is not let through.
  const second = conversation.agent(call(2, "x", {}));
  assert.ok(!isAsked(second));
  assert.equal(replyIn(second).result.isError, true);
  conversation.nowMs += listSilenceMs;
  assert.ok(isAsked(conversation.agent(call(3, "x", {}))));
  giveUp();
  conversation.server({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  assert.ok(isAsked(conversation.agent(call(4, "x", {}))));
  giveUp();
  list(conversation, [{ name: "x", inputSchema: {} }]);
  assert.equal(forwardsIn(conversation.agent(call(5, "x", {}))).length, 1);
});
