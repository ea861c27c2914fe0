import assert from "node:assert/strict";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { receive, resume, serverGone } from "../../src/proxy/session.ts";
import { messageOf } from "../support/lines.ts";
import { position, ruleOf, scopeOf } from "../support/policies.ts";
import { callIn, eras, requestIn } from "./eras.ts";
import { call, Conversation, forwardsIn, type Happening, recordsIn, replyIn, sentTo } from "./support.ts";

const noModel = ruleOf({
  id: "no-model",
  effect: "deny",
  scope: scopeOf({ methods: ["sampling/createMessage"] }),
  reason: "the model is not yours",
});
const guarded: Partial<PolicyDocument> = { default: "allow", rules: [noModel] };

const sampling = { method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } };
const form = {
  method: "elicitation/create",
  params: { message: "Who?", requestedSchema: { type: "object" } },
};
const page = (url: string) => ({ method: "elicitation/create", params: { mode: "url", message: "x", url } });

function askingResult(id: unknown, inputRequests: object): object {
  return { jsonrpc: "2.0", id, result: { resultType: "input_required", inputRequests, requestState: "s" } };
}

/** Kind, verdict and action of each record. */
function summary(happenings: readonly Happening[]): unknown[] {
  return recordsIn(happenings).map(({ kind, method, verdict, action, code }) =>
    kind === "decision" ? `${method} ${verdict} ${action}` : `${kind} ${action ?? ""} ${code ?? ""}`.trim()
  );
}

for (const era of eras) {
  Deno.test(`${era.name}: what a result asks for is judged like a request of its own, and passes byte for byte`, () => {
    const conversation = new Conversation(guarded);
    conversation.agent(callIn(era, 1, "x"));
    const line =
      '{"jsonrpc":"2.0", "id":1,"result":{"resultType":"input_required","inputRequests":{"a":{"params":{"n":1.0},"method":"elicitation/create"},"r":{"method":"roots/list"}}}}';
    const happenings = conversation.server(line);
    assert.deepEqual(summary(happenings), [
      "elicitation/create allow forward",
      "roots/list allow forward",
      "outcome forward",
    ]);
    assert.deepEqual(happenings.at(-1), { forward: "downstream", text: line });
    const [first, second] = recordsIn(happenings);
    assert.deepEqual(
      [first.call, second.call, first.within, first.from, first.type],
      [2, 3, 1, "server", "result"],
    );
    assert.deepEqual(first.arguments, { n: 1 });
  });

  Deno.test(`${era.name}: a denied request inside a call's result becomes a denied tool result, and nothing of it passes`, () => {
    const conversation = new Conversation(guarded);
    conversation.agent(callIn(era, 1, "x"));
    const happenings = conversation.server(askingResult(1, { form, sampling }));
    assert.deepEqual(forwardsIn(happenings), []);
    assert.deepEqual(summary(happenings), [
      "elicitation/create allow deny",
      "sampling/createMessage deny deny",
      "outcome replace rule",
    ]);
    const { id, result } = replyIn(happenings);
    assert.equal(id, 1);
    assert.equal(result.isError, true);
    assert.equal(result.resultType, era.isStateless ? "complete" : undefined);
    assert.match(result.content[0].text, /asked for "sampling\/createMessage".*no-model.*not yours/);
    assert.deepEqual(result._meta, {
      code: "rule",
      rule: "no-model",
      reason: "the model is not yours",
      decision: "test-session/3",
    });
    assert.equal(conversation.session.state.pending.downstream.size, 0);
    assert.deepEqual(conversation.session.state.counts, { forwarded: 1, denied: 1, refused: 0 });
  });

  Deno.test(`${era.name}: the same policy stops the request of its own and the one inside a result`, () => {
    const conversation = new Conversation(guarded);
    assert.equal(replyIn(conversation.server({ jsonrpc: "2.0", id: 9, ...sampling })).error.code, 403);
    for (const method of ["prompts/get", "resources/read", "tasks/get", "tasks/result", "x/y"]) {
      const params = { name: "x", uri: "x:y", taskId: "t" };
      conversation.agent(requestIn(era, method, method, params));
      const happenings = conversation.server(askingResult(method, { sampling }));
      assert.deepEqual(forwardsIn(happenings), [], method);
      const { error, id } = replyIn(happenings);
      assert.equal(id, method);
      assert.equal(error.code, 403);
      assert.equal(error.data.rule, "no-model");
    }
  });
}

