/** One rule of a policy: tree → Rule, or what is wrong with it. */

import type { TextPosition } from "../../errors.ts";
import { builtInRuleIds } from "../built_in.ts";
import { readUnits } from "../decimal.ts";
import type { ArgumentRule, Quota, Rate, Rule } from "../rule.ts";
import { parseSelector } from "../selector.ts";
import { quote } from "../sentence.ts";
import { checkSelectors } from "./check_selectors.ts";
import type { Report } from "./diagnostic.ts";
import { parseEnd } from "./moment.ts";
import { parseRate } from "./quantity.ts";
import { readArgument } from "./read_argument.ts";
import { readScope } from "./read_scope.ts";
import type { RuleShape } from "./schema.ts";
import { describeNode, readShape } from "./shape_issue.ts";
import { entryOf, type YamlEntry, type YamlNode } from "./yaml_tree.ts";

const effects = ["allow", "deny", "ask", "limit"] as const;

/**
 * Reads rule `number` (counted from 1); `undefined` where the report now says what is wrong with it.
 * Everything that can be said of the rule is said: a wrong `reason` does not hide a wrong `args`.
 */
export function readRule(node: YamlNode, number: number, report: Report): Rule | undefined {
  const shape = readShape("rule", `rule ${number}`, node, report);
  if (node.kind !== "map") return undefined;
  const args = readArguments(node, report);
  if (shape === undefined || args === undefined) return undefined;
  const effect = readEffect(node, report);
  if (effect === undefined) return undefined;
  const quota = readQuota(node, effect, report);
  const to = quota === undefined ? readRate(node, effect, shape, report) : undefined;
  const untilMs = readUntil(node, shape, report);
  checkOthers(node, effect, report);
  checkFor(node, effect, report);
  checkTaints(node, effect, report);
  for (const key of ["schema", "max_result"]) checkOpens(node, effect, key, report);
  checkMode(node, effect, shape, report);
  checkId(node, shape, report);
  return {
    id: shape.id ?? `rule-${number}`,
    effect: effect.key,
    scope: readScope(effect.value, effect.keyAt, report),
    args,
    others: shape.others ?? "any",
    mode: shape.mode ?? "enforce",
    at: node.at,
    ...(to === undefined ? {} : { to }),
    ...(quota === undefined || quota === "wrong" ? {} : { quota }),
    ...(shape.taint === undefined ? {} : { taint: readLabels(shape.taint) }),
    ...(shape.if_tainted === undefined ? {} : { ifTainted: readLabels(shape.if_tainted) }),
    ...(shape.for === undefined ? {} : { approvedForMs: shape.for }),
    ...(shape.schema === undefined ? {} : { schema: shape.schema }),
    ...(shape.max_result === undefined ? {} : { resultBytesMax: shape.max_result }),
    ...(shape.reason === undefined ? {} : { reason: shape.reason }),
    ...(untilMs === undefined ? {} : { untilMs }),
  };
}

type Effect = YamlEntry & { readonly key: Rule["effect"] };

function readEffect(node: YamlNode, report: Report): Effect | undefined {
  const found = effects.flatMap((key) => {
    const entry = entryOf(node, key);
    return entry === undefined ? [] : [{ ...entry, key }];
  });
  if (found.length === 1) return found[0];
  if (found.length === 0) {
    report.error(
      "policy_wrong_type",
      node.at,
      "a rule without allow, deny, ask or limit",
      "Write what it does and to which tools",
    );
  } else {
    const [first, second] = found;
    report.error(
      "policy_bad_value",
      second.keyAt,
      `a rule with ${first.key} and ${second.key}`,
      "A rule has one effect: write two rules",
    );
  }
  return undefined;
}

function readArguments(node: YamlNode, report: Report): ArgumentRule[] | undefined {
  const entry = entryOf(node, "args");
  if (entry === undefined) return [];
  if (entry.value.kind !== "map" || entry.value.entries.length === 0) {
    report.error(
      "policy_wrong_type",
      entry.value.kind === "map" ? entry.keyAt : entry.value.at,
      entry.value.kind === "map"
        ? '"args" names no argument'
        : `"args" is ${describeNode(entry.value)}, where a map is expected`,
      "Write args: { path: { under: /tmp } }, leave args out, or write others: none",
    );
    return undefined;
  }
  const args = entry.value.entries.map((argument) => readArgument(argument, report));
  if (!args.every((argument) => argument !== undefined)) return undefined;
  return checkSelectors(args, report) ? args : undefined;
}

/** `to:` where it is a map; undefined where it is none. */
function readQuota(node: YamlNode, effect: Effect, report: Report): Quota | "wrong" | undefined {
  const to = entryOf(node, "to");
  if (effect.key !== "limit" || to?.value.kind !== "map") return undefined;
  const shape = readShape("quota", '"to"', to.value, report);
  if (shape === undefined) return "wrong";
  const hint = "Write { calls: 100, per: session } or { sum: amount, max: 50000, per: day }";
  const refuse = (at: TextPosition, what: string): "wrong" => {
    report.error("policy_bad_value", at, what, hint);
    return "wrong";
  };
  const burst = entryOf(node, "burst");
  if (burst !== undefined) {
    return refuse(burst.keyAt, '"burst" belongs to a rate, as in 60 calls/minute');
  }
  const { calls, sum, max, per } = shape;
  if (calls !== undefined) {
    const odd = entryOf(to.value, "sum") ?? entryOf(to.value, "max");
    return odd === undefined
      ? { per, max: calls }
      : refuse(odd.keyAt, `a limit of calls and ${quote(odd.key)}`);
  }
  if (sum === undefined) return refuse(to.value.at, "a limit of what?");
  if (max === undefined) return refuse(to.value.at, `a limit of ${quote(sum)} without "max"`);
  const parsed = parseSelector(sum);
  const sumAt = entryOf(to.value, "sum")!.value.at;
  if (parsed.kind === "everywhere") return refuse(sumAt, '"sum" of any text: it sums up one argument');
  if (parsed.kind === "problem") {
    report.error("policy_bad_value", sumAt, parsed.what, parsed.hint);
    return "wrong";
  }
  if (readUnits(String(max)).kind !== "units") {
    return refuse(entryOf(to.value, "max")!.value.at, `"max" has more digits than can be summed up`);
  }
  return { per, max, sum };
}

