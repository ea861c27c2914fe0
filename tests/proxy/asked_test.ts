import assert from "node:assert/strict";
import { noFacts, withShared } from "../../src/policy/facts.ts";
import { initialState } from "../../src/policy/state.ts";
import { decideAsked } from "../../src/proxy/asked.ts";
import type { Turn } from "../../src/proxy/turn.ts";
import type { ReadOperation } from "../../src/mcp/operation.ts";
import { compile, document, operation, rule } from "../policy/support/build.ts";

Deno.test("decideAsked() counts what is shared from one request to the next of the same message", () => {
  const policy = compile(
    document([
      rule("limit", { methods: ["sampling/createMessage"] }, { quota: { per: "session", max: 1 } }),
      rule("deny", { methods: ["elicitation/create"] }, { ifTainted: ["seen"] }),
      rule("allow", { methods: ["sampling/*"] }, { taint: ["seen"] }),
    ], { default: "allow" }),
    { sharesState: true },
  );
  const facts = withShared(noFacts, { kind: "known", taints: [], used: [] });
  const ask = (method: string) => operation({ method, from: "upstream" }) as ReadOperation;
  const turn = { gate: { policy }, nowMs: 0 } as unknown as Turn;
  const asked = [ask("sampling/createMessage"), ask("sampling/createMessage"), ask("elicitation/create")];
  const { all, denied } = decideAsked(turn, initialState(policy), asked, facts);
  assert.deepEqual(all.map(({ decision }) => decision.verdict), ["allow", "limit", "deny"]);
  assert.equal(denied?.decision.code, "taint");
});
