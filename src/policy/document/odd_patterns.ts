/**
 * Patterns that find nothing or anything, and values that no other check of the same argument lets pass. For `policy
 * check` alone: it takes the engine, and a look at the program that it makes of each pattern.
 */

import { loadPatternEngine, type PatternEngine } from "../pattern.ts";
import { loadExtents, type PatternExtent } from "../pattern_extent.ts";
import type { ArgumentRule, Check, Literal, PolicyDocument, Rule } from "../rule.ts";
import { quote } from "../sentence.ts";
import { type Diagnostic, Report } from "./diagnostic.ts";

/** All that is odd about the patterns of a policy that was compiled before, in the order of the text. */
export async function findOddPatterns(document: PolicyDocument): Promise<readonly Diagnostic[]> {
  const report = new Report(document.file);
  const engine = await loadPatternEngine();
  const extentOf = await loadExtents();
  for (const rule of document.rules) {
    for (const argument of rule.args) {
      for (const check of argument.checks) {
        if (check.kind !== "matches" && check.kind !== "finds") continue;
        warnOfExtent(rule, argument, check, extentOf(check.pattern, check.kind === "matches"), report);
      }
      if (rule.effect === "allow" || rule.effect === "ask") {
        if (!warnOfOtherTypes(rule, argument, report)) warnOfContradiction(rule, argument, engine, report);
      }
    }
  }
  return report.warnings();
}

type PatternCheck = Check & { readonly kind: "matches" | "finds" };

function warnOfExtent(
  rule: Rule,
  argument: ArgumentRule,
  check: PatternCheck,
  extent: PatternExtent,
  report: Report,
): void {
  const shown = `${check.kind} ${quote(check.pattern)}`;
  switch (extent) {
    case "nothing":
      return report.warning(
        "empty_pattern",
        check.at,
        `${shown} is true of no text`,
        rule.effect === "allow" || rule.effect === "ask"
          ? `So the rule ${
            quote(rule.id)
          } never applies; ^ stands for the beginning of a text and $ for its end`
          : `So the rule ${
            quote(rule.id)
          } never applies to a text; ^ stands for the beginning and $ for the end`,
      );
    case "everything":
      return report.warning(
        "full_pattern",
        check.at,
        `${shown} is true of every text`,
        argument.selector === "**"
          ? "Leave the check out, or write what is meant"
          : `It only says that ${
            quote(argument.selector)
          } is a text: bound it with max_length, or write what is meant`,
      );
    case "lines":
      return report.warning(
        "full_pattern",
        check.at,
        `${shown} is true of every text without a line feed`,
        "Write what is meant, or bound it with max_length",
      );
    case "some":
  }
}

/** Checks of texts beside checks of numbers: a value is one of the two. Gives whether it warned. */
function warnOfOtherTypes(rule: Rule, { selector, checks, at }: ArgumentRule, report: Report): boolean {
  const ofNumbers = checks.find(({ kind }) => kind === "min" || kind === "max");
  const ofTexts = checks.find(({ kind }) => textChecks.has(kind));
  if (ofNumbers === undefined || ofTexts === undefined) return false;
  report.warning(
    "contradiction",
    at,
    `no value of ${quote(selector)} passes all checks, so the rule ${quote(rule.id)} never applies`,
    `${ofNumbers.kind} is about numbers, and ${ofTexts.kind} about texts`,
  );
  return true;
}
const textChecks: ReadonlySet<Check["kind"]> = new Set([
  "matches",
  "finds",
  "glob",
  "under",
  "url",
  "argv",
  "max_length",
]);

/** `one_of` beside a check that none of its values passes. */
function warnOfContradiction(
  rule: Rule,
  argument: ArgumentRule,
  engine: PatternEngine,
  report: Report,
): void {
  const lists = argument.checks.filter((check) => check.kind === "equals" || check.kind === "one_of");
  const [first] = lists;
  if (first === undefined || argument.checks.length < 2) return;
  const values = first.kind === "equals" ? [first.value] : first.values;
  const isPossible = values.some((value) => argument.checks.every((check) => mayPass(check, value, engine)));
  if (isPossible) return;
  const left = values.map((value) => argument.checks.find((check) => !mayPass(check, value, engine))!.kind);
  report.warning(
    "contradiction",
    argument.at,
    `no value of ${quote(argument.selector)} passes all checks, so the rule ${quote(rule.id)} never applies`,
    `${first.kind} and ${[...new Set(left)].join(", ")} exclude each other`,
  );
}

/** Whether a check could say yes of a value; true wherever that is not plain. */
function mayPass(check: Check, value: Literal, engine: PatternEngine): boolean {
  const text = typeof value === "string" ? value : undefined;
  const number = typeof value === "object" && value !== null ? value.value : undefined;
  switch (check.kind) {
    case "matches":
      return text !== undefined && engine.compile(check.pattern).matches(text);
    case "finds":
      return text !== undefined && engine.compile(check.pattern).finds(text);
    case "max_length":
      return text !== undefined && text.length <= check.length;
    case "min":
      return number !== undefined && number >= check.bound;
    case "max":
      return number !== undefined && number <= check.bound;
    case "equals":
      return isSame(check.value, value);
    case "one_of":
      return check.values.some((one) => isSame(one, value));
    default:
      return true;
  }
}

function isSame(left: Literal, right: Literal): boolean {
  const plain = (literal: Literal) =>
    typeof literal === "object" && literal !== null ? literal.value : literal;
  return plain(left) === plain(right);
}
