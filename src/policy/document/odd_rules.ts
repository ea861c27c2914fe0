/** Rules that are in order but do nothing, or less than they seem to: told as warnings. */

import { ruleComparisonsMax } from "../../limits.ts";
import { isHousekeeping } from "../../mcp/operation.ts";
import { isGlob, matchesGlob } from "../glob.ts";
import type { PolicyDocument, Rule, Scope } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { nearest } from "./suggest.ts";
import { warnOfUncheckedArguments } from "./unchecked_arguments.ts";

/** Looks at all rules together. Each warning holds whatever calls come. */
export function findOddRules(document: PolicyDocument, report: Report): void {
  const others = findUnconditional(document);
  if (countComparisons(document, others) > ruleComparisonsMax) {
    report.warning(
      "not_compared",
      document.rules[0].at,
      "there are too many rules to look for those that never matter",
      "Take rules together with lists and globs",
    );
  } else {
    for (const rule of document.rules) warnOfIdleRule(rule, others, report);
  }
  noteWindows(document.rules, report);
  for (const rule of document.rules) {
    if (rule.ifTainted !== undefined) warnOfUnsetLabels(rule, document.rules, report);
    if (rule.effect !== "allow") continue;
    if (document.default === "allow" && rule.taint === undefined) warnOfNeedlessAllow(rule, report);
    warnOfClosedEverywhere(rule, report);
    warnOfLoosePatterns(rule, report);
    warnOfUncheckedArguments(rule, report);
  }
}

/** Rules that decide by the name alone, so that nothing is left of what they cover. */
interface Unconditional {
  readonly denies: readonly Rule[];
  readonly allows: readonly Rule[];
}

function findUnconditional({ rules }: PolicyDocument): Unconditional {
  return {
    denies: rules.filter(({ effect, mode, args, ifTainted, untilMs }) =>
      effect === "deny" && mode === "enforce" && args.length === 0 && ifTainted === undefined &&
      untilMs === undefined
    ),
    allows: rules.filter((rule) =>
      rule.effect === "allow" && rule.untilMs === undefined && !isConditional(rule)
    ),
  };
}

function countComparisons(document: PolicyDocument, { denies, allows }: Unconditional): number {
  return countNames(document.rules) * (countNames(denies) + countNames(allows));
}

function countNames(rules: readonly Rule[]): number {
  return rules.reduce((sum, { scope }) => sum + Object.values(scope).flat().length, 0);
}

function warnOfIdleRule(rule: Rule, { denies, allows }: Unconditional, report: Report): void {
  if (rule.effect === "deny") return;
  const closing = denies.find((deny) => covers(deny.scope, rule.scope));
  if (closing !== undefined) {
    report.warning(
      "dead_rule",
      rule.at,
      `the rule ${quote(rule.id)} never ${does[rule.effect]} anything`,
      `The rule ${
        quote(closing.id)
      } in line ${closing.at.line} denies all that it covers, and deny always wins`,
    );
    return;
  }
  if (rule.effect === "ask") return warnOfUnaskable(rule, report);
  if (rule.effect !== "allow" || !isConditional(rule) || rule.taint !== undefined) return;
  const wider = allows.find((allow) => covers(allow.scope, rule.scope));
  if (wider === undefined) return;
  report.warning(
    "idle_check",
    rule.args[0]?.at ?? rule.at,
    `the checks of the rule ${quote(rule.id)} never matter`,
    `The rule ${quote(wider.id)} in line ${wider.at.line} allows the same with any arguments`,
  );
}

const does: Readonly<Record<Rule["effect"], string>> = {
  allow: "allows",
  deny: "denies",
  ask: "asks for",
  limit: "limits",
};

/** Methods that keep the conversation going pass unless they are denied. */
function warnOfUnaskable(rule: Rule, report: Report): void {
  const { tools, resources, prompts, methods } = rule.scope;
  if (tools.length + resources.length + prompts.length > 0 || methods.length === 0) return;
  if (!methods.every((method) => !isGlob(method) && isHousekeeping(method))) return;
  report.warning(
    "dead_rule",
    rule.at,
    `the rule ${quote(rule.id)} never asks for anything`,
    "The protocol's own methods pass unless a rule denies them: nobody could say what a yes would mean",
  );
}

