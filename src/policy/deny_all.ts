/** The policy that holds where none was given. It needs no parser, so that starting without a policy costs nothing. */

import { createHash } from "node:crypto";
import type { PolicyDocument } from "./rule.ts";

/** Denies every tool, resource and prompt, and says why; the protocol's own housekeeping passes. */
export function denyAll(): PolicyDocument {
  const at = { file: "built-in", line: 1, column: 1 };
  return {
    file: "built-in",
    name: "no policy",
    sha256: createHash("sha256").update("").digest("hex"),
    mode: "enforce",
    default: "deny",
    denials: "tool_result",
    rules: [{
      id: "no-policy",
      effect: "deny",
      scope: { tools: ["*"], resources: ["*"], prompts: ["*"], methods: [] },
      args: [],
      others: "any",
      reason: "the proxy was started without a policy, so nothing is allowed",
      mode: "enforce",
      at,
    }],
    server: {},
    examples: [],
  };
}
