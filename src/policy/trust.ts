/**
 * The built-in rules on what a server says of itself: what is not as it was approved, or holds text that nobody sees, is
 * neither shown nor called, whatever the policies say.
 */

import type { Operation } from "../mcp/operation.ts";
import type { SurfaceKind } from "../mcp/surface.ts";
import { builtInRules } from "./built_in.ts";
import type { DenialCode } from "./decision.ts";
import type { CompiledPolicy } from "./compiled.ts";
import { type Facts, noFacts, type SurfaceFact } from "./facts.ts";
import type { Lock } from "./lock.ts";
import type { PatternEngine } from "./pattern.ts";
import { nameTarget } from "./sentence.ts";
import { Subject } from "./subject.ts";

/** What is expected of a server's words; absent from a policy that expects nothing. */
export interface Trust {
  /** What was approved; undefined where nothing was locked. */
  readonly lock: Lock | undefined;
  /** `invisible_text: refuse`. */
  readonly refusesInvisible: boolean;
  /** For the patterns of schemas; undefined where no rule holds arguments against what the server declared. */
  readonly engine: PatternEngine | undefined;
}

/** The kind of surface that an operation uses; undefined where it uses none. */
export function usedSurface({ from, target, accompanies }: Operation): "tool" | "prompt" | undefined {
  // What accompanies was judged when it was called.
  if (from !== "downstream" || accompanies === true) return undefined;
  return target === "tool" || target === "prompt" ? target : undefined;
}

/** Whether what a server says of what an operation would use bears on the verdict. */
export function wantsSurface(policy: CompiledPolicy, operation: Operation): boolean {
  const { trust } = policy;
  if (trust === undefined || usedSurface(operation) === undefined) return false;
  return trust.lock !== undefined || trust.refusesInvisible || wantsSchema(policy, operation);
}

/** Whether a rule that is about an operation holds its arguments against the tool's own schema. */
export function wantsSchema(policy: CompiledPolicy, operation: Operation): boolean {
  if (policy.trust?.engine === undefined || operation.target !== "tool") return false;
  const subject = new Subject(operation, noFacts, policy.paths);
  return policy.documents.some(({ allow, ask }) =>
    allow.covering(subject).some(({ schema }) => schema) ||
    (ask?.perhaps.covering(subject).some(({ schema }) => schema) ?? false)
  );
}

/** Why what an operation would use may not be used. */
export interface Distrust {
  readonly code: DenialCode;
  readonly rule: string;
  readonly reason: string;
}

/** Judges what an operation would use; undefined where nothing speaks against it. */
export function findDistrust(trust: Trust, operation: Operation, facts: Facts): Distrust | undefined {
  const kind = usedSurface(operation);
  if (kind === undefined) return undefined;
  return distrust(trust, nameTarget(operation), facts.surface);
}

/** The same for a thing in a list; `what` names it: `tool "read_file"`. */
export function distrust(trust: Trust, what: string, fact: SurfaceFact | undefined): Distrust | undefined {
  if (trust.lock !== undefined) {
    const seen = explainStanding(fact?.standing ?? "unknown");
    if (seen !== undefined) return { code: "lock", rule: builtInRules.lock, reason: `${what} ${seen}` };
  }
  if (!trust.refusesInvisible) return undefined;
  const code = "invisible_text";
  if (fact === undefined || fact.standing === "unknown") {
    const reason = `${what} could not be looked at: the server did not say what it is`;
    return { code, rule: builtInRules.invisibleText, reason };
  }
  return fact.invisible === true
    ? {
      code,
      rule: builtInRules.invisibleText,
      reason: `the description of ${what} holds text that nobody sees`,
    }
    : undefined;
}

function explainStanding(standing: SurfaceFact["standing"]): string | undefined {
  switch (standing) {
    case "as_locked":
      return undefined;
    case "changed":
      return "is described otherwise than when it was approved";
    case "new":
      return "was not there when the server was approved";
    case "unlisted":
      return "is not listed by the server, so it is not what was approved";
    case "ambiguous":
      return "is described in two ways, so it is not what was approved";
    case "unlocked":
    case "unknown":
      return "could not be held against what was approved: the server did not say what it is";
  }
}

/** How a list's key in a result is called among the surfaces. */
export function surfaceKindOf(listedIn: string): SurfaceKind | undefined {
  switch (listedIn) {
    case "tools":
      return "tool";
    case "prompts":
      return "prompt";
    case "resourceTemplates":
      return "resource_template";
    default:
      return undefined;
  }
}
