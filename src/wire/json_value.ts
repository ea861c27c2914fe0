/**
 * A JSON value as the policy looks at it: numbers keep their spelling, objects are maps (so that `__proto__` is a key
 * like any other), and nothing is coerced.
 */

/** A number with the digits that stood in the text: `1.0`, `1e3` and 2^53 + 1 stay what the sender wrote. */
export interface JsonNumber {
  readonly kind: "number";
  readonly source: string;
  /** The nearest double. */
  readonly value: number;
}

export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonArray = readonly JsonValue[];
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject;

export function isJsonNumber(value: JsonValue | undefined): value is JsonNumber {
  return typeof value === "object" && value !== null && "kind" in value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export function decodeContent(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end));
}
