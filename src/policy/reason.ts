/** Sentences that say why: for the model that was denied and for the log. What, never how to change the policy. */

import type { Operation } from "../mcp/operation.ts";
import { isJsonObject } from "../wire/json_value.ts";
import { builtInRules } from "./built_in.ts";
import type { CompiledArgument, CompiledDocument, CompiledRule } from "./compiled.ts";
import { writeUnits } from "./decimal.ts";
import type { Bucket } from "./limit.ts";
import { findObstacle, type Obstacle } from "./match.ts";
import type { OwnFileHit } from "./own_files.ts";
import type { Claim, CompiledQuota } from "./quota.ts";
import { formatSelector } from "./selector.ts";
import { boundSentence, nameTarget, quote } from "./sentence.ts";
import type { Subject } from "./subject.ts";
import type { Taint } from "./taint.ts";
import { describeCheck, explainParts, explainUnknown } from "./describe_check.ts";

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
