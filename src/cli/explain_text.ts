/** An explanation as a person reads it on a terminal. */

import type { Answer } from "../policy/answer.ts";
import type { Decision } from "../policy/decision.ts";
import {
  type CheckTrace,
  type Explanation,
  nameArgument,
  type PolicyTrace,
  type RuleTrace,
} from "../policy/explain.ts";
import { quote } from "../policy/sentence.ts";
import { type Paint, paintWith } from "./paint.ts";
import type { ExplainedMessage } from "./policy_explain.ts";

/** Rules about something else that are shown one by one; more are counted. */
const elsewhereShownMax = 12;

/** The decision first, then each policy rule by rule. */
export function formatExplanation(message: ExplainedMessage, colour: boolean): readonly string[] {
  const paint = paintWith(colour);
  const { decision, explanations } = message;
  const lines = formatDecision(decision, explanations[0], paint);
  for (const [index, explanation] of explanations.entries()) {
    if (explanations.length > 1) {
      const { target, name } = explanation.operation;
      lines.push("", `${index === 0 ? "the message" : "with it"}: ${target} ${quote(name)}`);
    }
    for (const policy of explanation.policies) lines.push("", ...formatPolicy(policy, paint));
  }
  const wouldTake = [...new Set(explanations.flatMap((one) => one.wouldTake))];
  if (decision.action === "deny" && wouldTake.length > 0) {
    lines.push("", paint.bold("to be let through it would take"), ...wouldTake.map((line) => `  ${line}`));
  }
  return lines;
}

function formatDecision(decision: Decision, { operation }: Explanation, paint: Paint): string[] {
  const { verdict, action, code, policy, rule, reason, observed } = decision;
  const passes = action === "forward";
  const word = (passes ? paint.green : paint.red)(paint.bold(verdict));
  const only = passes && verdict !== "allow" ? ", and passed on all the same: it only observes" : "";
  return [
    `${word}: ${reason}${only}`,
    `  ${operation.target} ${quote(operation.name)}, ${
      operation.from === "downstream" ? "asked by the agent" : "asked by the server"
    }${operation.target === "method" ? "" : ` (${operation.method})`}`,
    `  decided by ${rule === "default" ? "the default" : quote(rule)} of policy ${quote(policy)}${
      code === undefined ? "" : `, code ${code}`
    }`,
    ...observed.map((one) =>
      `  ${quote(one.rule)} of policy ${quote(one.policy)} only observes; it would have said ${one.verdict}`
    ),
  ];
}

function formatPolicy(policy: PolicyTrace, paint: Paint): string[] {
  const { name, mode, default: fallback, verdict, rule, rules } = policy;
  const observing = mode === "observe" ? " (mode: observe, blocks nothing)" : "";
  const lines = [`policy ${paint.bold(quote(name))}${observing}: ${verdict}`];
  const about = rules.filter(({ says }) => says !== "elsewhere");
  const elsewhere = rules.filter(({ says }) => says === "elsewhere");
  const shown = [...about, ...elsewhere.slice(0, elsewhereShownMax)];
  const effectWidth = Math.max(...shown.map(({ effect }) => effect.length), 0);
  const idWidth = Math.max(...shown.map(({ id }) => id.length), 0);
  // As the engine has them, so that what comes first is read first.
  for (const one of rules.filter((some) => shown.includes(some))) {
    lines.push(...formatRule(one, effectWidth, Math.min(idWidth, 40), paint));
  }
  const left = elsewhere.length - elsewhereShownMax;
  if (left > 0) lines.push(paint.dim(`    and ${left} more about something else`));
  const isFallback = rule === "default" || rule === "protocol";
  lines.push(
    `${isFallback ? paint.bold("  → ") : "    "}${
      rule === "protocol" ? "the protocol's own housekeeping passes" : `default: ${fallback}`
    }`,
  );
  return lines;
}

function formatRule(rule: RuleTrace, effectWidth: number, idWidth: number, paint: Paint): string[] {
  const { id, effect, says, checks, decisive, observes } = rule;
  const head = `${effect.padEnd(effectWidth)}  ${id.padEnd(idWidth)}`;
  const line = `${decisive ? paint.bold("  → ") : "    "}${markOf(rule, paint)} ${head}  ${describe(rule)}${
    observes ? " (only observes)" : ""
  }`;
  if (says === "elsewhere") return [paint.dim(line)];
  return [line, ...checks.map((check) => `        ${formatCheck(check, effect, paint)}`)];
}

function formatCheck(
  { argument, must, answer, because }: CheckTrace,
  effect: RuleTrace["effect"],
  paint: Paint,
): string {
  // To a deny one text is enough, an allow wants all.
  const isOneEnough = argument === "**" && (effect === "deny" || effect === "limit");
  const what = argument === "" ? "the call" : isOneEnough ? "some text" : nameArgument(argument);
  return `${answerMark(answer, paint)} ${what} must ${must}: ${because}`;
}

function markOf({ says, answer }: RuleTrace, paint: Paint): string {
  if (says === "elsewhere") return "·";
  // The call is one that it counts (yes), and there is no room: what one looks for is the second.
  if (says === "limits") return answerMark("no", paint);
  return answer === undefined ? "·" : answerMark(answer, paint);
}

function answerMark(answer: Answer, paint: Paint): string {
  switch (answer) {
    case "yes":
      return paint.green("✓");
    case "no":
      return paint.red("✗");
    case "unknown":
      return paint.yellow("?");
  }
}

function describe({ says, answer, elsewhere, limit, effect }: RuleTrace): string {
  switch (says) {
    case "elsewhere":
      return elsewhere ?? "it is about something else";
    case "does_not_apply":
      return answer === "unknown" ? "cannot be told, so it does not " + effect : `does not ${effect}`;
    case "denies":
      return answer === "unknown" ? "denies, because it cannot be told" : "denies";
    case "limits":
      if (limit === undefined) return "has no room";
      return limit.waitMs === Infinity
        ? `has no room for it (${round(limit.left)} of ${limit.holds} left)`
        : `has no room for ${limit.waitMs} ms (it holds ${limit.holds})`;
    case "has_room":
      return `has room${limit === undefined ? "" : `: ${round(limit.left)} of ${limit.holds} left`}`;
    case "asks":
      return answer === "unknown" ? "asks a person, because it cannot be told" : "asks a person";
    case "allows":
      return "allows";
  }
}

function round(number: number): string {
  return String(Math.round(number * 10) / 10);
}
