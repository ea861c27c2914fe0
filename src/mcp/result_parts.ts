/** The objects of a server's answer in which something to be judged can stand. */

import type { FrameSpan } from "../wire/frame.ts";
import type { Members } from "./message.ts";
import { ObjectReader } from "./object_reader.ts";

const wanted = [
  "inputRequests",
  "error",
  "tools",
  "prompts",
  "resources",
  "resourceTemplates",
  "cacheScope",
  "ttlMs",
];

/** A task as its creation and its notifications hold it, and the result of one that is done, in `tasks/get`. */
const nestedReaders: readonly (readonly [string, ObjectReader])[] = [
  ["task", new ObjectReader("task", wanted)],
  ["result", new ObjectReader("result", wanted)],
];

/**
 * The answer's own members, then those of the task or finished result inside it: fetched later, it is still a result.
 * A reason where one of those is ambiguous.
 */
export function resultParts(
  { frame: { buffer }, members }: { readonly frame: FrameSpan; readonly members: Members },
): readonly Members[] | string {
  const parts: Members[] = [members];
  for (const [key, reader] of nestedReaders) {
    const nested = members.get(key);
    if (nested?.kind !== "object") continue;
    const read = reader.read(buffer, nested);
    if (typeof read === "string") return read;
    parts.push(read);
  }
  return parts;
}
