/** Which rules could say something else of an operation of which not everything is known. */

import type { Operation } from "../mcp/operation.ts";
import type { Answer, Strictness } from "../policy/answer.ts";
import type { CompiledLimit, CompiledPolicy, CompiledRule } from "../policy/compiled.ts";
import { type Facts, pathQueries } from "../policy/facts.ts";
import { answerRule } from "../policy/match.ts";
import { needs } from "../policy/needs.ts";
import { claim } from "../policy/quota.ts";
import { initialState } from "../policy/state.ts";
import { Subject } from "../policy/subject.ts";
import { valueHoldsMask } from "./recorded.ts";
import { newWatch, wasTouched, type Watch, watchedFacts, WatchedOperation } from "./watched.ts";

/** An operation as a log has it. */
export interface Remembered {
  readonly operation: Operation;
  /** False where its arguments are not recorded. */
  readonly areArgumentsKnown: boolean;
}

export interface UncertainRules {
  readonly rules: ReadonlySet<CompiledRule>;
  /** What was not known and looked at, over all rules. */
  readonly because: Watch;
}

/**
 * Every rule that covers one of the operations and whose answer depends on what is not known. `asksForSchemas`: some rule
 * may ask what the server declared, which no path in the facts tells.
 */
export function findUncertainRules(
  policy: CompiledPolicy,
  operations: readonly Remembered[],
  facts: Facts,
  asksForSchemas: boolean,
): UncertainRules {
  const rules = new Set<CompiledRule>();
  const because = newWatch();
  for (const remembered of operations) {
    const { operation } = remembered;
    // A fact that nobody would have asked for was not there when the real thing was decided either.
    const wanted = new Set(pathQueries(needs(policy, operation)).map(({ path }) => path));
    if (!asksForSchemas && isWhole(remembered, wanted, facts)) continue;
    const subject = new Subject(operation, facts, policy.paths);
    const look = (all: readonly CompiledRule[], strictness: Strictness): void => {
      for (const rule of all) {
        const watch = newWatch();
        if (isCertain(rule, remembered, facts, wanted, policy, strictness, watch)) continue;
        rules.add(rule);
        add(because, watch);
      }
    };
    for (const { deny, limit, ask, allow, taint } of policy.documents) {
      look(deny.covering(subject), "deny");
      const limits = limit.covering(subject);
      look(limits, "deny");
      for (const rule of limits) {
        const watch = newWatch();
        if (rules.has(rule) || isAmountKnown(rule, remembered, facts, wanted, policy, watch)) continue;
        rules.add(rule);
        add(because, watch);
      }
      if (ask !== undefined) {
        look(ask.perhaps.covering(subject), "deny");
        look(ask.surely.covering(subject), "allow");
      }
      look(allow.covering(subject), "allow");
      if (taint !== undefined) look(taint.covering(subject), "deny");
    }
  }
  return { rules, because };
}

/** Whether nothing is missing, so that nothing needs to be watched. */
function isWhole(
  { operation, areArgumentsKnown }: Remembered,
  wanted: ReadonlySet<string>,
  facts: Facts,
): boolean {
  if (!areArgumentsKnown || valueHoldsMask(operation.arguments)) return false;
  for (const path of wanted) if (!facts.has(path)) return false;
  return true;
}

/** Whether the rule's answer is the same whatever is not known: it did not look at it, or a part of it says no anyhow. */
function isCertain(
  rule: CompiledRule,
  { operation, areArgumentsKnown }: Remembered,
  facts: Facts,
  wanted: ReadonlySet<string>,
  policy: CompiledPolicy,
  strictness: Strictness,
  all: Watch,
): boolean {
  // Each part is asked of a subject of its own: what one has read, another would find read already.
  for (const part of partsOf(rule)) {
    const watch = newWatch();
    const subject = new Subject(
      new WatchedOperation(operation, areArgumentsKnown, watch),
      watchedFacts(facts, wanted, watch),
      policy.paths,
    );
    const answer: Answer = answerRule(part, subject, strictness);
    if (!wasTouched(watch)) {
      if (answer === "no") return true;
      continue;
    }
    add(all, watch);
  }
  return !wasTouched(all);
}

/** Whether what a limit sums up is known; also where it sums up nothing. */
function isAmountKnown(
  { quota }: CompiledLimit,
  { operation, areArgumentsKnown }: Remembered,
  facts: Facts,
  wanted: ReadonlySet<string>,
  policy: CompiledPolicy,
  watch: Watch,
): boolean {
  if (quota?.sum === undefined) return true;
  const watched = new WatchedOperation(operation, areArgumentsKnown, watch);
  const subject = new Subject(watched, watchedFacts(facts, wanted, watch), policy.paths);
  claim(quota, subject, initialState(policy), undefined, 0);
  return !wasTouched(watch);
}

function add(all: Watch, one: Watch): void {
  all.masked ||= one.masked;
  all.omitted ||= one.omitted;
  all.fact ||= one.fact;
}

/** A rule holds where all of its parts do. */
function partsOf(rule: CompiledRule): readonly CompiledRule[] {
  const alone = { ...rule, closed: false, schema: false };
  const parts: CompiledRule[] = rule.arguments.map((argument) => ({ ...alone, arguments: [argument] }));
  return [{ ...rule, arguments: [] }, ...parts];
}
