/** What the engine answers. */

import type { Use } from "./quota.ts";
import type { Taint } from "./taint.ts";

/** The closed set of reasons by which a message does not pass. */
export type DenialCode =
  | "rule"
  | "default"
  | "limit"
  | "own_file"
  | "unsafe_url"
  | "lock"
  | "schema"
  | "invisible_text"
  | "ask"
  | "taint"
  | "error";

/** A rule that would have decided otherwise but only observes. */
export interface Observation {
  readonly policy: string;
  readonly rule: string;
  readonly verdict: "deny" | "ask" | "limit";
  readonly reason: string;
}

/** A rule that asks a person before a call may pass. */
export interface Asking {
  readonly policy: string;
  readonly rule: string;
  /** Unique over all policies of the session: what `Facts.consents` holds once a person has said yes. */
  readonly key: string;
  readonly reason: string;
  /** For how long a yes holds for the very same call. */
  readonly approvedForMs: number;
}

/** Tokens to take from one bucket, if and only if the message is forwarded. */
export interface Charge {
  /** Unique over all policies of the session. */
  readonly bucket: string;
  readonly tokens: number;
}

export interface Decision {
  /** What the policies say (the strictest of them). */
  readonly verdict: "allow" | "deny" | "ask" | "limit";
  /**
   * What is to be done: `forward` also where a denying policy or rule only observes; `deny` also where the verdict is
   * `ask`, until a person has consented.
   */
  readonly action: "forward" | "deny";
  /** Why not; absent where the verdict is `allow`. */
  readonly code?: DenialCode;
  /** The policy (its name) and the rule (its id, or `default`, or a built-in's name) that decided. */
  readonly policy: string;
  readonly rule: string;
  /** A sentence for the model and the log: never how to change the policy. */
  readonly reason: string;
  /** Milliseconds until the same call would have room; only with `limit`. */
  readonly retryAfterMs?: number;
  /** Every rule that asks for consent which is not there; only with `ask`, and never empty then. */
  readonly asks?: readonly Asking[];
  readonly observed: readonly Observation[];
  readonly charges: readonly Charge[];
  /** What it takes from quotas, if and only if the message is forwarded; absent: nothing. */
  readonly uses?: readonly Use[];
  /** Labels that the session gets with it and has not yet, only where it is forwarded; absent: none. */
  readonly taints?: readonly Taint[];
  /** How a denied tool call is answered; the strictest policy's own wish. */
  readonly denials: "tool_result" | "protocol_error";
}
