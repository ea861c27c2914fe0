import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import type { Facts } from "../../src/policy/facts.ts";
import { readOperation } from "../../src/mcp/operation.ts";
import type { Request } from "../../src/mcp/message.ts";
import { initialState } from "../../src/policy/state.ts";
import { note, type PolicyEvent, receive, reload, resume } from "../../src/proxy/session.ts";
import { messageOf } from "../support/lines.ts";
import { policyOf, position, ruleOf, scopeOf } from "../support/policies.ts";
import { call, Conversation, forwardsIn, recordsIn, replyIn, sentTo } from "./support.ts";

const event: PolicyEvent = {
  name: "policy_changed",
  detail: "x.yaml: in force from here on",
  policies: [{ file: "x.yaml", before: "a".repeat(64), found: "b".repeat(64) }],
};

const under = (effect: "allow" | "deny", tool: string, root: string) =>
  ruleOf({
    id: `${effect}-${root}`,
    effect,
    scope: scopeOf({ tools: [tool] }),
    args: [{ selector: "path", checks: [{ kind: "under", roots: [root] }], at: position }],
  });
const allow = (tool: string) =>
  ruleOf({ id: `allow-${tool}`, effect: "allow", scope: scopeOf({ tools: [tool] }) });
const real = (...paths: readonly string[]): Facts =>
  new Map(paths.map((path) => [path, { kind: "real", path } as const]));

Deno.test("a reload is recorded, and the next message is judged by the new policy", () => {
  const conversation = new Conversation({ rules: [allow("a")] });
  assert.equal(forwardsIn(conversation.agent(call(1, "a"))).length, 1);
  assert.equal(replyIn(conversation.agent(call(2, "b"))).result.isError, true);
  const happenings = conversation.adopt(
    reload(conversation.session, policyOf({ rules: [allow("b")] }), event, conversation.nowMs),
  );
  const [{ kind, name, detail, policies, announced, seq }] = recordsIn(happenings);
  assert.deepEqual([kind, name, detail, policies, announced], [
    "event",
    event.name,
    event.detail,
    event.policies,
    undefined,
  ]);
  assert.equal(happenings.length, 1);
  assert.equal(replyIn(conversation.agent(call(3, "a"))).result.isError, true);
  const after = conversation.agent(call(4, "b"));
  assert.equal(forwardsIn(after).length, 1);
  assert.equal(recordsIn(after)[0].seq, (seq as number) + 2);
});

Deno.test("a session whose reload could not be recorded goes on as it was", () => {
  const conversation = new Conversation({ rules: [allow("a")] });
  const before = conversation.session;
  reload(before, policyOf({ rules: [allow("b")] }), event, 5); // its step is thrown away
  assert.equal(conversation.session, before);
  assert.equal(forwardsIn(conversation.agent(call(1, "a"))).length, 1);
});