Deno.test("a policy that denies what it does not know denies it inside a result too, and housekeeping passes", () => {
  const conversation = new Conversation({
    rules: [ruleOf({ effect: "allow", scope: scopeOf({ tools: ["x"] }) })],
  });
  conversation.agent(call(1, "x"));
  assert.match(
    replyIn(conversation.server(askingResult(1, { form }))).result.content[0].text,
    /no rule allows/,
  );
  conversation.agent(call(2, "x"));
  assert.equal(forwardsIn(conversation.server(askingResult(2, { r: { method: "roots/list" } }))).length, 1);
});

Deno.test("denials: protocol_error answers with an error where a result asked for too much", () => {
  const conversation = new Conversation({ ...guarded, denials: "protocol_error" });
  conversation.agent(call(1, "x"));
  assert.equal(replyIn(conversation.server(askingResult(1, { sampling }))).error.code, 403);
});

Deno.test("a policy that only observes lets it pass and says so", () => {
  const conversation = new Conversation({ ...guarded, mode: "observe" });
  conversation.agent(call(1, "x"));
  const happenings = conversation.server(askingResult(1, { sampling }));
  assert.equal(forwardsIn(happenings).length, 1);
  assert.deepEqual(summary(happenings), ["sampling/createMessage deny forward", "outcome forward"]);
});

Deno.test("what asks inside a task, a finished result or a notification of a task is judged as well", () => {
  const conversation = new Conversation(guarded);
  const inputRequests = { sampling };
  for (
    const [id, result] of [{ task: { taskId: "t", inputRequests } }, { result: { inputRequests } }].entries()
  ) {
    conversation.agent({ jsonrpc: "2.0", id, method: "tasks/get", params: { taskId: "t" } });
    assert.equal(replyIn(conversation.server({ jsonrpc: "2.0", id, result })).error.code, 403);
  }
  const tell = (inputRequests: object) =>
    conversation.server({
      jsonrpc: "2.0",
      method: "notifications/tasks",
      params: { taskId: "t", status: "input_required", inputRequests },
    });
  const denied = tell({ form, sampling });
  assert.deepEqual(summary(denied), [
    "notifications/tasks allow deny",
    "elicitation/create allow deny",
    "sampling/createMessage deny deny",
  ]);
  assert.equal(denied.length, 3);
  const passed = tell({ form });
  assert.deepEqual(summary(passed), [
    "notifications/tasks allow forward",
    "elicitation/create allow forward",
  ]);
  assert.equal(forwardsIn(passed).length, 1);
  const [own, inside] = recordsIn(passed);
  assert.equal(inside.within, own.call);
  const unreadable = tell([]);
  assert.deepEqual(summary(unreadable), ["refused  malformed"]);
  assert.equal(unreadable.length, 1);
});

Deno.test("limits count what is asked inside a result, all of it or nothing", () => {
  const pace = ruleOf({
    id: "pace",
    effect: "limit",
    scope: scopeOf({ methods: ["elicitation/create"] }),
    to: { calls: 2, perMs: 60_000, burst: 2 },
  });
  const conversation = new Conversation({ default: "allow", rules: [pace] });
  const ask = (id: number, count: number) => {
    conversation.agent(call(id, "x"));
    const entries = Array.from({ length: count }, (_, i) => [`f${i}`, form]);
    return conversation.server(askingResult(id, Object.fromEntries(entries)));
  };
  const limited = replyIn(ask(1, 3)).result;
  assert.equal(limited._meta.code, "limit");
  assert.ok(limited._meta.retryAfterMs > 0);
  assert.equal(forwardsIn(ask(2, 2)).length, 1);
  assert.equal(replyIn(ask(3, 1)).result._meta.rule, "pace");
  const own = conversation.server({ jsonrpc: "2.0", id: 1, ...form });
  assert.equal(replyIn(own).error.code, 429);
});

