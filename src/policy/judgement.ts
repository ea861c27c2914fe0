/** What one policy says of an operation, and what several of them come to. */

import type { CompiledDocument } from "./compiled.ts";
import type { Asking, Charge, Decision, DenialCode, Observation } from "./decision.ts";
import type { Use } from "./quota.ts";

export type Verdict = Decision["verdict"];

/** What one policy says. */
export interface Judgement {
  readonly document: CompiledDocument;
  readonly verdict: Verdict;
  readonly code: DenialCode | undefined;
  readonly rule: string;
  readonly reason: string;
  /** Until every limit of this policy has room; 0 where all have. */
  readonly waitMs: number;
  /** What its observing rules alone would have done. */
  readonly observed: readonly Observation[];
  /** For each limit that covers the call and has room. */
  readonly charges: readonly Charge[];
  /** For each quota that covers the call and has room; absent: none. */
  readonly uses?: readonly Use[] | undefined;
  /** What a person has to be asked; only where the verdict is `ask`. */
  readonly asks?: readonly Asking[] | undefined;
}

export type Ruling = Pick<Judgement, "verdict" | "code" | "rule" | "reason">;

/** What {@linkcode combine} makes of one judgement, at a fraction of its cost: most people have one policy. */
export function speakAlone(judgement: Judgement): Decision {
  const { document, verdict, rule, reason, observed, charges, uses } = judgement;
  if (verdict !== "allow" || document.mode !== "enforce" || observed.length > 0 || uses !== undefined) {
    return combine([judgement]);
  }
  const { name: policy, denials } = document;
  return { verdict, action: "forward", policy, rule, reason, observed, charges, denials };
}

/** What wins over what: the larger. */
export const strictnessOf: Readonly<Record<Verdict, number>> = { allow: 0, ask: 1, limit: 2, deny: 3 };

/** The strictest of some; the first of equals. */
function strictest(judgements: readonly Judgement[]): Judgement | undefined {
  return judgements.reduce<Judgement | undefined>(
    (best, one) => best === undefined || strictnessOf[one.verdict] > strictnessOf[best.verdict] ? one : best,
    undefined,
  );
}

/** The strictest of those in force decides; what only observes is told. */
export function combine(judgements: readonly Judgement[]): Decision {
  const enforcing = judgements.filter(({ document }) => document.mode === "enforce");
  const inForce = strictest(enforcing);
  const isForwarded = inForce === undefined || inForce.verdict === "allow";
  // A denial names who denied it; what passes names the strictest voice, also of a policy that only observes.
  const speaker = (isForwarded ? strictest(judgements) : inForce)!;
  const { verdict, code, rule, reason, document } = speaker;
  // The same call has room once the slowest of all the limits in question has it.
  const waits = (isForwarded ? judgements : enforcing).map(({ waitMs }) => waitMs);
  const retryAfterMs = verdict === "limit" ? Math.max(...waits) : Infinity;
  const uses = isForwarded ? judgements.flatMap(({ uses }) => uses ?? []) : [];
  return {
    verdict,
    action: isForwarded ? "forward" : "deny",
    ...(code === undefined ? {} : { code }),
    policy: document.name,
    rule,
    reason,
    // (What will never have room is not worth waiting for.)
    ...(retryAfterMs < Infinity ? { retryAfterMs } : {}),
    ...(verdict === "ask" && !isForwarded ? { asks: enforcing.flatMap(({ asks }) => asks ?? []) } : {}),
    observed: observations(judgements, isForwarded ? "allow" : verdict),
    charges: isForwarded ? judgements.flatMap(({ charges }) => charges) : [],
    ...(uses.length > 0 ? { uses } : {}),
    denials: document.denials,
  };
}

/** Everything that only observes and would have been stricter than what is done. */
function observations(judgements: readonly Judgement[], done: Verdict): readonly Observation[] {
  const all: Observation[] = [];
  for (const { document, verdict, rule, reason, observed } of judgements) {
    if (document.mode === "observe" && verdict !== "allow") {
      all.push({ policy: document.name, rule, verdict, reason });
    }
    all.push(...observed);
  }
  return all.filter(({ verdict }) => strictnessOf[verdict] > strictnessOf[done]);
}
