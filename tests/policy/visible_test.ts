import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { couldAllow } from "../../src/policy/visible.ts";
import { anyDocument, anyOperation, disk } from "./support/arbitrary.ts";
import { compile, document, equals, finds, rule } from "./support/build.ts";

function shows(documents: PolicyDocument | readonly PolicyDocument[], name = "read"): boolean {
  return couldAllow(compile(documents), { from: "downstream", target: "tool", name, method: "tools/call" });
}

const allowRead = rule("allow", "read", { args: { path: [equals("x")] } });

Deno.test("a tool is shown if some rule could allow it, or the default does", () => {
  assert.equal(shows(document([allowRead])), true);
  assert.equal(shows(document([allowRead]), "write"), false);
  assert.equal(shows(document([]), "write"), false);
  assert.equal(shows(document([], { default: "allow" }), "write"), true);
});

Deno.test("a tool that a rule denies without conditions is hidden, in any spelling", () => {
  const rules = [rule("allow", "*"), rule("deny", "read")];
  for (const name of ["read", "READ", "ｒead"]) assert.equal(shows(document(rules), name), false, name);
  assert.equal(shows(document(rules), "write"), true);
});

Deno.test("a deny that depends on the arguments hides nothing, nor does a limit", () => {
  const rules = [
    rule("allow", "*"),
    rule("deny", "read", { args: { a: [finds("x")] } }),
    rule("limit", "read"),
  ];
  assert.equal(shows(document(rules)), true);
});

Deno.test("a rule over methods hides what is used by the method", () => {
  assert.equal(shows(document([rule("allow", "*"), rule("deny", { methods: ["tools/*"] })])), false);
  assert.equal(shows(document([rule("allow", { methods: ["tools/call"] })])), true);
});

Deno.test("what only observes hides nothing, and an allow that only observes shows nothing", () => {
  assert.equal(shows(document([rule("allow", "*"), rule("deny", "read", { mode: "observe" })])), true);
  assert.equal(shows(document([rule("deny", "*")], { mode: "observe" })), true);
  assert.equal(shows(document([rule("allow", "*", { mode: "observe" })])), false);
});

Deno.test("a tool is hidden if one of several policies hides it", () => {
  assert.equal(shows([document([rule("allow", "*")]), document([allowRead])]), true);
  assert.equal(shows([document([rule("allow", "*")]), document([allowRead])], "write"), false);
});

Deno.test("without policies every tool is hidden", () => {
  assert.equal(shows([]), false);
});

Deno.test("resources and prompts are judged by their own lists", () => {
  const policy = compile(document([rule("allow", { resources: ["file:///tmp/*"], prompts: ["ask"] })]));
  const resource = (name: string) =>
    couldAllow(policy, { from: "downstream", target: "resource", name, method: "resources/read" });
  const prompt = (name: string) =>
    couldAllow(policy, { from: "downstream", target: "prompt", name, method: "prompts/get" });
  assert.deepEqual([resource("file:///tmp/a"), resource("file:///etc/a")], [true, false]);
  assert.deepEqual([prompt("ask"), prompt("tell")], [true, false]);
});

Deno.test("what passes is never hidden", () => {
  fc.assert(
    fc.property(
      fc.array(anyDocument, { minLength: 1, maxLength: 2 }),
      anyOperation,
      (documents, operation) => {
        const policy = compile(documents);
        const decision = decide(policy, initialState(policy), operation, disk().all(), 0);
        if (operation.housekeeping) return;
        assert.ok(decision.action === "deny" || couldAllow(policy, operation));
      },
    ),
    { numRuns: 2_000 },
  );
});
