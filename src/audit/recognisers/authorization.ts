/** Credentials behind the name of an HTTP authentication scheme, wherever they stand: RFC 6750 §2.1, RFC 7617 §2. */

import { beginsWord, isDigit, isIn, isSpace, setOf } from "./characters.ts";
import type { Found } from "./found.ts";

/** token68, RFC 9110 §11.2. */
const token68 = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

/** Reports the credentials behind `Bearer`, which ends before `at`. "bearer authentication" is prose and stays. */
export function findBearer(text: string, start: number, at: number, found: Found[]): void {
  const token = readToken(text, start, at);
  if (token === undefined) return;
  const length = token.end - token.start;
  if (length >= 20 || (length >= 8 && hasDigit(text, token.start, token.end))) {
    found.push({ ...token, kind: "authorization" });
  }
}

/** Reports the credentials behind `Basic`, which ends before `at`: base64 of `user:password`. */
export function findBasic(text: string, start: number, at: number, found: Found[]): void {
  const token = readToken(text, start, at);
  if (token === undefined || token.end - token.start < 4) return;
  if (holdsColon(text.slice(token.start, token.end))) found.push({ ...token, kind: "authorization" });
}

function readToken(text: string, start: number, at: number): { start: number; end: number } | undefined {
  if (!beginsWord(text, start) || !isSpace(text.charCodeAt(at))) return undefined;
  let from = at;
  while (isSpace(text.charCodeAt(from))) from++;
  let end = from;
  while (isIn(token68, text.charCodeAt(end))) end++;
  return end === from ? undefined : { start: from, end };
}

function hasDigit(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (isDigit(text.charCodeAt(i))) return true;
  return false;
}

/** Whether it is base64 of something with a colon in it, as far as the beginning tells. */
function holdsColon(encoded: string): boolean {
  const body = encoded.slice(0, userCharactersMax).replace(/=+$/, "");
  if (body.length % 4 === 1 || !/^[A-Za-z0-9+/]+$/.test(body)) return false;
  return atob(body).includes(":");
}

/** A multiple of four: enough to hold every user's name, which stands before the colon. */
const userCharactersMax = 512;
