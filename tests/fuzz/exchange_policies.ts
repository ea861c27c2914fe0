/** The policies between which an exchange changes, and in plain words what must hold under each. */

import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { policyOf, ruleOf, scopeOf } from "../support/policies.ts";

/** What is under the limit `pay` in each policy may not add up to more in one session. */
export const payMax = 20;

/** The largest answer to a call of `big`, where a policy says so. */
export const bigMax = 1024;

const tools = (...names: readonly string[]) => scopeOf({ tools: names });
const pay = ruleOf({
  id: "pay-limit",
  effect: "limit",
  scope: tools("pay"),
  quota: { per: "session", max: payMax, sum: "amount" },
});
const flows = [
  ruleOf({ id: "read", effect: "allow", scope: tools("read"), taint: ["private"] }),
  ruleOf({ id: "fetch", effect: "allow", scope: tools("fetch"), schema: "declared", taint: ["untrusted"] }),
  ruleOf({
    id: "no-way-out",
    effect: "deny",
    scope: tools("send"),
    ifTainted: ["private", "untrusted"],
  }),
  ruleOf({ id: "ask-to-send", effect: "ask", scope: tools("send"), ifTainted: ["private"] }),
  ruleOf({ id: "send", effect: "allow", scope: tools("send") }),
];
const asks = [
  ruleOf({ id: "remove", effect: "ask", scope: tools("remove") }),
  ruleOf({ id: "model", effect: "ask", scope: scopeOf({ methods: ["sampling/createMessage"] }) }),
];
const others = ruleOf({ id: "pay", effect: "allow", scope: tools("pay") });
const big = ruleOf({ id: "big", effect: "allow", scope: tools("big"), resultBytesMax: bigMax });

export interface ExchangePolicy {
  readonly compiled: CompiledPolicy;
  /** The same where limits and labels are shared with other proxies. */
  readonly sharing: CompiledPolicy;
  /** Whether labels are given and looked at. */
  readonly flows: boolean;
  readonly asks: boolean;
  readonly refusesInvisible: boolean;
  readonly boundsBig: boolean;
}

function make(
  sha256: string,
  document: Partial<PolicyDocument>,
  promises: Omit<ExchangePolicy, "compiled" | "sharing">,
): ExchangePolicy {
  const whole = { name: "test", sha256: sha256.repeat(64), ...document };
  return { compiled: policyOf(whole), sharing: policyOf(whole, { sharesState: true }), ...promises };
}

export const exchangePolicies: readonly ExchangePolicy[] = [
  make("1", { rules: [pay, ...flows, ...asks, others, big] }, {
    flows: true,
    asks: true,
    refusesInvisible: false,
    boundsBig: true,
  }),
  make("2", { rules: [pay, ...flows, ...asks, others, big], invisibleText: "refuse" }, {
    flows: true,
    asks: true,
    refusesInvisible: true,
    boundsBig: true,
  }),
  make("3", { rules: [pay, ...asks], default: "allow" }, {
    flows: false,
    asks: true,
    refusesInvisible: false,
    boundsBig: false,
  }),
  make("4", { rules: [pay], default: "allow", invisibleText: "refuse" }, {
    flows: false,
    asks: false,
    refusesInvisible: true,
    boundsBig: false,
  }),
];
