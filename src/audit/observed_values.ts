/** What was seen at one argument of one tool, and the check that all of it would have passed. */

import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import { commonDirectory } from "./common_directory.ts";
import { valueHoldsMask } from "./recorded.ts";

/** Different values of one argument that are remembered; of more, none is listed. */
const valuesMax = 200;
/** As many as a person still reads in a list. */
const listedMax = 6;
const listedCharactersMax = 80;
/** So often must each listed value have come on average, so that one more would be a surprise. */
const repeatsMin = 3;

export class ObservedValues {
  /** Calls in which it was there. */
  #seen = 0;
  #masked = 0;
  /** Written as YAML; of strings and plain numbers. */
  readonly #values = new Set<string>();
  #hasTooManyValues = false;
  readonly #paths = new Set<string>();
  #isAlwaysPath = true;
  readonly #kinds = new Set<string>();
  #least = Infinity;
  #most = -Infinity;
  #longest = 0;

  add(value: JsonValue): void {
    this.#seen++;
    if (valueHoldsMask(value)) {
      this.#masked++;
      return;
    }
    this.#kinds.add(kindOf(value));
    if (isJsonNumber(value)) {
      this.#least = Math.min(this.#least, value.value);
      this.#most = Math.max(this.#most, value.value);
    }
    if (typeof value === "string") this.#longest = Math.max(this.#longest, value.length);
    const isPath = typeof value === "string" && plainPath.test(value);
    if (!isPath) this.#isAlwaysPath = false;
    else if (this.#paths.size < valuesMax) this.#paths.add(value);
    else if (!this.#paths.has(value)) {
      // What they have in common is enough.
      const common = commonDirectory([...this.#paths, value]);
      this.#paths.clear();
      this.#paths.add(`${common === "/" ? "" : common}/x`);
    }
    const written = writeScalar(value);
    if (written === undefined || this.#values.size >= valuesMax) this.#hasTooManyValues = true;
    else this.#values.add(written);
  }

  /** The check as YAML; undefined where no check would be sure to pass for the next call of the same kind. */
  check(calls: number): string | undefined {
    // An argument that is absent passes no check of an allow.
    if (this.#seen < calls || this.#masked > 0 || this.#kinds.has("null")) return undefined;
    if (this.#isAlwaysPath) {
      const directory = commonDirectory([...this.#paths]);
      return directory === "/" ? undefined : `{ under: ${writeText(directory)} }`;
    }
    const values = [...this.#values];
    const isShort = values.join().length <= listedCharactersMax;
    if (this.#hasTooManyValues || values.length > listedMax || !isShort) return undefined;
    if (this.#seen < values.length * repeatsMin) return undefined;
    return values.length === 1 ? values[0] : `[${values.join(", ")}]`;
  }

  /** What there is to say about it, for a comment. */
  describe(calls: number): string {
    const parts: string[] = [];
    if (this.#seen < calls) parts.push(`given in ${this.#seen} of ${calls} calls`);
    if (this.#masked > 0) parts.push(`masked in ${this.#masked}, so nothing is said of it`);
    if (this.#masked === 0) {
      if (this.#isAlwaysPath) {
        const paths = this.#paths.size;
        parts.push(paths === 1 ? "1 path" : `${paths >= valuesMax ? "many" : paths} paths`);
      } else {
        parts.push([...this.#kinds].sort().join(" or "));
        if (this.#least < this.#most) parts.push(`from ${this.#least} to ${this.#most}`);
        if (this.#longest > 0) parts.push(`up to ${this.#longest} characters`);
        if (!this.#hasTooManyValues) {
          parts.push(this.#values.size === 1 ? "always the same" : `${this.#values.size} different`);
        }
      }
    }
    return parts.join(", ");
  }
}

/** An absolute path that nobody could read in another way. */
const plainPath = /^(?:\/[\w.,+=@:#-]+)+\/?$/;

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return "texts";
  if (typeof value === "boolean") return "booleans";
  if (isJsonNumber(value)) return "numbers";
  if (isJsonArray(value)) return "lists";
  return isJsonObject(value) ? "objects" : "other";
}

function writeScalar(value: JsonValue): string | undefined {
  if (typeof value === "string") return value.length > listedCharactersMax ? undefined : writeText(value);
  if (typeof value === "boolean") return String(value);
  if (isJsonNumber(value)) return /^-?(?:0|[1-9][0-9]{0,14})$/.test(value.source) ? value.source : undefined;
  return undefined;
}

/** A text as a YAML scalar: bare where nobody could take it for something else. */
export function writeText(text: string): string {
  const isPlain = /^[A-Za-z_/][A-Za-z0-9_/.-]*$/.test(text) &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  // A dollar begins a variable of the policy's.
  if (isPlain) return text;
  // What cannot be seen is spelt out, as a policy has to have it. JSON's own escapes are YAML's too.
  return JSON.stringify(text.replaceAll("${", () => "$${")).replace(
    /\p{C}|(?! )\p{Z}/gu,
    (character) => `\\U${character.codePointAt(0)!.toString(16).padStart(8, "0")}`,
  );
}
