import assert from "node:assert/strict";
import fc from "fast-check";
import { consentWaitMs, declinedForMs, heldCallsMax } from "../../src/limits.ts";
import type { Approval, ApprovalQuery } from "../../src/policy/facts.ts";
import { recordFailed, reload, serverGone } from "../../src/proxy/session.ts";
import { policyOf, ruleOf, scopeOf } from "../support/policies.ts";
import { messageOf } from "../support/lines.ts";
import { call, Conversation, forwardsIn, type Happening, recordsIn, replyIn, sentTo } from "./support.ts";

const remove = ruleOf({ id: "remove", effect: "ask", scope: scopeOf({ tools: ["remove"] }) });
const others = ruleOf({ id: "others", effect: "allow", scope: scopeOf({ tools: ["read"] }) });
const sampling = ruleOf({
  id: "sampling",
  effect: "ask",
  scope: scopeOf({ methods: ["sampling/createMessage"] }),
});
const policy = { rules: [remove, others, sampling] };

const forms = { elicitation: {} };

/** A session past its handshake. */
function settled(
  capabilities: object = forms,
  options: ConstructorParameters<typeof Conversation>[1] = {},
  document: ConstructorParameters<typeof Conversation>[0] = policy,
): Conversation {
  const conversation = new Conversation(document, options);
  conversation.agent({ jsonrpc: "2.0", id: "init", method: "initialize", params: { capabilities } });
  conversation.server({ jsonrpc: "2.0", id: "init", result: { protocolVersion: "2025-11-25" } });
  return conversation;
}

// deno-lint-ignore no-explicit-any
function questionIn(happenings: readonly Happening[]): any {
  const asked = sentTo("downstream", happenings).filter(({ method }) => method === "elicitation/create");
  assert.equal(asked.length, 1, JSON.stringify(happenings));
  return asked[0];
}

const accept = (id: string, decision = "approve") => ({
  jsonrpc: "2.0",
  id,
  result: { action: "accept", content: { decision } },
});
const answer = (id: string, action: string) => ({ jsonrpc: "2.0", id, result: { action } });

const textOf = (happenings: readonly Happening[]): string => replyIn(happenings).result.content[0].text;

Deno.test("a call that a rule asks for waits, and the client is asked by a form", () => {
  const conversation = settled();
  const happenings = conversation.agent(call(1, "remove", { path: "/tmp/a" }));
  assert.deepEqual(forwardsIn(happenings), []);
  const question = questionIn(happenings);
  assert.match(question.id, /^lilith-[0-9a-f]{32}$/);
  assert.deepEqual(question.params.requestedSchema.properties.decision.enum, ["deny", "approve"]);
  assert.deepEqual(question.params.requestedSchema.required, ["decision"]);
  for (const part of ["server --flag", '"remove"', '{"path":"/tmp/a"}', "rule remove of policy test"]) {
    assert.ok(question.params.message.includes(part), `${part} in ${question.params.message}`);
  }
  const [record] = recordsIn(happenings);
  assert.deepEqual([record.verdict, record.action, record.code, record.rule], [
    "ask",
    "ask",
    "ask",
    "remove",
  ]);
});

