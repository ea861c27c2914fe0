/** What a list may show: a thing is hidden if no arguments could make its use pass. */

import type { Operation, Side, TargetKind } from "../mcp/operation.ts";
import type { CompiledDocument, CompiledPolicy } from "./compile.ts";
import { noFacts } from "./facts.ts";
import { Subject } from "./subject.ts";

/** The use of a listed thing, its arguments not yet known. */
export interface Use {
  readonly from: Side;
  readonly target: TargetKind;
  readonly name: string;
  /** The method that would use it, for example `tools/call`. */
  readonly method: string;
}

/**
 * Whether some arguments could pass. False for what a rule denies without conditions and for what no rule allows; true
 * wherever it depends on the arguments, on a limit, or on nothing at all because a policy only observes.
 */
export function couldAllow(policy: CompiledPolicy, use: Use): boolean {
  const { from, target, name, method } = use;
  const operation: Operation = { from, target, name, method, arguments: undefined, housekeeping: false };
  try {
    const subject = new Subject(operation, noFacts, policy.paths);
    return policy.documents.every((document) => document.mode === "observe" || couldPass(document, subject));
  } catch {
    return false;
  }
}

function couldPass(document: CompiledDocument, subject: Subject): boolean {
  const denied = document.deny.covering(subject).some((rule) =>
    !rule.observes && rule.arguments.length === 0
  );
  if (denied) return false;
  return document.default === "allow" || document.allow.covering(subject).some((rule) => !rule.observes);
}
