/** One rule of a document → the rule that judges; what cannot be kept is refused with its position. */

import { compileGlob } from "./answer_glob.ts";
import { LilithError, type TextPosition } from "../errors.ts";
import { operandChecks } from "./argv/answer_argv.ts";
import { policyNumber } from "./number.ts";
import { nameParts } from "./named_parts.ts";
import { normalizePath, type PathSettings } from "./path.ts";
import type { Pattern, PatternEngine } from "./pattern.ts";
import type { ArgumentRule, Check, Literal, PolicyDocument, Quota, Rule } from "./rule.ts";
import type { SelectedPath } from "./select.ts";
import { parseSelector, type SelectorStep } from "./selector.ts";
import { quote } from "./sentence.ts";
import { foldText } from "./text_readings.ts";
import { isDrivePath, normalizeWindowsPath } from "./windows_path.ts";
import type { CompiledArgument, CompiledCheck, CompiledLiteral, CompiledRule } from "./compiled.ts";

/** A rule of `document`, number `order` from 0. */
export function compileRule(
  rule: Rule,
  order: number,
  document: PolicyDocument,
  engine: PatternEngine | undefined,
): CompiledRule {
  const paths: (readonly SelectorStep[])[] = [];
  const compiled = rule.args.map((argument): CompiledArgument => {
    const checks = argument.checks.map((check) => compileCheck(check, argument, document, engine));
    const { selector } = argument;
    const parsed = parseSelector(selector);
    switch (parsed.kind) {
      case "everywhere":
        return { selector, name: "", foldedName: "", below: undefined, everywhere: true, checks };
      case "problem":
        throw refuse(document, argument.at, parsed.what, parsed);
      case "path": {
        paths.push(parsed.steps);
        return { selector, ...argumentOf(parsed.steps), everywhere: false, checks };
      }
    }
  });
  const isClosed = rule.others === "none";
  return {
    id: rule.id,
    order,
    scope: rule.scope,
    observes: rule.mode === "observe",
    reason: rule.reason,
    arguments: compiled,
    closed: isClosed,
    names: new Set(compiled.filter((argument) => !argument.everywhere).map((argument) => argument.name)),
    parts: isClosed && paths.some((steps) => steps.length > 1) ? nameParts(paths) : undefined,
    looksAtDisk: compiled.some((argument) => argument.checks.some(looksAtDisk)),
    schema: rule.schema === "declared",
    resultBytesMax: rule.resultBytesMax,
    untilMs: rule.untilMs,
    ifTainted: rule.ifTainted,
  };
}

function looksAtDisk(check: CompiledCheck): boolean {
  return check.kind === "under" || (check.kind === "argv" && operandChecks(check.rule).some(looksAtDisk));
}

function compileCheck(
  check: Check,
  argument: ArgumentRule,
  document: PolicyDocument,
  engine: PatternEngine | undefined,
): CompiledCheck {
  switch (check.kind) {
    case "equals":
      return { kind: "one_of", literals: [compileLiteral(check.value)] };
    case "one_of":
      return { kind: "one_of", literals: check.values.map(compileLiteral) };
    case "matches":
    case "finds":
      return {
        kind: "pattern",
        whole: check.kind === "matches",
        source: check.pattern,
        pattern: compilePattern(check.pattern, check.at, document, engine),
      };
    case "glob":
      return { kind: "glob", globs: check.globs.map(compileGlob) };
    case "under":
      return { kind: "under", roots: check.roots.map((root) => compileRoot(root, argument, document)) };
    case "url":
      return { kind: "url", rule: check.rule };
    case "argv": {
      const { operands, ...rest } = check.rule;
      if (operands === undefined || operands === "none") {
        return { kind: "argv", rule: operands === undefined ? rest : { ...rest, operands } };
      }
      const checks = operands.checks.map((one) => compileCheck(one, argument, document, engine));
      return { kind: "argv", rule: { ...rest, operands: { ...operands, checks } } };
    }
    case "min":
    case "max":
      return { kind: check.kind, bound: policyNumber(check.bound) };
    case "max_length":
      return { kind: "max_length", length: check.length };
    case "present":
      return { kind: "present", present: check.present };
  }
}

/** Where the amounts of a quota stand; undefined where calls are counted, and for what selects no one place. */
export function summedPath({ sum }: Quota): SelectedPath | undefined {
  const parsed = sum === undefined ? undefined : parseSelector(sum);
  return parsed?.kind === "path" ? argumentOf(parsed.steps) : undefined;
}

/** A selector's path as it is looked up: its argument, and the steps below. The first step is always a name. */
export function argumentOf(steps: readonly SelectorStep[]): SelectedPath {
  const [first, ...below] = steps;
  if (first?.kind !== "member") {
    throw new LilithError("internal", { message: "Cannot use a selector: it begins without a name" });
  }
  const { name, foldedName } = first;
  return { name, foldedName, below: below.length === 0 ? undefined : below };
}

function compileLiteral(literal: Literal): CompiledLiteral {
  if (typeof literal === "string") return { kind: "text", text: literal, folded: foldText(literal) };
  if (typeof literal === "object" && literal !== null) {
    return { kind: "number", source: literal.source, value: literal.value };
  }
  return { kind: "constant", value: literal };
}

function compilePattern(
  source: string,
  at: TextPosition,
  document: PolicyDocument,
  engine: PatternEngine | undefined,
): Pattern {
  if (engine === undefined) {
    throw new LilithError("internal", {
      message: "Cannot compile the policy: it has patterns, and no engine for them was loaded",
    });
  }
  try {
    return engine.compile(source);
  } catch (cause) {
    if (!(cause instanceof LilithError)) throw cause;
    throw new LilithError(cause.code, {
      message: cause.message,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      at: withFile(at, document),
      cause,
    });
  }
}

function compileRoot(root: string, argument: ArgumentRule, document: PolicyDocument): string {
  if (isDrivePath(root)) return normalizeWindowsPath(root);
  if (!root.startsWith("/")) {
    throw refuse(document, argument.at, `${quote(root)} is no absolute directory`, {
      hint: "Begin the directory of `under` with a /",
    });
  }
  return normalizePath(root);
}

/** Directories as the policy has them, which must be those of the system that it is for. */
export function demandRootsOf(style: PathSettings["style"], document: PolicyDocument): void {
  for (const rule of document.rules) {
    for (const { at, checks } of rule.args) {
      for (const root of checks.flatMap(rootsOf)) {
        if (isDrivePath(root) === (style === "windows")) continue;
        throw refuse(document, at, `${quote(root)} is no directory of this system`, {
          hint: style === "windows" ? "Write C:\\like\\this" : "Directories are written /like/this here",
        });
      }
    }
  }
}

function rootsOf(check: Check): readonly string[] {
  if (check.kind === "argv") return operandChecks(check.rule).flatMap(rootsOf);
  return check.kind === "under" ? check.roots : [];
}

/** What is wrong at a place of a policy. */
export function refuse(
  document: PolicyDocument,
  at: TextPosition,
  seen: string,
  more: { readonly hint: string },
): LilithError {
  return new LilithError("policy_bad_value", {
    message: `Cannot use policy ${quote(document.name)}: ${seen}`,
    hint: more.hint,
    at: withFile(at, document),
  });
}

function withFile(at: TextPosition, document: PolicyDocument): TextPosition {
  return at.file === undefined ? { ...at, file: document.file } : at;
}
