/**
 * Whether a rule's checks hold for a call: *yes*, *no*, or *unknown* where two servers could see it differently or
 * nobody can say. Allow needs yes on every check; deny and limit apply when no check says no.
 */

import { checkedTextCharactersMax } from "../limits.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { Answer, Strictness } from "./answer.ts";
import { answerArgv, operandChecks } from "./argv/answer_argv.ts";
import { answerGlob } from "./answer_glob.ts";
import type { CompiledArgument, CompiledCheck, CompiledLiteral, CompiledRule } from "./compiled.ts";
import type { SchemaVerdict } from "./json_schema/verdict.ts";
import { compareNumbers, type Order, type PolicyNumber } from "./number.ts";
import { findUnnamedPart } from "./named_parts.ts";
import { visitSelected } from "./select.ts";
import type { Found, Subject } from "./subject.ts";
import { answerUnder } from "./under.ts";
import { answerUrl } from "./url/answer_url.ts";

/** Whether the rule's checks hold together. */
export function answerRule(rule: CompiledRule, subject: Subject, strictness: Strictness): Answer {
  // Only allow cares for arguments that nobody named: under a deny they would be a way around it.
  let answer: Answer = strictness === "allow" && rule.closed ? findUnnamed(rule, subject).answer : "yes";
  if (rule.schema) answer = both(answer, answerSchema(subject).answer);
  for (const argument of rule.arguments) {
    if (answer === "no") return "no";
    answer = both(answer, answerArgument(argument, subject, strictness));
  }
  return answer;
}

/** Why an allow does not hold: the first of its parts that does not say yes. */
export type Obstacle =
  | { readonly kind: "unnamed"; readonly name: string | undefined }
  | { readonly kind: "schema"; readonly answer: "no" | "unknown"; readonly why: string }
  | { readonly kind: "argument"; readonly argument: CompiledArgument; readonly found: Found }
  | {
    readonly kind: "check";
    readonly argument: CompiledArgument;
    readonly check: CompiledCheck;
    readonly answer: "no" | "unknown";
    /** The value that was checked; undefined for `"**"`. */
    readonly value: JsonValue | undefined;
  };

/** Finds the {@linkcode Obstacle}; undefined where the allow holds. */
export function findObstacle(rule: CompiledRule, subject: Subject): Obstacle | undefined {
  const unnamed = rule.closed ? findUnnamed(rule, subject) : undefined;
  // What has another form than a selector takes it for is better said of that selector.
  if (
    unnamed?.answer === "no" || (unnamed?.answer === "unknown" && !isJsonObject(subject.operation.arguments))
  ) {
    return { kind: "unnamed", name: unnamed.name };
  }
  for (const argument of rule.arguments) {
    if (answerArgument(argument, subject, "allow") === "yes") continue;
    const found: Found = argument.everywhere ? { kind: "absent" } : findCulprit(argument, subject);
    if (!argument.everywhere && found.kind !== "value") return { kind: "argument", argument, found };
    const value = found.kind === "value" ? found.value : undefined;
    for (const check of argument.checks) {
      const answer = value === undefined
        ? answerArgument({ ...argument, checks: [check] }, subject, "allow")
        : answerChecks([check], value, subject, "allow");
      if (answer !== "yes") return { kind: "check", argument, check, answer, value };
    }
  }
  if (unnamed?.answer === "unknown") return { kind: "unnamed", name: undefined };
  const declared = rule.schema ? answerSchema(subject) : undefined;
  if (declared !== undefined && declared.answer !== "yes") {
    return { kind: "schema", answer: declared.answer, why: declared.why };
  }
  return undefined;
}

/** What the server's own schema says of the arguments: a fact, because it is told by what the server said. */
export function answerSchema({ facts }: Subject): SchemaVerdict {
  return facts.surface?.schema ??
    { answer: "unknown", why: "the server declares no schema that could be read" };
}

/** The weaker of two answers. */
function both(left: Answer, right: Answer): Answer {
  if (left === "no" || right === "no") return "no";
  return left === "unknown" || right === "unknown" ? "unknown" : "yes";
}