Deno.test("a path in what a result asks for waits for its facts, and a fact that does not come denies", () => {
  const rule = ruleOf({
    id: "tmp",
    effect: "allow",
    scope: scopeOf({ methods: ["elicitation/create"] }),
    args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: position }],
  });
  const tools = ruleOf({ effect: "allow", scope: scopeOf({ tools: ["x"] }) });
  const conversation = new Conversation({ rules: [rule, tools] });
  const ask = (id: number) => {
    conversation.agent(call(id, "x"));
    const params = { path: "/tmp/a" };
    const asked = { a: { method: "elicitation/create", params }, r: { method: "roots/list" } };
    return conversation.server(askingResult(id, asked));
  };
  assert.equal(replyIn(ask(1)).result.isError, true);
  conversation.facts = new Map([
    ["/tmp", { kind: "real", path: "/tmp" }],
    ["/tmp/a", { kind: "real", path: "/tmp/a" }],
  ]);
  const happenings = ask(2);
  assert.equal(forwardsIn(happenings).length, 1);
  assert.deepEqual(
    (recordsIn(happenings)[0].facts as { path: string }[]).map(({ path }) => path),
    ["/tmp", "/tmp/a"],
  );
  assert.equal(recordsIn(happenings)[1].facts, undefined, "the facts of another request");
  assert.equal(conversation.session.state.waiting.upstream, undefined);
});

Deno.test("a request that can be read in two ways inside a result becomes an error", () => {
  const conversation = new Conversation({ default: "allow" });
  for (
    const [id, result] of [
      '{"inputRequests":[]}',
      '{"inputRequests":{"a":{"method":"elicitation/create","method":"ping"}}}',
      '{"inputRequests":{"a":{"method":"elicitation/create","Method":"ping"}}}',
      '{"inputRequests":{"a":{"params":{}}}}',
      '{"InputRequests":{}}',
    ].entries()
  ) {
    conversation.agent(call(id, "x"));
    const happenings = conversation.server(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
    assert.deepEqual(forwardsIn(happenings), [], result);
    assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [id, -32603]);
    assert.deepEqual(summary(happenings), ["refused  malformed", "outcome replace malformed"]);
    assert.equal(conversation.session.state.pending.downstream.size, 0);
  }
});

Deno.test("an answer to nothing is dropped whatever it asks for, and one of another type's id is judged", () => {
  const conversation = new Conversation(guarded);
  assert.deepEqual(summary(conversation.server(askingResult(7, { sampling }))), ["refused  unasked"]);
  assert.deepEqual(summary(conversation.server(askingResult(7, []))), ["refused  unasked"]);
  conversation.agent(call(7, "x"));
  const happenings = conversation.server(askingResult("7", { sampling }));
  assert.equal(replyIn(happenings).id, 7);
  assert.deepEqual(recordsIn(happenings).at(-1)?.notes, ["id_of_other_type"]);
});

Deno.test("only web pages may be opened: as a request, inside a result, and as an error's precondition", () => {
  const conversation = new Conversation({ default: "allow" });
  for (const [url, passes] of [["https://a.example/", true], ["file:///etc/passwd", false]] as const) {
    const own = conversation.server({ jsonrpc: "2.0", id: url, ...page(url) });
    assert.equal(forwardsIn(own).length === 1, passes);
    if (!passes) assert.equal(replyIn(own).error.data.code, "unsafe_url");

    conversation.agent(call(url, "x"));
    const inside = conversation.server(askingResult(url, { page: page(url) }));
    assert.equal(forwardsIn(inside).length === 1, passes);
    if (!passes) assert.equal(replyIn(inside).result._meta.code, "unsafe_url");

    for (const code of [-32042, -32000]) {
      conversation.agent(call(`${url}${code}`, "x"));
      const elicitations = [page("http://b.example/").params, page(url).params];
      const error = { code, message: "first open", data: { elicitations } };
      const happenings = conversation.server({ jsonrpc: "2.0", id: `${url}${code}`, error });
      assert.equal(forwardsIn(happenings).length === 1, passes);
      assert.equal(recordsIn(happenings).length, 3);
      if (!passes) assert.equal(recordsIn(happenings).at(-1)?.code, "unsafe_url");
    }
  }
});

