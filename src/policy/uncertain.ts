/**
 * Policies as they could be, where some rules' answers are not known: the one that lets most through, and the one that
 * lets least through. A verdict on which both agree is certain, because a deny or limit that applies never lets more
 * through, and an allow that holds never less. An ask does both, and a limit stands before the default, which denies in
 * other words; so these are tried both ways.
 */

import type { CompiledDocument, CompiledLimit, CompiledPolicy, CompiledRule } from "./compiled.ts";
import type { CompiledQuota } from "./quota.ts";
import { ScopeIndex } from "./scope.ts";

/** Variants of one policy. The names and keys of rules stay. */
export interface Bounds {
  /** What could be let through is. */
  readonly open: readonly CompiledPolicy[];
  /** What could be held back is. */
  readonly closed: readonly CompiledPolicy[];
  /** Nothing is denied or asked, every limit that could apply does: says what a call that passed could have cost. */
  readonly costly: CompiledPolicy;
}

/** The bounds of a policy of which the rules `uncertain` may say anything about an operation that they cover. */
export function boundsOf(policy: CompiledPolicy, uncertain: ReadonlySet<CompiledRule>): Bounds {
  const asks = policy.documents.some(({ ask }) => ask?.perhaps.rules.some((rule) => uncertain.has(rule)));
  const limits = policy.documents.some(({ limit }) => limit.rules.some((rule) => uncertain.has(rule)));
  const make = (opens: boolean) =>
    (asks ? [true, false] : [false]).flatMap((asking) =>
      (limits ? [!opens, opens] : [!opens]).map((limiting) =>
        variant(policy, uncertain, { opens, asking, limiting })
      )
    );
  return { open: make(true), closed: make(false), costly: costly(policy, uncertain) };
}

/** What becomes of the rules that are not certain. */
interface Way {
  /** Allows hold, denies do not fire; or the other way round. */
  readonly opens: boolean;
  readonly asking: boolean;
  readonly limiting: boolean;
}

function variant(
  policy: CompiledPolicy,
  uncertain: ReadonlySet<CompiledRule>,
  { opens, asking, limiting }: Way,
): CompiledPolicy {
  if (uncertain.size === 0) return policy;
  const documents = policy.documents.map((document): CompiledDocument => {
    const { deny, limit, ask, allow, taint } = document;
    // An ask stands in two indexes, and has to be one and the same in both.
    const asks = new Map<CompiledRule, CompiledRule>();
    return {
      ...document,
      deny: changed(deny, uncertain, !opens),
      limit: changed(limit, uncertain, limiting),
      ask: ask && {
        surely: changed(ask.surely, uncertain, asking, asks),
        perhaps: changed(ask.perhaps, uncertain, asking, asks),
      },
      allow: changed(allow, uncertain, opens),
      // What surely is brought in; `costly` knows what could be.
      taint: taint && changed(taint, uncertain, false),
    };
  });
  return { ...policy, documents };
}

function costly(policy: CompiledPolicy, uncertain: ReadonlySet<CompiledRule>): CompiledPolicy {
  const documents = policy.documents.map((document): CompiledDocument => ({
    ...document,
    default: "allow",
    deny: new ScopeIndex([], "deny"),
    ask: undefined,
    // (What a sum that is not known takes is all that there is; who asks for the cost has to see to that.)
    limit: changed(withoutUncertainQuotas(document.limit, uncertain), uncertain, true),
    taint: document.taint && changed(document.taint, uncertain, true),
  }));
  return { ...policy, documents };
}

/** What takes every condition on the arguments from a rule. */
const unconditional = {
  arguments: [],
  closed: false,
  names: new Set<string>(),
  parts: undefined,
  schema: false,
  ifTainted: undefined,
} as const;

/** A quota that may be full, or find nothing to sum up, is one that has no room. */
function fullQuota(rule: CompiledRule): { readonly quota?: CompiledQuota } {
  const { quota } = rule as Partial<CompiledLimit>;
  return quota === undefined ? {} : { quota: { ...quota, sum: undefined, max: 0n } };
}

function withoutUncertainQuotas(
  index: ScopeIndex<CompiledLimit>,
  uncertain: ReadonlySet<CompiledRule>,
): ScopeIndex<CompiledLimit> {
  const rules = index.rules.filter((rule) => rule.quota === undefined || !uncertain.has(rule));
  return rules.length === index.rules.length ? index : new ScopeIndex(rules, index.strictness);
}

/** The index with each uncertain rule made to apply whatever the arguments are, or taken out. */
function changed<R extends CompiledRule>(
  index: ScopeIndex<R>,
  uncertain: ReadonlySet<CompiledRule>,
  applies: boolean,
  made: Map<CompiledRule, CompiledRule> = new Map(),
): ScopeIndex<R> {
  if (!index.rules.some((rule) => uncertain.has(rule))) return index;
  const rules = index.rules.flatMap((rule): R[] => {
    if (!uncertain.has(rule)) return [rule];
    if (!applies) return [];
    const known = made.get(rule) ?? { ...rule, ...unconditional, ...fullQuota(rule) };
    made.set(rule, known);
    return [known as R];
  });
  return new ScopeIndex(rules, index.strictness);
}
