/** Two rules beside each other: the same twice, and an allow that a deny takes back whole; limits of what nothing allows. */

import { ruleComparisonsMax } from "../../limits.ts";
import type { PolicyDocument, Rule, Scope } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { covers } from "./odd_rules.ts";

export function findOddPairs(document: PolicyDocument, report: Report): void {
  warnOfDuplicates(document, report);
  const denies = document.rules.filter((rule) =>
    rule.effect === "deny" && rule.mode === "enforce" && rule.args.length > 0 && isPlain(rule)
  );
  const names = document.rules.reduce((sum, { scope }) => sum + Object.values(scope).flat().length, 0);
  if (names * names > ruleComparisonsMax) return; // told by odd_rules.ts
  for (const rule of document.rules) {
    if (rule.effect !== "deny") warnOfTakenBack(rule, denies, report);
    if (rule.effect === "limit") warnOfIdleLimit(rule, document, report);
  }
}

/** Keys that every rule may have; a rule with any other holds under conditions that are not looked at here. */
const plainKeys: ReadonlySet<string> = new Set([
  "id",
  "effect",
  "scope",
  "args",
  "others",
  "mode",
  "reason",
  "at",
  "to",
]);

/** Whether a rule holds whenever its checks do: no `until`, no condition on the session. */
function isPlain(rule: Rule): boolean {
  return Object.keys(rule).every((key) => plainKeys.has(key));
}

/** What a rule says, without where it stands and what it is called. */
function meaningOf(rule: Rule): string {
  return JSON.stringify({ ...rule, id: "", reason: "" }, (key, value) => key === "at" ? undefined : value);
}

function warnOfDuplicates({ rules }: PolicyDocument, report: Report): void {
  const firsts = new Map<string, Rule>();
  for (const rule of rules) {
    const meaning = meaningOf(rule);
    const first = firsts.get(meaning);
    if (first === undefined) firsts.set(meaning, rule);
    else if (rule.effect !== "limit") {
      report.warning(
        "duplicate_rule",
        rule.at,
        `the rule ${quote(rule.id)} says the same as ${quote(first.id)} in line ${first.at.line}`,
        "Take one of them out",
      );
    }
  }
}

/** Every call that the rule applies to is denied by a rule with some of its checks. */
function warnOfTakenBack(rule: Rule, denies: readonly Rule[], report: Report): void {
  if (rule.args.length === 0) return;
  const checks = new Map(rule.args.map(({ selector, checks }) => [selector, new Set(checks.map(checkKey))]));
  const closing = denies.find((deny) =>
    covers(deny.scope, rule.scope) &&
    deny.args.every((argument) =>
      argument.checks.every((check) => checks.get(argument.selector)?.has(checkKey(check)))
    )
  );
  if (closing === undefined) return;
  report.warning(
    "dead_rule",
    rule.at,
    `the rule ${quote(rule.id)} never applies to anything that passes`,
    `The rule ${quote(closing.id)} in line ${closing.at.line} denies the same calls, and deny always wins`,
  );
}

function checkKey(check: unknown): string {
  return JSON.stringify(check, (key, value) => key === "at" ? undefined : value);
}

/** What is denied anyway is not counted: a limit matters where something may be let through. */
function warnOfIdleLimit(rule: Rule, document: PolicyDocument, report: Report): void {
  const { scope } = rule;
  if (document.default === "allow" || scope.methods.length > 0) return;
  const opens = document.rules.filter(({ effect }) => effect === "allow" || effect === "ask");
  if (opens.some((open) => open.scope.methods.length > 0 || mayMeet(open.scope, scope))) return;
  report.warning(
    "dead_rule",
    rule.at,
    `the rule ${quote(rule.id)} limits what no rule allows`,
    "Without an allow for it every call is denied, and a denied call is not counted",
  );
}

function mayMeet(left: Scope, right: Scope): boolean {
  return (["tools", "resources", "prompts"] as const).some((kind) =>
    left[kind].some((one) =>
      right[kind].some((another) => globsMeet(one.toLowerCase(), another.toLowerCase()))
    )
  );
}

/** Whether some name is a match of both globs. */
export function globsMeet(left: string, right: string): boolean {
  // Column by column: whether what is left of both, from here on, has a name in common.
  let below: boolean[] = [];
  for (let i = left.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = right.length; j >= 0; j--) {
      if (i === left.length && j === right.length) row[j] = true;
      else if (left[i] === "*") row[j] = below[j] || (j < right.length && row[j + 1]);
      else if (right[j] === "*") row[j] = row[j + 1] || (i < left.length && below[j]);
      else if (i === left.length || j === right.length) row[j] = false;
      else row[j] = (left[i] === "?" || right[j] === "?" || left[i] === right[j]) && below[j + 1];
    }
    below = row;
  }
  return below[0];
}
