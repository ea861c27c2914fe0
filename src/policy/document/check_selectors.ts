/** Selectors of one rule that cannot hold together: one value that is to be a list and an object, or absent and more. */

import type { ArgumentRule } from "../rule.ts";
import { formatSelector, parseSelector, type SelectorStep } from "../selector.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";

interface Read {
  readonly argument: ArgumentRule;
  readonly steps: readonly SelectorStep[];
}

/** Whether they can; where not, the report says why. */
export function checkSelectors(args: readonly ArgumentRule[], report: Report): boolean {
  if (args.length < 2) return true;
  const paths: Read[] = args.flatMap((argument) => {
    const parsed = parseSelector(argument.selector);
    return parsed.kind === "path" ? [{ argument, steps: parsed.steps }] : [];
  });
  /** By what is written up to a step: the first selector that goes on from there. */
  const first = new Map<string, Read & { readonly kind: SelectorStep["kind"] }>();
  const absent = new Map<string, Read>();
  for (const read of paths) {
    if (isAbsent(read.argument)) absent.set(formatSelector(read.steps), read);
  }
  for (const read of paths) {
    for (let length = 1; length < read.steps.length; length++) {
      const start = formatSelector(read.steps.slice(0, length));
      const { kind } = read.steps[length];
      const other = first.get(start);
      if (other === undefined) {
        first.set(start, { ...read, kind });
      } else if (other.kind !== kind) {
        report.error(
          "policy_bad_value",
          read.argument.at,
          `${quote(start)} is an object for one selector and a list for another`,
          `See ${quote(other.argument.selector)} in line ${other.argument.at.line}; write two rules`,
        );
        return false;
      }
      if (absent.has(start) && !isAbsent(read.argument)) {
        report.error(
          "policy_bad_value",
          read.argument.at,
          `${quote(start)} shall be absent, and ${quote(read.argument.selector)} pass checks`,
          "present: false leaves nothing below it: take one of the two out",
        );
        return false;
      }
    }
  }
  return true;
}

function isAbsent({ checks }: ArgumentRule): boolean {
  return checks.some((check) => check.kind === "present" && !check.present);
}