Deno.test("a yes lets the very bytes through that were held, judged anew, and is recorded", () => {
  const conversation = settled();
  const line =
    '{"jsonrpc":"2.0", "id":1.0,"method":"tools/call","params":{"name":"remove","arguments":{"n":1e2}}}';
  const held = conversation.agent(line);
  const question = questionIn(held);
  const happenings = conversation.agent(accept(question.id));
  assert.deepEqual(forwardsIn(happenings), [line]);
  const [said, decided] = recordsIn(happenings);
  const number = recordsIn(held)[0].call;
  assert.deepEqual([said.kind, said.answer, said.call], ["consent", "approved", number]);
  assert.deepEqual([decided.verdict, decided.action, decided.rule], ["allow", "forward", "remove"]);
  assert.deepEqual(decided.consent, { by: "person", rules: ["1/remove"], heldAs: number });
  const answered = conversation.server({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  assert.equal(sentTo("downstream", answered).length, 1);
});

Deno.test("whatever is not plainly a yes is none, and the call is answered", () => {
  const table: [string, (id: string) => object | string, string][] = [
    ["declined", (id) => answer(id, "decline"), "said no"],
    ["declined", (id) => accept(id, "deny"), "said no"],
    ["dismissed", (id) => answer(id, "cancel"), "gave no answer"],
    ["unreadable", (id) => answer(id, "accept"), "no answer that could be read"],
    ["unreadable", (id) => answer(id, "Accept"), "no answer that could be read"],
    ["unreadable", (id) => accept(id, "Approve"), "no answer that could be read"],
    ["unreadable", (id) => ({ jsonrpc: "2.0", id, result: {} }), "no answer that could be read"],
    [
      "unreadable",
      (id) => ({ jsonrpc: "2.0", id, error: { code: -32601, message: "?" } }),
      "no answer that could be read",
    ],
    [
      "unreadable",
      (id) =>
        `{"jsonrpc":"2.0","id":"${id}","result":{"action":"accept","content":{"decision":"deny","decision":"approve"}}}`,
      "no answer that could be read",
    ],
    [
      "unreadable",
      (id) => `{"jsonrpc":"2.0","id":"${id}","result":{"action":"accept"},"error":{}}`,
      "no answer that could be read",
    ],
  ];
  for (const [kind, reply, reason] of table) {
    const conversation = settled();
    const { id } = questionIn(conversation.agent(call(1, "remove")));
    const happenings = conversation.agent(reply(id));
    assert.deepEqual(forwardsIn(happenings), [], kind);
    const denials = sentTo("downstream", happenings).filter((message) => message.id === 1);
    assert.equal(denials.length, 1, JSON.stringify([kind, reply(id), happenings]));
    assert.equal(denials[0].result.isError, true);
    assert.ok(denials[0].result.content[0].text.includes(reason), denials[0].result.content[0].text);
    assert.equal(denials[0].result._meta.code, "ask");
    assert.ok(recordsIn(happenings).some(({ kind: one, answer }) => one === "consent" && answer === kind));
  }
});

Deno.test("a yes holds for the very same call for a while, and for no other", () => {
  const conversation = settled();
  const first = call(1, "remove", { path: "/tmp/a", deep: { x: 1, y: 2 } });
  conversation.agent(accept(questionIn(conversation.agent(first)).id));
  conversation.nowMs += remove.approvedForMs ?? 600_000;
  const again = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"arguments":' +
    '{"deep":{"y":2.0,"x":1},"path":"/tmp\\/a"},"name":"remove"}}';
  const happenings = conversation.agent(again);
  assert.deepEqual(forwardsIn(happenings), [again]);
  assert.deepEqual(recordsIn(happenings)[0].consent, { by: "kept", rules: ["1/remove"] });
  for (const args of [{ path: "/tmp/b", deep: { x: 1, y: 2 } }, { path: "/tmp/a" }, undefined]) {
    assert.deepEqual(
      forwardsIn(conversation.agent(call(`other ${JSON.stringify(args)}`, "remove", args))),
      [],
    );
  }
  conversation.nowMs++;
  questionIn(conversation.agent({ ...first, id: 4 }));
});

Deno.test("a no is kept for a short time, so that a model cannot ask a person again and again", () => {
  const conversation = settled();
  conversation.agent(answer(questionIn(conversation.agent(call(1, "remove"))).id, "decline"));
  conversation.nowMs += declinedForMs;
  assert.match(textOf(conversation.agent(call(2, "remove"))), /asked for exactly this a moment ago/);
  questionIn(conversation.agent(call(3, "remove", { other: true })));
  conversation.nowMs++;
  questionIn(conversation.agent(call(4, "remove")));
});

Deno.test("other messages of both sides flow on while a call waits", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  assert.equal(forwardsIn(conversation.agent(call(2, "read"))).length, 1);
  const ping = conversation.server({ jsonrpc: "2.0", id: 1, method: "ping" });
  assert.equal(forwardsIn(ping).length, 1);
  assert.equal(forwardsIn(conversation.server({ jsonrpc: "2.0", id: 2, result: {} })).length, 1);
  assert.equal(forwardsIn(conversation.agent(accept(id))).length, 1);
});

Deno.test("the id of a call that waits is taken, and so is that of the question", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  const twice = conversation.agent(call(1, "read"));
  assert.deepEqual([forwardsIn(twice), replyIn(twice).id], [[], null]);
  const server = conversation.server({ jsonrpc: "2.0", id, method: "ping" });
  assert.deepEqual([forwardsIn(server), replyIn(server).id], [[], null]);
});

