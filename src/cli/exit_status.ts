/** What a failure of ours means for the process's exit status. The server's own status is passed through elsewhere. */

import type { ErrorCode } from "../errors.ts";

export const exitStatus = {
  done: 0,
  checkFailed: 1,
  usage: 2,
  configuration: 3,
  internal: 70,
  /** As shells have it: POSIX.1-2024, XCU 2.8.2. */
  notExecutable: 126,
  notFound: 127,
} as const;

/** The exit status that says which kind of error it was. */
export function statusOf(code: ErrorCode): number {
  switch (code) {
    case "usage":
      return exitStatus.usage;
    case "command_not_found":
      return exitStatus.notFound;
    case "command_not_executable":
    case "command_not_started":
      return exitStatus.notExecutable;
    case "approval_unknown":
      return exitStatus.checkFailed;
    case "internal":
    case "libc_unavailable":
      return exitStatus.internal;
    case "policy_unreadable":
    case "policy_too_large":
    case "policy_syntax":
    case "policy_unknown_key":
    case "policy_wrong_type":
    case "policy_bad_value":
    case "policy_not_yet":
    case "lock_unreadable":
    case "lock_unwritable":
    case "lock_malformed":
    case "lock_missing":
    case "lock_other_command":
    case "audit_unwritable":
    case "audit_unreadable":
    case "state_unusable":
    case "state_busy":
    case "containment_unavailable":
    case "server_unusable":
    case "output_unwritable":
      return exitStatus.configuration;
  }
}
