import assert from "node:assert/strict";
import { targetNameCharactersMax } from "../../src/limits.ts";
import { LilithError } from "../../src/errors.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import { noFacts } from "../../src/policy/facts.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { call, compile, document, finds, operation, rule, under } from "./support/build.ts";

function refusal(build: () => unknown): LilithError {
  try {
    build();
  } catch (error) {
    assert.ok(error instanceof LilithError, String(error));
    return error;
  }
  assert.fail("it was not refused");
}

Deno.test("compilePolicies() refuses a pattern with its position, the text and an alternative", () => {
  const bad = finds("(?=x)");
  const error = refusal(() => compile(document([rule("deny", "*", { args: { a: [bad] } })])));
  assert.equal(error.code, "policy_bad_value");
  assert.equal(
    error.message,
    'Cannot use the pattern "(?=x)": it looks ahead, which has no linear-time form (character 1: "(?=x)")',
  );
  assert.match(error.hint ?? "", /two checks/);
  assert.deepEqual(error.at, { file: "team.yaml", line: 7, column: 3 });
});

Deno.test("compilePolicies() keeps the file of a position that has one", () => {
  const bad = { ...finds("("), at: { file: "other.yaml", line: 1, column: 2 } };
  const error = refusal(() => compile(document([rule("deny", "*", { args: { a: [bad] } })])));
  assert.deepEqual(error.at, { file: "other.yaml", line: 1, column: 2 });
});

Deno.test("compilePolicies() refuses a rate that cannot be kept", () => {
  const { to: _, ...withoutRate } = rule("limit", "*", { id: "pace" });
  for (const bad of [withoutRate, { ...withoutRate, to: { calls: 0, perMs: 1, burst: 1 } }]) {
    const error = refusal(() => compile(document([bad])));
    assert.equal(error.code, "policy_bad_value");
    assert.equal(error.message, 'Cannot use policy "team": the rate of rule "pace" cannot be kept');
    assert.deepEqual(error.at, { file: "team.yaml", line: 7, column: 3 });
  }
});

Deno.test("compilePolicies() refuses two limits with one id in one policy, and takes them in two", () => {
  const pace = rule("limit", "*", { id: "pace" });
  assert.match(refusal(() => compile(document([pace, pace]))).message, /two limits are called "pace"/);
  const policy = compile([document([pace]), document([pace])]);
  assert.deepEqual([...policy.buckets.keys()], ["1/pace", "2/pace"]);
});

Deno.test("compilePolicies() refuses a relative directory in `under`", () => {
  const error = refusal(() => compile(document([rule("deny", "*", { args: { a: [under("tmp")] } })])));
  assert.equal(error.code, "policy_bad_value");
  assert.match(error.message, /"tmp" is no absolute directory/);
});

Deno.test("compilePolicies() refuses relative paths from its caller, and patterns without an engine", () => {
  assert.equal(refusal(() => compile(document([]), { workingDirectory: "work" })).code, "internal");
  assert.equal(refusal(() => compile(document([]), { ownFiles: ["policy.yaml"] })).code, "internal");
  const options = { workingDirectory: "/", pathCase: "exact" as const, ownFiles: [] };
  const withPattern = document([rule("deny", "*", { args: { a: [finds("x")] } })]);
  assert.equal(refusal(() => compilePolicies([withPattern], options, undefined)).code, "internal");
  assert.doesNotThrow(() => compilePolicies([document([rule("deny", "*")])], options, undefined));
});

/** The rule that decides. */
function decidedBy(documents: PolicyDocument | readonly PolicyDocument[], asked = call("read")): string {
  const policy = compile(documents);
  return decide(policy, initialState(policy), asked, noFacts, 0).rule;
}

Deno.test("no documents are one that denies everything but the protocol's housekeeping", () => {
  assert.equal(decidedBy([]), "default");
  assert.equal(decidedBy([], operation({ method: "ping", housekeeping: true })), "protocol");
});

