/** What the shared state file holds, as plain data, and its form as text. */

import { stateBytesMax, stateEntriesMax } from "../limits.ts";
import type { Taint } from "../policy/taint.ts";

/** Everything that several proxies know together. */
export interface StateContent {
  /** By the client's process; those of clients that are gone are taken out when a proxy starts. */
  readonly sessions: readonly SharedSession[];
  /** What the windows of the limits have used up; windows that are over are taken out. */
  readonly windows: readonly SharedWindow[];
  /** Requests for consent and their answers; whoever writes them says what they are made of. */
  readonly approvals: readonly PlainObject[];
}

/** What one client's proxies share for as long as the client lives. */
export interface SharedSession {
  /** Names the client's process: see `client_process.ts`. */
  readonly client: string;
  /** When it was last written to, Unix milliseconds. */
  readonly seenMs: number;
  readonly taints: readonly Taint[];
  /** What the limits of the session have used up. */
  readonly used: readonly UsedLimit[];
}

/** What was used up of one limit. */
export interface UsedLimit {
  /** The policy's name, and the rule's id in it. */
  readonly policy: string;
  readonly rule: string;
  /** A decimal number as text: sums are exact. */
  readonly used: string;
}

export interface SharedWindow extends UsedLimit {
  /** Which hour or day, in UTC: `2026-11-20` or `2026-11-20T13`. */
  readonly window: string;
}

/** Plain data, as JSON has it. */
export type PlainValue = null | boolean | number | string | readonly PlainValue[] | PlainObject;

export interface PlainObject {
  readonly [name: string]: PlainValue;
}

export const emptyContent: StateContent = { sessions: [], windows: [], approvals: [] };

/** The content as text. Throws `RangeError` where it is more than the file may hold. */
export function encodeContent({ sessions, windows, approvals }: StateContent): Uint8Array<ArrayBuffer> {
  for (const [name, section] of Object.entries({ sessions, windows, approvals })) {
    if (section.length > stateEntriesMax) {
      throw new RangeError(`${section.length} ${name} are more than the ${stateEntriesMax} that it may hold`);
    }
  }
  const bytes = new TextEncoder().encode(JSON.stringify({ sessions, windows, approvals }));
  if (bytes.length > stateBytesMax) {
    throw new RangeError(`${bytes.length} bytes are more than the ${stateBytesMax} that it may hold`);
  }
  return bytes;
}

/**
 * Reads what {@linkcode encodeContent} has written, and nothing else; undefined for any other text. Whether it is what
 * was written the file's digest says: so a shape that does not fit comes from another version of this program.
 */
export function decodeContent(bytes: Uint8Array): StateContent | undefined {
  let value: unknown;
  try {
    // Of our own writing, as the digest proves: no key in it has a needless escape, which V8 would misread.
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (!isObject(value) || !hasKeys(value, "sessions windows approvals")) return undefined;
  const { sessions, windows, approvals } = value;
  const isContent = isListOf(sessions, isSession) && isListOf(windows, isWindow) &&
    isListOf(approvals, isObject);
  return isContent ? value as unknown as StateContent : undefined;
}

function isSession(value: unknown): boolean {
  return isObject(value) && hasKeys(value, "client seenMs taints used") &&
    typeof value.client === "string" && Number.isSafeInteger(value.seenMs) &&
    isListOf(value.taints, isTaint) && isListOf(value.used, isUse);
}

function isTaint(value: unknown): boolean {
  return isObject(value) && hasKeys(value, "label by") && areTexts(value.label, value.by);
}

function isUse(value: unknown): boolean {
  return isObject(value) && hasKeys(value, "policy rule used") &&
    areTexts(value.policy, value.rule) && isDecimal(value.used);
}

function isWindow(value: unknown): boolean {
  return isObject(value) && hasKeys(value, "policy rule used window") &&
    areTexts(value.policy, value.rule, value.window) && isDecimal(value.used);
}

function isDecimal(value: unknown): boolean {
  return typeof value === "string" && /^[0-9]+(\.[0-9]+)?$/.test(value);
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function isListOf(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= stateEntriesMax && value.every(is);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasKeys(value: Record<string, unknown>, names: string): boolean {
  const wanted = names.split(" ");
  return Object.keys(value).length === wanted.length && wanted.every((name) => Object.hasOwn(value, name));
}
