import assert from "node:assert/strict";
import type { Operation } from "../../src/mcp/operation.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { decide } from "../../src/policy/decide.ts";
import { decideTogether } from "../../src/policy/decide_together.ts";
import { noFacts, withConsents, withShared } from "../../src/policy/facts.ts";
import { advance, initialState, type PolicyState } from "../../src/policy/state.ts";
import { couldAllow } from "../../src/policy/visible.ts";
import { call, compile, document, equals, operation, read, rule } from "./support/build.ts";

const readNotes = rule("allow", "read_notes", { id: "notes", taint: ["private"] });
const fetchPage = rule("allow", "fetch", { id: "fetch", taint: ["untrusted"] });
const send = rule("allow", "send_mail", { id: "mail" });
const wayOut = rule("deny", "send_mail", { id: "way-out", ifTainted: ["private", "untrusted"] });
const trifecta = compile(document([readNotes, fetchPage, send, wayOut]));

function after(policy: CompiledPolicy, ...operations: readonly Operation[]): PolicyState {
  return operations.reduce(
    (state, one) => advance(state, policy, decide(policy, state, one, noFacts, 0), 0),
    initialState(policy),
  );
}

function judgeAfter(policy: CompiledPolicy, asked: Operation, ...before: readonly Operation[]) {
  return decide(policy, after(policy, ...before), asked, noFacts, 0);
}

Deno.test("a deny with if_tainted is there once the session has all of its labels", () => {
  const [mail, notes, page] = [call("send_mail"), call("read_notes"), call("fetch")];
  assert.equal(judgeAfter(trifecta, mail).verdict, "allow");
  assert.equal(judgeAfter(trifecta, mail, notes).verdict, "allow");
  assert.equal(judgeAfter(trifecta, mail, page, page).verdict, "allow");
  const denied = judgeAfter(trifecta, mail, page, notes);
  assert.deepEqual([denied.verdict, denied.code, denied.rule], ["deny", "taint", "way-out"]);
  assert.equal(
    denied.reason,
    'tool "send_mail" is denied by rule "way-out", because of what the session has seen before: ' +
      '"private" (by tool "read_notes") and "untrusted" (by tool "fetch")',
  );
});

Deno.test("the author's own reason stands before what the session has seen", () => {
  const policy = compile(
    document([readNotes, send, { ...wayOut, ifTainted: ["private"], reason: "no way out" }]),
  );
  assert.equal(
    judgeAfter(policy, call("send_mail"), call("read_notes")).reason,
    'no way out, because of what the session has seen before: "private" (by tool "read_notes")',
  );
});

Deno.test("a decision names the labels that are new with it, and only if the call passes", () => {
  const taintsOf = (asked: Operation, ...before: readonly Operation[]) =>
    judgeAfter(trifecta, asked, ...before).taints;
  assert.deepEqual(taintsOf(call("read_notes")), [{ label: "private", by: 'tool "read_notes"' }]);
  assert.equal(taintsOf(call("read_notes"), call("read_notes")), undefined);
  assert.equal(taintsOf(call("send_mail")), undefined);
  const denied = compile(document([readNotes, rule("deny", "read_notes")]));
  assert.equal(judgeAfter(denied, call("read_notes")).taints, undefined);
  assert.deepEqual(after(denied, call("read_notes")).taints, []);
});

Deno.test("a call takes the labels of every rule that could be about it, whoever lets it through", () => {
  const policy = compile(document([
    rule("allow", "*", { id: "all" }),
    rule("allow", "read", { id: "home", args: { path: [equals("/home")] }, taint: ["private"] }),
    rule("allow", "read", { id: "odd", args: { mode: [equals("x")] }, others: "none", taint: ["odd"] }),
  ]));
  const labels = (asked: Operation) => (judgeAfter(policy, asked).taints ?? []).map(({ label }) => label);
  assert.deepEqual(labels(call("read", '{"path":"/home"}')), ["private"]);
  assert.deepEqual(labels(call("read", '{"path":"/tmp"}')), []);
  // What a lenient server could take for it counts too: an argument of another type, another spelling of the name.
  assert.deepEqual(labels(call("read", '{"path":["/home"]}')), ["private"]);
  assert.deepEqual(labels(call("READ", '{"path":"%2fHOME"}')), ["private"]);
  assert.deepEqual(labels(call("read", '{"mode":"x","more":1}')), ["odd"]);
});

