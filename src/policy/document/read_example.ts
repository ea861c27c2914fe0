/** One example of a policy: a call and the verdict that its author expects. */

import type { TextPosition } from "../../errors.ts";
import type { Example, ExampleCall } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { warnOfLookAlikes } from "./look_alike.ts";
import type { ExampleShape } from "./schema.ts";
import { readShape } from "./shape_issue.ts";
import { nearest } from "./suggest.ts";
import { entryOf, toJson, type YamlEntry, type YamlMap, type YamlNode } from "./yaml_tree.ts";

/** What examples may expect of the rules: id → effect. */
export type RuleEffects = ReadonlyMap<string, Example["expect"] | undefined>;

const targets = ["tool", "resource", "prompt", "method"] as const;

/** Methods that have a target of their own in the language of policies. */
const targetMethods: Readonly<Record<string, string>> = {
  "tools/call": "tool",
  "resources/read": "resource",
  "prompts/get": "prompt",
};

/** Reads example `number` (counted from 1); `undefined` where the report now says what is wrong with it. */
export function readExample(
  node: YamlNode,
  number: number,
  rules: RuleEffects,
  report: Report,
): Example | undefined {
  const shape = readShape("example", `example ${number}`, node, report);
  const call = entryOf(node, "call");
  const expect = entryOf(node, "expect");
  if (shape === undefined || call?.value.kind !== "map" || expect === undefined) return undefined;
  const judged = readCall(call.value, call.keyAt, shape.call.from, report);
  const expected = readExpectation(expect, rules, report);
  const before = readBefore(node, shape, report);
  if (judged === undefined || expected === undefined || before === undefined) return undefined;
  return {
    ...judged,
    ...expected,
    at: node.at,
    ...(typeof shape.after === "number" ? { after: shape.after } : {}),
    ...(before.length === 0 ? {} : { afterCalls: before }),
  };
}

/** The calls that were made before; undefined where one of them is wrong. */
function readBefore(node: YamlNode, { after }: ExampleShape, report: Report): ExampleCall[] | undefined {
  const written = entryOf(node, "after")?.value;
  if (typeof after !== "object" || written?.kind !== "list") return [];
  const calls = written.items.map((item, index) =>
    item.kind === "map" ? readCall(item, item.at, after[index].from, report) : undefined
  );
  return calls.every((call) => call !== undefined) ? calls : undefined;
}

function readCall(
  call: YamlMap,
  at: TextPosition,
  side: "agent" | "server" | undefined,
  report: Report,
): ExampleCall | undefined {
  const target = readTarget(call, at, report);
  if (target === undefined) return undefined;
  const from = side === "server" ? "upstream" : "downstream";
  if (from === "upstream" && target.target !== "method") {
    report.error(
      "policy_bad_value",
      entryOf(call, "from")!.value.at,
      `a server that asks for a ${target.target}`,
      "What a server asks for is a method, for example sampling/createMessage",
    );
    return undefined;
  }
  const args = entryOf(call, "arguments");
  if (args !== undefined) warnOfLookAlikes(args.value, report);
  return { ...target, from, ...(args === undefined ? {} : { argumentsJson: toJson(args.value) }) };
}

function readTarget(
  call: YamlMap,
  at: TextPosition,
  report: Report,
): Pick<Example, "target" | "name"> | undefined {
  const found = targets.flatMap((target) => {
    const entry = entryOf(call, target);
    return entry === undefined ? [] : [{ target, entry }];
  });
  const hint = "Write one of tool, resource, prompt and method";
  if (found.length === 0) {
    report.error("policy_wrong_type", at, "a call of nothing", hint);
    return undefined;
  }
  if (found.length > 1) {
    report.error(
      "policy_bad_value",
      found[1].entry.keyAt,
      `a call of a ${found[0].target} and a ${found[1].target}`,
      hint,
    );
    return undefined;
  }
  const [{ target, entry }] = found;
  const name = entry.value.kind === "scalar" ? String(entry.value.value) : "";
  const own = target === "method" && Object.hasOwn(targetMethods, name) ? targetMethods[name] : undefined;
  if (own !== undefined) {
    report.error(
      "policy_bad_value",
      entry.value.at,
      `the method ${quote(name)} in an example`,
      `Write ${own}: and its name`,
    );
    return undefined;
  }
  return { target, name };
}

function readExpectation(
  { value, keyAt }: YamlEntry,
  rules: RuleEffects,
  report: Report,
): Pick<Example, "expect" | "expectRule"> | undefined {
  if (value.kind === "scalar") return { expect: value.value as Example["expect"] };
  if (value.kind !== "map" || value.entries.length !== 1) {
    report.error(
      "policy_bad_value",
      keyAt,
      "an example that expects not exactly one verdict",
      "For example expect: { deny: default }",
    );
    return undefined;
  }
  const [{ key, value: named }] = value.entries;
  const rule = named.kind === "scalar" ? String(named.value) : "";
  const expect = key as Example["expect"];
  if (rule === "default") {
    if (expect === "allow" || expect === "deny") return { expect, expectRule: rule };
    const what = `what no rule decides is allowed or denied, never ${
      expect === "ask" ? "asked for" : "limited"
    }`;
    report.error("policy_bad_value", named.at, what);
    return undefined;
  }
  if (!rules.has(rule)) {
    report.error(
      "policy_bad_value",
      named.at,
      `no rule has the id ${quote(rule)}`,
      nearestRule(rule, rules),
    );
    return undefined;
  }
  const effect = rules.get(rule);
  if (effect !== undefined && effect !== expect) {
    report.error(
      "policy_bad_value",
      named.at,
      `the rule ${quote(rule)} can only ${effect}, never ${expect}`,
      `Write ${effect}: ${rule}`,
    );
    return undefined;
  }
  return { expect, expectRule: rule };
}

function nearestRule(rule: string, rules: RuleEffects): string {
  const known = [...rules.keys(), "default"];
  const meant = nearest(rule, known);
  if (meant !== undefined) return `Did you mean ${quote(meant)}?`;
  return known.length > 12 ? "Name a rule by its id, or default" : `There are ${known.join(", ")}`;
}
