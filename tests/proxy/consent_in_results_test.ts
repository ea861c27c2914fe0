import assert from "node:assert/strict";
import { consentWaitMs, heldCallsMax } from "../../src/limits.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { Conversation, forwardsIn, type Happening, recordsIn, replyIn } from "./support.ts";

const policy = {
  rules: [
    ruleOf({ id: "remove", effect: "ask", scope: scopeOf({ tools: ["remove"] }) }),
    ruleOf({ id: "sampling", effect: "ask", scope: scopeOf({ methods: ["x/*"] }) }),
  ],
};
const meta = (capabilities: object) => ({
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": capabilities,
});
const forms = { elicitation: { form: {} } };

function call(id: number, args: object, more: object = {}, capabilities: object = forms): object {
  const params = { name: "remove", arguments: args, _meta: meta(capabilities), ...more };
  return { jsonrpc: "2.0", id, method: "tools/call", params };
}

/** The members with which a client answers a result that asks. */
function answering(happenings: readonly Happening[], action = "accept", decision = "approve"): {
  requestState: string;
  inputResponses: Record<string, object>;
} {
  const { result } = replyIn(happenings);
  assert.equal(result.resultType, "input_required");
  const [name] = Object.keys(result.inputRequests);
  assert.equal(result.inputRequests[name].method, "elicitation/create");
  return { requestState: result.requestState, inputResponses: { [name]: { action, content: { decision } } } };
}

Deno.test("a stateless call is answered with the question, and passes when it comes again with a yes", () => {
  const conversation = new Conversation(policy);
  const asked = conversation.agent(call(1, { path: "/a" }));
  assert.deepEqual(forwardsIn(asked), []);
  const [{ params }] = Object.values(replyIn(asked).result.inputRequests) as {
    params: { message: string };
  }[];
  assert.match(params.message, /"path":"\/a"/);
  const [record] = recordsIn(asked);
  assert.deepEqual([record.verdict, record.action], ["ask", "ask"]);
  const again = conversation.agent(call(2, { path: "/a" }, answering(asked)));
  assert.deepEqual(forwardsIn(again), [JSON.stringify(call(2, { path: "/a" }))]);
  const [said, decided] = recordsIn(again);
  assert.deepEqual([said.kind, said.answer, said.call], ["consent", "approved", record.call]);
  assert.notEqual((said.cut as Record<string, string>).before, (said.cut as Record<string, string>).after);
  assert.deepEqual(decided.consent, { by: "person", rules: ["1/remove"], heldAs: record.call });
});

Deno.test("our two members are cut out wherever they stand, and nothing else is touched", () => {
  const conversation = new Conversation(policy);
  const { requestState, inputResponses } = answering(conversation.agent(call(1, { n: 1 })));
  const [state, responses] = [
    `"requestState" : "${requestState}"`,
    `"inputResponses": ${JSON.stringify(inputResponses)}`,
  ];
  const others = [
    '"name":"remove"',
    ' "arguments" : {"n": 1.0 , "s":"a,b"}',
    `"_meta":${JSON.stringify(meta(forms))} `,
  ];
  conversation.agent(`{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{${others.join()}}}`);
  const orders = [
    [state, responses, ...others],
    [...others, state, responses],
    [others[0], responses, others[1], state, others[2]],
    [responses, ...others, state],
  ];
  for (const [id, order] of orders.entries()) {
    const line = (members: readonly string[]) =>
      `{"jsonrpc":"2.0", "id":${id + 5},"method":"tools/call","params":{${members.join(" ,")}} }`;
    const happenings = conversation.agent(line(order));
    // Other arguments than those that were approved: asked anew, of the call without the answer in it.
    assert.deepEqual(forwardsIn(happenings), []);
    const fresh = answering(happenings);
    const text = line(order).replace(requestState, fresh.requestState).replace(
      `"id":${id + 5}`,
      `"id":${id + 50}`,
    );
    const [forwarded] = forwardsIn(conversation.agent(text));
    const sent = JSON.parse(forwarded);
    assert.deepEqual(Object.keys(sent.params).sort(), ["_meta", "arguments", "name"]);
    for (const other of others) assert.ok(forwarded.includes(other.trim()), forwarded);
    conversation.nowMs += 600_001;
  }
});

