/** Sentences that say why: for the model that was denied and for the log. What, never how to change the policy. */

import type { Operation } from "../mcp/operation.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { Answer } from "./answer.ts";
import { describeArgvRule, findArgvObstacle, operandChecks } from "./argv/answer_argv.ts";
import { builtInRules } from "./built_in.ts";
import type {
  CompiledArgument,
  CompiledCheck,
  CompiledDocument,
  CompiledLiteral,
  CompiledRule,
} from "./compiled.ts";
import { writeUnits } from "./decimal.ts";
import type { Bucket } from "./limit.ts";
import { answerValue, findObstacle, type Obstacle } from "./match.ts";
import type { OwnFileHit } from "./own_files.ts";
import type { Claim, CompiledQuota } from "./quota.ts";
import { formatSelector } from "./selector.ts";
import { boundSentence, nameTarget, quote } from "./sentence.ts";
import type { Subject } from "./subject.ts";
import type { Taint } from "./taint.ts";
import { describeUrlRule, explainUrl } from "./url/answer_url.ts";

export function reasonForDeny(rule: CompiledRule, subject: Subject, answer: "yes" | "unknown"): string {
  if (rule.reason !== undefined) return boundSentence(rule.reason);
  const target = nameTarget(subject.operation);
  if (rule.arguments.length === 0) return boundSentence(`${target} is denied by rule ${quote(rule.id)}`);
  return boundSentence(
    answer === "yes"
      ? `${target} with these arguments is denied by rule ${quote(rule.id)}`
      : `rule ${
        quote(rule.id)
      } denies ${target} because its arguments cannot be told apart from what it denies`,
  );
}

export function reasonForLimit(rule: CompiledRule, bucket: Bucket): string {
  if (rule.reason !== undefined) return boundSentence(rule.reason);
  const calls = bucket.calls === 1 ? "1 call" : `${bucket.calls} calls`;
  return boundSentence(`rule ${quote(rule.id)} lets ${calls} per ${period(bucket.perMs)} through`);
}

export function reasonForAsk(rule: CompiledRule, { operation }: Subject): string {
  if (rule.reason !== undefined) return boundSentence(rule.reason);
  const conditions = rule.arguments.length === 0 ? "" : " with these arguments";
  return boundSentence(
    `rule ${quote(rule.id)} wants a person to approve ${nameTarget(operation)}${conditions}`,
  );
}

export function reasonForConsent(rule: CompiledRule, operation: Operation): string {
  return boundSentence(`a person approved ${nameTarget(operation)}, as rule ${quote(rule.id)} wants it`);
}

export function reasonForQuota(
  rule: CompiledRule,
  { sum, per, max }: CompiledQuota,
  claim: Exclude<Claim, { kind: "room" }>,
): string {
  const what = sum === undefined ? "" : `argument ${quote(sum.selector)}`;
  if (claim.kind === "no_amount") {
    return boundSentence(`${what} ${claim.why}, and rule ${quote(rule.id)} limits it per ${per}`);
  }
  if (rule.reason !== undefined) return boundSentence(rule.reason);
  const limit = `rule ${quote(rule.id)} lets ${writeUnits(max)}`;
  const left = `${claim.left === "0" ? "nothing" : claim.left} is left`;
  return boundSentence(
    sum === undefined
      ? `${limit} ${writeUnits(max) === "1" ? "call" : "calls"} per ${per} through`
      : `${limit} of ${what} per ${per} through, of which ${left}`,
  );
}

/** A denial that there is only because of what the session has seen before. */
export function reasonForTaint(denied: string, taints: readonly Taint[]): string {
  const seen = taints.map(({ label, by }) => `${quote(label)} (by ${by})`);
  return boundSentence(`${denied}, because of what the session has seen before: ${seen.join(" and ")}`);
}

/**
 * Why nothing allows it: the first check of the first allow that is about it, else that there is none. A rule that has
 * nothing but the tool's own schema against it says more than the others, and has a code of its own.
 */
