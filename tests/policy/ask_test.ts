import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { type Facts, noFacts, withConsents } from "../../src/policy/facts.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { needs } from "../../src/policy/needs.ts";
import type { PolicyDocument, Rule } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { couldAllow } from "../../src/policy/visible.ts";
import { anyDocument, anyOperation, anyRuleThat, disk } from "./support/arbitrary.ts";
import { call, compile, document, equals, finds, operation, rule, under } from "./support/build.ts";

function judge(
  documents: PolicyDocument | readonly PolicyDocument[],
  asked: Operation,
  consents: readonly string[] = [],
  facts: Facts = noFacts,
): Decision {
  const policy = compile(documents);
  return decide(policy, initialState(policy), asked, withConsents(facts, new Set(consents)), 1_000);
}

const remove = rule("ask", "remove", { id: "remove" });
const argumentsFor = { args: { path: [equals("/tmp/a")] } };

Deno.test("an ask holds a call back until a person has consented to it", () => {
  const before = judge(document([remove]), call("remove"));
  assert.deepEqual(
    [before.verdict, before.action, before.code, before.rule],
    ["ask", "deny", "ask", "remove"],
  );
  assert.equal(before.reason, 'rule "remove" wants a person to approve tool "remove"');
  assert.deepEqual(before.asks?.map(({ key }) => key), ["1/remove"]);
  const after = judge(document([remove]), call("remove"), ["1/remove"]);
  assert.deepEqual([after.verdict, after.action, after.rule], ["allow", "forward", "remove"]);
  assert.equal(after.reason, 'a person approved tool "remove", as rule "remove" wants it');
  assert.equal(after.asks, undefined);
});

Deno.test("an ask opens only what it covers for certain", () => {
  const rules = [rule("ask", "remove", argumentsFor)];
  assert.equal(judge(document(rules), call("remove", `{"path":"/tmp/a"}`)).verdict, "ask");
  assert.equal(judge(document(rules), call("remove", `{"path":"/tmp/b"}`)).code, "default");
  assert.equal(judge(document(rules), call("remove", `{"path":["/tmp/a"]}`)).code, "default");
  assert.equal(judge(document(rules), call("remove", `{"path":"/TMP/a"}`)).code, "default");
  assert.equal(judge(document(rules), call("Remove", `{"path":"/tmp/a"}`)).code, "default");
});

Deno.test("an ask holds back, of what would pass without it, all that a deny in its words would stop", () => {
  for (const rules of [[rule("ask", "remove", argumentsFor), rule("allow", "*")]]) {
    assert.equal(judge(document(rules), call("remove", `{"path":"/tmp/a"}`)).verdict, "ask");
    assert.equal(judge(document(rules), call("remove", `{"path":["/tmp/a"]}`)).verdict, "ask");
    assert.equal(judge(document(rules), call("remove", `{"path":"/TMP/a"}`)).verdict, "ask");
    assert.equal(judge(document(rules), call("Remove", `{"path":"/tmp/a"}`)).verdict, "ask");
    assert.equal(judge(document(rules), call("remove", `{"path":"/tmp/b"}`)).verdict, "allow");
  }
  const open = document([rule("ask", "*", { args: { "**": [finds("secret")] } })], { default: "allow" });
  assert.equal(judge(open, call("send", `{"to":"me","text":"a %73ecret"}`)).verdict, "ask");
  assert.equal(judge(open, call("send", `{"to":"me","text":"hello"}`)).verdict, "allow");
});

Deno.test("what a rule denies or limits is never asked for, with consent or without", () => {
  const rules = [remove, rule("deny", "remove", { id: "never" })];
  for (const consents of [[], ["1/remove"]]) {
    assert.deepEqual(judge(document(rules), call("remove"), consents).rule, "never");
  }
  const policy = compile(document([remove, rule("limit", "*", { id: "pace" })]));
  const empty = { ...initialState(policy), buckets: { "1/pace": { tokens: 0, atMs: 1_000 } } };
  const consents = withConsents(noFacts, new Set(["1/remove"]));
  assert.equal(decide(policy, empty, call("remove"), noFacts, 1_000).verdict, "limit");
  assert.equal(decide(policy, empty, call("remove"), consents, 1_000).verdict, "limit");
  assert.equal(decide(policy, initialState(policy), call("remove"), noFacts, 1_000).charges.length, 0);
  assert.equal(decide(policy, initialState(policy), call("remove"), consents, 1_000).charges.length, 1);
});

