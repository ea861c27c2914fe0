/** IPv4 and IPv6 addresses in every spelling of RFC 4291 §2.2 and RFC 4007 §11 (zones). */

import { isAlphanumeric, isDigit, isHex, isLetter } from "./characters.ts";
import type { Found } from "./found.ts";

const POINT = 0x2e;
const COLON = 0x3a;

/** Addresses that belong to every machine tell nothing of anyone, and a log is poorer without them. */
const everyones = new Set(["0.0.0.0", "127.0.0.1", "::", "::1"]);

const dottedQuad = /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/y;

export function findIpv4(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    if (!isDigit(text.charCodeAt(i)) || isDigit(text.charCodeAt(i - 1))) continue;
    dottedQuad.lastIndex = i;
    const match = dottedQuad.exec(text)?.[0];
    if (match === undefined) continue;
    const end = i + match.length;
    if (mayBeginIpv4(text, i) && mayEndIpv4(text, end) && isDottedQuad(match) && !everyones.has(match)) {
      found.push({ start: i, end, kind: "ip" });
    }
    i = end - 1;
  }
}

function isDottedQuad(text: string): boolean {
  return text.split(".").every((octet) => Number(octet) <= 255);
}

/** Not inside a number or word; not a version of four numbers (`v1.2.3.4`, `Chrome/120.0.0.0`, `version 1.2.3.4`), nor a chapter. */
function mayBeginIpv4(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return text.charCodeAt(at - 2) === 0x5c && !isDigit(before);
  if (before === POINT) return false;
  return !version.test(text.slice(Math.max(0, at - 24), at));
}

const version =
  /(?:\b(?:[Vv]er|[Vv]ersion|[Ss]ection)"?[ :=]{1,3}"?|§ ?|(?:^|[ "'(;])[A-Z][A-Za-z]{0,20}\/)$/;

/** A sentence may end behind it. */
function mayEndIpv4(text: string, end: number): boolean {
  const next = text.charCodeAt(end);
  return !isAlphanumeric(next) && !(next === POINT && isDigit(text.charCodeAt(end + 1)));
}

/** The longest: eight groups of four, or six and a dotted quad. */
const ipv6CharactersMax = 45;

export function findIpv6(text: string, found: Found[]): void {
  for (let i = 0; i < text.length; i++) {
    if (!isIpv6Character(text.charCodeAt(i)) || !mayBeginIpv6(text, i)) continue;
    let end = i;
    while (end - i <= ipv6CharactersMax && isIpv6Character(text.charCodeAt(end))) end++;
    const run = text.slice(i, end);
    const address = run.replace(/\.+$/, ""); // the end of a sentence
    end = i + address.length;
    if (!isAlphanumeric(text.charCodeAt(end)) && isIpv6(address) && !everyones.has(address)) {
      found.push({ start: i, end: zoneEnd(text, end), kind: "ip" });
    }
    i += Math.max(run.length, 1) - 1;
  }
}

function isIpv6Character(c: number): boolean {
  return isHex(c) || c === COLON || c === POINT;
}

/** At the beginning of a word, or behind a name and its colon (`host:fe80::1`). */
function mayBeginIpv6(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return text.charCodeAt(at - 2) === 0x5c && !isHex(before);
  if (before !== COLON) return before !== POINT;
  const name = text.charCodeAt(at - 2);
  return isLetter(name) && !isHex(name);
}

/** `fe80::1%eth0` */
function zoneEnd(text: string, end: number): number {
  if (text.charCodeAt(end) !== 0x25 || !isAlphanumeric(text.charCodeAt(end + 1))) return end;
  let at = end + 1;
  while (at - end <= 16 && isAlphanumeric(text.charCodeAt(at))) at++;
  return at;
}

/** RFC 4291 §2.2. `a::b`, which is C++ and Rust too, is none here: an address without a digit does not occur. */
function isIpv6(text: string): boolean {
  if (!text.includes(":") || !/\d/.test(text)) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => half === "" ? [] : half.split(":")).flat();
  const quad = groups.at(-1)?.includes(".") ? groups.pop() : undefined;
  if (quad !== undefined && !(/^\d{1,3}(\.\d{1,3}){3}$/.test(quad) && isDottedQuad(quad))) return false;
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = groups.length + (quad === undefined ? 0 : 2);
  return halves.length === 2 ? count <= 7 : count === 8;
}