export function denialByDefault(
  document: CompiledDocument,
  subject: Subject,
): { readonly code: "default" | "schema"; readonly reason: string } {
  const target = nameTarget(subject.operation);
  const asking = document.ask?.surely.covering(subject) ?? [];
  let first: Obstacle | undefined;
  for (const rule of [...document.allow.covering(subject), ...asking]) {
    if (rule.observes || rule.ifTainted !== undefined) continue; // the one is not in force, the other not always there
    if (first !== undefined && !rule.schema) continue;
    const obstacle = findObstacle(rule, subject);
    if (obstacle?.kind === "schema") {
      first = obstacle;
      break;
    }
    first ??= obstacle;
  }
  const code = first?.kind === "schema" ? "schema" : "default";
  if (first === undefined) return { code, reason: boundSentence(`no rule allows ${target}`) };
  const reason = `no rule allows ${target} with these arguments: ${explainObstacle(first, subject)}`;
  return { code, reason: boundSentence(reason) };
}

/** The last sentences for what was allowed, by what they are about: an agent calls the same few tools again and again. */
const allowReasons = new Map<
  string,
  { readonly rule: string; readonly target: string; readonly reason: string }
>();
const allowReasonsMax = 256;
const rememberedCharactersMax = 128;

export function reasonForAllow(rule: string, operation: Operation): string {
  const { name, target } = operation;
  const known = allowReasons.get(name);
  if (known !== undefined && known.rule === rule && known.target === target) return known.reason;
  const reason = sentenceForAllow(rule, operation);
  if (name.length <= rememberedCharactersMax) {
    if (allowReasons.size >= allowReasonsMax) allowReasons.clear();
    allowReasons.set(name, { rule, target, reason });
  }
  return reason;
}

function sentenceForAllow(rule: string, operation: Operation): string {
  // (What accompanies is never a method, so that what is remembered of one is not taken for the other.)
  if (rule === builtInRules.protocol && operation.accompanies !== true) {
    return boundSentence(`${nameTarget(operation)} is part of the protocol`);
  }
  if (rule === builtInRules.protocol || rule === builtInRules.default) {
    return boundSentence(`no rule denies ${nameTarget(operation)}`);
  }
  return boundSentence(`rule ${quote(rule)} allows ${nameTarget(operation)}`);
}

export function reasonForOwnFile(hit: OwnFileHit, operation: Operation): string {
  return boundSentence(
    hit.certainty === "named"
      ? `${nameTarget(operation)} names a file that keeps the agent in check: ${quote(hit.text)}`
      : `${nameTarget(operation)} could name a file that keeps the agent in check: ` +
        `it could not be told where ${quote(hit.text)} leads`,
  );
}

function explainObstacle(obstacle: Obstacle, subject: Subject): string {
  switch (obstacle.kind) {
    case "unnamed":
      return obstacle.name === undefined
        ? isJsonObject(subject.operation.arguments)
          ? "the arguments have another form than expected"
          : "the arguments must be an object"
        : `argument ${quote(obstacle.name)} is not expected`;
    case "schema":
      return obstacle.answer === "no"
        ? `they do not satisfy the tool's own schema: ${obstacle.why}`
        : `it could not be told whether they satisfy the tool's own schema: ${obstacle.why}`;
    case "argument": {
      const argument = `argument ${quote(obstacle.argument.selector)}`;
      switch (obstacle.found.kind) {
        case "absent":
          return `${argument} is missing`;
        case "no_object":
          return "the arguments must be an object";
        case "mistakable":
          return `argument ${quote(obstacle.found.name)} could be taken for ${argument}`;
        case "misshapen":
          return `argument ${
            quote(formatStart(obstacle.argument, obstacle.found.depth))
          } must be ${obstacle.found.wanted}`;
        case "too_many":
          return `${argument} stands in too many places`;
        case "value":
          return `${argument} does not pass`;
      }
      break;
    }
    case "check": {
      const { argument, check, answer, value } = obstacle;
      const what = argument.everywhere
        ? "every text in the arguments"
        : `argument ${quote(argument.selector)}`;
      const must = `${what} must ${describeCheck(check)}`;
      if (value !== undefined && (check.kind === "url" || check.kind === "argv")) {
        return `${must}: ${explainParts(check, value, subject)}`;
      }
      if (answer === "no" || value === undefined) return must;
      return `${must}, and ${explainUnknown(check, value, subject)}`;
    }
  }
  return "an argument does not pass";
}

