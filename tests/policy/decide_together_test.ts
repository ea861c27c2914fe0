import assert from "node:assert/strict";
import { accompanyingResource, type Operation } from "../../src/mcp/operation.ts";
import { decideTogether, type JointDecision } from "../../src/policy/decide_together.ts";
import { noFacts } from "../../src/policy/facts.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { compile, document, finds, rule } from "./support/build.ts";

const method = "subscriptions/listen";
const listen: Operation = {
  from: "downstream",
  method,
  target: "method",
  name: method,
  arguments: undefined,
  housekeeping: false,
};

function judge(
  documents: PolicyDocument | readonly PolicyDocument[],
  uris: readonly string[],
  ownFiles: readonly string[] = [],
): JointDecision {
  const policy = compile(documents, { ownFiles });
  const rest = uris.map((uri) => accompanyingResource(method, uri));
  return decideTogether(policy, initialState(policy), listen, rest, noFacts, 0);
}

const said = ({ decision, operation }: JointDecision) => [decision.action, decision.rule, operation.name];

const allowListen = rule("allow", { methods: [method] }, { id: "listen" });
const noSecrets = rule("deny", { resources: ["*secret*"] }, { id: "secrets" });

Deno.test("what accompanies an operation passes without being allowed, and the operation decides", () => {
  assert.deepEqual(said(judge(document([allowListen]), ["a:b", "c:d"])), ["forward", "listen", method]);
  assert.deepEqual(said(judge(document([]), ["a:b"])), ["deny", "default", method]);
});

Deno.test("a rule that denies what accompanies denies the message, and is named with it", () => {
  const joint = judge(document([allowListen, noSecrets]), ["a:b", "a:secret", "b:secret"]);
  assert.deepEqual(said(joint), ["deny", "secrets", "a:secret"]);
  assert.deepEqual(joint.decision.charges, []);
});

Deno.test("a deny of what accompanies counts more than a limit on the operation", () => {
  const policy = (more: readonly ReturnType<typeof rule>[]) =>
    document([
      allowListen,
      rule("limit", { methods: [method] }, { id: "pace", to: { calls: 1, perMs: 60_000, burst: 1 } }),
      ...more,
    ]);
  const compiled = compile(policy([noSecrets]));
  const state = { ...initialState(compiled), buckets: { "1/pace": { tokens: 0, atMs: 0 } } };
  const rest = [accompanyingResource(method, "a:secret")];
  assert.equal(decideTogether(compiled, state, listen, [], noFacts, 0).decision.verdict, "limit");
  assert.deepEqual(said(decideTogether(compiled, state, listen, rest, noFacts, 0)), [
    "deny",
    "secrets",
    "a:secret",
  ]);
});

Deno.test("no limit counts what accompanies, and the operation is charged once", () => {
  const limits = [
    rule("limit", { methods: [method] }, { id: "methods" }),
    rule("limit", { resources: ["*"] }, { id: "resources" }),
  ];
  const { decision } = judge(document([allowListen, ...limits]), ["a:b", "c:d", "e:f"]);
  assert.equal(decision.action, "forward");
  assert.deepEqual(decision.charges, [{ bucket: "1/methods", tokens: 1 }]);

  const onUris = rule("limit", { methods: [method] }, { id: "uris", args: { uri: [finds("a")] } });
  const policy = compile(document([allowListen, onUris]));
  const spent = { ...initialState(policy), buckets: { "1/uris": { tokens: 0, atMs: 0 } } };
  const rest = [accompanyingResource(method, "a:b")];
  assert.equal(decideTogether(policy, spent, listen, rest, noFacts, 0).decision.action, "forward");
});

Deno.test("what is done to the operation counts more than what a policy that only observes says of another", () => {
  const paced = document([allowListen, rule("limit", { methods: [method] }, { id: "pace" })]);
  const policy = compile([paced, document([noSecrets], { mode: "observe", default: "allow" })]);
  const spent = { ...initialState(policy), buckets: { "1/pace": { tokens: 0, atMs: 0 } } };
  const rest = [accompanyingResource(method, "a:secret")];
  assert.deepEqual(said(decideTogether(policy, spent, listen, rest, noFacts, 0)), ["deny", "pace", method]);
});

Deno.test("a rule's args see the URI of what accompanies", () => {
  const rules = [
    allowListen,
    rule("deny", { resources: ["*"] }, { id: "keys", args: { uri: [finds("ssh")] } }),
  ];
  assert.deepEqual(said(judge(document(rules), ["file:///a"])), ["forward", "listen", method]);
  assert.deepEqual(said(judge(document(rules), ["file:///.ssh/a"])), ["deny", "keys", "file:///.ssh/a"]);
});

Deno.test("a deny that only observes is recorded once, passes, and charges what the operation costs", () => {
  const observing = rule("deny", { resources: ["*secret*"] }, { id: "watch", mode: "observe" });
  const limit = rule("limit", { methods: [method] }, { id: "pace" });
  const joint = judge(document([allowListen, observing, limit]), ["a:secret", "b:secret", "c:d"]);
  assert.deepEqual(said(joint), ["forward", "listen", method]);
  assert.deepEqual(joint.decision.observed.map(({ rule }) => rule), ["watch"]);
  assert.equal(joint.decision.charges.length, 1);

  const ceiling = document([noSecrets], { mode: "observe", default: "allow" });
  const watched = judge([document([allowListen, limit]), ceiling], ["a:secret"]);
  assert.deepEqual([watched.decision.verdict, ...said(watched)], ["deny", "forward", "secrets", "a:secret"]);
  assert.equal(watched.decision.charges.length, 1);
});

Deno.test("one of our own files may not accompany a message either", () => {
  const { decision } = judge(document([allowListen]), ["file:///etc/lilith.yaml"], ["/etc/lilith.yaml"]);
  assert.equal(decision.code, "own_file");
});
