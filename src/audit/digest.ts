/** Keyed digests: they show that two messages are the same, and tell nothing to who lacks the key. */

import { createHmac } from "node:crypto";

/** HMAC-SHA-256 of `bytes` as lower-case hex (RFC 2104). */
export function keyedDigest(key: Uint8Array, bytes: Uint8Array): string {
  return createHmac("sha256", key).update(bytes).digest("hex");
}