/** The first steps of a path. */
export function formatStart({ name, foldedName, below = [] }: CompiledArgument, depth: number): string {
  return formatSelector([{ kind: "member", name, foldedName }, ...below.slice(0, depth)]);
}

/** What a check wants, to be read behind "must". */
export function describeCheck(check: CompiledCheck): string {
  switch (check.kind) {
    case "one_of":
      return check.literals.length === 1
        ? `be ${describeLiteral(check.literals[0])}`
        : `be one of ${list(check.literals.map(describeLiteral))}`;
    case "pattern":
      return check.whole ? `match ${quote(check.source)}` : `contain a match of ${quote(check.source)}`;
    case "glob": {
      const globs = check.globs.map(({ exact }) => quote(exact.source));
      return globs.length === 1 ? `match the glob ${globs[0]}` : `match one of the globs ${list(globs)}`;
    }
    case "under":
      return `be under ${list(check.roots)}`;
    case "url":
      return describeUrlRule(check.rule);
    case "argv":
      return describeArgvRule(check.rule);
    case "min":
      return `be at least ${check.bound.source}`;
    case "max":
      return `be at most ${check.bound.source}`;
    case "max_length":
      return `be no longer than ${check.length}`;
    case "present":
      return check.present ? "be present" : "be absent";
  }
}

function describeLiteral(literal: CompiledLiteral): string {
  switch (literal.kind) {
    case "text":
      return quote(literal.text);
    case "number":
      return literal.source;
    case "constant":
      return String(literal.value);
  }
}

/** At most three, so that the sentence keeps its end. */
function list(words: readonly string[]): string {
  const shown = words.slice(0, 3);
  const left = words.length - shown.length;
  return left > 0 ? `${shown.join(", ")} or ${left} more` : shown.join(" or ");
}

/** Why a check of this value said unknown. */
export function explainUnknown(check: CompiledCheck, value: JsonValue, subject: Subject): string {
  if (typeof value === "string" && check.kind === "under") {
    for (const reading of subject.pathReadings(value, "allow")) {
      if (reading.kind === "unknown") return reading.why;
    }
    return "it could not be told where it leads";
  }
  if (check.kind === "url" || check.kind === "argv") return explainParts(check, value, subject);
  if (typeof value === "string" && check.kind === "glob") return "some servers read it as another text";
  if (isJsonNumber(value) && (check.kind === "min" || check.kind === "max" || check.kind === "one_of")) {
    return "it is a number that servers read differently";
  }
  return `it is ${describeType(value)}`;
}

/** Which part of a URL or of a command an allow does not take. */
function explainParts(
  check: CompiledCheck & { readonly kind: "url" | "argv" },
  value: JsonValue,
  subject: Subject,
): string {
  if (check.kind === "url") {
    return typeof value === "string" ? explainUrl(check.rule, value) : `it is ${describeType(value)}`;
  }
  const checks = operandChecks(check.rule);
  const answer = (one: CompiledCheck, word: string): Answer => answerValue(one, word, subject, "allow");
  const obstacle = findArgvObstacle(
    check.rule,
    value,
    (word) => checks.every((one) => answer(one, word) === "yes") ? "yes" : "no",
  );
  if (obstacle === undefined) return "it does not pass";
  if ("why" in obstacle) return obstacle.why;
  const { operand } = obstacle;
  const failed = checks.find((one) => answer(one, operand) !== "yes")!;
  const must = `its operand ${quote(operand)} must ${describeCheck(failed)}`;
  if (failed.kind === "url") return `${must}: ${explainUrl(failed.rule, operand)}`;
  return answer(failed, operand) === "no" ? must : `${must}, and ${explainUnknown(failed, operand, subject)}`;
}

function describeType(value: JsonValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return "a text";
  if (typeof value === "boolean") return "a boolean";
  if (isJsonNumber(value)) return "a number";
  if (isJsonArray(value)) return "an array";
  return isJsonObject(value) ? "an object" : "of another type";
}

function period(ms: number): string {
  for (const [unit, unitMs] of periods) if (ms === unitMs) return unit;
  for (const [unit, unitMs] of periods) if (ms % unitMs === 0) return `${ms / unitMs} ${unit}s`;
  return `${ms} milliseconds`;
}
const periods: readonly (readonly [string, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];
