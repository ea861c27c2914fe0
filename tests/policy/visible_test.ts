import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { couldAllow, couldAllowTemplate } from "../../src/policy/visible.ts";
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

function showsTemplate(documents: PolicyDocument | readonly PolicyDocument[], template: string): boolean {
  return couldAllowTemplate(compile(documents), template, "downstream");
}

const resources = (effect: "allow" | "deny", ...globs: string[]) => rule(effect, { resources: globs });

Deno.test("a resource template is hidden where a rule denies it as it stands, or whatever its expressions become", () => {
  const denying = (...globs: string[]) => document([resources("deny", ...globs)], { default: "allow" });
  for (
    const [glob, template] of [
      ["*", "file:///{path}"],
      ["file:///etc/*", "file:///etc/{path}"],
      ["file:///etc/*", "file:///etc/{+dir}/{name}.txt"],
      ["FILE:///ETC/*", "file:///etc/{path}"],
      ["notes://{id}", "notes://{id}"],
      ["*.pem", "file:///{name}.pem"],
    ]
  ) assert.equal(showsTemplate(denying(glob), template), false, `${glob} ${template}`);
  for (
    const [glob, template] of [
      ["file:///etc/*", "file:///{path}"],
      ["*path*", "file:///{path}"],
      ["file:///etc/??*", "file:///etc/{path}"],
      ["file:///etc/?", "file:///etc/{path}"],
      ["*.pem", "file:///{name}"],
    ]
  ) assert.equal(showsTemplate(denying(glob), template), true, `${glob} ${template}`);
  assert.equal(showsTemplate(document([rule("deny", { methods: ["resources/read"] })]), "x:{y}"), false);
});

Deno.test("a resource template is shown where some URI of it could be allowed, as far as its beginning tells", () => {
  const allowing = (...globs: string[]) => document([resources("allow", ...globs)]);
  for (
    const [glob, template] of [
      ["*", "file:///{path}"],
      ["file:///tmp/*", "file:///{path}"],
      ["file:///tmp/*", "file:///tmp/{path}"],
      ["file:///tmp/*", "file:///tmp/a/{path}"],
      ["file:///tmp/a", "file:///tmp/{path}"],
      ["file:///t?p/a", "file:///tmp/{path}"],
    ]
  ) assert.equal(showsTemplate(allowing(glob), template), true, `${glob} ${template}`);
  for (
    const [glob, template] of [
      ["file:///tmp/*", "file:///etc/{path}"],
      ["file:///tmp", "file:///tmp/{path}"],
      ["notes:*", "file:///{path}"],
    ]
  ) assert.equal(showsTemplate(allowing(glob), template), false, `${glob} ${template}`);
  assert.equal(showsTemplate(document([]), "file:///{path}"), false);
  assert.equal(showsTemplate(document([rule("allow", { methods: ["resources/*"] })]), "x:{y}"), true);
  assert.equal(showsTemplate(document([], { mode: "observe" }), "x:{y}"), true);
  assert.equal(showsTemplate([allowing("*"), allowing("a:*")], "x:{y}"), false);
});
