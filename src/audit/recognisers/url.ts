/** User names and passwords inside URLs: RFC 3986 §3.2.1. (Secrets in their queries: see assignments.ts.) */

import { isIn, setOf } from "./characters.ts";
import type { Found } from "./found.ts";

/** What ends an authority, RFC 3986 §3.2, and what can stand in no URL at all. */
const authorityEnds = setOf("/?#\\ \t\r\n\"'<>`{}|^");

/** No host with its credentials is longer; more is no URL. */
const authorityCharactersMax = 1024;

export function findUrlCredentials(text: string, found: Found[]): void {
  for (let scheme = text.indexOf("://"); scheme >= 0; scheme = text.indexOf("://", scheme + 3)) {
    const start = scheme + 3;
    const end = authorityEnd(text, start);
    // A password may hold an unescaped `@`: the last one counts, as it does for a URL parser (WHATWG URL §4.4).
    const at = start + text.slice(start, end).lastIndexOf("@");
    if (at <= start) continue;
    // `ssh://git@host`: a name that everyone uses is no secret.
    if (at - start === 3 && text.startsWith("git", start)) continue;
    found.push({ start, end: at, kind: "url_credentials" });
  }
}

function authorityEnd(text: string, start: number): number {
  const last = Math.min(text.length, start + authorityCharactersMax);
  let end = start;
  while (end < last && !isIn(authorityEnds, text.charCodeAt(end))) end++;
  return end;
}
