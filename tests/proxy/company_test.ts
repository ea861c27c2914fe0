import assert from "node:assert/strict";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { callIn, eras, requestIn } from "./eras.ts";
import { Conversation, forwardsIn, recordsIn, replyIn } from "./support.ts";

const guarded: Partial<PolicyDocument> = {
  default: "allow",
  rules: [
    ruleOf({
      id: "no-etc",
      effect: "deny",
      scope: scopeOf({ resources: ["file:///etc/*"], prompts: ["secret"] }),
    }),
  ],
};

const initialize = (version: unknown) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: version, capabilities: {}, clientInfo: { name: "x", version: "1" } },
});

for (const era of eras) {
  Deno.test(`${era.name}: a completion for what a rule denies is denied, and the record names it`, () => {
    const conversation = new Conversation(guarded);
    const complete = (id: number, ref: object) =>
      conversation.agent(requestIn(era, id, "completion/complete", { ref }));
    const passed = complete(1, { type: "ref/prompt", name: "hello" });
    assert.equal(forwardsIn(passed).length, 1);
    assert.deepEqual(recordsIn(passed)[0].also, [{ target: "prompt", name: "hello" }]);
    for (
      const [id, ref, target, name] of [
        [2, { type: "ref/prompt", name: "secret" }, "prompt", "secret"],
        [3, { type: "ref/resource", uri: "file:///etc/{x}" }, "resource", "file:///etc/{x}"],
      ] as const
    ) {
      const denied = complete(id, ref);
      assert.equal(replyIn(denied).error.code, 403);
      const [record] = recordsIn(denied);
      assert.deepEqual([record.method, record.target, record.name], ["completion/complete", target, name]);
      assert.equal(denied.length, 2);
    }
    assert.equal(replyIn(complete(4, { type: "ref/prompt" })).error.code, -32600);
  });

  Deno.test(`${era.name}: a subscription to what a rule denies is denied, of both eras' methods`, () => {
    const conversation = new Conversation(guarded);
    const listen = (id: number, resourceSubscriptions: readonly string[]) =>
      conversation.agent(
        requestIn(era, id, "subscriptions/listen", { notifications: { resourceSubscriptions } }),
      );
    assert.equal(forwardsIn(listen(1, ["file:///tmp/a"])).length, 1);
    assert.equal(replyIn(listen(2, ["file:///tmp/a", "file:///etc/passwd"])).error.data.rule, "no-etc");
    for (const method of ["resources/subscribe", "resources/unsubscribe"]) {
      const denied = conversation.agent(requestIn(era, method, method, { uri: "file:///etc/passwd" }));
      assert.equal(replyIn(denied).error.data.rule, "no-etc");
    }
  });

  Deno.test(`${era.name}: a request whose answers give a denied root is denied like any request`, () => {
    const conversation = new Conversation(guarded);
    const retry = (id: number, uri: unknown) => {
      const { params, ...rest } = callIn(era, id, "x") as { params: object };
      return conversation.agent({
        ...rest,
        params: { ...params, requestState: "s", inputResponses: { r: { roots: [{ uri }] } } },
      });
    };
    const passed = retry(1, "file:///tmp");
    assert.equal(forwardsIn(passed).length, 1);
    assert.deepEqual(recordsIn(passed)[0].name, "x");
    const { result } = replyIn(retry(2, "file:///etc"));
    assert.equal(result.isError, true);
    assert.equal(result.resultType, era.isStateless ? "complete" : undefined);
    assert.equal(result._meta.rule, "no-etc");
    const refused = retry(3, 7);
    assert.equal(replyIn(refused).error.code, -32600);
    assert.deepEqual(recordsIn(refused).map(({ kind, code }) => [kind, code]), [["refused", "malformed"]]);
  });

  Deno.test(`${era.name}: a probe is forwarded, and the server's own answer comes back untouched`, () => {
    for (
      const answer of [
        '{"jsonrpc":"2.0","id":"p","error":{"code":-32601,"message":"no","data":{"x":1.0}}}',
        '{"jsonrpc":"2.0","id":"p","error":{"code":-32022,"message":"v","data":{"supported":["9"],"requested":"8"}}}',
        '{"jsonrpc":"2.0","id":"p","result":{"resultType":"complete","supportedVersions":["2099-01-01"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"public"}}',
      ]
    ) {
      const conversation = new Conversation({});
      const probe = JSON.stringify(requestIn(era, "p", "server/discover"));
      assert.deepEqual(conversation.agent(probe).at(-1), { forward: "upstream", text: probe });
      assert.deepEqual(conversation.server(answer).at(-1), { forward: "downstream", text: answer });
    }
  });

  Deno.test(`${era.name}: a request that is refused is answered with an error and no result`, () => {
    const conversation = new Conversation({});
    const { error, result } = replyIn(conversation.agent(requestIn(era, 1, "tools/call", {})));
    assert.deepEqual([error.code, result], [-32600, undefined]);
    assert.equal(
      replyIn(conversation.agent(requestIn(era, 2, "prompts/get", { name: "x" }))).error.code,
      403,
    );
    assert.equal(
      replyIn(conversation.agent(callIn(era, 3, "x"))).result.resultType,
      era.isStateless ? "complete" : undefined,
    );
  });

  Deno.test(`${era.name}: a request of the server's own is judged, though the era has none`, () => {
    const conversation = new Conversation({});
    conversation.agent(requestIn(era, 1, "tools/list"));
    const ask = { jsonrpc: "2.0", id: 1, method: "elicitation/create", params: { message: "Who?" } };
    assert.equal(replyIn(conversation.server(ask)).error.code, 403);
  });
}