Deno.test("a request that is in flight across a reload gets its answer, and its list is cut by the new policy", () => {
  const conversation = new Conversation({ rules: [allow("a")] });
  conversation.agent({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  conversation.adopt(reload(conversation.session, policyOf({ rules: [allow("b")] }), event, 5));
  const [answer] = sentTo(
    "downstream",
    conversation.server({ jsonrpc: "2.0", id: 1, result: { tools: [{ name: "a" }, { name: "b" }] } }),
  );
  assert.deepEqual(answer.result.tools, [{ name: "b" }]);
});

Deno.test("a reload refills no limit", () => {
  const pace = ruleOf({
    id: "pace",
    effect: "limit",
    scope: scopeOf({ tools: ["*"] }),
    to: { calls: 2, perMs: 3_600_000, burst: 2 },
  });
  const conversation = new Conversation({ default: "allow", rules: [pace] });
  conversation.agent(call(1, "a"));
  for (let round = 0; round < 5; round++) {
    const policy = policyOf({ default: "allow", rules: [pace, allow(`x${round}`)] });
    conversation.adopt(reload(conversation.session, policy, event, conversation.nowMs));
  }
  assert.equal(forwardsIn(conversation.agent(call(2, "a"))).length, 1);
  assert.equal(replyIn(conversation.agent(call(3, "a"))).result._meta.code, "limit");
});

Deno.test("labels of the session stay over a reload", () => {
  const conversation = new Conversation();
  const { gate, state } = conversation.session;
  const seen = { label: "private", by: 'tool "read"' };
  const tainted = { gate, state: { ...state, policy: { ...state.policy, taints: [seen] } } };
  const { session } = reload(tainted, policyOf({}), event, 5);
  assert.deepEqual(session.state.policy.taints, [seen]);
});

const readTmp = {
  jsonrpc: "2.0",
  id: 7,
  method: "tools/call",
  params: { name: "read", arguments: { path: "/srv/x" } },
};

Deno.test("a message whose facts are being looked up is judged by the new policy alone, with facts of its own", () => {
  const conversation = new Conversation({ rules: [under("allow", "read", "/srv")] });
  const asked = receive(conversation.session, "downstream", messageOf(readTmp), 1);
  assert.equal(asked.effects[0].kind, "look_up");
  conversation.adopt(asked);
  const narrower = policyOf({ rules: [under("allow", "read", "/srv"), under("deny", "read", "/real")] });
  conversation.adopt(reload(conversation.session, narrower, event, 2));
  // The facts of the old policy are no answer any more.
  const again = resume(conversation.session, "downstream", real("/srv", "/srv/x"), 3);
  assert.deepEqual(conversation.adopt(again).map((happening) => Object.keys(happening)), [["lookUp"]]);
  const facts: Facts = new Map([...real("/srv", "/real"), ["/srv/x", { kind: "real", path: "/real/x" }]]);
  const happenings = conversation.adopt(resume(conversation.session, "downstream", facts, 4));
  assert.equal(recordsIn(happenings)[0].rule, "deny-/real");
  assert.equal(replyIn(happenings).id, 7);
  assert.equal(conversation.session.state.waiting.downstream, undefined);
});

Deno.test("a message that waits for facts needs none where the new policy decides without them", () => {
  for (const [rules, forwarded] of [[[allow("read")], 1], [[], 0]] as const) {
    const conversation = new Conversation({ rules: [under("allow", "read", "/srv")] });
    conversation.adopt(receive(conversation.session, "downstream", messageOf(readTmp), 1));
    conversation.adopt(reload(conversation.session, policyOf({ rules }), event, 2));
    const happenings = conversation.adopt(
      resume(conversation.session, "downstream", real("/srv", "/srv/x"), 3),
    );
    assert.equal(forwardsIn(happenings).length, forwarded);
    assert.equal(recordsIn(happenings).length, 1);
  }
});

Deno.test("an answer that waits for facts is judged by the new policy too", () => {
  const roots = { jsonrpc: "2.0", id: "r", result: { roots: [{ uri: "file:///srv/x" }] } };
  const conversation = new Conversation({ default: "allow" }, { ownFiles: ["/own/policy.yaml"] });
  conversation.server({ jsonrpc: "2.0", id: "r", method: "roots/list" });
  const asked = conversation.adopt(receive(conversation.session, "downstream", messageOf(roots), 1));
  assert.ok("lookUp" in asked[0]);
  const closed = policyOf({
    default: "allow",
    rules: [ruleOf({ id: "no-roots", effect: "deny", scope: scopeOf({ resources: ["file:///srv/*"] }) })],
  });
  conversation.adopt(reload(conversation.session, closed, event, 2));
  const happenings = conversation.adopt(resume(conversation.session, "downstream", real("/srv/x"), 3));
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(recordsIn(happenings)[0].rule, "no-roots");
});

Deno.test("an element of a batch that waits over a reload is answered in its batch", () => {
  const conversation = new Conversation({ rules: [under("allow", "read", "/srv")] });
  conversation.agent({ jsonrpc: "2.0", id: "i", method: "initialize", params: {} });
  conversation.server({ jsonrpc: "2.0", id: "i", result: { protocolVersion: "2025-03-26" } });
  conversation.session = receive(conversation.session, "downstream", messageOf([readTmp]), 1).session;
  const element = conversation.session.state.batches.downstream.reading;
  assert.notEqual(element, undefined);
  conversation.adopt(receive(conversation.session, "downstream", messageOf(readTmp), 1));
  conversation.adopt(reload(conversation.session, policyOf({}), event, 2));
  const happenings = conversation.adopt(resume(conversation.session, "downstream", real("/srv/x"), 3));
  const [answers] = sentTo("downstream", happenings);
  assert.deepEqual(answers.map(({ id }: { id: number }) => id), [7]);
});

const anyPolicy = fc.subarray(["/srv", "/srv/x", "/real", "/tmp"]).chain((allowed) =>
  fc.subarray(["/real", "/tmp"]).map((denied) => ({
    rules: [
      ...allowed.map((root) => under("allow", "read", root)),
      ...denied.map((root) => under("deny", "read", root)),
    ],
  }))
);
const anyFacts = fc.dictionary(
  fc.constantFrom("/srv", "/srv/x", "/real", "/tmp"),
  fc.constantFrom("/srv/x", "/real/x", "/tmp/x"),
).map((led): Facts =>
  new Map(Object.entries(led).map(([path, to]) => [path, { kind: "real", path: to } as const]))
);

Deno.test("property: however policies and facts change while a message waits, its verdict is that of one policy on one set of facts", () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.array(anyPolicy, { maxLength: 3 }),
      fc.array(anyFacts, { minLength: 5, maxLength: 5 }),
      (first, others, facts) => {
        const conversation = new Conversation(first);
        let step = receive(conversation.session, "downstream", messageOf(readTmp), 1);
        let policy = conversation.session.gate.policy;
        let round = 0;
        let found: Facts = new Map();
        while (step.effects[0].kind === "look_up") {
          conversation.adopt(step);
          const next = others[round];
          if (next !== undefined) {
            policy = policyOf(next);
            conversation.adopt(reload(conversation.session, policy, event, 2));
          }
          found = facts[round++];
          step = resume(conversation.session, "downstream", found, 3);
        }
        const [{ action, rule }] = recordsIn(conversation.adopt(step));
        const operation = readOperation(messageOf(readTmp) as Request, "downstream");
        assert.ok(!("kind" in operation));
        const alone = decide(policy, initialState(policy), operation, found, 3);
        assert.deepEqual([action, rule], [alone.action, alone.rule]);
      },
    ),
  );
});

