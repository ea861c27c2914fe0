/**
 * What a server says of a thing that it offers: a tool, a prompt, a resource template, its own instructions. All of it
 * reaches the model, or steers the client, before anybody has called anything.
 */

import { createHash } from "node:crypto";
import { canonicalJson } from "../wire/canonical_json.ts";
import {
  DuplicateKeyError,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  readJson,
  TooManyValuesError,
} from "../wire/json_value.ts";
import type { Value } from "./message.ts";

/** What is described. */
export type SurfaceKind = "tool" | "prompt" | "resource_template";

/** One thing as its server describes it. */
export interface Surface {
  /** The tool's or prompt's name, the template's `uriTemplate`. */
  readonly name: string;
  /** Of all its members, `_meta` too, in canonical JSON: lower-case hex. */
  readonly sha256: string;
  readonly members: JsonObject;
}

/** The member that names a thing. */
export function namedBy(kind: SurfaceKind): "name" | "uriTemplate" {
  return kind === "resource_template" ? "uriTemplate" : "name";
}

/**
 * The surface that stands at `value` of a message that was scanned; undefined where it is no object, has no name, or
 * two readers could read it differently.
 */
export function readSurface(buffer: Uint8Array, value: Value, kind: SurfaceKind): Surface | undefined {
  if (value.kind !== "object") return undefined;
  const members = readOrUndefined(buffer, value);
  return members === undefined ? undefined : surfaceOf(members, kind);
}

/** The same for an object that was read already. */
export function surfaceOf(members: JsonValue, kind: SurfaceKind): Surface | undefined {
  if (!isJsonObject(members)) return undefined;
  const name = members.get(namedBy(kind));
  return typeof name === "string" ? { name, sha256: hashOf(members), members } : undefined;
}

/** SHA-256 of a value's canonical JSON, lower-case hex. */
export function hashOf(value: JsonValue): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

function readOrUndefined(buffer: Uint8Array, { start, end }: Value): JsonValue | undefined {
  try {
    return readJson(buffer, start, end);
  } catch (error) {
    if (error instanceof DuplicateKeyError || error instanceof TooManyValuesError) return undefined;
    throw error;
  }
}
