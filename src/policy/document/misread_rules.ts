/**
 * Rules that are in order and do not mean what they seem to: a star in a plain value, a check where an argument is
 * named, a pattern that must be the whole text, a pattern for a path. Each would stop less, or allow more, than its author thinks.
 */

import type { ArgumentRule, Check, PolicyDocument, Rule } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { withOperands } from "./open_checks.ts";

export function findMisreadRules(document: PolicyDocument, report: Report): void {
  for (const rule of document.rules) {
    warnOfOpenHosts(rule, report);
    for (const argument of rule.args) {
      warnOfChecksAsArguments(rule, argument, report);
      for (const check of argument.checks.flatMap(withOperands)) {
        warnOfStarsInValues(rule, check, argument.at, report);
        if (rule.effect === "deny") warnOfTightPatterns(rule, check, report);
        if (rule.effect === "allow") warnOfClimbingPatterns(rule, check, report);
      }
    }
  }
}

/** `path: /etc/*` is only that one path, with a star at its end. */
function warnOfStarsInValues(rule: Rule, check: Check, at: Rule["at"], report: Report): void {
  if (check.kind !== "equals" && check.kind !== "one_of") return;
  const values = check.kind === "equals" ? [check.value] : check.values;
  const starred = values.find((value) =>
    typeof value === "string" && value.length > 1 && value.includes("*")
  );
  if (starred === undefined) return;
  report.warning(
    "starred_value",
    at,
    `the rule ${quote(rule.id)} compares with ${quote(String(starred))}, star and all`,
    "A value is compared as it stands; for a directory write under, for other texts glob, matches or finds",
  );
}

/** `args: { under: /tmp }` is about an argument that is called "under". */
function warnOfChecksAsArguments(rule: Rule, { selector, checks, at }: ArgumentRule, report: Report): void {
  if (!checkNames.has(selector)) return;
  if (!checks.every(({ kind }) => kind === "equals" || kind === "one_of")) return;
  report.warning(
    "check_as_argument",
    at,
    `the rule ${quote(rule.id)} compares an argument that is called ${quote(selector)}, as a check is`,
    `A check stands under the name of its argument: path: { ${selector}: … }`,
  );
}
/** Without those that arguments are called by too (`url`, `glob`, `min`, `max`, `max_length`). */
const checkNames: ReadonlySet<string> = new Set([
  "under",
  "matches",
  "finds",
  "equals",
  "one_of",
  "argv",
  "present",
]);

/** `matches: rm` denies `rm` alone, and not `rm -rf /`. */
function warnOfTightPatterns(rule: Rule, check: Check, report: Report): void {
  if (check.kind !== "matches" || /[*+{?]/.test(check.pattern)) return;
  report.warning(
    "tight_pattern",
    check.at,
    `the rule ${quote(rule.id)} denies only a text that is ${quote(check.pattern)} as a whole`,
    'To deny it anywhere in the text, use "finds"',
  );
}

/** `matches: /tmp/.*` allows `/tmp/../etc/passwd`. */
function warnOfClimbingPatterns(rule: Rule, check: Check, report: Report): void {
  if (check.kind !== "matches" || !/^\^?\/.*\.[*+]/.test(check.pattern)) return;
  report.warning(
    "loose_pattern",
    check.at,
    `the rule ${quote(rule.id)} allows ".." in what ${quote(check.pattern)} matches, and any link`,
    'For a path, use "under"',
  );
}

/** `https://api.example.com*` is `https://api.example.com@evil.net/` too, and `https://*.example.com/` `https://evil.net?.example.com/`. */
function warnOfOpenHosts(rule: Rule, report: Report): void {
  if (rule.effect !== "allow" && rule.effect !== "ask") return;
  const checks = rule.args.flatMap((argument) => argument.checks.flatMap(withOperands));
  if (checks.some(({ kind }) => kind === "url")) return;
  const globs = [
    ...rule.scope.resources,
    ...checks.flatMap((check) => check.kind === "glob" ? check.globs : []),
  ];
  const patterns = checks.flatMap((check) => check.kind === "matches" ? [check.pattern] : []);
  const open = globs.find((glob) => openHostGlob.test(glob)) ??
    patterns.find((pattern) => openHostPattern.test(pattern));
  if (open === undefined) return;
  report.warning(
    "loose_host",
    rule.at,
    `the rule ${quote(rule.id)} allows other hosts than it seems to with ${quote(open)}`,
    'Compare the host with "url": { url: { scheme: https, host: ["*.example.com"] } }; of a resource it is args: uri',
  );
}
/** A star before the path begins; not `https://*`, which is plainly every host. */
const openHostGlob = /^(?:https?|wss?|ftp):\/\/(?!\*+$)[^/]*[*?]/i;
/** The same of a pattern, in which a point is any character. */
const openHostPattern = /^\^?(?:https\??|wss\??|ftp):\\?\/\\?\/(?!\.[*+]\$?$)(?:[^/\\.*+?([]|\\.)*[.*+?([]/i;
