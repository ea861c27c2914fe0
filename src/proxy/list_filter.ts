/**
 * Cuts out of lists (`tools/list` …) what could not be used anyway, by byte span: what stays is untouched, down to
 * the white space. A result that was cut is marked as private, where it was to be shared.
 */

import { ProtocolKeys } from "../mcp/folded_key.ts";
import type { Value } from "../mcp/message.ts";
import type { FrameSpan } from "../wire/frame.ts";
import type { JsonScanner } from "../wire/json.ts";
import { arrayElements } from "../wire/json_spans.ts";
import { decodeString } from "../wire/json_value.ts";

export type CutResult =
  | { readonly kind: "untouched" }
  | {
    readonly kind: "cut";
    /** The whole message without the elements that were removed, line feed included. */
    readonly bytes: Uint8Array;
    /** Names of what was removed; an element whose name cannot be told for certain is `(unreadable)`. */
    readonly removed: readonly string[];
  };

export interface ListToCut {
  /** The array. */
  readonly list: Value;
  readonly namedBy: "name" | "uri" | "uriTemplate";
  /** `at`: where the element begins in the message's buffer. */
  readonly isShown: (name: string, at: number) => boolean;
}

/** What is to stand between two offsets of the message. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly pieces: readonly Uint8Array[];
}

/**
 * Removes every element whose name `isShown` refuses, and every element that has no single certain name: one reader
 * would show the agent a tool that another hides. `unshared`: what else is to be changed if anything is removed.
 */
export function cutLists(
  scanner: JsonScanner,
  frame: FrameSpan,
  lists: readonly ListToCut[],
  unshared: readonly Edit[],
): CutResult {
  const removed: string[] = [];
  const edits: Edit[] = [];
  for (const list of lists) {
    const before = removed.length;
    const kept = keptElements(scanner, frame.buffer, list, removed);
    if (removed.length > before) edits.push(withElements(frame.buffer, list.list, kept));
  }
  if (removed.length === 0) return { kind: "untouched" };
  edits.push(...unshared);
  return { kind: "cut", bytes: applyEdits(frame, edits), removed };
}

/** Makes the value of a `cacheScope` private. */
export function makePrivate({ start, end }: Value): Edit {
  return { start, end, pieces: [madePrivate] };
}

/** Adds a private `cacheScope` behind another member's value. */
export function addPrivate({ end }: Value): Edit {
  return { start: end, end, pieces: [privateMember, madePrivate] };
}

function keptElements(
  scanner: JsonScanner,
  buffer: Uint8Array,
  { list, namedBy, isShown }: ListToCut,
  removed: string[],
): readonly Value[] {
  const kept: Value[] = [];
  for (const element of arrayElements(buffer, list.start, list.end)) {
    const name = elementName(scanner, buffer, element, namedBy);
    if (name !== undefined && isShown(name, element.start)) kept.push(element);
    else removed.push(name ?? "(unreadable)");
  }
  return kept;
}

const elementKeys = new ProtocolKeys(["name", "uri", "uriTemplate"]);

/** The element's name; undefined where it is missing, stands twice, or a near miss of its key stands beside it. */
function elementName(
  scanner: JsonScanner,
  buffer: Uint8Array,
  element: Value,
  namedBy: ListToCut["namedBy"],
): string | undefined {
  if (element.kind !== "object") return undefined;
  if (scanner.scan(buffer, element.start, element.end) !== undefined) return undefined;
  if (scanner.duplicateDepth === 1 || scanner.surrogateDepth === 1 || scanner.keyEscapeDepth === 1) {
    return undefined;
  }
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

/** Only `kept` between the brackets of `list`. */
function withElements(buffer: Uint8Array, list: Value, kept: readonly Value[]): Edit {
  const pieces: Uint8Array[] = [];
  for (const [i, element] of kept.entries()) {
    if (i > 0) pieces.push(comma);
    pieces.push(buffer.subarray(element.start, element.end));
  }
  return { start: list.start + 1, end: list.end - 1, pieces };
}

/** The message with each edit in its place; they do not overlap. */
function applyEdits({ buffer, start, end }: FrameSpan, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = start;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(buffer.subarray(at, edit.start), ...edit.pieces);
    at = edit.end;
  }
  pieces.push(buffer.subarray(at, end + 1));
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let written = 0;
  for (const piece of pieces) {
    bytes.set(piece, written);
    written += piece.length;
  }
  return bytes;
}

const comma = Uint8Array.of(0x2c);
const madePrivate = new TextEncoder().encode('"private"');
const privateMember = new TextEncoder().encode(',"cacheScope":');
