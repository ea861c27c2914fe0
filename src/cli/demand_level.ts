/** The containment that a policy demands. */

import { LilithError } from "../errors.ts";
import type { ServerSettings } from "../policy/rule.ts";
import type { ContainmentReport } from "../supervisor/containment.ts";

/** Gives the report back, and refuses to start below the level that a policy demands. */
export function demandLevel(report: ContainmentReport, settings: ServerSettings): ContainmentReport {
  if (settings.containment !== "namespace" || report.level === "namespace") return report;
  throw new LilithError("containment_unavailable", {
    message:
      `Cannot start the server: the policy demands containment "namespace", and here there is "${report.level}"`,
    hint: report.missing.map(({ mechanism, why, hint }) => `${mechanism}: ${why}. ${hint}`).join(
      "\n        ",
    ),
  });
}
