/** What a check wants, and why it could not be told of a value, in words. */

import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { Answer } from "./answer.ts";
import { describeArgvRule, findArgvObstacle, operandChecks } from "./argv/answer_argv.ts";
import type { CompiledCheck, CompiledLiteral } from "./compiled.ts";
import { answerValue } from "./match.ts";
import { quote } from "./sentence.ts";
import type { Subject } from "./subject.ts";
import { describeUrlRule, explainUrl } from "./url/answer_url.ts";

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
export function explainParts(
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