Deno.test("an answer counts once, and one under another id counts for nothing", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  for (const other of ["lilith-0", `${id}0`, 1]) {
    const stray = conversation.agent({ ...accept(id), id: other });
    assert.deepEqual([forwardsIn(stray), recordsIn(stray)[0].code], [[], "unasked"]);
  }
  assert.equal(forwardsIn(conversation.agent(accept(id))).length, 1);
  const second = conversation.agent(accept(id));
  assert.deepEqual([forwardsIn(second), recordsIn(second)[0].code], [[], "unasked"]);
});

Deno.test("the server cannot answer our question", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  const forged = conversation.server(accept(id));
  assert.deepEqual([forwardsIn(forged), recordsIn(forged)[0].code], [[], "unasked"]);
});

Deno.test("who does not answer in time has not said yes, and the late yes counts for nothing", () => {
  const conversation = settled();
  const asked = conversation.agent(call(1, "remove"));
  const { id } = questionIn(asked);
  assert.deepEqual(asked.filter((one) => "wake" in one), [{ wake: conversation.nowMs + consentWaitMs }]);
  assert.deepEqual(conversation.pass(consentWaitMs - 1).filter((one) => !("wake" in one)), []);
  const late = conversation.pass(1);
  const sent = sentTo("downstream", late);
  assert.match(sent[0].result.content[0].text, /did not answer in time/);
  assert.deepEqual([sent[1].method, sent[1].params.requestId], ["notifications/cancelled", id]);
  assert.deepEqual(forwardsIn(conversation.agent(accept(id))), []);
});

Deno.test("a cancelled call is forgotten: the server never hears of it, and the question is taken back", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
  const happenings = conversation.agent(cancel);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.deepEqual(sentTo("downstream", happenings).map(({ method, params }) => [method, params.requestId]), [
    ["notifications/cancelled", id],
  ]);
  assert.deepEqual(recordsIn(happenings).map(({ kind, code }) => [kind, code]), [
    ["refused", "cancelled"],
    ["outcome", "cancelled"],
  ]);
  assert.deepEqual(forwardsIn(conversation.agent(accept(id))), []);
  questionIn(conversation.agent(call(1, "remove")));
});

Deno.test("when the server is gone, what waited is answered, and a yes comes too late", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  const ended = conversation.adopt(
    serverGone(conversation.session, "ended with status 3", conversation.nowMs),
  );
  const sent = sentTo("downstream", ended);
  assert.deepEqual(sent.map(({ id, error, method }) => [id, error?.code, method]), [
    [1, 503, undefined],
    [undefined, undefined, "notifications/cancelled"],
  ]);
  const late = conversation.agent(accept(id));
  assert.deepEqual([forwardsIn(late), sentTo("downstream", late)], [[], []]);
});

Deno.test("a flood of calls puts no more than a few questions before a person", () => {
  const conversation = settled();
  const asked: string[] = [];
  for (let n = 0; n < 50; n++) {
    const happenings = conversation.agent(call(n, "remove", { n }));
    for (const message of sentTo("downstream", happenings)) {
      if (message.method === "elicitation/create") asked.push(message.id);
      else assert.match(message.result.content[0].text, /as many calls as may wait/);
    }
  }
  assert.equal(asked.length, heldCallsMax);
  assert.match(textOf(conversation.agent(call(100, "remove", { n: 0 }))), /asked for exactly this already/);
  conversation.agent(accept(asked[3]));
  questionIn(conversation.agent(call(101, "remove", { n: 101 })));
});

Deno.test("what is approved is judged at that time: limits and changed policies still stop it", () => {
  const pace = ruleOf({
    id: "pace",
    effect: "limit",
    scope: scopeOf({ tools: ["*"] }),
    to: { calls: 1, perMs: 60_000, burst: 1 },
  });
  const conversation = settled(forms, {}, { rules: [remove, others, pace] });
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  conversation.agent(call(2, "read"));
  const limited = conversation.agent(accept(id));
  assert.deepEqual(forwardsIn(limited), []);
  assert.equal(replyIn(limited).result._meta.code, "limit");

  const changing = settled();
  const question = questionIn(changing.agent(call(1, "remove")));
  const event = { name: "policy_reloaded", detail: "x" } as unknown as Parameters<typeof reload>[2];
  const rules = [{ ...remove, reason: "another question now" }];
  const next = policyOf({ rules, sha256: "1".repeat(64) });
  changing.adopt(reload(changing.session, next, event, changing.nowMs));
  const asked = changing.agent(accept(question.id));
  assert.deepEqual(forwardsIn(asked), []);
  assert.ok(questionIn(asked).params.message.includes("another question now"));
});

