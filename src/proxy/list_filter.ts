/**
 * Cuts out of a list (`tools/list` …) what could not be used anyway, by byte span: what stays is untouched, down to
 * the white space.
 */

import { ProtocolKeys } from "../mcp/folded_key.ts";
import type { Value } from "../mcp/message.ts";
import type { FrameSpan } from "../wire/frame.ts";
import type { JsonScanner } from "../wire/json.ts";
import { arrayElements } from "../wire/json_spans.ts";
import { decodeString } from "../wire/json_value.ts";

export type FilteredList =
  | { readonly kind: "untouched" }
  | {
    readonly kind: "cut";
    /** The whole message without the elements that were removed, line feed included. */
    readonly bytes: Uint8Array;
    /** Names of what was removed; an element whose name cannot be told for certain is `(unreadable)`. */
    readonly removed: readonly string[];
  };

/**
 * Removes every element whose name `isShown` refuses, and every element that has no single certain name: one reader
 * would show the agent a tool that another hides.
 */
export function filterList(
  scanner: JsonScanner,
  frame: FrameSpan,
  list: Value,
  namedBy: "name" | "uri",
  isShown: (name: string) => boolean,
): FilteredList {
  const { buffer } = frame;
  const elements = arrayElements(buffer, list.start, list.end);
  const removed: string[] = [];
  const kept: Value[] = [];
  for (const element of elements) {
    const name = elementName(scanner, buffer, element, namedBy);
    if (name !== undefined && isShown(name)) kept.push(element);
    else removed.push(name ?? "(unreadable)");
  }
  if (removed.length === 0) return { kind: "untouched" };
  return { kind: "cut", bytes: withElements(frame, list, kept), removed };
}

const elementKeys = new ProtocolKeys(["name", "uri"]);

/** The element's name; undefined where it is missing, stands twice, or a near miss of its key stands beside it. */
function elementName(
  scanner: JsonScanner,
  buffer: Uint8Array,
  element: Value,
  namedBy: "name" | "uri",
): string | undefined {
  if (element.kind !== "object") return undefined;
  if (scanner.scan(buffer, element.start, element.end) !== undefined) return undefined;
  if (scanner.duplicateDepth === 1 || scanner.surrogateDepth === 1) return undefined;
  let name: string | undefined;
  for (let i = 0; i < scanner.memberCount; i++) {
    if (scanner.memberParent(i) >= 0) continue;
    const key = scanner.keyText(i, buffer);
    if (elementKeys.mistakenFor(key) !== undefined) return undefined;
    if (key === namedBy && scanner.valueKind(i) === "string") {
      name = decodeString(buffer, scanner.valueStart(i), scanner.valueEnd(i));
    }
  }
  return name;
}

/** The message with only `kept` between the brackets of `list`. */
function withElements(frame: FrameSpan, list: Value, kept: readonly Value[]): Uint8Array {
  const { buffer, start, end } = frame;
  const pieces: Uint8Array[] = [buffer.subarray(start, list.start + 1)];
  for (const [i, element] of kept.entries()) {
    if (i > 0) pieces.push(comma);
    pieces.push(buffer.subarray(element.start, element.end));
  }
  pieces.push(buffer.subarray(list.end - 1, end + 1));
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const comma = Uint8Array.of(0x2c);
