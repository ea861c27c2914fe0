/** Short ways to build what the engine takes. */

import type { Operation } from "../../../src/mcp/operation.ts";
import { type CompileOptions, compilePolicies } from "../../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../../src/policy/compiled.ts";
import { loadPatternEngine } from "../../../src/policy/pattern.ts";
import type { Check, Literal, PolicyDocument, Rule, Scope } from "../../../src/policy/rule.ts";
import type { JsonValue } from "../../../src/wire/json_value.ts";
import { json } from "./json.ts";

export const engine = await loadPatternEngine();

/** Where every built rule claims to stand. */
export const at = { line: 7, column: 3 };

export function scope(parts: Partial<Scope>): Scope {
  return { tools: [], resources: [], prompts: [], methods: [], ...parts };
}

/** Checks by selector. */
export type Args = Readonly<Record<string, readonly Check[]>>;

export interface RuleParts extends Partial<Omit<Rule, "args" | "effect" | "scope">> {
  readonly args?: Args;
}

/** A rule about tools (a name, a glob or some), or about what a scope says. */
export function rule(
  effect: Rule["effect"],
  about: string | readonly string[] | Partial<Scope>,
  { args = {}, ...parts }: RuleParts = {},
): Rule {
  const isScope = typeof about === "object" && !Array.isArray(about);
  return {
    id: effect,
    effect,
    scope: scope(
      isScope ? about as Partial<Scope> : { tools: typeof about === "string" ? [about] : about as string[] },
    ),
    args: Object.entries(args).map(([selector, checks]) => ({ selector, checks, at })),
    others: "any",
    mode: "enforce",
    at,
    ...(effect === "limit" && parts.quota === undefined ? { to: { calls: 1, perMs: 60_000, burst: 1 } } : {}),
    ...parts,
  };
}

export function document(rules: readonly Rule[], parts: Partial<PolicyDocument> = {}): PolicyDocument {
  return {
    file: "team.yaml",
    name: "team",
    sha256: "0".repeat(64),
    mode: "enforce",
    default: "deny",
    denials: "tool_result",
    rules,
    server: {},
    examples: [],
    ...parts,
  };
}

export function compile(
  documents: PolicyDocument | readonly PolicyDocument[],
  options: Partial<CompileOptions> = {},
): CompiledPolicy {
  return compilePolicies(
    Array.isArray(documents) ? documents as PolicyDocument[] : [documents as PolicyDocument],
    { workingDirectory: "/wd", pathCase: "exact", ownFiles: [], ...options },
    engine,
  );
}

/** A tool call; the arguments as JSON text. */
export function call(name: string, argumentsJson?: string): Operation {
  return operation({ name, ...(argumentsJson === undefined ? {} : { arguments: json(argumentsJson) }) });
}

export function read(uri: string): Operation {
  return operation({
    method: "resources/read",
    target: "resource",
    name: uri,
    arguments: new Map<string, JsonValue>([["uri", uri]]),
  });
}

/** Anything else; without parts, a tool call without arguments. */
export function operation(parts: Partial<Operation>): Operation {
  const method = parts.method ?? "tools/call";
  return {
    from: "downstream",
    method,
    target: method === "tools/call" ? "tool" : "method",
    name: method,
    arguments: undefined,
    housekeeping: false,
    ...parts,
  };
}

export function number(source: string): Extract<Literal, object> {
  return { kind: "number", source, value: Number(source) };
}

export const equals = (value: Literal): Check => ({ kind: "equals", value });
export const oneOf = (...values: Literal[]): Check => ({ kind: "one_of", values });
export const matches = (pattern: string): Check => ({ kind: "matches", pattern, at });
export const finds = (pattern: string): Check => ({ kind: "finds", pattern, at });
export const under = (...roots: string[]): Check => ({ kind: "under", roots });
export const glob = (...globs: string[]): Check => ({ kind: "glob", globs });
export const min = (bound: number): Check => ({ kind: "min", bound });
export const max = (bound: number): Check => ({ kind: "max", bound });
export const maxLength = (length: number): Check => ({ kind: "max_length", length });
export const present = (isPresent: boolean): Check => ({ kind: "present", present: isPresent });
