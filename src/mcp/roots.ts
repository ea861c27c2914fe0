/** Roots: the directories that a client tells a server it may work in. MCP 2024-11-05 … 2026-07-28, client/roots. */

import { accompanyingTargetsMax } from "../limits.ts";
import { arrayElements } from "../wire/json_spans.ts";
import { decodeString } from "../wire/json_value.ts";
import type { Value } from "./message.ts";
import { findAmbiguity, ObjectReader } from "./object_reader.ts";
import { accompanyingResource, type Operation } from "./operation.ts";

const rootReader = new ObjectReader("roots", ["uri"], ["name", "_meta"]);

/**
 * What the list `roots` gives to the server: each root as a resource, by its URI and by the URI of the directory (with
 * a slash behind it), so that a rule on `file:///etc/*` is about the root `file:///etc` too, and about `/etc`. A reason
 * where one cannot be told for certain.
 */
export function readRoots(buffer: Uint8Array, roots: Value): readonly Operation[] | string {
  if (roots.kind !== "array") return '"roots" is not an array';
  const ambiguity = findAmbiguity(buffer, roots);
  if (ambiguity !== undefined) return `in "roots", ${ambiguity}`;
  const operations: Operation[] = [];
  const elements = arrayElements(buffer, roots.start, roots.end);
  if (elements.length > accompanyingTargetsMax) return `more than ${accompanyingTargetsMax} roots`;
  for (const element of elements) {
    const members = rootReader.read(buffer, element);
    if (typeof members === "string") return members;
    const uri = members.get("uri");
    if (uri?.kind !== "string") return 'a root without a string "uri"';
    const text = decodeString(buffer, uri.start, uri.end);
    addDirectory(text, operations);
    // A path is no URI, and some servers take it for one.
    if (text.startsWith("/")) addDirectory(`file://${text}`, operations);
  }
  return operations;
}

function addDirectory(uri: string, operations: Operation[]): void {
  operations.push(accompanyingResource("roots/list", uri));
  if (!uri.endsWith("/")) operations.push(accompanyingResource("roots/list", `${uri}/`));
}