Deno.test("a client that shows no forms, or has not begun, is not asked", () => {
  for (const capabilities of [{}, { elicitation: { url: {} } }, { elicitation: null }, { Elicitation: {} }]) {
    const conversation = settled(capabilities);
    const happenings = conversation.agent(call(1, "remove"));
    assert.match(textOf(happenings), /there is no way to ask one here/);
    const told = (all: typeof happenings) => all.flatMap((one) => "say" in one ? one.say : []);
    assert.match(told(happenings).join(), /"remove" is denied, because nobody can be asked.*no --state FILE/);
    assert.deepEqual(told(conversation.agent(call(2, "remove"))), []);
  }
  questionIn(settled({ elicitation: { form: {}, url: {} } }).agent(call(1, "remove")));
  const early = new Conversation(policy);
  early.agent({ jsonrpc: "2.0", id: 0, method: "initialize", params: { capabilities: forms } });
  assert.match(textOf(early.agent(call(1, "remove"))), /no way to ask/);
});

Deno.test("a call without an id cannot wait, and does not pass", () => {
  const { id: _, ...notification } = call(1, "remove") as { id: unknown };
  const happenings = settled().agent(notification);
  assert.deepEqual([forwardsIn(happenings), sentTo("downstream", happenings)], [[], []]);
  assert.equal(recordsIn(happenings)[0].code, "ask");
});

Deno.test("a request of the server's is asked for as well, by the client", () => {
  const request = { jsonrpc: "2.0", id: 7, method: "sampling/createMessage", params: { maxTokens: 5 } };
  const conversation = settled();
  const { id, params } = questionIn(conversation.server(request));
  assert.ok(params.message.startsWith("A request of the server waits"));
  const passed = conversation.agent(accept(id));
  assert.deepEqual(passed.flatMap((one) => "forward" in one ? [[one.forward, one.text]] : []), [
    ["downstream", JSON.stringify(request)],
  ]);
  const declining = settled();
  const question = questionIn(declining.server(request));
  const denied = declining.agent(answer(question.id, "decline"));
  assert.deepEqual(sentTo("upstream", denied).map(({ id, error }) => [id, error.code]), [[7, 403]]);
});

Deno.test("an answer that cannot be recorded counts for nothing", () => {
  const conversation = settled();
  const { id } = questionIn(conversation.agent(call(1, "remove")));
  const before = conversation.session;
  const failed = recordFailed(before, undefined, "downstream", messageOf(accept(id)), "disk full", 0);
  const happenings = conversation.adopt(failed);
  assert.deepEqual(forwardsIn(happenings), []);
  assert.equal(replyIn(happenings).error.data.code, "audit_failed");
  assert.deepEqual(forwardsIn(conversation.agent(accept(id))), []);
});

// ——— approvals ———

const approvals = { file: "state" };

Deno.test("where the client cannot ask, an approval is looked up for exactly this call", () => {
  const conversation = settled({}, { approvals });
  const asked: ApprovalQuery[] = [];
  const answers: Approval[] = [
    { kind: "pending", id: "k3", isNew: true },
    { kind: "pending", id: "k3", isNew: false },
    { kind: "denied", id: "k3" },
    { kind: "approved", id: "k3" },
  ];
  conversation.approve = (query) => {
    asked.push(query);
    return answers[asked.length - 1];
  };
  const first = conversation.agent(call(1, "remove", { path: "/a" }));
  assert.match(textOf(first), /waits under the name k3/);
  assert.deepEqual(first.flatMap((one) => "say" in one ? [one.say] : []), [
    'tool "remove" wants a person\'s consent: lilith-zero approvals approve k3 --state state',
  ]);
  const second = conversation.agent(call(2, "remove", { path: "/a" }));
  assert.deepEqual(second.filter((one) => "say" in one), []);
  assert.match(
    textOf(conversation.agent(call(3, "remove", { path: "/a" }))),
    /has denied exactly this \(k3\)/,
  );
  const passed = conversation.agent(call(4, "remove", { path: "/a" }));
  assert.equal(forwardsIn(passed).length, 1);
  assert.deepEqual(recordsIn(passed)[0].consent, { by: "approval", rules: ["1/remove"] });
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
  assert.deepEqual([asked[0].name, asked[0].argumentsJson], ["remove", '{"path":"/a"}']);
});

