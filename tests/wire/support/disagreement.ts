/** Compares the scanner's verdict with that of JSON.parse, and what it found with what the reference reader finds. */

import { isDeepStrictEqual } from "node:util";
import { jsonDepthMax } from "../../../src/limits.ts";
import type { JsonScanner } from "../../../src/wire/json.ts";
import { arrayElements, objectMembers } from "../../../src/wire/json_spans.ts";
import { DuplicateKeyError, isJsonNumber, type JsonValue, readJson } from "../../../src/wire/json_value.ts";
import { readReference, type Reference } from "./reference_json.ts";

/** A sentence about the first thing in which they differ on this text; undefined where they agree. */
export function findDisagreement(scanner: JsonScanner, bytes: Uint8Array): string | undefined {
  const framed = frame(bytes);
  const refusal = scanner.scan(framed, 0, bytes.length);
  const text = textOf(bytes);
  const isJson = text !== undefined && isParsed(text);
  if (refusal !== undefined) {
    if (refusal.offset < 0 || refusal.offset > bytes.length) {
      return `a refusal outside the text: ${refusal.message}`;
    }
    if (!isJson) return undefined;
    return isOurChoice(refusal.code, text, bytes)
      ? undefined
      : `refused what JSON.parse takes: ${refusal.message}`;
  }
  if (!isJson) return "accepted what JSON.parse refuses";
  if (bytes.subarray(0, -1).includes(0x0d)) return "accepted a stray carriage return";
  const reference = readReference(text);
  if (reference.depth > jsonDepthMax) return "accepted what is too deep";
  return compareFindings(scanner, framed, reference) ?? compareValues(scanner, framed, reference);
}

/**
 * The text as a view into a larger buffer. Behind it stand a line feed, as behind a frame, and a byte that would
 * continue many a text; before it bytes that would too.
 */
function frame(bytes: Uint8Array): Uint8Array {
  const before = 3;
  const whole = new Uint8Array(before + bytes.length + 2).fill(0x30);
  whole.set(bytes, before);
  whole[before + bytes.length] = 0x0a;
  return whole.subarray(before);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Texts that JSON.parse takes and we refuse on purpose. (A byte order mark is none: JSON.parse refuses it too.) */
function isOurChoice(code: string, text: string, bytes: Uint8Array): boolean {
  if (code === "stray_cr") return bytes.subarray(0, -1).includes(0x0d);
  return code === "depth" && depthOf(text) > jsonDepthMax;
}

/** How deep a text of JSON nests; told without recursion, because such texts are refused for being too deep for it. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").matchAll(/[[\]{}]/g)) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function compareFindings(scanner: JsonScanner, bytes: Uint8Array, reference: Reference): string | undefined {
  const found = {
    kind: scanner.rootKind,
    members: Array.from({ length: scanner.memberCount }, (_, i) => ({
      parent: scanner.memberParent(i),
      key: scanner.keyText(i, bytes),
      keyStart: scanner.keyStart(i),
      keyEnd: scanner.keyEnd(i),
      valueStart: scanner.valueStart(i),
      valueEnd: scanner.valueEnd(i),
      kind: scanner.valueKind(i),
    })),
    duplicate: { depth: scanner.duplicateDepth, offset: scanner.duplicateOffset },
    surrogate: { depth: scanner.surrogateDepth, offset: scanner.surrogateOffset },
  };
  for (const name of ["kind", "members", "duplicate", "surrogate"] as const) {
    if (!isDeepStrictEqual(found[name], reference[name])) {
      return `${name}: found ${JSON.stringify(found[name])}, expected ${JSON.stringify(reference[name])}`;
    }
  }
  for (let i = 0; i < scanner.memberCount; i++) {
    const { key } = reference.members[i];
    if (!scanner.keyIs(i, key, bytes) && /^[!#-[\]-~]*$/.test(key)) {
      return `keyIs denies ${JSON.stringify(key)}`;
    }
    if (scanner.keyIs(i, `${key}x`, bytes)) return `keyIs takes ${JSON.stringify(key)} for a longer key`;
  }
  return undefined;
}

function compareValues(scanner: JsonScanner, bytes: Uint8Array, reference: Reference): string | undefined {
  const { rootStart, rootEnd, rootKind } = scanner;
  const value = readUnlessDuplicate(bytes, rootStart, rootEnd);
  if ((value === undefined) !== (reference.duplicate.depth > 0)) {
    return "readJson and the scanner differ on duplicates";
  }
  if (value !== undefined && !isDeepStrictEqual(toPlain(value), reference.value)) {
    return "readJson and the reference differ";
  }
  if (rootKind === "array") return compareElements(bytes, rootStart, rootEnd, reference);
  if (rootKind === "object") return compareMembers(bytes, rootStart, rootEnd, reference);
  return undefined;
}

function compareElements(
  bytes: Uint8Array,
  start: number,
  end: number,
  reference: Reference,
): string | undefined {
  const values = arrayElements(bytes, start, end)
    .map(({ start, end }) => readReference(textOf(bytes.subarray(start, end))!).value);
  return isDeepStrictEqual(values, reference.value) ? undefined : "arrayElements and the reference differ";
}

function compareMembers(
  bytes: Uint8Array,
  start: number,
  end: number,
  reference: Reference,
): string | undefined {
  const members = objectMembers(bytes, start, end);
  const expected = reference.members.filter(({ parent }) => parent === -1)
    .map(({ key, valueStart, valueEnd, kind }) => ({ key, start: valueStart, end: valueEnd, kind }));
  return isDeepStrictEqual(members, expected) ? undefined : "objectMembers and the reference differ";
}

function readUnlessDuplicate(bytes: Uint8Array, start: number, end: number): JsonValue | undefined {
  try {
    return readJson(bytes, start, end);
  } catch (error) {
    if (error instanceof DuplicateKeyError) return undefined;
    throw error;
  }
}

/** The value as JSON.parse would give it. Each number must be its own spelling's. */
export function toPlain(value: JsonValue): unknown {
  if (isJsonNumber(value)) return JSON.parse(value.source) === value.value ? value.value : value;
  if (value instanceof Map) {
    const plain = {};
    for (const [key, member] of value) {
      // defineProperty: an assignment to `__proto__` would not make a member.
      const descriptor = { value: toPlain(member), enumerable: true, configurable: true, writable: true };
      Object.defineProperty(plain, key, descriptor);
    }
    return plain;
  }
  return Array.isArray(value) ? value.map(toPlain) : value;
}
