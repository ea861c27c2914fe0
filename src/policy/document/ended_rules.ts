/** Rules that are not there any more: told, because a deny that has ended is easily taken for one that holds. */

import { hasEnded } from "../policy_at.ts";
import type { PolicyDocument } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { formatEnd } from "./moment.ts";

export function findEndedRules({ rules }: PolicyDocument, nowMs: number, report: Report): void {
  for (const { id, at, effect, untilMs } of rules) {
    if (untilMs === undefined || !hasEnded(untilMs, nowMs)) continue;
    report.warning(
      "ended_rule",
      at,
      `the rule ${quote(id)} has ended with ${formatEnd(untilMs)}: it ${effects[effect]} nothing any more`,
      "Take it out, or give it a later until",
    );
  }
}

const effects: Readonly<Record<PolicyDocument["rules"][number]["effect"], string>> = {
  allow: "allows",
  deny: "denies",
  ask: "asks about",
  limit: "limits",
};
