import assert from "node:assert/strict";
import { noFacts } from "../../src/policy/facts.ts";
import { resultBound } from "../../src/policy/result_bound.ts";
import { call, compile, document, equals, rule } from "./support/build.ts";

const open = rule("allow", "*", { id: "open" });

function boundOf(rules: Parameters<typeof document>[0], name: string, argumentsJson = "{}") {
  return resultBound(compile([document(rules)]), call(name, argumentsJson), noFacts, 0)?.bytesMax;
}

Deno.test("the smallest bound of all rules about a call holds, whichever let it through", () => {
  const large = rule("allow", "read", { id: "large", resultBytesMax: 2000 });
  const small = rule("ask", "re*", { id: "small", resultBytesMax: 1000 });
  assert.equal(boundOf([open, large, small], "read"), 1000);
  assert.equal(boundOf([small, large, open], "read"), 1000);
  assert.equal(boundOf([large, open], "read"), 2000);
  assert.equal(boundOf([large, small, open], "write"), undefined);
});

Deno.test("a spelling that a server takes for the rule's tool does not escape its bound", () => {
  const small = rule("allow", "read", { id: "small", resultBytesMax: 1000 });
  for (const name of ["Read", "READ", "re%61d"]) assert.equal(boundOf([open, small], name), 1000, name);
});

Deno.test("a rule of which a check says no bounds nothing; one in doubt does", () => {
  const about = rule("allow", "read", { id: "logs", args: { kind: [equals("log")] }, resultBytesMax: 1000 });
  assert.equal(boundOf([open, about], "read", '{"kind":"log"}'), 1000);
  assert.equal(boundOf([open, about], "read", '{"kind":["log"]}'), 1000);
  assert.equal(boundOf([open, about], "read", '{"kind":"text"}'), undefined);
});
