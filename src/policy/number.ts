/**
 * Numbers compared by what they say, not by what a double makes of it. One server reads 9007199254740993 exactly and
 * the next as ...992; where the two would answer differently, the answer is unknown.
 */

import type { JsonNumber } from "../wire/json_value.ts";

/** Less than, equal to, or greater than. */
export type Order = -1 | 0 | 1;

/** A number as a policy gives it: its spelling, and the nearest double. */
export type PolicyNumber = Pick<JsonNumber, "source" | "value">;

/** A bound of a policy, which is a double: it means the shortest spelling that reads back as itself. */
export function policyNumber(bound: number): PolicyNumber {
  return { source: String(bound), value: bound };
}

/**
 * How `number` stands to `bound`, once as doubles and once exactly; undefined where it is too large for a double.
 * Both are the same but for numbers that a double cannot hold.
 */
export function compareNumbers(
  number: PolicyNumber,
  bound: PolicyNumber,
): { readonly asDouble: Order; readonly exactly: Order } | undefined {
  if (!Number.isFinite(number.value) || !Number.isFinite(bound.value)) return undefined;
  // Rounding keeps the order, so doubles that differ settle it.
  if (number.value < bound.value) return { asDouble: -1, exactly: -1 };
  if (number.value > bound.value) return { asDouble: 1, exactly: 1 };
  if (number.source === bound.source) return { asDouble: 0, exactly: 0 };
  return { asDouble: 0, exactly: compareDecimals(number.source, bound.source) };
}

export interface Decimal {
  readonly sign: Order;
  /** Digits without zeros at either end: 0.<digits> × 10^exponent. */
  readonly digits: string;
  readonly exponent: number;
}

/** Compares two spelt numbers exactly, in time linear in their length. */
export function compareDecimals(left: string, right: string): Order {
  const a = readDecimal(left);
  const b = readDecimal(right);
  if (a.sign !== b.sign) return a.sign < b.sign ? -1 : 1;
  if (a.sign === 0) return 0;
  const size = compare(a.exponent, b.exponent) || compare(a.digits, b.digits);
  return size === 0 ? 0 : a.sign === size ? 1 : -1;
}

/** Digit strings without trailing zeros compare as fractions do: letter by letter. */
function compare<T extends number | string>(left: T, right: T): Order {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Reads a spelling, in time linear in its length. */
export function readDecimal(source: string): Decimal {
  const parts = decimal.exec(source);
  if (parts === null) throw new RangeError("Cannot compare a number: its spelling is none");
  const [, minus, whole, fraction = "", exponent = "0"] = parts;
  const all = whole + fraction;
  let first = 0;
  while (first < all.length && all[first] === "0") first++;
  if (first === all.length) return { sign: 0, digits: "", exponent: 0 };
  let end = all.length;
  while (all[end - 1] === "0") end--;
  return {
    sign: minus === "-" ? -1 : 1,
    digits: all.slice(first, end),
    exponent: whole.length - first + Number(exponent),
  };
}
/** RFC 8259, section 6, and the + that String() puts into an exponent. */
const decimal = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