Deno.test("an error whose pages a rule denies becomes a denial of the call", () => {
  const deny = ruleOf({ id: "none", effect: "deny", scope: scopeOf({ methods: ["elicitation/create"] }) });
  const conversation = new Conversation({ default: "allow", rules: [deny], denials: "protocol_error" });
  conversation.agent(call(1, "x"));
  const data = { elicitations: [page("https://a.example/").params] };
  const happenings = conversation.server({
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32042, message: "x", data },
  });
  assert.equal(replyIn(happenings).error.code, 403);
  assert.deepEqual(forwardsIn(happenings), []);
});

const noEtc = ruleOf({ id: "no-etc", effect: "deny", scope: scopeOf({ resources: ["file:///etc/*"] }) });

Deno.test("roots that the agent gives pass unless a rule denies one; then the server gets an error", () => {
  const conversation = new Conversation({ rules: [noEtc] });
  const give = (id: number, roots: unknown) => {
    conversation.server({ jsonrpc: "2.0", id, method: "roots/list" });
    return conversation.agent({ jsonrpc: "2.0", id, result: { roots } });
  };
  const passed = give(1, [{ uri: "file:///home/me" }, { uri: "file:///tmp" }]);
  assert.deepEqual(summary(passed), ["roots/list allow forward", "outcome forward"]);
  const [record] = recordsIn(passed);
  assert.deepEqual(
    [record.from, record.type, record.target, record.name, record.within],
    ["agent", "result", "resource", "file:///home/me", 1],
  );
  assert.deepEqual(record.arguments, [{ uri: "file:///home/me" }, { uri: "file:///tmp" }]);
  assert.deepEqual(summary(give(2, [])), ["outcome forward"]);

  for (const [i, uri] of ["file:///etc", "file:///etc/", "FILE:///etc/ssh", "file:/etc/ssh"].entries()) {
    const denied = give(10 + i, [{ uri: "file:///tmp" }, { uri }]);
    assert.deepEqual(forwardsIn(denied), [], uri);
    assert.deepEqual(summary(denied), ["roots/list deny deny", "outcome replace rule"]);
    assert.deepEqual(denied.map((happening) => "reply" in happening ? happening.reply : "-"), [
      "-",
      "-",
      "upstream",
    ]);
    const { error, id } = replyIn(denied);
    assert.deepEqual([id, error.code, error.data.rule], [10 + i, 403, "no-etc"]);
    assert.equal(JSON.stringify(error).includes("file:"), false, "the server hears of the root");
  }
  assert.equal(conversation.session.state.pending.upstream.size, 0);
});

Deno.test("roots under any method are roots, and roots that cannot be told are not given", () => {
  const conversation = new Conversation({ default: "allow", rules: [noEtc] });
  conversation.server({ jsonrpc: "2.0", id: 1, method: "ping" });
  const roots = [{ uri: "file:///etc/" }];
  assert.equal(replyIn(conversation.agent({ jsonrpc: "2.0", id: 1, result: { roots } })).error.code, 403);
  conversation.server({ jsonrpc: "2.0", id: 2, method: "tools/call" });
  assert.equal(replyIn(conversation.agent({ jsonrpc: "2.0", id: 2, result: { roots } })).error.code, 403);
  for (const [i, roots] of ["{}", "[{}]", '[{"uri":"x:y","uri":"y:z"}]', '[{"URI":"x:y"}]'].entries()) {
    const id = 10 + i;
    conversation.server({ jsonrpc: "2.0", id, method: "roots/list" });
    const happenings = conversation.agent(`{"jsonrpc":"2.0","id":${id},"result":{"roots":${roots}}}`);
    assert.deepEqual(forwardsIn(happenings), [], roots);
    assert.deepEqual([replyIn(happenings).id, replyIn(happenings).error.code], [id, -32603]);
    assert.deepEqual(summary(happenings), ["refused  malformed", "outcome replace malformed"]);
  }
});

Deno.test("an agent may not make one of our own files a root", () => {
  const conversation = new Conversation({ default: "allow" }, { ownFiles: ["/etc/lilith/policy.yaml"] });
  const uri = "file:///etc/lilith/policy.yaml";
  conversation.facts = new Map([["/etc/lilith/policy.yaml", {
    kind: "real",
    path: "/etc/lilith/policy.yaml",
  }]]);
  conversation.server({ jsonrpc: "2.0", id: 1, method: "roots/list" });
  const happenings = conversation.agent({ jsonrpc: "2.0", id: 1, result: { roots: [{ uri }] } });
  assert.equal(replyIn(happenings).error.data.code, "own_file");
});

