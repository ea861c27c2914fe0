import assert from "node:assert/strict";
import type { Operation } from "../../src/mcp/operation.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import { denyAll } from "../../src/policy/deny_all.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { initialState } from "../../src/policy/state.ts";

const policy = compilePolicies([denyAll()], {
  workingDirectory: "/",
  pathCase: "exact",
  ownFiles: [],
}, undefined);

function judge(operation: Partial<Operation>) {
  return decide(
    policy,
    initialState(policy),
    {
      from: "downstream",
      method: "tools/call",
      target: "tool",
      name: "read_file",
      arguments: undefined,
      housekeeping: false,
      ...operation,
    },
    noFacts,
    0,
  );
}

Deno.test("denyAll() denies tools, resources and prompts, and says that no policy was given", () => {
  for (
    const operation of [
      {},
      { method: "resources/read", target: "resource", name: "file:///a" },
      { method: "prompts/get", target: "prompt", name: "p" },
    ] as const
  ) {
    const { verdict, action, rule, reason } = judge(operation);
    assert.deepEqual({ verdict, action, rule }, { verdict: "deny", action: "deny", rule: "no-policy" });
    assert.match(reason, /started without a policy/);
  }
});

Deno.test("denyAll() denies what a server asks for", () => {
  const method = "sampling/createMessage";
  assert.equal(judge({ from: "upstream", method, target: "method", name: method }).verdict, "deny");
});

Deno.test("denyAll() lets the handshake pass, so that the client can tell its user", () => {
  const method = "initialize";
  assert.equal(judge({ method, target: "method", name: method, housekeeping: true }).verdict, "allow");
});
