/**
 * `others: none` with paths: what of the arguments the selectors of a rule name. A selector names all that lies below
 * its end, and closes every object on its way: of those, only the members that some selector enters are named.
 */

import { selectedPlacesMax } from "../limits.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { SelectorStep } from "./selector.ts";

/** A value on the way of some selector; with neither, everything in it is named. */
export interface NamedPart {
  readonly members: ReadonlyMap<string, NamedPart> | undefined;
  readonly elements: NamedPart | undefined;
}

interface GrowingPart {
  members: Map<string, GrowingPart> | undefined;
  elements: GrowingPart | undefined;
}

/** Takes selectors together. */
export function nameParts(selectors: readonly (readonly SelectorStep[])[]): NamedPart {
  const root: GrowingPart = { members: new Map(), elements: undefined };
  for (const steps of selectors) {
    let part = root;
    for (const step of steps) part = enter(part, step);
  }
  return root;
}

function enter(part: GrowingPart, step: SelectorStep): GrowingPart {
  if (step.kind === "elements") return part.elements ??= { members: undefined, elements: undefined };
  const members = part.members ??= new Map();
  let member = members.get(step.name);
  if (member === undefined) members.set(step.name, member = { members: undefined, elements: undefined });
  return member;
}

/** Something that no selector names, or that nobody can say of (`unknown`); undefined where all is named. */
export type Unnamed = { readonly kind: "unnamed"; readonly path: string } | { readonly kind: "unknown" };

/** Looks for the first part of a value that is not named. */
export function findUnnamedPart(value: JsonValue, named: NamedPart): Unnamed | undefined {
  return find(value, named, "", { left: selectedPlacesMax });
}

function find(
  value: JsonValue,
  named: NamedPart,
  path: string,
  places: { left: number },
): Unnamed | undefined {
  if (named.members === undefined && named.elements === undefined) return undefined;
  if (--places.left < 0) return { kind: "unknown" };
  if (isJsonObject(value) && named.members !== undefined) {
    for (const [name, member] of value) {
      const part = named.members.get(name);
      const memberPath = path === "" ? name : `${path}.${name}`;
      if (part === undefined) return { kind: "unnamed", path: memberPath };
      const unnamed = find(member, part, memberPath, places);
      if (unnamed !== undefined) return unnamed;
    }
    return undefined;
  }
  if (isJsonArray(value) && named.elements !== undefined) {
    for (const element of value) {
      const unnamed = find(element, named.elements, `${path}[*]`, places);
      if (unnamed !== undefined) return unnamed;
    }
    return undefined;
  }
  // Of another shape than the selectors take it for.
  return { kind: "unknown" };
}