function readLabels(written: string | readonly string[]): readonly string[] {
  return [...new Set([written].flat())];
}

/** What is denied brings nothing in, and an allow that came and went with the labels would open what they close. */
function checkTaints(node: YamlNode, effect: Effect, report: Report): void {
  const taint = entryOf(node, "taint");
  if (taint !== undefined && effect.key !== "allow" && effect.key !== "ask") {
    report.error(
      "policy_bad_value",
      taint.keyAt,
      `"taint" in a ${effect.key} rule, which lets nothing through`,
      "It belongs to allow and ask",
    );
  }
  const ifTainted = entryOf(node, "if_tainted");
  if (ifTainted !== undefined && effect.key !== "deny" && effect.key !== "ask") {
    report.error(
      "policy_bad_value",
      ifTainted.keyAt,
      `"if_tainted" in a rule that does not deny or ask`,
      "What the session has seen can close something, not open it: write a deny rule",
    );
  }
}

function readRate(node: YamlNode, effect: Effect, shape: RuleShape, report: Report): Rate | undefined {
  const to = entryOf(node, "to");
  const burst = entryOf(node, "burst");
  const hint = "A limit is written to: 60 calls/minute";
  if (effect.key !== "limit") {
    const odd = to ?? burst;
    if (odd !== undefined) {
      report.error(
        "policy_bad_value",
        odd.keyAt,
        `${quote(odd.key)} in a rule that does not limit`,
        "It belongs to limit",
      );
    }
    return undefined;
  }
  if (to === undefined) {
    report.error("policy_wrong_type", effect.keyAt, 'the key "to" is missing: limit to what?', hint);
    return undefined;
  }
  if (to.value.kind !== "scalar" || typeof to.value.value !== "string") {
    report.error(
      "policy_wrong_type",
      to.value.at,
      `"to" is ${describeNode(to.value)}, where text is expected`,
      hint,
    );
    return undefined;
  }
  const rate = parseRate(to.value.value);
  if (rate.kind === "problem") {
    report.error("policy_bad_value", to.value.at, `"to": ${rate.what}`, rate.hint);
    return undefined;
  }
  return { ...rate.value, burst: shape.burst ?? rate.value.burst };
}

function readUntil(node: YamlNode, shape: RuleShape, report: Report): number | undefined {
  if (shape.until === undefined) return undefined;
  const end = parseEnd(shape.until);
  if (end.kind === "ok") return end.value;
  report.error("policy_bad_value", entryOf(node, "until")!.value.at, `"until": ${end.what}`, end.hint);
  return undefined;
}

/** A deny or a limit that only covers calls without other arguments is left by adding one. */
function checkOthers(node: YamlNode, effect: Effect, report: Report): void {
  const others = entryOf(node, "others");
  if (others === undefined || effect.key === "allow" || effect.key === "ask") return;
  report.error(
    "policy_bad_value",
    others.keyAt,
    `"others" in a ${effect.key} rule, which any further argument would switch off`,
    "It belongs to allow and ask",
  );
}

/** What is expected of a call that is let through. */
function checkOpens(node: YamlNode, effect: Effect, key: string, report: Report): void {
  const entry = entryOf(node, key);
  if (entry === undefined || effect.key === "allow" || effect.key === "ask") return;
  report.error(
    "policy_bad_value",
    entry.keyAt,
    `${quote(key)} in a ${effect.key} rule, which lets nothing through`,
    "It belongs to allow and ask",
  );
}

/** Only an approval lasts for a while. */
function checkFor(node: YamlNode, effect: Effect, report: Report): void {
  const entry = entryOf(node, "for");
  if (entry === undefined || effect.key === "ask") return;
  report.error(
    "policy_bad_value",
    entry.keyAt,
    `"for" in a rule that does not ask`,
    "It belongs to ask: for how long an approval holds for the very same call",
  );
}

function checkMode(node: YamlNode, effect: Effect, shape: RuleShape, report: Report): void {
  if (effect.key !== "allow" || shape.mode !== "observe") return;
  report.error(
    "policy_bad_value",
    entryOf(node, "mode")!.keyAt,
    "an allow rule that only observes would allow nothing",
    "Observe with deny, ask and limit rules, or with mode: observe for the whole policy",
  );
}

function checkId(node: YamlNode, shape: RuleShape, report: Report): void {
  const { id } = shape;
  if (id === undefined) return;
  const at = entryOf(node, "id")!.value.at;
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._:/-]*$/u.test(id)) {
    report.error("policy_bad_value", at, `the id ${quote(id)}`, "An id has letters, digits and - _ . : /");
  } else if (builtInRuleIds.has(id)) {
    report.error("policy_bad_value", at, `the id ${quote(id)} has a meaning of its own`, "Choose another");
  }
}
