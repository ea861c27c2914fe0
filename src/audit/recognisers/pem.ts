/** Keys and certificates in the textual encoding of RFC 7468, whole or cut off. */

import { isIn, setOf } from "./characters.ts";
import type { Found } from "./found.ts";

export const pemPrefix = "-----BEGIN ";

const endPrefix = "-----END ";
const dashes = "-----";

/**
 * What stands between the first and the last line: base64, the headers of RFC 1421 §4.6, and line breaks, which may be
 * real, escaped, or quoted and added up as in program text.
 */
const bodyCharacters = setOf(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n\\\"'-:,.",
);

/** Reports the block that begins at `start`. One that has no end reaches as far as it looks like a block. */
export function findPem(text: string, start: number, found: Found[]): void {
  if (!text.startsWith(dashes, start)) return;
  let end = start;
  while (isIn(bodyCharacters, text.charCodeAt(end))) end++;
  const last = text.slice(start, end).indexOf(endPrefix);
  if (last >= 0) {
    const close = text.indexOf(dashes, start + last + endPrefix.length);
    if (close >= 0 && close < end) end = close + dashes.length;
  }
  found.push({ start, end, kind: "private_key" });
}
