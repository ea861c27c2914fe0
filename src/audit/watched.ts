/**
 * Arguments and facts of which some are not known, made so that it can be told whether an answer looked at one of them.
 * An answer that looked at none is the same whatever stood there; one that did may be another.
 */

import type { AsciiSource, Operation } from "../mcp/operation.ts";
import type { Facts, Resolution } from "../policy/facts.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import { holdsMask } from "./recorded.ts";

/** Set when something that is not known was looked at. */
export interface Watch {
  masked: boolean;
  omitted: boolean;
  fact: boolean;
}

export function newWatch(): Watch {
  return { masked: false, omitted: false, fact: false };
}

export function wasTouched({ masked, omitted, fact }: Watch): boolean {
  return masked || omitted || fact;
}

/** An operation whose arguments tell when a mask in them is looked at; `known` false: when they are looked at at all. */
export class WatchedOperation implements Operation {
  readonly from: Operation["from"];
  readonly method: string;
  readonly target: Operation["target"];
  readonly name: string;
  readonly housekeeping: boolean;
  readonly accompanies?: boolean;
  readonly argumentsSource: AsciiSource | undefined = undefined;
  readonly #arguments: JsonValue | undefined;
  readonly #areKnown: boolean;
  readonly #watch: Watch;

  constructor(operation: Operation, areKnown: boolean, watch: Watch) {
    this.from = operation.from;
    this.method = operation.method;
    this.target = operation.target;
    this.name = operation.name;
    this.housekeeping = operation.housekeeping;
    if (operation.accompanies !== undefined) this.accompanies = operation.accompanies;
    this.#arguments = watched(operation.arguments, watch);
    this.#areKnown = areKnown;
    this.#watch = watch;
  }

  get arguments(): JsonValue | undefined {
    if (!this.#areKnown) this.#watch.omitted = true;
    touchDirect(this.#arguments, this.#watch);
    return this.#arguments;
  }
}

/** Whether a text was masked in a value, objects in it not looked into: those watch over themselves. */
function touchDirect(value: JsonValue | undefined, watch: Watch): void {
  if (typeof value === "string") {
    if (holdsMask(value)) watch.masked = true;
  } else if (isJsonArray(value)) {
    for (const element of value) touchDirect(element, watch);
  }
}

function watched(value: JsonValue | undefined, watch: Watch): JsonValue | undefined {
  if (isJsonArray(value)) return value.map((element) => watched(element, watch)!);
  return isJsonObject(value) ? new WatchedObject(value, watch) : value;
}

/** An object that tells when a masked member, or a masked key of it, is looked at. */
class WatchedObject extends Map<string, JsonValue> {
  // (Maps are filled by their constructor, before there are fields.)
  #watch: Watch | undefined;
  #hasMaskedKey = false;

  constructor(value: ReadonlyMap<string, JsonValue>, watch: Watch) {
    super();
    for (const [key, member] of value) {
      super.set(key, watched(member, watch)!);
      if (holdsMask(key)) this.#hasMaskedKey = true;
    }
    this.#watch = watch;
  }

  override get(key: string): JsonValue | undefined {
    this.#touchKeys();
    const value = super.get(key);
    touchDirect(value, this.#watch!);
    return value;
  }

  override has(key: string): boolean {
    this.#touchKeys();
    return super.has(key);
  }

  override keys(): ReturnType<Map<string, JsonValue>["keys"]> {
    this.#touchKeys();
    return super.keys();
  }

  override values(): ReturnType<Map<string, JsonValue>["values"]> {
    this.#touchAll();
    return super.values();
  }

  override entries(): ReturnType<Map<string, JsonValue>["entries"]> {
    this.#touchAll();
    return super.entries();
  }

  override [Symbol.iterator](): ReturnType<Map<string, JsonValue>["entries"]> {
    return this.entries();
  }

  override forEach(visit: (value: JsonValue, key: string, map: Map<string, JsonValue>) => void): void {
    this.#touchAll();
    super.forEach(visit);
  }

  #touchKeys(): void {
    if (this.#hasMaskedKey) this.#watch!.masked = true;
  }

  #touchAll(): void {
    this.#touchKeys();
    for (const value of super.values()) touchDirect(value, this.#watch!);
  }
}

/** Facts that tell when one is looked at that would have been asked for and is not there. */
export function watchedFacts(facts: Facts, wanted: ReadonlySet<string>, watch: Watch): Facts {
  return new WatchedFacts(facts, wanted, watch);
}

class WatchedFacts extends Map<string, Resolution> {
  readonly consents?: ReadonlySet<string>;
  readonly shared?: NonNullable<Facts["shared"]>;
  readonly #surface: Facts["surface"];
  #wanted: ReadonlySet<string>;
  #watch: Watch;

  constructor(facts: Facts, wanted: ReadonlySet<string>, watch: Watch) {
    super();
    for (const [path, resolution] of facts) super.set(path, resolution);
    if (facts.consents !== undefined) this.consents = facts.consents;
    if (facts.shared !== undefined) this.shared = facts.shared;
    this.#surface = facts.surface;
    this.#wanted = wanted;
    this.#watch = watch;
  }

  /** What the server said of what is to be used. Of a schema it was only asked where some rule wanted to know. */
  get surface(): NonNullable<Facts["surface"]> {
    const surface = this.#surface;
    const watch = this.#watch;
    if (surface === undefined) watch.fact = true;
    if (surface !== undefined && "schema" in surface) return surface;
    return Object.defineProperty({ standing: "unknown", ...surface }, "schema", {
      get: () => {
        watch.fact = true;
        return undefined;
      },
    });
  }

  override get(path: string): Resolution | undefined {
    const resolution = super.get(path);
    if (resolution === undefined && this.#wanted.has(path)) this.#watch.fact = true;
    return resolution;
  }
}
