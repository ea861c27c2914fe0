/** What the session asks the relay to do, in order. Data only: nothing in here acts. */

import type { Chain } from "../audit/record.ts";
import type { Side } from "../mcp/operation.ts";
import type { ApprovalQuery, Query } from "../policy/facts.ts";
import type { Use } from "../policy/quota.ts";
import type { Taint } from "../policy/taint.ts";

export interface ShareEffect {
  readonly kind: "share";
  readonly uses: readonly Use[];
  readonly taints: readonly Taint[];
}

export type Effect =
  /**
   * Write down what other proxies share of this. Always the first effect. If somebody else was quicker, or it cannot be
   * written, nothing else may happen: call `resume` again, with what is shared by now.
   */
  | ShareEffect
  /** Append one line to the audit log. If that fails, none of the effects after it may happen. `chain`: the chain with this line in it. */
  | { readonly kind: "record"; readonly line: Uint8Array; readonly chain: Chain }
  /** Pass on a message as it came: `buffer[start, end)`, the line feed included. */
  | {
    readonly kind: "forward";
    readonly to: Side;
    readonly buffer: Uint8Array;
    readonly start: number;
    readonly end: number;
  }
  /** Send a message of our own making, line feed included. */
  | { readonly kind: "reply"; readonly to: Side; readonly bytes: Uint8Array }
  /**
   * Find these facts out and call `resume`. Always the last effect: what is recorded, said and sent to the server for a
   * question of our own comes before. With `awaitsServer`, `resume` has to wait until nothing is asked any more
   * (`SurfaceTable.asking`), or until too much time has passed.
   */
  | {
    readonly kind: "look_up";
    readonly queries: readonly (Query | ApprovalQuery)[];
    readonly awaitsServer?: boolean;
  }
  /** Call `tick` at that time, or a little later: something that waits for a person has waited long enough. */
  | { readonly kind: "wake"; readonly atMs: number }
  /** Tell the operator (stderr). */
  | { readonly kind: "say"; readonly level: "info" | "warning"; readonly text: string };
