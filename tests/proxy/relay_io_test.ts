import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { Sink } from "../../src/audit/sink.ts";
import { LilithError } from "../../src/errors.ts";
import { type ApprovalQuery, type Facts, type Query, withApproval } from "../../src/policy/facts.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { Relay, type RelayEnding, type ServerEnding } from "../../src/proxy/relay.ts";
import { createSession } from "../../src/proxy/session.ts";
import type { Channel, Receiver } from "../../src/transport/channel.ts";
import { StreamChannel } from "../../src/transport/stream_channel.ts";
import { messageOf } from "../support/lines.ts";
import { policyOf, position, ruleOf, scopeOf } from "../support/policies.ts";
import { call } from "./support.ts";

/** A channel in memory whose far end is the test. */
class FakeChannel implements Channel {
  receiver!: Receiver;
  readonly sent: string[] = [];
  /** Of those that were sent, how many wait for a flush. */
  unflushed = 0;
  congested = false;
  closed = false;
  /** A far end that never reads what is left when it is closed. */
  stuck = false;
  #room: (() => void)[] = [];

  listen(receiver: Receiver): void {
    this.receiver = receiver;
  }
  send(buffer: Uint8Array, start: number, end: number): void {
    this.sent.push(new TextDecoder().decode(buffer.subarray(start, end)));
    this.unflushed++;
  }
  flush(): void {
    this.unflushed = 0;
  }
  drained(): Promise<void> {
    return this.congested ? new Promise((resolve) => this.#room.push(resolve)) : Promise.resolve();
  }
  close(): Promise<void> {
    this.closed = true;
    return this.stuck ? new Promise(() => {}) : Promise.resolve();
  }
  makeRoom(): void {
    this.congested = false;
    for (const resolve of this.#room.splice(0)) resolve();
  }
  messages(): { id?: unknown; error?: { code: number }; result?: unknown }[] {
    return this.sent.map((text) => JSON.parse(text));
  }
}

class FakeSink implements Sink {
  readonly path = "/log";
  readonly anchor = "0".repeat(64);
  readonly torn = undefined;
  readonly notices = [];
  readonly records: Record<string, unknown>[] = [];
  failing = false;
  append(line: Uint8Array): void {
    if (this.failing) {
      throw new LilithError("audit_unwritable", { message: "Cannot write the audit log: disk full" });
    }
    this.records.push(JSON.parse(new TextDecoder().decode(line)));
  }
  close(): void {}
}

function rigOf(
  document: Partial<PolicyDocument> = { default: "allow" },
  lookUp: (queries: readonly (Query | ApprovalQuery)[]) => Facts | Promise<Facts> = () => new Map(),
  /** Whether the server's output ends with it; it does not while we hold it back. */
  outputEnds = true,
  /** The agent's channel where it is to be a real one; `downstream` is not in use then. */
  agent: Channel | undefined = undefined,
  clock: { ms: number } = { ms: 0 },
  approvals: { file: string } | undefined = undefined,
) {
  const downstream = new FakeChannel();
  const upstream = new FakeChannel();
  const sink = new FakeSink();
  const exited = Promise.withResolvers<ServerEnding>();
  const said: string[] = [];
  let stops = 0;
  const session = createSession({
    session: "s",
    policy: policyOf(document),
    audited: true,
    anchor: sink.anchor,
    digestKey: new Uint8Array(32),
    approvals,
  });
  const relay = new Relay(session, {
    downstream: agent ?? downstream,
    upstream,
    sink,
    lookUp,
    server: {
      exited: exited.promise,
      stop() {
        stops++;
        exited.resolve({ status: 0, description: "exit status 0" });
        if (outputEnds) upstream.receiver.end();
        return exited.promise;
      },
    },
    now: () => clock.ms,
    say: (_level, text) => said.push(text),
  });
  const done: Promise<RelayEnding> = relay.run();
  return { relay, downstream, upstream, sink, exited, said, done, stops: () => stops };
}

const agentSays = (rig: ReturnType<typeof rigOf>, line: object | string) =>
  rig.downstream.receiver.message(messageOf(line));
const serverSays = (rig: ReturnType<typeof rigOf>, line: object | string) =>
  rig.upstream.receiver.message(messageOf(line));

Deno.test("Relay passes a call and its answer, each after its record", async () => {
  const rig = rigOf();
  agentSays(rig, call(1, "x"));
  assert.equal(rig.sink.records.length, 1);
  assert.deepEqual(rig.upstream.messages(), [call(1, "x")]);
  serverSays(rig, { jsonrpc: "2.0", id: 1, result: {} });
  assert.equal(rig.sink.records.length, 2);
  assert.deepEqual(rig.downstream.messages(), [{ jsonrpc: "2.0", id: 1, result: {} }]);
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay lets nothing pass while the log cannot be written, and goes on when it can", async () => {
  const rig = rigOf();
  agentSays(rig, call(1, "x"));
  rig.sink.failing = true;
  agentSays(rig, call(2, "x"));
  serverSays(rig, { jsonrpc: "2.0", id: 1, result: { secret: 1 } });
  agentSays(rig, { jsonrpc: "2.0", method: "notifications/progress" });
  assert.equal(rig.upstream.sent.length, 1);
  assert.deepEqual(rig.downstream.messages().map(({ id, error }) => [id, error?.code]), [[2, 403], [1, 403]]);
  assert.match(rig.said[0], /disk full/);
  rig.sink.failing = false;
  agentSays(rig, call(3, "x"));
  assert.equal(rig.upstream.messages().at(-1)?.id, 3);
  const sequences = rig.sink.records.map(({ seq }) => seq);
  assert.deepEqual(sequences, sequences.map((_, i) => Number(sequences[0]) + i), "the chain has a gap");
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay answers what is in flight when the server exits, then closes the agent's channel", async () => {
  const rig = rigOf();
  agentSays(rig, call(1, "x"));
  rig.exited.resolve({ status: 3, description: "exit status 3" });
  rig.upstream.receiver.end();
  const ending = await rig.done;
  assert.deepEqual([ending.by, ending.server.status], ["server", 3]);
  assert.deepEqual(rig.downstream.messages().map(({ id, error }) => [id, error?.code]), [[1, 503]]);
  assert.equal(rig.downstream.closed, true);
  assert.deepEqual(rig.sink.records.map(({ kind }) => kind), ["decision", "event", "outcome", "end"]);
});

Deno.test("Relay delivers the server's last words before it says that the server is gone", async () => {
  const rig = rigOf();
  agentSays(rig, call(1, "x"));
  rig.exited.resolve({ status: 0, description: "exit status 0" });
  await Promise.resolve();
  serverSays(rig, { jsonrpc: "2.0", id: 1, result: { last: true } });
  rig.upstream.receiver.end();
  await rig.done;
  assert.deepEqual(rig.downstream.messages(), [{ jsonrpc: "2.0", id: 1, result: { last: true } }]);
});

Deno.test("Relay stops a server that closed its output but lives", async () => {
  const rig = rigOf();
  agentSays(rig, call(1, "x"));
  rig.upstream.receiver.end();
  const ending = await rig.done;
  assert.equal(ending.by, "server");
  assert.ok(rig.stops() > 0);
  assert.equal(rig.downstream.messages()[0].error?.code, 503);
});

Deno.test("Relay stops a server that no longer reads, and answers what it can never be asked", async () => {
  const rig = rigOf();
  agentSays(rig, call(1, "x"));
  rig.upstream.receiver.broken("EPIPE");
  const ending = await rig.done;
  assert.equal(ending.by, "server");
  assert.equal(rig.downstream.messages()[0].error?.code, 503);
});

Deno.test("Relay stops the server when the client ends, and says so in the last record", async () => {
  const rig = rigOf();
  rig.downstream.receiver.end();
  const ending = await rig.done;
  assert.equal(ending.by, "stopped");
  assert.equal(rig.stops(), 1);
  assert.match(String(rig.sink.records.at(-1)?.reason), /client closed/);
});

Deno.test("Relay holds a side back until the other has room", async () => {
  const rig = rigOf();
  rig.upstream.congested = true;
  const pending = agentSays(rig, call(1, "x"));
  assert.ok(pending instanceof Promise);
  let settled = false;
  pending.then(() => settled = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(settled, false);
  rig.upstream.makeRoom();
  await pending;
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay lets what it has answered leave before it holds a side back", async () => {
  const rig = rigOf();
  assert.equal(rig.downstream.receiver.message(messageOf("no message")), undefined);
  assert.equal(rig.downstream.unflushed, 1);
  rig.upstream.congested = true;
  const pending = agentSays(rig, call(1, "x"));
  assert.ok(pending instanceof Promise);
  assert.deepEqual([rig.downstream.sent.length, rig.downstream.unflushed], [1, 0]);
  rig.upstream.makeRoom();
  await pending;
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay does not hold an agent back for room that its message does not need", async () => {
  const rig = rigOf();
  rig.downstream.congested = true;
  assert.equal(agentSays(rig, call(1, "x")), undefined);
  rig.downstream.makeRoom();
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay lets a message wait for facts that take time, and the other side goes on meanwhile", async () => {
  const rule = ruleOf({
    effect: "allow",
    scope: scopeOf({ tools: ["read"] }),
    args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: position }],
  });
  const answer = Promise.withResolvers<Facts>();
  const rig = rigOf({ rules: [rule] }, () => answer.promise);
  const pending = agentSays(rig, call(1, "read", { path: "/tmp/a" }));
  assert.ok(pending instanceof Promise);
  serverSays(rig, { jsonrpc: "2.0", id: 1, method: "ping" });
  assert.equal(rig.downstream.messages().length, 1);
  assert.equal(rig.upstream.sent.length, 0);
  answer.resolve(
    new Map([["/tmp", { kind: "real", path: "/tmp" }], ["/tmp/a", { kind: "missing", path: "/tmp/a" }]]),
  );
  await pending;
  assert.equal(rig.upstream.messages()[0].id, 1);
  const sequences = rig.sink.records.map(({ seq }) => Number(seq));
  assert.deepEqual(sequences, [...sequences].sort((a, b) => a - b));
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay waits for a slow client's room before it says that the server is gone", async () => {
  const rig = rigOf({ default: "allow" }, undefined, false);
  agentSays(rig, call(1, "x"));
  rig.downstream.congested = true;
  rig.exited.resolve({ status: 0, description: "exit status 0" });
  // Longer than a server that is quiet is listened to; nothing is concluded while the client has no room.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.equal(rig.downstream.closed, false);
  rig.downstream.makeRoom();
  serverSays(rig, { jsonrpc: "2.0", id: 1, result: { last: true } });
  rig.upstream.receiver.end();
  await rig.done;
  assert.deepEqual(rig.downstream.messages(), [{ jsonrpc: "2.0", id: 1, result: { last: true } }]);
});

Deno.test("Relay does not wait for a client that never reads once a signal has come, whenever it comes", async () => {
  for (const when of ["first", "after the client's end", "after the server's"] as const) {
    const rig = rigOf({ default: "allow" }, undefined, false);
    rig.downstream.stuck = true;
    rig.downstream.congested = true;
    if (when === "after the client's end") rig.downstream.receiver.end();
    if (when === "after the server's") rig.exited.resolve({ status: 4, description: "exit status 4" });
    rig.relay.stopNow("SIGTERM was received");
    await rig.done;
    assert.equal(rig.downstream.closed, true, when);
    assert.equal(rig.sink.records.at(-1)?.kind, "end", when);
  }
});

Deno.test("Relay takes nothing any more after the last record", async () => {
  const rig = rigOf();
  rig.downstream.stuck = true;
  rig.exited.resolve({ status: 0, description: "exit status 0" });
  rig.upstream.receiver.end();
  while (!rig.downstream.closed) await new Promise((resolve) => setTimeout(resolve, 1));
  const records = rig.sink.records.length;
  assert.equal(rig.sink.records.at(-1)?.kind, "end");
  assert.ok(agentSays(rig, call(2, "x")) instanceof Promise, "the channel is not held back");
  assert.ok(serverSays(rig, { jsonrpc: "2.0", method: "notifications/progress" }) instanceof Promise);
  assert.deepEqual([rig.sink.records.length, rig.downstream.sent], [records, []]);
  rig.relay.stopNow("test");
  await rig.done;
});

Deno.test("Relay rejects, and lets nothing more pass, where a fact cannot be asked for", async () => {
  const rule = ruleOf({
    effect: "allow",
    scope: scopeOf({ tools: ["read"] }),
    args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: position }],
  });
  for (
    const lookUp of [
      () => Promise.reject(new Error("a mistake")),
      () => {
        throw new Error("a mistake");
      },
    ]
  ) {
    const rig = rigOf({ rules: [rule] }, lookUp);
    const done = assert.rejects(rig.done, /a mistake/);
    void agentSays(rig, call(1, "read", { path: "/tmp/a" }));
    await done;
    assert.ok(agentSays(rig, call(2, "read", {})) instanceof Promise);
    assert.deepEqual([rig.upstream.sent, rig.downstream.sent], [[], []]);
  }
});