Deno.test("an allow covers a name exactly, a deny and a limit in any case and compatible spelling", () => {
  for (const name of ["Read", "READ", "ｒead", "r%65ad", "r%2565ad"]) {
    for (const pattern of ["read", "re*", "?ead"]) {
      if (pattern !== "?ead" || !name.endsWith("ead")) {
        assert.equal(
          decidedBy(document([rule("allow", pattern)]), call(name)),
          "default",
          `${pattern} ? ${name}`,
        );
      }
      assert.equal(decidedBy(document([rule("deny", pattern)]), call(name)), "deny", `${pattern} ? ${name}`);
      const limited = compile(document([rule("limit", pattern)], { default: "allow" }));
      const { charges } = decide(limited, initialState(limited), call(name), noFacts, 0);
      assert.equal(charges.length, 1, `${pattern} ? ${name}`);
    }
  }
});

Deno.test("a rule covers what any of its lists covers, by the kind of the target", () => {
  const all = document([rule("allow", {
    tools: ["t"],
    resources: ["x://*"],
    prompts: ["p"],
    methods: ["sampling/*"],
  })]);
  const target = (target: "tool" | "resource" | "prompt", method: string, name: string) =>
    decidedBy(all, operation({ target, method, name }));
  assert.equal(target("tool", "tools/call", "t"), "allow");
  assert.equal(target("tool", "tools/call", "p"), "default");
  assert.equal(target("resource", "resources/read", "x://a"), "allow");
  assert.equal(target("resource", "resources/read", "t"), "default");
  assert.equal(target("prompt", "prompts/get", "p"), "allow");
  assert.equal(target("prompt", "prompts/get", "t"), "default");
  assert.equal(decidedBy(all, operation({ method: "sampling/createMessage" })), "allow");
  assert.equal(decidedBy(all, operation({ method: "t" })), "default");
});

Deno.test("a rule over methods covers tool calls and both directions", () => {
  const denied = document([rule("deny", { methods: ["tools/call", "Sampling/*"] })], { default: "allow" });
  assert.equal(decidedBy(denied), "deny");
  for (const from of ["downstream", "upstream"] as const) {
    assert.equal(decidedBy(denied, operation({ from, method: "sampling/createMessage" })), "deny");
  }
});

Deno.test("a URI that climbs is covered by an allow only letter by letter, by a deny where it leads", () => {
  const uri = (name: string) => operation({ method: "resources/read", target: "resource", name });
  const allowTmp = document([rule("allow", { resources: ["file:///tmp/*"] })]);
  assert.equal(decidedBy(allowTmp, uri("file:///tmp/a")), "allow");
  for (const climbing of ["file:///tmp/../etc/passwd", "file:///tmp/%2e%2e/etc", "file:///tmp/./a"]) {
    assert.equal(decidedBy(allowTmp, uri(climbing)), "default", climbing);
    assert.equal(
      decidedBy(document([rule("allow", { resources: [climbing] })]), uri(climbing)),
      "allow",
      climbing,
    );
    assert.equal(
      decidedBy(document([rule("allow", { resources: ["*"] })]), uri(climbing)),
      "allow",
      climbing,
    );
  }
  const denyEtc = document([rule("deny", { resources: ["file:///etc/*"] })], { default: "allow" });
  for (
    const leading of [
      "file:///etc/passwd",
      "FILE:///ETC/passwd",
      "file:///tmp/../etc/passwd",
      "file:///tmp/%2e%2e/etc/passwd",
      "file:///%65tc/passwd",
      "file://localhost/etc/passwd",
      "file:/etc/passwd",
    ]
  ) {
    assert.equal(decidedBy(denyEtc, uri(leading)), "deny", leading);
  }
  assert.equal(decidedBy(denyEtc, uri("file:///tmp/a")), "default");
});

Deno.test("a name longer than is looked at is covered by every deny and by no allow", () => {
  const judge = (name: string) => [
    decidedBy(document([rule("allow", "*")]), call(name)),
    decidedBy(document([rule("deny", "read")], { default: "allow" }), call(name)),
  ];
  assert.deepEqual(judge("x".repeat(targetNameCharactersMax)), ["allow", "default"]);
  assert.deepEqual(judge("x".repeat(targetNameCharactersMax + 1)), ["default", "deny"]);
});