const initialize = { jsonrpc: "2.0", id: "i", method: "initialize", params: {} };
const initialized = (capabilities: object) => ({
  jsonrpc: "2.0",
  id: "i",
  result: { protocolVersion: "2025-11-25", capabilities },
});

Deno.test("the agent is told of the lists of which the server said that they may change, after the record", () => {
  const conversation = new Conversation();
  conversation.agent(initialize);
  conversation.server(
    initialized({ tools: { listChanged: true }, prompts: {}, resources: { listChanged: true } }),
  );
  const happenings = conversation.adopt(reload(conversation.session, policyOf({}), event, 5));
  assert.ok("record" in happenings[0]);
  assert.deepEqual(recordsIn(happenings)[0].announced, ["tools", "resources"]);
  assert.deepEqual(sentTo("downstream", happenings), [
    { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
    { jsonrpc: "2.0", method: "notifications/resources/list_changed" },
  ]);
});

Deno.test("the agent is told nothing where the server did not say so, before the handshake, and when it is over", () => {
  const silent = new Conversation();
  silent.agent(initialize);
  silent.server(initialized({ tools: {} }));
  const early = new Conversation();
  early.agent(initialize);
  for (const conversation of [silent, early]) {
    const happenings = conversation.adopt(reload(conversation.session, policyOf({}), event, 5));
    assert.deepEqual(sentTo("downstream", happenings), []);
  }
});

Deno.test("what the server said of itself under another policy counts no more: it is asked anew", () => {
  const conversation = new Conversation({ default: "allow" });
  conversation.agent({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  conversation.server({ jsonrpc: "2.0", id: 1, result: { tools: [{ name: "a" }] } });
  const wary = policyOf({ default: "allow", invisibleText: "refuse" });
  conversation.adopt(reload(conversation.session, wary, event, 5));
  const asked = conversation.adopt(receive(conversation.session, "downstream", messageOf(call(2, "a")), 6));
  assert.deepEqual(sentTo("upstream", asked).map(({ method }) => method), ["tools/list"]);
  // While it is asked the policy changes back: its answer is still ours, and the call waits for nothing any more.
  conversation.adopt(reload(conversation.session, policyOf({ default: "allow" }), event, 7));
  const [{ id }] = sentTo("upstream", asked);
  const answered = conversation.server({ jsonrpc: "2.0", id, result: { tools: [{ name: "a" }] } });
  assert.deepEqual([sentTo("downstream", answered), recordsIn(answered).map(({ name }) => name)], [[], [
    "server_answered",
  ]]);
  const passed = conversation.adopt(resume(conversation.session, "downstream", new Map(), 8));
  assert.equal(forwardsIn(passed).length, 1);
});

Deno.test("note() records, and changes neither policy nor state", () => {
  const conversation = new Conversation();
  const { gate, state } = conversation.session;
  const happenings = conversation.adopt(note(conversation.session, { ...event, name: "policy_kept" }, 5));
  assert.deepEqual(recordsIn(happenings).map(({ name }) => name), ["policy_kept"]);
  assert.equal(conversation.session.gate, gate);
  assert.equal(conversation.session.state.policy, state.policy);
});
