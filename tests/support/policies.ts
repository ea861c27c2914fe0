/** Policy documents without YAML: the defaults of the language, and what a test cares about. */

import { compilePolicies } from "../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { loadPatternEngine } from "../../src/policy/pattern.ts";
import type { PolicyDocument, Rule, Scope } from "../../src/policy/rule.ts";

const at = { line: 1, column: 1 };

export function scopeOf(scope: Partial<Scope>): Scope {
  return { tools: [], resources: [], prompts: [], methods: [], ...scope };
}

let ruleNumber = 0;

export function ruleOf(rule: Partial<Rule> & Pick<Rule, "effect" | "scope">): Rule {
  return { id: `rule-${++ruleNumber}`, args: [], others: "any", mode: "enforce", at, ...rule };
}

export function documentOf(document: Partial<PolicyDocument>): PolicyDocument {
  return {
    file: "test.yaml",
    name: "test",
    sha256: "0".repeat(64),
    mode: "enforce",
    default: "deny",
    denials: "tool_result",
    rules: [],
    server: {},
    examples: [],
    ...document,
  };
}

export const position = at;

const engine = await loadPatternEngine();

export function policyOf(
  document: Partial<PolicyDocument>,
  options: {
    readonly workingDirectory?: string;
    readonly ownFiles?: readonly string[];
    readonly sharesState?: boolean;
  } = {},
): CompiledPolicy {
  return compilePolicies([documentOf(document)], {
    workingDirectory: options.workingDirectory ?? "/wd",
    pathCase: "exact",
    ownFiles: options.ownFiles ?? [],
    sharesState: options.sharesState ?? false,
  }, engine);
}