Deno.test("a no, an answer to another call, and a state that was changed are no yes", () => {
  for (
    const [action, decision] of [["decline", "approve"], ["accept", "deny"], ["cancel", ""], ["accept", "x"]]
  ) {
    const conversation = new Conversation(policy);
    const asked = conversation.agent(call(1, {}));
    const denied = conversation.agent(call(2, {}, answering(asked, action, decision)));
    assert.deepEqual(forwardsIn(denied), []);
    assert.equal(replyIn(denied).result._meta.code, "ask");
    assert.equal(replyIn(denied).result.resultType, "complete");
  }
  const conversation = new Conversation(policy);
  const yes = answering(conversation.agent(call(1, { path: "/a" })));
  const other = conversation.agent(call(2, { path: "/etc" }, yes));
  assert.deepEqual(forwardsIn(other), []);
  answering(other);
  const changed = {
    ...yes,
    requestState: yes.requestState.replace(/.$/, (last) => last === "0" ? "1" : "0"),
  };
  const refused = conversation.agent(call(3, { path: "/a" }, changed));
  assert.deepEqual([forwardsIn(refused), replyIn(refused).error.code], [[], -32600]);
  const more = { ...yes, inputResponses: { ...yes.inputResponses, theirs: {} } };
  assert.equal(replyIn(conversation.agent(call(4, { path: "/a" }, more))).error.code, -32600);
});

Deno.test("a yes that comes too late is none", () => {
  const conversation = new Conversation(policy);
  const yes = answering(conversation.agent(call(1, {})));
  conversation.nowMs += consentWaitMs + 1;
  assert.deepEqual(forwardsIn(conversation.agent(call(2, {}, yes))), []);
});

Deno.test("a client without forms, another method, and a call that answers the server are not answered with a question", () => {
  const conversation = new Conversation(policy);
  assert.equal(replyIn(conversation.agent(call(1, {}, {}, {}))).result._meta.code, "ask");
  const other = { jsonrpc: "2.0", id: 2, method: "x/y", params: { _meta: meta(forms) } };
  assert.equal(replyIn(conversation.agent(other)).error.code, 403);
  const theirs = { requestState: "theirs", inputResponses: { q: { action: "accept" } } };
  assert.equal(replyIn(conversation.agent(call(3, {}, theirs))).result._meta.code, "ask");
});

Deno.test("our state never reaches the server: alone, without an answer, it is refused wherever it stands", () => {
  // A server that had it could ask the person something harmless under our name, and a yes to that would count.
  const conversation = new Conversation({ default: "allow", ...policy });
  const { requestState } = answering(conversation.agent(call(1, { n: 1 })));
  const open = { name: "open", arguments: {}, _meta: meta(forms), requestState };
  for (const again of [call(2, { n: 1 }, { requestState }), { ...call(3, {}), params: open }]) {
    const happenings = conversation.agent(again);
    assert.deepEqual(forwardsIn(happenings), []);
    assert.equal(recordsIn(happenings)[0].code, "malformed");
  }
  const own = { ...open, requestState: "the server's own" };
  assert.equal(forwardsIn(conversation.agent({ ...call(4, {}), params: own })).length, 1);
});

Deno.test("no more questions are open than calls may be held: one that was answered, repeated or is over makes room", () => {
  const conversation = new Conversation(policy);
  let id = 0;
  const ask = (n: number) => conversation.agent(call(++id, { n }));
  const isQuestion = (happenings: readonly Happening[]) =>
    replyIn(happenings).result.resultType === "input_required";
  const asked = Array.from({ length: heldCallsMax }, (_, n) => ask(n));
  assert.ok(asked.every(isQuestion));
  const refused = ask(100);
  assert.equal(isQuestion(refused), false);
  assert.match(replyIn(refused).result.content[0].text, /as many calls as may wait .* are waiting already/);
  assert.ok(isQuestion(ask(3)), "the same question again");
  conversation.agent(call(++id, { n: 0 }, answering(asked[0])));
  assert.ok(isQuestion(ask(101)), "one was answered");
  assert.equal(isQuestion(ask(102)), false);
  conversation.nowMs += consentWaitMs + 1;
  assert.ok(isQuestion(ask(102)), "all others are over");
});
