/**
 * One spelling for each JSON value, so that two texts that say the same have the same hash: keys sorted by their UTF-16
 * code units, no white space, strings as `JSON.stringify` writes them (RFC 8785), numbers by their exact value.
 */

import { isJsonArray, isJsonNumber, type JsonValue } from "./json_value.ts";

/**
 * The canonical text of a value.
 *
 * ```ts
 * import { canonicalJson } from "./canonical_json.ts";
 * import { readJson } from "./json_value.ts";
 *
 * const bytes = new TextEncoder().encode('{ "b": 1.0, "a": [10e-1, "\\u0041"] }');
 * console.assert(canonicalJson(readJson(bytes, 0, bytes.length)) === '{"a":[1,"A"],"b":1}');
 * ```
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isJsonNumber(value)) return canonicalNumber(value.source);
  if (isJsonArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = [...value.keys()].sort().map((key) =>
    `${JSON.stringify(key)}:${canonicalJson(value.get(key)!)}`
  );
  return `{${members.join(",")}}`;
}

/** A number of JSON (RFC 8259 §6): its sign, the digits before and behind the point, and the exponent. */
const jsonNumber = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Digits of an exponent that is counted with: longer ones take time with more than their length. */
const exponentDigitsMax = 64;

/** Whole numbers are written out up to so many zeros behind their last digit. */
const zerosMax = 20;

/**
 * The same text for all spellings of a number, told from its digits: a double would take 2^53 + 1 for 2^53. A whole
 * number is written out, anything else as digits and an exponent of ten.
 */
function canonicalNumber(source: string): string {
  const [, sign, whole, fraction = "", exponent = "0"] = jsonNumber.exec(source)!;
  const significant = withoutZerosInFront(whole + fraction);
  if (significant === "") return "0"; // minus zero too: the two are equal
  const digits = withoutZerosBehind(significant);
  // Nobody reads such a number; that other spellings of it are others does no harm.
  if (exponent.length > exponentDigitsMax) return `${sign}${whole}.${fraction}e${exponent}`;
  const zeros = BigInt(exponent) - BigInt(fraction.length) + BigInt(significant.length - digits.length);
  if (zeros >= 0n && zeros <= zerosMax) return sign + digits + "0".repeat(Number(zeros));
  return `${sign}${digits}e${zeros}`;
}

function withoutZerosInFront(digits: string): string {
  let at = 0;
  while (digits[at] === "0") at++;
  return digits.slice(at);
}

/** (A pattern for it would take time with the square of the zeros.) */
function withoutZerosBehind(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}
