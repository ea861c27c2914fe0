/** JSON Web Tokens and their kin: RFC 7515 §7.1 (signed), RFC 7516 §7.1 (encrypted), compact form. */

import { isIn, setOf } from "./characters.ts";
import type { Found } from "./found.ts";

/** What base64url makes of `{"`, with which every header begins. */
export const jwtPrefix = "eyJ";

const base64url = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
const POINT = 0x2e;

/** `{"alg":"none"}`, the shortest header there is, less a few. */
const headerLengthMin = 12;

/**
 * Reports the token that begins at `start`, where a word does; one whose end was cut off counts too. Says how far it has looked: none
 * begins before that place.
 */
export function findJwt(text: string, start: number, found: Found[]): number {
  if (!text.startsWith(jwtPrefix, start)) return start;
  let end = skipPart(text, start);
  if (end - start < headerLengthMin || text.charCodeAt(end) !== POINT) return end;
  // A signed token has three parts, an encrypted one five.
  for (let parts = 1; parts < 5 && text.charCodeAt(end) === POINT; parts++) end = skipPart(text, end + 1);
  found.push({ start, end, kind: "jwt" });
  return end;
}

function skipPart(text: string, at: number): number {
  while (isIn(base64url, text.charCodeAt(at))) at++;
  return at;
}
