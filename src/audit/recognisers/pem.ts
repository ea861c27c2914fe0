/** Keys and certificates in the textual encoding of RFC 7468, whole or cut off. */

import type { Found } from "./found.ts";

export const pemPrefix = "-----BEGIN ";

/**
 * Reports the block that begins at `start`. Its line breaks may be real, escaped or gone. One without an end reaches
 * to the end of the text: it is better to mask too much than half a key.
 */
export function findPem(text: string, start: number, found: Found[]): void {
  const last = text.indexOf("-----END ", start);
  const close = last < 0 ? -1 : text.indexOf("-----", last + "-----END ".length);
  found.push({ start, end: close < 0 ? text.length : close + "-----".length, kind: "private_key" });
}
