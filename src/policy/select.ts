/**
 * What a path into the arguments selects: one place for each element of the lists on its way. A list without elements
 * selects nothing, which counts as absence: a server may take it for "all of them".
 */

import { selectedPlacesMax } from "../limits.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { SelectorStep } from "./selector.ts";
import type { Found, Subject } from "./subject.ts";

/** A path: the name of an argument, and the steps below it. */
export interface SelectedPath {
  readonly name: string;
  readonly foldedName: string;
  /** Undefined: the argument itself. */
  readonly below: readonly SelectorStep[] | undefined;
}

/** Looks at one place; false ends the walk. */
export type VisitPlace = (found: Found) => boolean;

/** Visits all places that the path selects, at least one. */
export function visitSelected(path: SelectedPath, subject: Subject, visit: VisitPlace): void {
  const found = subject.find(path.name, path.foldedName);
  if (path.below === undefined || found.kind !== "value") visit(found);
  else descend(found.value, path.below, 0, { subject, visit, placesLeft: selectedPlacesMax });
}

/** All places that the path selects, at least one. */
export function selectAll(path: SelectedPath, subject: Subject): readonly Found[] {
  const all: Found[] = [];
  visitSelected(path, subject, (found) => all.push(found) > 0);
  return all;
}

interface Walk {
  readonly subject: Subject;
  readonly visit: VisitPlace;
  placesLeft: number;
}

/** Goes on below a value; false where the walk has ended. (No deeper than a selector has steps.) */
function descend(value: JsonValue, steps: readonly SelectorStep[], index: number, walk: Walk): boolean {
  if (--walk.placesLeft < 0) {
    walk.visit({ kind: "too_many" });
    return false;
  }
  if (index === steps.length) return walk.visit({ kind: "value", value });
  const step = steps[index];
  switch (step.kind) {
    case "member": {
      if (!isJsonObject(value)) return walk.visit({ kind: "misshapen", depth: index, wanted: "an object" });
      const found = walk.subject.findIn(value, step.name, step.foldedName);
      return found.kind === "value" ? descend(found.value, steps, index + 1, walk) : walk.visit(found);
    }
    case "elements": {
      if (!isJsonArray(value)) return walk.visit({ kind: "misshapen", depth: index, wanted: "a list" });
      if (value.length === 0) return walk.visit({ kind: "absent" });
      for (const element of value) if (!descend(element, steps, index + 1, walk)) return false;
      return true;
    }
  }
}
