/** What single keywords ask of single values: types, bounds, counts. Unknown where validators count differently. */

import { canonicalJson } from "../../wire/canonical_json.ts";
import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonNumber,
  type JsonValue,
} from "../../wire/json_value.ts";
import type { Answer } from "../answer.ts";
import { compareNumbers, type Order } from "../number.ts";

export function answerType(type: string, value: JsonValue): Answer {
  const is = (holds: boolean): Answer => holds ? "yes" : "no";
  switch (type) {
    case "null":
      return is(value === null);
    case "boolean":
      return is(typeof value === "boolean");
    case "string":
      return is(typeof value === "string");
    case "array":
      return is(isJsonArray(value));
    case "object":
      return is(isJsonObject(value));
    case "number":
      if (!isJsonNumber(value)) return "no";
      return Number.isFinite(value.value) ? "yes" : "unknown";
    case "integer": {
      if (!isJsonNumber(value)) return "no";
      if (!Number.isFinite(value.value)) return "unknown";
      const exactly = !canonicalJson(value).includes("e-");
      return exactly === Number.isInteger(value.value) ? is(exactly) : "unknown";
    }
    default:
      return "unknown";
  }
}

export function answerBound(value: JsonNumber, bound: JsonValue, holds: (order: Order) => boolean): Answer {
  if (!isJsonNumber(bound)) return "unknown";
  const orders = compareNumbers(value, bound);
  if (orders === undefined) return "unknown";
  const exactly = holds(orders.exactly);
  if (exactly !== holds(orders.asDouble)) return "unknown";
  return exactly ? "yes" : "no";
}

/** Told for whole divisors; others are counted in doubles, by each validator in its own way. */
export function answerMultiple(value: JsonNumber, divisor: JsonValue): Answer {
  if (!isJsonNumber(divisor) || !Number.isSafeInteger(divisor.value) || divisor.value <= 0) return "unknown";
  const isWhole = answerType("integer", value);
  if (isWhole !== "yes") return isWhole;
  if (!Number.isSafeInteger(value.value)) return "unknown";
  return value.value % divisor.value === 0 ? "yes" : "no";
}

export function answerCount(isLeast: boolean, argument: JsonValue, count: number): Answer {
  const bound = countOf(argument);
  if (bound === undefined) return "unknown";
  return (isLeast ? count >= bound : count <= bound) ? "yes" : "no";
}

export function countOf(argument: JsonValue | undefined): number | undefined {
  return isJsonNumber(argument) && Number.isSafeInteger(argument.value) && argument.value >= 0
    ? argument.value
    : undefined;
}

export function lengthInCharacters(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** As a program sees a value that keeps numbers as doubles. */
export function roundNumbers(value: JsonValue): JsonValue {
  if (isJsonNumber(value)) {
    return Number.isFinite(value.value) ? { ...value, source: String(value.value) } : value;
  }
  if (isJsonArray(value)) return value.map(roundNumbers);
  if (isJsonObject(value)) return new Map([...value].map(([key, one]) => [key, roundNumbers(one)]));
  return value;
}

/** A token of a JSON pointer in a URI fragment (RFC 6901 §6); undefined where it is none. */
export function decodeToken(token: string): string | undefined {
  try {
    return decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return undefined;
  }
}