Deno.test("one question is about every rule that asks, of every policy; one yes that is missing holds the call back", () => {
  const documents = [
    document([remove, rule("ask", "*", { id: "all" })]),
    document([rule("ask", "re*", { id: "company" })]),
  ];
  const keys = ["1/remove", "1/all", "2/company"];
  assert.deepEqual(judge(documents, call("remove")).asks?.map(({ key }) => key), keys);
  assert.equal(judge(documents, call("remove"), keys).verdict, "allow");
  for (const missing of keys) {
    const others = keys.filter((key) => key !== missing);
    const decision = judge(documents, call("remove"), others);
    assert.deepEqual([decision.verdict, decision.action], ["ask", "deny"]);
    assert.deepEqual(decision.asks?.map(({ key }) => key), [missing]);
  }
});

Deno.test("an ask that only observes is recorded and holds nothing back", () => {
  const watching = rule("ask", "remove", { id: "remove", mode: "observe" });
  const decision = judge(document([watching, rule("allow", "*")]), call("remove"));
  assert.equal(decision.action, "forward");
  assert.deepEqual(decision.observed.map(({ rule, verdict }) => [rule, verdict]), [["remove", "ask"]]);
  assert.equal(judge(document([watching]), call("remove")).code, "default");
  const policy = document([remove], { mode: "observe" });
  const observing = judge(policy, call("remove"));
  assert.deepEqual([observing.verdict, observing.action], ["ask", "forward"]);
});

Deno.test("nobody is asked about the protocol's housekeeping", () => {
  const rules = [rule("ask", { methods: ["*"] })];
  const ping = operation({ method: "ping", name: "ping", housekeeping: true });
  assert.equal(judge(document(rules), ping).verdict, "allow");
  const sampling = operation({
    method: "sampling/createMessage",
    name: "sampling/createMessage",
    from: "upstream",
  });
  assert.equal(judge(document(rules), sampling).verdict, "ask");
});

Deno.test("the facts that an ask wants are asked for, as an allow and as a deny would want them", () => {
  const policy = compile(document([rule("ask", "read", { args: { path: [under("/tmp")] } })]));
  const asked = call("read", `{"path":"/tmp/a"}`);
  assert.ok(needs(policy, asked).length > 0);
  const decide1 = (facts: Facts) => decide(policy, initialState(policy), asked, facts, 0).verdict;
  assert.equal(decide1(disk().answer(needs(policy, asked))), "ask");
  assert.equal(decide1(noFacts), "deny");
});

Deno.test("a tool that can only be asked for is shown", () => {
  const shows = (rules: readonly Rule[], name = "remove") =>
    couldAllow(compile(document(rules)), { from: "downstream", target: "tool", name, method: "tools/call" });
  assert.equal(shows([remove]), true);
  assert.equal(shows([remove], "other"), false);
  assert.equal(shows([{ ...remove, mode: "observe" }]), false);
  assert.equal(shows([remove, rule("deny", "*")]), false);
});

// ——— laws ———

const everything = { has: () => true } as unknown as ReadonlySet<string>;

Deno.test("adding an ask never lets through what did not pass before", () => {
  fc.assert(
    fc.property(anyDocument, anyRuleThat("ask"), anyOperation, (one, added, asked) => {
      const facts = disk().all();
      const before = judge(one, asked, [], facts);
      const after = judge({ ...one, rules: [...one.rules, added] }, asked, [], facts);
      if (before.action === "deny") assert.equal(after.action, "deny");
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("with every consent, a policy lets through what it would with allow in place of each ask", () => {
  fc.assert(
    fc.property(anyDocument, anyOperation, (one, asked) => {
      // (No label has been earned yet. And what opens for an unknown is no allow's business: an ask that is in doubt only holds back.)
      const rules = one.rules.map((some) =>
        some.effect === "ask"
          ? {
            ...some,
            effect: "allow" as const,
            ...(some.mode === "observe" || some.ifTainted !== undefined
              ? { scope: rule("allow", []).scope }
              : {}),
          }
          : some
      );
      const policy = compile(one);
      const facts = Object.assign(new Map(disk().all()), { consents: everything });
      const consented = decide(policy, initialState(policy), asked, facts, 1_000);
      const allowed = judge({ ...one, rules }, asked, [], disk().all());
      assert.equal(consented.action, allowed.action);
      assert.deepEqual(consented.charges, allowed.charges);
    }),
    { numRuns: 1_000 },
  );
});
