/** Which facts a decision will want: asked before it, so that the decision itself stays pure. */

import { queriesMax } from "../limits.ts";
import type { Operation } from "../mcp/operation.ts";
import { isJsonArray, isJsonNumber, type JsonValue } from "../wire/json_value.ts";
import { operandChecks, operandsOf } from "./argv/answer_argv.ts";
import type { CompiledCheck, CompiledPolicy, CompiledRule } from "./compiled.ts";
import { noFacts, type Query, type ResolveQuery } from "./facts.ts";
import type { Strictness } from "./answer.ts";
import { mayNameOwnFile, visitOwnFileQueries } from "./own_files.ts";
import { visitSelected } from "./select.ts";
import { Subject } from "./subject.ts";
import { pathsToResolve } from "./under.ts";

/**
 * Lists the queries whose answers {@linkcode decide} wants for an operation, each once and at most `queriesMax`; none
 * where names alone settle it. An answer that is not there when it is wanted makes the check unknown.
 */
export function needs(policy: CompiledPolicy, operation: Operation): readonly Query[] {
  try {
    if (policy.sharesState && touchesShared(policy, new Subject(operation, noFacts, policy.paths))) {
      return [...pathsFor(policy, operation), sharedState];
    }
    return pathsFor(policy, operation);
  } catch {
    // `decide` meets the same exception, and denies.
    return noQueries;
  }
}

const sharedState: Query = { kind: "shared_state" };

/** Whether a rule is about the operation that what is shared has a say in, or that it brings something into. */
export function touchesShared({ documents }: CompiledPolicy, subject: Subject): boolean {
  return documents.some(({ shared }) => shared !== undefined && shared.covering(subject).length > 0);
}

function pathsFor(policy: CompiledPolicy, operation: Operation): readonly Query[] {
  if (!policy.rulesLookAtDisk && !mayNameOwnFile(operation, policy.ownFiles)) return noQueries;
  const wanted: Wanted = new Map();
  try {
    collect(policy, operation, wanted);
  } catch {
    // `decide` meets the same exception, and denies.
  }
  return Array.from(wanted, ([path, askedBy]) => ({ kind: "resolve", path, askedBy }));
}

const noQueries: readonly Query[] = [];

/**
 * The same for operations that are judged together: each query once, and at most `queriesMax` in all. What the checks of
 * a policy ask for comes first, and counts as theirs.
 */
export function needsOfAll(policy: CompiledPolicy, operations: readonly Operation[]): readonly Query[] {
  if (operations.length === 1) return needs(policy, operations[0]);
  const wanted = new Map<string, ResolveQuery>();
  const every = operations.flatMap((operation) => needs(policy, operation));
  const shared = every.includes(sharedState) ? [sharedState] : noQueries;
  const all = every.filter((query) => query.kind === "resolve");
  for (const askedBy of ["check", "own_files"] as const) {
    for (const query of all) {
      if (query.askedBy !== askedBy || wanted.has(query.path)) continue;
      if (wanted.size >= queriesMax) return [...wanted.values(), ...shared];
      wanted.set(query.path, query);
    }
  }
  return [...wanted.values(), ...shared];
}

/** Paths in the order in which they were wanted first. */
type Wanted = Map<string, ResolveQuery["askedBy"]>;

function collect(policy: CompiledPolicy, operation: Operation, wanted: Wanted): void {
  if (policy.rulesLookAtDisk) collectRules(policy, operation, wanted);
  visitOwnFileQueries(operation, policy.ownFiles, policy.paths, (path) => add(path, "own_files", wanted));
}

function collectRules(policy: CompiledPolicy, operation: Operation, wanted: Wanted): void {
  const subject = new Subject(operation, noFacts, policy.paths);
  for (const { deny, limit, ask, allow, taint } of policy.documents) {
    for (const rule of deny.covering(subject)) collectRule(rule, subject, "deny", wanted);
    for (const rule of limit.covering(subject)) collectRule(rule, subject, "deny", wanted);
    if (ask !== undefined) {
      for (const rule of ask.surely.covering(subject)) collectRule(rule, subject, "allow", wanted);
      for (const rule of ask.perhaps.covering(subject)) collectRule(rule, subject, "deny", wanted);
    }
    for (const rule of allow.covering(subject)) collectRule(rule, subject, "allow", wanted);
    for (const rule of taint?.covering(subject) ?? []) collectRule(rule, subject, "deny", wanted);
  }
}

function collectRule(
  rule: CompiledRule,
  subject: Subject,
  strictness: Strictness,
  wanted: Wanted,
): void {
  if (!rule.looksAtDisk) return;
  for (const argument of rule.arguments) {
    for (const check of argument.checks) {
      if (check.kind !== "under" && check.kind !== "argv") continue;
      for (const value of valuesOf(argument, subject)) {
        if (!collectCheck(check, value, subject, strictness, wanted)) return;
      }
    }
  }
}

/** False where there is no room for more. */
function collectCheck(
  check: CompiledCheck,
  value: JsonValue,
  subject: Subject,
  strictness: Strictness,
  wanted: Wanted,
): boolean {
  if (check.kind === "argv") {
    const checks = operandChecks(check.rule);
    return operandsOf(check.rule, value, strictness).every((word) =>
      checks.every((one) => collectCheck(one, word, subject, strictness, wanted))
    );
  }
  if (check.kind !== "under" || typeof value !== "string") return true;
  const readings = subject.pathReadings(value, strictness);
  return pathsToResolve(check.roots, readings, strictness, subject.paths)
    .every((path) => add(path, "check", wanted));
}

function valuesOf(argument: CompiledRule["arguments"][number], subject: Subject): readonly JsonValue[] {
  if (argument.everywhere) {
    return (subject.texts() ?? []).map((text) => isJsonNumber(text) ? text.source : text);
  }
  const values: JsonValue[] = [];
  visitSelected(argument, subject, (found) => {
    if (found.kind === "value" && (typeof found.value === "string" || isJsonArray(found.value))) {
      values.push(found.value);
    }
    // Each text wants a fact at least.
    return values.length <= queriesMax;
  });
  return values;
}

/** Adds a path; false where there is no room for it. */
function add(path: string, askedBy: ResolveQuery["askedBy"], wanted: Wanted): boolean {
  if (wanted.has(path)) return true;
  if (wanted.size >= queriesMax) return false;
  wanted.set(path, askedBy);
  return true;
}
