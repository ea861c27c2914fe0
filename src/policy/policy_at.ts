/** Rules that end: the policy as it is at a moment. */

import type { CompiledDocument, CompiledPolicy, CompiledRule } from "./compiled.ts";
import { ScopeIndex } from "./scope.ts";

/** What {@linkcode policyAt} made last of a policy, and how many of its endings had passed then. */
const made = new WeakMap<CompiledPolicy, { readonly passed: number; readonly policy: CompiledPolicy }>();

/**
 * The policy without the rules whose `until` has passed at `nowMs` (Unix milliseconds); the same object where none has.
 *
 * ```ts
 * import { compilePolicies } from "./compile.ts";
 * import { policyAt } from "./policy_at.ts";
 *
 * const policy = compilePolicies([], { workingDirectory: "/", pathCase: "exact", ownFiles: [] }, undefined);
 * console.assert(policyAt(policy, 0) === policy);
 * ```
 */
export function policyAt(policy: CompiledPolicy, nowMs: number): CompiledPolicy {
  const { endings } = policy;
  if (endings.length === 0 || nowMs < endings[0]) return policy;
  let passed = 1;
  while (passed < endings.length && endings[passed] <= nowMs) passed++;
  const last = made.get(policy);
  if (last?.passed === passed) return last.policy;
  const left: CompiledPolicy = {
    ...policy,
    documents: policy.documents.map((document) => documentAt(document, nowMs)),
    endings: endings.slice(passed),
  };
  made.set(policy, { passed, policy: left });
  return left;
}

/** Whatever effects there are: each has its rules in an index of its own, or in several. */
function documentAt(document: CompiledDocument, nowMs: number): CompiledDocument {
  return withoutEnded(document, nowMs) as CompiledDocument;
}

function withoutEnded(part: unknown, nowMs: number): unknown {
  if (part instanceof ScopeIndex) {
    const rules = (part.rules as readonly CompiledRule[]).filter(({ untilMs }) => !hasEnded(untilMs, nowMs));
    return rules.length === part.rules.length ? part : new ScopeIndex(rules, part.strictness);
  }
  if (typeof part !== "object" || part === null || Object.getPrototypeOf(part) !== Object.prototype) {
    return part;
  }
  return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, withoutEnded(inner, nowMs)]));
}

/** Whether a rule that ends at `untilMs` has ended. */
export function hasEnded(untilMs: number | undefined, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs;
}

/** When rules end, each moment once, the first first. */
export function endingsOf(rules: readonly { readonly untilMs?: number }[]): readonly number[] {
  const all = new Set(rules.flatMap(({ untilMs }) => untilMs ?? []));
  return [...all].sort((a, b) => a - b);
}