const policyEvent = {
  name: "policy_changed",
  detail: "p.yaml: in force from here on",
  policies: [{ file: "p.yaml", before: "a".repeat(64), found: "b".repeat(64) }],
} as const;

Deno.test("Relay asks for facts anew where the policy changes while a message waits for them", async () => {
  const asked: PromiseWithResolvers<Facts>[] = [];
  const rig = rigOf({ rules: [underTmp] }, () => {
    asked.push(Promise.withResolvers<Facts>());
    return asked[asked.length - 1].promise;
  });
  const waiting = agentSays(rig, call(1, "read", { path: "/tmp/a" }));
  assert.equal(rig.relay.reload(policyOf({ rules: [{ ...underTmp, id: "new" }] }), policyEvent), true);
  const facts: Facts = new Map([["/tmp", { kind: "real", path: "/tmp" }], [
    "/tmp/a",
    { kind: "real", path: "/tmp/a" },
  ]]);
  asked[0].resolve(facts);
  await Promise.resolve();
  assert.deepEqual(rig.sink.records.map(({ kind }) => kind), ["event"]);
  asked[1].resolve(facts);
  await waiting;
  assert.equal(asked.length, 2);
  assert.deepEqual(rig.sink.records.map(({ kind, rule }) => [kind, rule]), [["event", undefined], [
    "decision",
    "new",
  ]]);
  assert.deepEqual(rig.upstream.messages().map(({ id }) => id), [1]);
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay keeps the policy where its change cannot be recorded, and takes it when it can", async () => {
  const rig = rigOf({ default: "deny" });
  rig.sink.failing = true;
  assert.equal(rig.relay.reload(policyOf({ default: "allow" }), policyEvent), false);
  assert.equal(rig.relay.note({ ...policyEvent, name: "policy_kept" }), false);
  rig.sink.failing = false;
  agentSays(rig, call(1, "x"));
  assert.deepEqual(rig.upstream.sent, []);
  assert.equal(rig.relay.reload(policyOf({ default: "allow" }), policyEvent), true);
  agentSays(rig, call(2, "x"));
  assert.deepEqual(rig.upstream.messages(), [call(2, "x")]);
  assert.deepEqual(rig.sink.records.map(({ seq }) => seq), [0, 1, 2]);
  rig.relay.stop("test");
  await rig.done;
  assert.equal(rig.relay.reload(policyOf({}), policyEvent), true);
  assert.equal((rig.sink.records.at(-1) as { kind: string }).kind, "end");
});