/** Limits over hours and days are kept in a file, by their ids. */
function noteWindows(rules: readonly Rule[], report: Report): void {
  const windows = rules.filter(({ quota }) => quota !== undefined && quota.per !== "session");
  const [first] = windows;
  if (first === undefined) return;
  report.note(
    "needs_state",
    first.at,
    `the rule ${quote(first.id)} counts per ${first.quota!.per}, beyond one run of the proxy`,
    "It starts only with run --state FILE",
  );
  for (const { id, at } of windows) {
    if (!/^rule-[0-9]+$/.test(id)) continue;
    const what = `the limit ${quote(id)} has no id: what it has counted belongs to its place among the rules`;
    report.note("needs_state", at, what, "Give it an id, so that it stays the same when rules are added");
  }
}

/** A label that nothing gives is one that nobody will ever meet. */
function warnOfUnsetLabels(rule: Rule, rules: readonly Rule[], report: Report): void {
  const given = new Set(rules.flatMap(({ taint, mode }) => mode === "enforce" ? taint ?? [] : []));
  for (const label of rule.ifTainted ?? []) {
    if (given.has(label)) continue;
    const meant = nearest(label, [...given]);
    report.warning(
      "unset_label",
      rule.at,
      `no rule here gives the label ${quote(label)} that the rule ${quote(rule.id)} waits for`,
      meant === undefined
        ? "Give it with taint: to the rules that let it in, unless another policy or another server's does"
        : `Did you mean ${quote(meant)}?`,
    );
  }
}

function isConditional(rule: Rule): boolean {
  return rule.args.length > 0 || rule.others === "none" || rule.schema !== undefined;
}

function warnOfNeedlessAllow(rule: Rule, report: Report): void {
  report.warning(
    "dead_rule",
    rule.at,
    `the rule ${quote(rule.id)} changes nothing`,
    "default: allow already allows what no rule denies, whatever its arguments; write deny rules, or default: deny",
  );
}

/** `"**"` names no argument, so `others: none` closes them all; and without a text there is nothing to allow. */
function warnOfClosedEverywhere(rule: Rule, report: Report): void {
  if (rule.others !== "none" || rule.args.length === 0) return;
  if (rule.args.some(({ selector }) => selector !== "**")) return;
  report.warning(
    "dead_rule",
    rule.at,
    `the rule ${quote(rule.id)} never allows anything`,
    '"**" names no argument, so others: none closes them all: name the arguments, or leave others out',
  );
}

/** `finds: /tmp` is also found in `/etc/passwd#/tmp`. */
function warnOfLoosePatterns(rule: Rule, report: Report): void {
  for (const argument of rule.args) {
    for (const check of argument.checks) {
      if (check.kind !== "finds" || /^(?:\^|\\A).*(?:\$|\\z)$/s.test(check.pattern)) continue;
      report.warning(
        "loose_pattern",
        check.at,
        `the rule ${quote(rule.id)} allows any text around what "finds" finds`,
        'To allow, use "matches", which looks at the whole text',
      );
    }
  }
}

/** Whether everything that `narrow` covers is surely covered by `wide`. */
export function covers(wide: Scope, narrow: Scope): boolean {
  const byMethod = (...methods: string[]) =>
    methods.every((method) => wide.methods.some((glob) => matchesGlob(glob, method)));
  const byName = (globs: readonly string[], name: string) => globs.some((glob) => coversGlob(glob, name));
  return (
    narrow.tools.every((name) => byName(wide.tools, name) || byMethod("tools/call")) &&
    narrow.prompts.every((name) => byName(wide.prompts, name) || byMethod("prompts/get")) &&
    narrow.resources.every((name) =>
      byName(wide.resources, name) ||
      byMethod("resources/read", "resources/subscribe", "resources/unsubscribe")
    ) &&
    narrow.methods.every((name) => byName(wide.methods, name))
  );
}

/** Whether every name that `narrow` matches is surely matched by `wide`. */
export function coversGlob(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  // As text, the * of the narrow glob is then taken by a * of the wide one alone, which takes whatever it stands for.
  // A ? of the wide glob would take it as one character.
  return !(wide.includes("?") && /[*?]/.test(narrow)) && matchesGlob(wide, narrow);
}
