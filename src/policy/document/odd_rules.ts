/** Rules that are in order but do nothing, or less than they seem to: told as warnings. */

import { matchesGlob } from "../glob.ts";
import type { PolicyDocument, Rule, Scope } from "../rule.ts";
import type { Report } from "./diagnostic.ts";
import { quote } from "../sentence.ts";
import { warnOfUncheckedArguments } from "./unchecked_arguments.ts";

/** Looks at all rules together. Each warning holds whatever calls come. */
export function findOddRules(document: PolicyDocument, report: Report): void {
  for (const rule of document.rules) {
    if (warnOfDeadRule(rule, document, report) || rule.effect !== "allow") continue;
    warnOfIdleChecks(rule, document, report);
    warnOfLoosePatterns(rule, report);
    warnOfUncheckedArguments(rule, report);
  }
}

function warnOfDeadRule(rule: Rule, document: PolicyDocument, report: Report): boolean {
  if (rule.effect === "deny") return false;
  const closing = document.rules.find((other) =>
    other.effect === "deny" && other.mode === "enforce" && other.args.length === 0 &&
    covers(other.scope, rule.scope)
  );
  if (closing !== undefined) {
    report.warning(
      "dead_rule",
      rule.at,
      `the rule ${quote(rule.id)} never ${rule.effect === "allow" ? "allows" : "limits"} anything`,
      `The rule ${
        quote(closing.id)
      } in line ${closing.at.line} denies all that it covers, and deny always wins`,
    );
    return true;
  }
  if (rule.effect === "allow" && document.default === "allow") {
    report.warning(
      "dead_rule",
      rule.at,
      `the rule ${quote(rule.id)} changes nothing`,
      "default: allow already allows what no rule denies, whatever its arguments; write deny rules, or default: deny",
    );
    return true;
  }
  return false;
}

function warnOfIdleChecks(rule: Rule, document: PolicyDocument, report: Report): void {
  if (!isConditional(rule)) return;
  const wider = document.rules.find((other) =>
    other !== rule && other.effect === "allow" && !isConditional(other) && covers(other.scope, rule.scope)
  );
  if (wider === undefined) return;
  report.warning(
    "idle_check",
    rule.args[0]?.at ?? rule.at,
    `the checks of the rule ${quote(rule.id)} never matter`,
    `The rule ${quote(wider.id)} in line ${wider.at.line} allows the same with any arguments`,
  );
}

function isConditional(rule: Rule): boolean {
  return rule.args.length > 0 || rule.others === "none";
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