Deno.test("in a batch, a denied question or root stops its own answer, and the others pass with it", () => {
  const conversation = new Conversation({ default: "allow", rules: [noModel, noEtc] });
  conversation.agent({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
  conversation.server({ jsonrpc: "2.0", id: 0, result: { protocolVersion: "2025-03-26" } });
  conversation.agent(JSON.stringify([call(1, "x"), call(2, "y")]));
  const answers = conversation.server(
    JSON.stringify([askingResult(1, { sampling }), { jsonrpc: "2.0", id: 2, result: { content: [] } }]),
  );
  const [both] = sentTo("downstream", answers);
  assert.deepEqual([both[0].id, both[0].result.isError, both[1].id, both[1].result.isError], [
    1,
    true,
    2,
    undefined,
  ]);

  conversation.server(JSON.stringify(["a", "b"].map((id) => ({ jsonrpc: "2.0", id, method: "roots/list" }))));
  const roots = (id: string, uri: string) => ({ jsonrpc: "2.0", id, result: { roots: [{ uri }] } });
  const given = conversation.agent(JSON.stringify([roots("a", "file:///etc"), roots("b", "file:///tmp")]));
  const [sent] = sentTo("upstream", given);
  assert.deepEqual([sent[0].id, sent[0].error.code, sent[1].id, sent[1].result.roots.length], [
    "a",
    403,
    "b",
    1,
  ]);
});

Deno.test("an answer whose request is over by the time its facts are there is dropped, and charges nothing", () => {
  const pace = ruleOf({
    id: "pace",
    effect: "limit",
    scope: scopeOf({ methods: ["elicitation/create"] }),
    args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: position }],
    to: { calls: 1, perMs: 60_000, burst: 1 },
  });
  const conversation = new Conversation({ default: "allow", rules: [pace] });
  conversation.agent(call(1, "x"));
  const asked = { a: { method: "elicitation/create", params: { path: "/var/a" } } };
  const step = receive(
    conversation.session,
    "upstream",
    messageOf(askingResult(1, asked)),
    conversation.nowMs,
  );
  assert.deepEqual(step.effects.map(({ kind }) => kind), ["look_up"]);
  conversation.adopt(step);
  conversation.agent({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  const before = conversation.session.state.policy;
  const late = conversation.adopt(resume(conversation.session, "upstream", new Map(), conversation.nowMs));
  assert.deepEqual(summary(late), ["refused  unasked"]);
  assert.equal(conversation.session.state.policy, before);

  conversation.agent(call(2, "x"));
  const waiting = receive(
    conversation.session,
    "upstream",
    messageOf(askingResult(2, asked)),
    conversation.nowMs,
  );
  conversation.adopt(waiting);
  const ended = conversation.adopt(
    serverGone(conversation.session, "ended with status 3", conversation.nowMs),
  );
  assert.equal(replyIn(ended).error.code, 503);
  const over = conversation.adopt(resume(conversation.session, "upstream", new Map(), conversation.nowMs));
  assert.deepEqual(forwardsIn(over), []);
  assert.deepEqual(summary(over), ["refused  unasked"]);
});

Deno.test("a page in the error of a task that failed is judged wherever the task is told of", () => {
  const error = { code: -32042, message: "x", data: { elicitations: [page("file:///etc/passwd").params] } };
  const failed = { taskId: "t", status: "failed", error };
  const conversation = new Conversation({ default: "allow" });
  conversation.agent({ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { taskId: "t" } });
  const answered = conversation.server({ jsonrpc: "2.0", id: 1, result: failed });
  assert.deepEqual(summary(answered), ["elicitation/create deny deny", "outcome replace unsafe_url"]);
  assert.equal(replyIn(answered).error.code, 403);
  const told = conversation.server({ jsonrpc: "2.0", method: "notifications/tasks", params: failed });
  assert.deepEqual(summary(told), ["notifications/tasks allow deny", "elicitation/create deny deny"]);
  assert.deepEqual(forwardsIn([...answered, ...told]), []);
});
