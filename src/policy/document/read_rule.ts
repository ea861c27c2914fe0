/** One rule of a policy: tree → Rule, or what is wrong with it. */

import type { ArgumentRule, Rate, Rule } from "../rule.ts";
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

/** What decisions name where no rule of the policy decided. */
const reservedIds: readonly string[] = [
  "default",
  "protocol",
  "own-files",
  "lock",
  "invisible-text",
  "malformed",
  "error",
];

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
  const to = readRate(node, effect, shape, report);
  const untilMs = readUntil(node, shape, report);
  checkOthers(node, effect, report);
  checkFor(node, effect, report);
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
    ...(shape.for === undefined ? {} : { approvedForMs: shape.for }),
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
  if (to.value.kind === "map") {
    const what = 'not yet: "to" with a map (limits over a session or a day, sums)';
    report.error("policy_not_yet", to.value.at, what, hint);
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
  } else if (reservedIds.includes(id)) {
    report.error("policy_bad_value", at, `the id ${quote(id)} has a meaning of its own`, "Choose another");
  }
}
