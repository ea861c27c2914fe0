/** One operation as the rules look at it. What several rules would compute from it is computed once and kept here. */

import { argumentTextsMax, checkedTextCharactersMax } from "../limits.ts";
import type { Operation } from "../mcp/operation.ts";
import {
  isJsonArray,
  isJsonObject,
  type JsonNumber,
  type JsonObject,
  type JsonValue,
} from "../wire/json_value.ts";
import { visitTexts } from "./argument_texts.ts";
import type { Facts } from "./facts.ts";
import type { PathReading, PathSettings } from "./path.ts";
import { pathReadings } from "./path_readings.ts";
import { foldArgumentName, foldText, textReadings } from "./text_readings.ts";

/** What stands at the name of an argument. */
export type Found =
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "absent" }
  /** The arguments are no object, so nobody can say what a server takes for this one. */
  | { readonly kind: "no_object" }
  /** Another name that some server takes for this one. */
  | { readonly kind: "mistakable"; readonly name: string }
  /** On the way of a path, below so many of its steps, stands something else than it goes through. */
  | { readonly kind: "misshapen"; readonly depth: number; readonly wanted: "an object" | "a list" }
  /** A path selects more places than anybody looks at. */
  | { readonly kind: "too_many" };

const absent: Found = { kind: "absent" };

/**
 * Programs in JavaScript that copy their arguments by assignment make the value of this key the prototype of the copy,
 * so that its members are found under names that do not stand in the message.
 */
const prototypeKey = "__proto__";

/** A {@linkcode Subject} is used for one decision and thrown away. */
export class Subject {
  // Made when they are first wanted: most calls are decided by their name.
  #readings: Map<string, readonly string[] | "unreadable"> | undefined;
  #foldedReadings: Map<string, readonly string[]> | undefined;
  #pathsForAllow: Map<string, readonly PathReading[]> | undefined;
  #pathsForDeny: Map<string, readonly PathReading[]> | undefined;
  #namesByFold: ReadonlyMap<string, readonly string[]> | undefined;
  #innerNamesByFold: Map<JsonObject, ReadonlyMap<string, readonly string[]>> | undefined;
  #texts: readonly (string | JsonNumber)[] | undefined;

  constructor(
    readonly operation: Operation,
    readonly facts: Facts,
    readonly paths: PathSettings,
  ) {}

  /** Looks an argument up by its exact name. */
  find(name: string, foldedName: string): Found {
    const all = this.operation.arguments;
    if (all === undefined) return absent;
    if (!isJsonObject(all)) return { kind: "no_object" };
    return findAmong(all, this.#namesByFold ??= foldNames(all), name, foldedName);
  }

  /** The same for a member of an object inside the arguments. */
  findIn(object: JsonObject, name: string, foldedName: string): Found {
    const memory = this.#innerNamesByFold ??= new Map();
    let namesByFold = memory.get(object);
    if (namesByFold === undefined) memory.set(object, namesByFold = foldNames(object));
    return findAmong(object, namesByFold, name, foldedName);
  }

  /** Every different string, key and number of the arguments; undefined where there are too many to look at. */
  texts(): readonly (string | JsonNumber)[] | undefined {
    if (this.#texts === undefined) {
      const seen = new Map<string, string | JsonNumber>();
      visitTexts(this.operation.arguments, (text) => {
        seen.set(typeof text === "string" ? memoryKey(text) : `#${text.source}`, text);
        return seen.size <= argumentTextsMax;
      });
      this.#texts = [...seen.values()];
    }
    return this.#texts.length > argumentTextsMax ? undefined : this.#texts;
  }

  /** Every reading of a text that a deny looks at; undefined where it would take too long to look at it. */
  readings(text: string): readonly string[] | undefined {
    if (text.length > checkedTextCharactersMax) return undefined;
    const readings = kept(this.#readings ??= new Map(), text, () => textReadings(text) ?? "unreadable");
    return readings === "unreadable" ? undefined : readings;
  }

  /** The same without regard to case. */
  foldedReadings(text: string): readonly string[] | undefined {
    const readings = this.readings(text);
    if (readings === undefined) return undefined;
    return kept(this.#foldedReadings ??= new Map(), text, () => [...new Set(readings.map(foldText))]);
  }

  /** A resource is named by a URI (MCP 2025-11-25, server/resources), so that nobody takes it for a relative path. */
  #isUri(text: string): boolean {
    return this.operation.target === "resource" && this.operation.name === text;
  }

  pathReadings(text: string, strictness: "allow" | "deny"): readonly PathReading[] {
    const memory = strictness === "allow"
      ? this.#pathsForAllow ??= new Map()
      : this.#pathsForDeny ??= new Map();
    return kept(memory, text, () => pathReadings(text, strictness, this.paths, this.#isUri(text)));
  }
}

function foldNames(object: JsonObject): ReadonlyMap<string, readonly string[]> {
  const byFold = new Map<string, string[]>();
  for (const name of object.keys()) {
    const folded = memoryKey(foldArgumentName(name));
    const alike = byFold.get(folded);
    if (alike === undefined) byFold.set(folded, [name]);
    else alike.push(name);
  }
  return byFold;
}

function findAmong(
  object: JsonObject,
  namesByFold: ReadonlyMap<string, readonly string[]>,
  name: string,
  foldedName: string,
): Found {
  const alike = namesByFold.get(memoryKey(foldedName));
  if (alike === undefined) return mayInherit(object) ? { kind: "mistakable", name: prototypeKey } : absent;
  for (const other of alike) if (other !== name) return { kind: "mistakable", name: other };
  return { kind: "value", value: object.get(name)! };
}

/** Whether names that do not stand in these arguments could be found in them all the same. */
function mayInherit(all: ReadonlyMap<string, JsonValue>): boolean {
  const prototype = all.get(prototypeKey);
  return isJsonObject(prototype) || isJsonArray(prototype);
}

function kept<T>(memory: Map<string, T>, text: string, make: (text: string) => T): T {
  const key = memoryKey(text);
  let value = memory.get(key);
  if (value === undefined) memory.set(key, value = make(text));
  return value;
}

/**
 * A text that an agent chose, as the key of a `Map`: V8 hashes texts that spell an integer without a secret, so that
 * anyone can make them collide. With something before it, no text spells one.
 */
function memoryKey(text: string): string {
  return `"${text}`;
}
