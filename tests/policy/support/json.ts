/** JSON text → JsonValue by the platform's own parser, so that these tests do not lean on the reader of the program. */

import type { JsonValue } from "../../../src/wire/json_value.ts";

/** A number on its way through `JSON.parse`. */
class Spelt {
  constructor(readonly source: string, readonly value: number) {}
}

/** Parses a text; numbers keep their spelling and objects become maps. */
export function json(text: string): JsonValue {
  const keepSpelling = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? new Spelt(context?.source ?? String(value), value) : value;
  return convert(JSON.parse(text, keepSpelling));
}

function convert(value: unknown): JsonValue {
  if (value instanceof Spelt) return { kind: "number", source: value.source, value: value.value };
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, member]) => [key, convert(member)]));
  }
  return value as string | boolean | null;
}
