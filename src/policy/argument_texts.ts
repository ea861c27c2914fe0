/** Every text in the arguments of a call, whatever they are: what `"**"` and the rule for our own files look at. */

import { isJsonArray, isJsonNumber, type JsonNumber, type JsonValue } from "../wire/json_value.ts";

/** Where a text stood. A `name` is a key directly in the arguments: the name of a parameter. */
export type TextRole = "string" | "number" | "name" | "key";

/** Looks at one text; false ends the walk. */
export type VisitText = (text: string | JsonNumber, role: TextRole) => boolean;

/** Visits the strings, keys and numbers of a value in the order in which they stand. */
export function visitTexts(value: JsonValue | undefined, visit: VisitText): void {
  // A stack of its own: the depth of a value is the sender's choice.
  const waiting: { readonly value: JsonValue; readonly key?: string; readonly isTop: boolean }[] = [];
  if (value !== undefined) waiting.push({ value, isTop: true });
  while (waiting.length > 0) {
    const next = waiting.pop()!;
    if (next.key !== undefined && !visit(next.key, next.isTop ? "name" : "key")) return;
    const current = next.value;
    if (typeof current === "string") {
      if (!visit(current, "string")) return;
    } else if (isJsonNumber(current)) {
      if (!visit(current, "number")) return;
    } else if (isJsonArray(current)) {
      for (let index = current.length - 1; index >= 0; index--) {
        waiting.push({ value: current[index], isTop: false });
      }
    } else if (current instanceof Map) {
      const isTop = next.isTop && next.key === undefined;
      for (const [key, member] of [...current].reverse()) waiting.push({ value: member, key, isTop });
    }
  }
}