Deno.test("an ask rule brings its labels in once a person has said yes", () => {
  const policy = compile(document([rule("ask", "read_notes", { taint: ["private"] })]));
  const state = initialState(policy);
  assert.equal(decide(policy, state, call("read_notes"), noFacts, 0).taints, undefined);
  const yes = decide(policy, state, call("read_notes"), withConsents(noFacts, new Set(["1/ask"])), 0);
  assert.deepEqual(yes.taints?.map(({ label }) => label), ["private"]);
});

Deno.test("an ask rule with if_tainted asks only in a session that has the labels", () => {
  const policy = compile(document([
    readNotes,
    send,
    rule("ask", "send_mail", { ifTainted: ["private"] }),
  ]));
  assert.equal(judgeAfter(policy, call("send_mail")).verdict, "allow");
  assert.equal(judgeAfter(policy, call("send_mail"), call("read_notes")).verdict, "ask");
});

Deno.test("a rule that only observes brings nothing in, and what waits for labels observes only with them", () => {
  const policy = compile(document([readNotes, send, { ...wayOut, ifTainted: ["private"], mode: "observe" }]));
  assert.deepEqual(judgeAfter(policy, call("send_mail")).observed, []);
  const { action, observed } = judgeAfter(policy, call("send_mail"), call("read_notes"));
  assert.equal(action, "forward");
  assert.deepEqual(observed.map(({ rule, verdict }) => [rule, verdict]), [["way-out", "deny"]]);
});

Deno.test("labels belong to the session, whichever policy gives them", () => {
  const company = document([wayOut], { name: "company", default: "allow" });
  const project = document([readNotes, fetchPage, send], { name: "project" });
  const policy = compile([company, project]);
  const denied = judgeAfter(policy, call("send_mail"), call("fetch"), call("read_notes"));
  assert.deepEqual([denied.policy, denied.code], ["company", "taint"]);
});

Deno.test("resources, prompts and methods of either side bring labels in and are held back too", () => {
  const policy = compile(document([
    rule("allow", { resources: ["file:///home/*"] }, { id: "home", taint: ["private"] }),
    rule("allow", { methods: ["*"] }, { id: "rest" }),
    rule("deny", { methods: ["sampling/createMessage"] }, { ifTainted: ["private"] }),
  ]));
  const sampling = operation({ method: "sampling/createMessage", from: "upstream" });
  assert.equal(judgeAfter(policy, sampling).verdict, "allow");
  assert.equal(judgeAfter(policy, sampling, read("file:///home/x")).code, "taint");
});

Deno.test("what accompanies an operation brings its labels in with it", () => {
  const policy = compile(document([
    rule("allow", "run", { id: "run" }),
    rule("allow", { resources: ["file:///home/*"] }, { id: "home", taint: ["private"] }),
  ]));
  const beside = { ...read("file:///home/x"), accompanies: true };
  const { decision } = decideTogether(policy, initialState(policy), call("run"), [beside], noFacts, 0);
  assert.equal(decision.action, "forward");
  assert.deepEqual(decision.taints, [{ label: "private", by: 'resource "file:///home/x"' }]);
});

Deno.test("what other proxies brought in counts, and is not brought in again", () => {
  const policy = compile(document([readNotes, fetchPage, send, wayOut]), { sharesState: true });
  const seen = { label: "untrusted", by: 'tool "browse"' };
  const facts = withShared(noFacts, { kind: "known", taints: [seen], used: [] });
  const here = advance(
    initialState(policy),
    policy,
    decide(policy, initialState(policy), call("read_notes"), facts, 0),
    0,
  );
  assert.deepEqual(here.taints.map(({ label }) => label), ["private"]);
  const denied = decide(policy, here, call("send_mail"), facts, 0);
  assert.equal(denied.code, "taint");
  assert.match(denied.reason, /"untrusted" \(by tool "browse"\)/);
  assert.equal(decide(policy, here, call("fetch"), facts, 0).taints, undefined);
});

Deno.test("a list shows a tool that is denied only in a tainted session", () => {
  const use = { from: "downstream", target: "tool", name: "send_mail", method: "tools/call" } as const;
  assert.equal(couldAllow(trifecta, use), true);
});
