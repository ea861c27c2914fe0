/** What a list may show: a thing is hidden if no arguments could make its use pass. */

import type { Operation, Side, TargetKind } from "../mcp/operation.ts";
import type { CompiledDocument, CompiledPolicy } from "./compiled.ts";
import { noFacts } from "./facts.ts";
import { isGlob } from "./glob.ts";
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
 * wherever it depends on the arguments, on a limit, on a person, or on nothing at all because a policy only observes.
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

/**
 * The same for a resource template (RFC 6570), whose URIs are not known. What is denied with any text in place of its
 * expressions is hidden, and where nothing is allowed but by rules, what none of them could cover.
 */
export function couldAllowTemplate(policy: CompiledPolicy, template: string, from: Side): boolean {
  const method = "resources/read";
  const parts = template.split(expression);
  const use = (name: string): Operation => ({
    from,
    target: "resource",
    name,
    method,
    arguments: undefined,
    housekeeping: false,
  });
  try {
    const samples = sampleTexts.map((text) => new Subject(use(parts.join(text)), noFacts, policy.paths));
    return policy.documents.every((document) =>
      document.mode === "observe" ||
      (!namesLiterally(document, template) && samples.some((sample) => !isDenied(document, sample)) &&
        (document.default === "allow" || couldBeAllowed(document, parts, samples[0])))
    );
  } catch {
    return false;
  }
}

const expression = /\{[^{}]*\}/;
/** No rule names them; of three lengths, so that no number of `?` covers all. */
const sampleTexts = ["", "\u{f0000}", "\u{f0000}\u{f0001}\u{f0002}"];

/** An author who writes the template as the list shows it means every URI of it. */
function namesLiterally({ deny }: CompiledDocument, template: string): boolean {
  return deny.rules.some((rule) =>
    !rule.observes && rule.ifTainted === undefined && rule.arguments.length === 0 &&
    rule.scope.resources.includes(template)
  );
}

/** Whether an allow covers some URI that begins as the template does, as far as beginnings tell. */
function couldBeAllowed(
  { allow, ask }: CompiledDocument,
  parts: readonly string[],
  sample: Subject,
): boolean {
  const head = parts[0];
  const mayCover = (glob: string): boolean => {
    const begin = isGlob(glob) ? glob.slice(0, glob.search(/[*?]/)) : glob;
    return begin.startsWith(head) || (isGlob(glob) && head.startsWith(begin));
  };
  return [allow, ...(ask === undefined ? [] : [ask.surely])].some((index) =>
    index.covering(sample, "methods").some((rule) => !rule.observes) ||
    index.rules.some((rule) => !rule.observes && rule.scope.resources.some(mayCover))
  );
}

/** A deny without conditions, so that no arguments could make it pass. */
function isDenied(document: CompiledDocument, subject: Subject): boolean {
  return document.deny.covering(subject).some((rule) =>
    !rule.observes && rule.ifTainted === undefined && rule.arguments.length === 0
  );
}

function couldPass(document: CompiledDocument, subject: Subject): boolean {
  if (isDenied(document, subject)) return false;
  const { allow, ask } = document;
  // What a person may still approve is shown like what a rule allows.
  return document.default === "allow" || allow.covering(subject).some((rule) => !rule.observes) ||
    (ask !== undefined && ask.surely.covering(subject).some((rule) => !rule.observes));
}