/** Whether all arguments are named by a selector, and the first that is not. `"**"` checks texts and names no argument. */
export function findUnnamed(
  rule: CompiledRule,
  subject: Subject,
): { readonly answer: Answer; readonly name: string | undefined } {
  const all = subject.operation.arguments;
  if (all === undefined) return { answer: "yes", name: undefined };
  if (!isJsonObject(all)) return { answer: "unknown", name: undefined };
  for (const name of all.keys()) if (!rule.names.has(name)) return { answer: "no", name };
  const unnamed = rule.parts === undefined ? undefined : findUnnamedPart(all, rule.parts);
  if (unnamed === undefined) return { answer: "yes", name: undefined };
  return unnamed.kind === "unnamed"
    ? { answer: "no", name: unnamed.path }
    : { answer: "unknown", name: undefined };
}

function answerArgument(argument: CompiledArgument, subject: Subject, strictness: Strictness): Answer {
  if (argument.everywhere) return answerEverywhere(argument, subject, strictness);
  if (argument.below !== undefined) return answerSelected(argument, subject, strictness);
  return answerFound(argument, subject.find(argument.name, argument.foldedName), subject, strictness);
}

function answerFound(
  argument: CompiledArgument,
  found: Found,
  subject: Subject,
  strictness: Strictness,
): Answer {
  switch (found.kind) {
    case "absent":
      return argument.checks.every((check) => check.kind === "present" && !check.present) ? "yes" : "no";
    case "no_object":
    case "mistakable":
    case "misshapen":
    case "too_many":
      return "unknown";
    case "value":
      return answerChecks(argument.checks, found.value, subject, strictness);
  }
}

/** A path: every place that it selects. Allow: all of them. Deny: any. */
function answerSelected(argument: CompiledArgument, subject: Subject, strictness: Strictness): Answer {
  let best: Answer = "no";
  let worst: Answer = "yes";
  visitSelected(argument, subject, (found) => {
    const one = answerFound(argument, found, subject, strictness);
    worst = both(worst, one);
    if (one === "yes" || best === "no") best = one;
    return strictness === "allow" ? worst !== "no" : best !== "yes";
  });
  return strictness === "allow" ? worst : best;
}

/** The first place of an argument that keeps an allow from holding; the last where each alone would not. */
function findCulprit(argument: CompiledArgument, subject: Subject): Found {
  let culprit: Found = { kind: "absent" };
  visitSelected(argument, subject, (found) => {
    culprit = found;
    return answerFound(argument, found, subject, "allow") === "yes";
  });
  return culprit;
}

/** `"**"`: every string, key and number as it is spelt. Allow: all of them, and at least one. Deny: any. */
function answerEverywhere(argument: CompiledArgument, subject: Subject, strictness: Strictness): Answer {
  const texts = subject.texts();
  if (texts === undefined) return "unknown";
  let answer: Answer = "yes";
  const perText: CompiledCheck[] = [];
  for (const check of argument.checks) {
    if (check.kind !== "present") perText.push(check);
    else if (check.present !== texts.length > 0) answer = "no";
  }
  if (perText.length === 0 || answer === "no") return answer;
  if (texts.length === 0) return "no";
  let best: Answer = "no";
  let worst: Answer = "yes";
  for (const text of texts) {
    const one = answerChecks(perText, text, subject, strictness, "spelt");
    worst = both(worst, one);
    if (one === "yes" || best === "no") best = one;
    if (strictness === "allow" ? worst === "no" : best === "yes") break;
  }
  return strictness === "allow" ? worst : best;
}

/** Whether a number is also the text that it is spelt as: so it is under `"**"`, and nowhere else. */
type Numbers = "spelt" | "typed";

function answerChecks(
  checks: readonly CompiledCheck[],
  value: JsonValue,
  subject: Subject,
  strictness: Strictness,
  numbers: Numbers = "typed",
): Answer {
  let answer: Answer = "yes";
  for (const check of checks) {
    answer = both(answer, answerCheck(check, value, subject, strictness, numbers));
    if (answer === "no") break;
  }
  return answer;
}