Deno.test("a handshake passes in any version, as it stands", () => {
  for (const version of ["2024-10-07", "2024-11-05", "2025-11-25", "2026-07-28", "next", 7, null]) {
    const line = JSON.stringify(initialize(version));
    assert.deepEqual(new Conversation({}).agent(line).at(-1), { forward: "upstream", text: line });
  }
});

Deno.test("the answer to a subscription passes with it, and a rule can still deny it", () => {
  const acknowledged = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: {} };
  assert.equal(forwardsIn(new Conversation({}).server(acknowledged)).length, 1);
  const deny = ruleOf({ effect: "deny", scope: scopeOf({ methods: ["notifications/*"] }) });
  assert.deepEqual(forwardsIn(new Conversation({ rules: [deny] }).server(acknowledged)), []);
});

Deno.test("a method of a server's that could be taken for one that is looked at more closely is refused", () => {
  const conversation = new Conversation({ default: "allow" });
  for (const method of ["Elicitation/create", "elicitation/create\0", "notifications/Tasks"]) {
    const happenings = conversation.server({ jsonrpc: "2.0", id: method, method, params: {} });
    assert.equal(replyIn(happenings).error.code, -32600);
  }
});

Deno.test("what accompanies a request waits for its facts too", () => {
  const conversation = new Conversation({ default: "allow" }, { ownFiles: ["/etc/lilith/policy.yaml"] });
  const listen = (id: number) =>
    conversation.agent({
      jsonrpc: "2.0",
      id,
      method: "subscriptions/listen",
      params: { notifications: { resourceSubscriptions: ["file:///tmp/a"] } },
    });
  assert.equal(replyIn(listen(1)).error.data.code, "own_file");
  const leadsTo = (path: string) =>
    new Map([
      ["/tmp/a", { kind: "real", path } as const],
      ["/wd/file:/tmp/a", { kind: "missing", path: "/wd/file:/tmp/a" } as const],
    ]);
  conversation.facts = leadsTo("/tmp/a");
  assert.equal(forwardsIn(listen(2)).length, 1);
  conversation.facts = leadsTo("/etc/lilith/policy.yaml");
  assert.equal(replyIn(listen(3)).error.data.code, "own_file");
});