Deno.test("an approval that cannot be looked up is none", () => {
  const conversation = settled({}, { approvals });
  assert.deepEqual(forwardsIn(conversation.agent(call(1, "remove"))), []);
  conversation.approve = () => ({ kind: "unavailable", why: "the state file is damaged" });
  assert.match(
    textOf(conversation.agent(call(2, "remove"))),
    /nobody can be asked: the state file is damaged/,
  );
});

// ——— laws ———

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("call" as const), n: fc.nat({ max: 2 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      which: fc.nat({ max: 1 }),
      how: fc.constantFrom(
        "approve",
        "approve",
        "deny",
        "decline",
        "cancel",
        "error",
        "by_server",
        "other_id",
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), id: fc.nat({ max: 20 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("time" as const),
      ms: fc.constantFrom(1, 60_001, 300_000, 600_001),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "other" as const }) },
);

Deno.test("nothing that is asked for is forwarded without a yes to exactly that call, and every call has one answer at most", () => {
  const seen = { forwarded: 0, denied: 0 };
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const conversation = settled();
      const questions: { id: string; n: number }[] = [];
      /** By the argument: until when a yes holds. */
      const approved = new Map<number, number>();
      const open = new Map<number, number>();
      let next = 0;
      let yes: number | undefined;
      const look = (happenings: readonly Happening[]) => {
        for (const one of happenings) {
          if ("forward" in one && one.forward === "upstream") {
            const { id, params } = JSON.parse(one.text);
            if (params?.name !== "remove") continue;
            const { n } = params.arguments;
            assert.ok(yes === n || conversation.nowMs <= (approved.get(n) ?? -1), `${n} was not approved`);
            assert.ok(open.delete(id));
            seen.forwarded++;
          }
          if (!("reply" in one) || one.reply !== "downstream") continue;
          const { id, method, result, params } = one.message;
          if (method === "elicitation/create") {
            const [, n] = /\{"n":(\d)\}/.exec(params.message)!;
            questions.push({ id, n: Number(n) });
          } else if (result?.isError === true) {
            assert.ok(open.delete(id), `a second answer to ${id}`);
            seen.denied++;
          }
        }
      };
      for (const step of steps) {
        yes = undefined;
        switch (step.kind) {
          case "call":
            open.set(next, step.n);
            look(conversation.agent(call(next++, "remove", { n: step.n })));
            break;
          case "answer": {
            const question = questions.at(-1 - step.which);
            if (question === undefined) break;
            const { id, n } = question;
            if (step.how === "by_server") look(conversation.server(accept(id)));
            else if (step.how === "other_id") look(conversation.agent(accept(`${id}x`)));
            else if (step.how === "error") {
              look(conversation.agent({ jsonrpc: "2.0", id, error: { code: 1, message: "x" } }));
            } else if (step.how === "approve") {
              const isHeld = conversation.session.state.consent.held.some((one) => one.question === id);
              if (isHeld) approved.set(n, conversation.nowMs + 600_000);
              if (isHeld) yes = n;
              look(conversation.agent(accept(id)));
            } else look(conversation.agent(step.how === "deny" ? accept(id, "deny") : answer(id, step.how)));
            break;
          }
          case "cancel":
            if (
              conversation.session.state.consent.held.some(({ idSource }) => idSource === String(step.id))
            ) {
              open.delete(step.id);
            }
            look(conversation.agent({
              jsonrpc: "2.0",
              method: "notifications/cancelled",
              params: { requestId: step.id },
            }));
            break;
          case "time":
            look(conversation.pass(step.ms));
            break;
          case "other":
            look(conversation.agent(call(`r${next++}`, "read")));
        }
        // Whoever has no answer waits for a person.
        const held = conversation.session.state.consent.held.map(({ idSource }) => Number(idSource));
        assert.deepEqual([...open.keys()].sort(), held.sort());
      }
    }),
    { numRuns: 1_000 },
  );
  assert.ok(seen.forwarded > 100 && seen.denied > 100, JSON.stringify(seen));
});