/** What one check says of one value that stands at the name of an argument. */
export function answerValue(
  check: CompiledCheck,
  value: JsonValue,
  subject: Subject,
  strictness: Strictness,
): Answer {
  return answerCheck(check, value, subject, strictness, "typed");
}

function answerCheck(
  check: CompiledCheck,
  value: JsonValue,
  subject: Subject,
  strictness: Strictness,
  numbers: Numbers,
): Answer {
  // A check that throws has not said anything.
  try {
    const text = typeof value === "string"
      ? value
      : numbers === "spelt" && isJsonNumber(value)
      ? value.source
      : undefined;
    switch (check.kind) {
      case "one_of":
        return answerOneOf(check.literals, value, text, subject, strictness);
      case "pattern":
        return text === undefined ? "unknown" : answerPattern(check, text, subject, strictness);
      case "glob":
        return text === undefined ? "unknown" : answerGlob(check.globs, text, subject, strictness);
      case "under":
        if (text === undefined) return "unknown";
        return answerUnder(
          check.roots,
          subject.pathReadings(text, strictness),
          subject.facts,
          strictness,
          subject.paths,
        );
      case "url":
        return text === undefined ? "unknown" : answerUrl(check.rule, text, strictness);
      case "argv":
        return answerArgv(
          check.rule,
          text ?? value,
          strictness,
          (word) => answerChecks(operandChecks(check.rule), word, subject, strictness),
        );
      case "min":
        return answerBound(value, check.bound, (order) => order >= 0);
      case "max":
        return answerBound(value, check.bound, (order) => order <= 0);
      case "max_length":
        if (text !== undefined) return text.length <= check.length ? "yes" : "no";
        if (isJsonArray(value)) return value.length <= check.length ? "yes" : "no";
        return "unknown";
      case "present":
        // Some servers take null for absence.
        if (value === null) return "unknown";
        return check.present ? "yes" : "no";
    }
  } catch {
    return "unknown";
  }
}

function answerOneOf(
  literals: readonly CompiledLiteral[],
  value: JsonValue,
  text: string | undefined,
  subject: Subject,
  strictness: Strictness,
): Answer {
  let answer: Answer = "no";
  for (const literal of literals) {
    const one = answerLiteral(literal, value, text, subject, strictness);
    if (one === "yes") return "yes";
    if (one === "unknown") answer = "unknown";
  }
  return answer;
}

/** A literal of another type than the value is unknown: servers coerce `"5"` to 5 and `["/etc"]` to "/etc". */
function answerLiteral(
  literal: CompiledLiteral,
  value: JsonValue,
  text: string | undefined,
  subject: Subject,
  strictness: Strictness,
): Answer {
  switch (literal.kind) {
    case "text": {
      if (text === undefined) return "unknown";
      if (strictness === "allow") return text === literal.text ? "yes" : "no";
      const readings = subject.foldedReadings(text);
      if (readings === undefined) return "unknown";
      return readings.includes(literal.folded) ? "yes" : "no";
    }
    case "number":
      return answerBound(value, literal, (order) => order === 0);
    case "constant":
      if (value === literal.value) return "yes";
      return typeof value === "boolean" && typeof literal.value === "boolean" ? "no" : "unknown";
  }
}

function answerPattern(
  check: Extract<CompiledCheck, { kind: "pattern" }>,
  text: string,
  subject: Subject,
  strictness: Strictness,
): Answer {
  if (text.length > checkedTextCharactersMax) return "unknown";
  const readings = strictness === "allow" ? [text] : subject.readings(text);
  if (readings === undefined) return "unknown";
  for (const reading of readings) {
    if (check.whole ? check.pattern.matches(reading) : check.pattern.finds(reading)) return "yes";
  }
  return "no";
}

/** A number is compared as a double and exactly, as servers do the one or the other. */
function answerBound(value: JsonValue, bound: PolicyNumber, holds: (order: Order) => boolean): Answer {
  if (!isJsonNumber(value)) return "unknown";
  const orders = compareNumbers(value, bound);
  if (orders === undefined) return "unknown";
  const exactly = holds(orders.exactly);
  if (exactly !== holds(orders.asDouble)) return "unknown";
  return exactly ? "yes" : "no";
}
