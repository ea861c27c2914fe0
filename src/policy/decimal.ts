/** Sums of decimal numbers without loss: 0.1 and 0.2 are 0.3. */

import { decimalPlacesMax } from "../limits.ts";
import { readDecimal } from "./number.ts";

/** A number of zero or more, in units of 10^-decimalPlacesMax. */
export type Units = bigint;

export type ReadUnits =
  | { readonly kind: "units"; readonly units: Units }
  | { readonly kind: "negative" }
  /** More places before or behind the point than are kept. */
  | { readonly kind: "too_long" };

/**
 * Reads a number as JSON or `String()` spells it, in time linear in its length; `-0` is zero.
 *
 * ```ts
 * import { readUnits, writeUnits } from "./decimal.ts";
 *
 * const [one, two] = ["0.1", "2e-1"].map(readUnits);
 * if (one.kind === "units" && two.kind === "units") {
 *   console.assert(writeUnits(one.units + two.units) === "0.3");
 * }
 * ```
 */
export function readUnits(source: string): ReadUnits {
  const { sign, digits, exponent } = readDecimal(source);
  if (sign < 0) return { kind: "negative" };
  if (sign === 0) return { kind: "units", units: 0n };
  const places = digits.length - exponent;
  if (exponent > decimalPlacesMax || places > decimalPlacesMax) return { kind: "too_long" };
  return { kind: "units", units: BigInt(digits) * 10n ** BigInt(decimalPlacesMax - places) };
}

/** The number in its shortest spelling without an exponent. */
export function writeUnits(units: Units): string {
  const text = String(units).padStart(decimalPlacesMax + 1, "0");
  const whole = text.slice(0, -decimalPlacesMax);
  const fraction = text.slice(-decimalPlacesMax).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