/** Settles on the revision that has batches. */
function settle(rig: ReturnType<typeof rigOf>): void {
  agentSays(rig, { jsonrpc: "2.0", id: "init", method: "initialize", params: {} });
  serverSays(rig, { jsonrpc: "2.0", id: "init", result: { protocolVersion: "2025-03-26" } });
  rig.upstream.sent.length = rig.downstream.sent.length = 0;
}

const underTmp = ruleOf({
  effect: "allow",
  scope: scopeOf({ tools: ["read"] }),
  args: [{ selector: "path", checks: [{ kind: "under", roots: ["/tmp"] }], at: position }],
});

Deno.test("Relay takes a batch message by message, each after its record, and goes on where one cannot be recorded", async () => {
  const rig = rigOf();
  settle(rig);
  const append = rig.sink.append.bind(rig.sink);
  rig.sink.append = (line) => {
    rig.sink.failing = JSON.parse(new TextDecoder().decode(line)).id === 2;
    append(line);
  };
  agentSays(rig, [call(1, "x"), call(2, "x"), call(3, "x")]);
  assert.deepEqual(rig.upstream.messages().map(({ id }) => id), [1, 3]);
  serverSays(rig, { jsonrpc: "2.0", id: 1, result: {} });
  assert.deepEqual(rig.downstream.sent, []);
  serverSays(rig, { jsonrpc: "2.0", id: 3, result: {} });
  const [answers] = rig.downstream.messages() as unknown as { id: number; error?: { code: number } }[][];
  assert.deepEqual(answers.map(({ id, error }) => [id, error?.code]), [[2, 403], [1, undefined], [
    3,
    undefined,
  ]]);
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay tells each waiter once where a message has several records and one of the later ones fails", async () => {
  const rig = rigOf();
  serverSays(rig, { jsonrpc: "2.0", id: 1, method: "roots/list" });
  rig.downstream.sent.length = 0;
  const append = rig.sink.append.bind(rig.sink);
  rig.sink.append = (line) => {
    // Not the refusal's own record, but that of the answer which it was meant to be.
    rig.sink.failing = JSON.parse(new TextDecoder().decode(line)).kind === "outcome";
    append(line);
  };
  agentSays(rig, { jsonrpc: "2.0", id: "1" });
  const codes = (messages: unknown[]) =>
    messages.map((message) => (message as { error: { code: number } }).error.code);
  assert.deepEqual(codes(rig.downstream.messages()), [-32600]);
  assert.deepEqual(codes(rig.upstream.messages()), [403]);
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay lets a batch wait for facts and for room, in its order", async () => {
  const facts = Promise.withResolvers<Facts>();
  const rig = rigOf();
  const judged = rigOf({ rules: [underTmp] }, () => facts.promise);
  settle(rig);
  settle(judged);
  rig.upstream.congested = true;
  const roomless = agentSays(rig, [call(1, "x"), call(2, "x")]);
  assert.ok(roomless instanceof Promise);
  assert.deepEqual(rig.upstream.messages().map(({ id }) => id), [1]);
  rig.upstream.makeRoom();
  await roomless;
  assert.deepEqual(rig.upstream.messages().map(({ id }) => id), [1, 2]);

  const waiting = agentSays(judged, [
    { jsonrpc: "2.0", id: 1, method: "ping" },
    call(2, "read", { path: "/tmp/a" }),
    { jsonrpc: "2.0", id: 3, method: "ping" },
  ]);
  assert.ok(waiting instanceof Promise);
  assert.deepEqual(judged.upstream.messages().map(({ id }) => id), [1]);
  facts.resolve(
    new Map([["/tmp", { kind: "real", path: "/tmp" }], ["/tmp/a", { kind: "missing", path: "/tmp/a" }]]),
  );
  await waiting;
  assert.deepEqual(judged.upstream.messages().map(({ id }) => id), [1, 2, 3]);
  for (const each of [rig, judged]) {
    each.relay.stop("test");
    await each.done;
  }
});

