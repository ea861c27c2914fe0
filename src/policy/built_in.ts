/** The names under which decisions stand that no rule of a policy made. */

import type { DenialCode } from "./decision.ts";

/** The policy that built-in rules belong to. */
export const builtInPolicy = "built-in";

/** What decides where no rule of a policy does; no rule may have one of these names for its id. */
export const builtInRules = {
  /** `default:` of the policy. */
  default: "default",
  /** The housekeeping of the protocol, which passes. */
  protocol: "protocol",
  /** Our own files (`own_files.ts`). */
  ownFiles: "own-files",
  /** Pages that a server wants a person to open (`unsafe_url.ts`). */
  safeUrls: "safe-urls",
  /** What is not as it was approved (`trust.ts`). */
  lock: "lock",
  /** Text that nobody sees (`trust.ts`). */
  invisibleText: "invisible-text",
  /** Something is shared with other proxies, and cannot be told. */
  sharedState: "shared-state",
  /** A call of an example or an explanation that is none. */
  malformed: "malformed",
  /** The policy could not be applied. */
  error: "error",
} as const;

export const builtInRuleIds: ReadonlySet<string> = new Set(Object.values(builtInRules));

const builtInCodes: ReadonlySet<string> = new Set<DenialCode>([
  "own_file",
  "unsafe_url",
  "lock",
  "invisible_text",
  "error",
]);

/** Whether a built-in rule denied, before any policy was asked. */
export function isBuiltInDenial(
  { policy, code }: { readonly policy: string; readonly code?: string | undefined },
): boolean {
  return policy === builtInPolicy && code !== undefined && builtInCodes.has(code);
}