Deno.test("Relay answers a batch that still waits for facts when the server goes, and writes nothing after the last record", async () => {
  const facts = Promise.withResolvers<Facts>();
  const rig = rigOf({ rules: [underTmp] }, () => facts.promise);
  settle(rig);
  void agentSays(rig, [call(1, "read", { path: "/tmp/a" }), { jsonrpc: "2.0", id: 2, method: "ping" }]);
  rig.exited.resolve({ status: 3, description: "exit status 3" });
  rig.upstream.receiver.end();
  await rig.done;
  const [answers] = rig.downstream.messages() as unknown as { id: number; error?: { code: number } }[][];
  assert.deepEqual(answers.map(({ id, error }) => [id, error?.code]), [[1, 503], [2, 503]]);
  const records = rig.sink.records.length;
  facts.resolve(new Map());
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([rig.sink.records.length, rig.sink.records.at(-1)?.kind], [records, "end"]);
});

Deno.test("a cancellation behind a call that waits for facts is taken after the call, and cancels it", async () => {
  const facts = Promise.withResolvers<Facts>();
  const input = new PassThrough();
  const agent = new StreamChannel(input, new PassThrough(), { dropFraming: false });
  const rig = rigOf({ rules: [underTmp] }, () => facts.promise, true, agent);
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
  input.write(`${JSON.stringify(call(1, "read", { path: "/tmp/a" }))}\n${JSON.stringify(cancel)}\n`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(rig.upstream.sent, []);
  facts.resolve(
    new Map([["/tmp", { kind: "real", path: "/tmp" }], ["/tmp/a", { kind: "missing", path: "/tmp/a" }]]),
  );
  while (rig.upstream.sent.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(rig.upstream.messages(), [call(1, "read", { path: "/tmp/a" }), cancel]);
  serverSays(rig, { jsonrpc: "2.0", id: 1, result: {} });
  assert.equal(rig.sink.records.at(-1)?.code, "unasked");
  rig.relay.stopNow("test");
  await rig.done;
});

// ——— what waits for a person ———

const asking = {
  rules: [
    ruleOf({ id: "remove", effect: "ask", scope: scopeOf({ tools: ["remove"] }) }),
    ruleOf({ id: "model", effect: "ask", scope: scopeOf({ methods: ["sampling/createMessage"] }) }),
  ],
};

/** A session past its handshake with a client that shows forms; gives what it was asked by us. */
function askingRig(clock: { ms: number } = { ms: 0 }) {
  const rig = rigOf(asking, undefined, true, undefined, clock);
  const params = { capabilities: { elicitation: {} } };
  agentSays(rig, { jsonrpc: "2.0", id: 0, method: "initialize", params });
  serverSays(rig, { jsonrpc: "2.0", id: 0, result: { protocolVersion: "2025-11-25" } });
  rig.downstream.sent.length = rig.upstream.sent.length = 0;
  return { ...rig, question: () => String(rig.downstream.messages().at(-1)?.id) };
}

const yes = (id: string) => ({
  jsonrpc: "2.0",
  id,
  result: { action: "accept", content: { decision: "approve" } },
});

Deno.test("Relay lets a call go on when a person has approved it, of either side", async () => {
  const rig = askingRig();
  agentSays(rig, call(1, "remove"));
  assert.deepEqual(rig.upstream.sent, []);
  agentSays(rig, yes(rig.question()));
  assert.deepEqual(rig.upstream.messages(), [call(1, "remove")]);
  const request = { jsonrpc: "2.0", id: 9, method: "sampling/createMessage", params: {} };
  serverSays(rig, request);
  const question = rig.question();
  assert.match(question, /^lilith-/);
  agentSays(rig, yes(question));
  assert.deepEqual(rig.downstream.messages().at(-1), request);
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay passes nothing approved whose record cannot be written, and its sender is told", async () => {
  const rig = askingRig();
  agentSays(rig, call(1, "remove"));
  const question = rig.question();
  rig.sink.failing = true;
  agentSays(rig, yes(question));
  assert.deepEqual(rig.upstream.sent, []);
  assert.deepEqual(rig.downstream.messages().at(-1)?.error?.code, 403);
  rig.sink.failing = false;
  agentSays(rig, yes(question));
  assert.deepEqual(rig.upstream.sent, []);
  const sequences = rig.sink.records.map(({ seq }) => seq);
  assert.deepEqual(sequences, sequences.map((_, i) => Number(sequences[0]) + i), "the chain has a gap");
  rig.relay.stop("test");
  await rig.done;
});

/** Runs the timers that are due after `ms` or more, at a time of the test's choosing. */
async function withTimers(
  act: (ring: (leastMs: number) => void) => Promise<void>,
): Promise<void> {
  const timers = new Map<number, { act: () => void; ms: number }>();
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  let next = 0;
  globalThis.setTimeout = ((act: () => void, ms: number) => {
    if (ms < 4_000) return realSet(act, ms);
    timers.set(++next, { act, ms });
    return next;
  }) as never;
  globalThis.clearTimeout = ((timer: number) => timers.delete(timer) || realClear(timer)) as never;
  try {
    await act((leastMs) => {
      for (const [timer, { act, ms }] of [...timers]) {
        if (ms < leastMs) continue;
        timers.delete(timer);
        act();
      }
    });
  } finally {
    globalThis.setTimeout = realSet;
    globalThis.clearTimeout = realClear;
  }
}

const sequenceGaps = (records: readonly Record<string, unknown>[]) =>
  records.filter(({ seq, prev }, i) =>
    i > 0 && (seq !== Number(records[i - 1].seq) + 1 || prev !== records[i - 1].hash)
  );

Deno.test("a wait that ends while the log cannot be written leaves no gap in the chain of what follows", () =>
  withTimers(async (ring) => {
    const clock = { ms: 1_000 };
    const rig = askingRig(clock);
    agentSays(rig, call(1, "remove"));
    rig.sink.failing = true;
    clock.ms = 1_000_000;
    ring(10_000);
    assert.deepEqual(rig.upstream.sent, []);
    assert.equal(rig.downstream.messages().filter(({ id }) => id === 1).length, 1);
    rig.sink.failing = false;
    agentSays(rig, { jsonrpc: "2.0", id: 2, method: "ping" });
    assert.equal(rig.sink.records.at(-1)?.kind, "decision");
    assert.deepEqual(sequenceGaps(rig.sink.records), []);
    rig.relay.stop("test");
    await rig.done;
    assert.deepEqual(sequenceGaps(rig.sink.records), []);
  }));

Deno.test("an answer to ourselves that cannot be recorded leaves no gap in the chain, and the call is judged without it", () =>
  withTimers(async () => {
    const rig = rigOf({ default: "allow", invisibleText: "refuse" });
    const waiting = agentSays(rig, call(1, "x"));
    const asked = rig.upstream.messages().at(-1)!;
    assert.match(String(asked.id), /^lilith-/);
    rig.sink.failing = true;
    serverSays(rig, { jsonrpc: "2.0", id: asked.id, result: { tools: [{ name: "x" }] } });
    rig.sink.failing = false;
    await waiting;
    assert.equal(rig.upstream.sent.length, 1);
    assert.deepEqual(rig.downstream.messages().map(({ id }) => id), [1]);
    assert.deepEqual(sequenceGaps(rig.sink.records), []);
    rig.relay.stop("test");
    await rig.done;
    assert.deepEqual(sequenceGaps(rig.sink.records), []);
  }));

Deno.test("what is recorded before an approval is looked up is in the log, and leaves no gap", () =>
  withTimers(async (ring) => {
    const remove = ruleOf({ id: "r", effect: "ask", scope: scopeOf({ tools: ["x"] }), schema: "declared" });
    const rig = rigOf(
      { default: "allow", rules: [remove] },
      () => withApproval(new Map(), { kind: "denied", id: "a" }),
      true,
      undefined,
      { ms: 0 },
      { file: "state" },
    );
    const waiting = agentSays(rig, call(1, "x"));
    ring(4_000); // the server does not answer
    await waiting;
    assert.deepEqual(rig.upstream.messages().map(({ id }) => String(id).slice(0, 7)), ["lilith-"]);
    assert.match(JSON.stringify(rig.downstream.messages()), /a person has denied exactly this/);
    assert.deepEqual(rig.sink.records.map(({ kind, name }) => [kind, name]), [
      ["event", "server_asked"],
      ["event", "server_answered"],
      ["decision", "x"],
    ]);
    assert.deepEqual(sequenceGaps(rig.sink.records), []);
    assert.match(rig.said.join(), /did not answer/);
    rig.relay.stop("test");
    await rig.done;
  }));

Deno.test("calls that were approved in one message all go on, also where the server has no room", async () => {
  const rig = askingRig();
  agentSays(rig, {
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: { capabilities: { elicitation: {} } },
  });
  serverSays(rig, { jsonrpc: "2.0", id: 0, result: { protocolVersion: "2025-03-26" } });
  const ids: string[] = [];
  for (const n of [1, 2, 3]) {
    agentSays(rig, call(n, "remove", { n }));
    ids.push(rig.question());
  }
  rig.upstream.sent.length = 0;
  rig.upstream.congested = true;
  const done = agentSays(rig, `[${ids.map((id) => JSON.stringify(yes(id))).join()}]`);
  while (rig.upstream.sent.length < 3) {
    const before: number = rig.upstream.sent.length;
    rig.upstream.makeRoom();
    await new Promise((resolve) => setTimeout(resolve, 1));
    rig.upstream.congested = true;
    if (rig.upstream.sent.length === before) break;
  }
  rig.upstream.makeRoom();
  await done;
  assert.deepEqual(rig.upstream.messages().map(({ id }) => id), [1, 2, 3]);
  rig.relay.stop("test");
  await rig.done;
});

Deno.test("Relay ends the wait for a person when its time has come, and keeps no timer after the end", async () => {
  const timers = new Map<number, { act: () => void; ms: number }>();
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const clock = { ms: 1_000 };
  let next = 0;
  globalThis.setTimeout = ((act: () => void, ms: number) => (timers.set(++next, { act, ms }), next)) as never;
  globalThis.clearTimeout = ((timer: number) => timers.delete(timer)) as never;
  try {
    const rig = askingRig(clock);
    agentSays(rig, call(1, "remove"));
    clock.ms += 1;
    agentSays(rig, { ...call(2, "remove"), params: { name: "remove", arguments: { other: 1 } } });
    const waits = () => [...timers].filter(([, { ms }]) => ms > 10_000);
    assert.deepEqual(waits().map(([, { ms }]) => ms), [300_000]);
    const [[first, { act }]] = waits();
    timers.delete(first);
    clock.ms = 301_000;
    act();
    assert.deepEqual(
      rig.downstream.messages().filter(({ result }) => result !== undefined).map(({ id }) => id),
      [1],
    );
    assert.equal(rig.downstream.unflushed, 0);
    assert.deepEqual(waits().length, 0); // the next one is due at once
    assert.equal(timers.size, 1);
    rig.exited.resolve({ status: 0, description: "exit status 0" });
    rig.upstream.receiver.end();
    await rig.done;
    assert.equal([...timers.values()].filter(({ ms }) => ms <= 1).length, 0);
    assert.equal(rig.downstream.messages().filter(({ id }) => id === 2).length, 1);
  } finally {
    globalThis.setTimeout = realSet;
    globalThis.clearTimeout = realClear;
  }
});
