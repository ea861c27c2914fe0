/** The check that an argument most likely wants, from its name and from what the server's schema says of it. */

import {
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../wire/json_value.ts";
import { resolveReference } from "./json_schema/reference.ts";

/** A JSON Schema, of the arguments as a whole or of one of them. */
export type SchemaOfArgument = JsonObject;

export interface DraftCheck {
  /** As a rule names the argument. */
  readonly selector: string;
  /** As YAML in flow style. */
  readonly check: string;
  /** What the server says that it is: text from outside. */
  readonly about: string;
}

const pathWords = words(
  "path paths file files filename filepath dir directory folder root source destination src dest cwd workdir",
);
const urlWords = words("url urls uri href link endpoint webhook");
const commandWords = words("command cmd shell commandline");

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

/** Undefined for a name that no selector can be written for. */
export function argumentCheck(
  name: string,
  schema: SchemaOfArgument,
  whole: SchemaOfArgument,
): DraftCheck | undefined {
  if (name === "" || name.length > 100 || /\p{C}/u.test(name) || name.includes("${")) return undefined;
  const own = resolveReference(schema, whole);
  const items = own.get("items");
  const element = typeOf(own) === "array" && isJsonObject(items) ? resolveReference(items, whole) : undefined;
  // What is in objects has names of its own: a[*].b is for the author to write.
  const isList = element !== undefined && !["object", "array"].includes(typeOf(element) ?? "");
  const value = isList ? element : own;
  const selector = `${/[.[\]*?"]/.test(name) ? JSON.stringify(name) : name}${isList ? "[*]" : ""}`;
  const described = own.get("description");
  const about = `${typeOf(own) ?? "any type"}${isList ? ` of ${typeOf(value) ?? "any type"}` : ""}`;
  return {
    selector,
    check: checkFor(name, value),
    about: typeof described === "string" ? `${about}: ${described}` : about,
  };
}

function checkFor(name: string, schema: SchemaOfArgument): string {
  const listed = literals(schema.get("enum")) ??
    literals(isJsonArray(schema.get("enum")) ? undefined : constant(schema));
  if (listed !== undefined) return listed;
  switch (typeOf(schema)) {
    case "boolean":
      return "[true, false]";
    case "integer":
    case "number":
      return `{ min: ${bound(schema.get("minimum"), "0")}, max: ${bound(schema.get("maximum"), "1000")} }`;
    case "array":
      return "{ max_length: 100 }";
    case "object":
      return "{ present: true }";
  }
  const parts = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/);
  const has = (some: ReadonlySet<string>) => parts.some((part) => some.has(part));
  const format = schema.get("format");
  if (format === "uri" || format === "url" || has(urlWords)) {
    return "{ url: { scheme: https, host: api.example.com } }";
  }
  if (has(commandWords)) return "{ argv: { program: ls, flags: [-l, -a], operands: { under: /tmp } } }";
  if (has(pathWords)) return "{ under: /tmp }";
  const longest = schema.get("maxLength");
  return `{ max_length: ${isJsonNumber(longest) && isWhole(longest.value) ? longest.value : 1000} }`;
}

function constant(schema: SchemaOfArgument): JsonValue | undefined {
  return schema.has("const") ? [schema.get("const")!] : undefined;
}

/** A few short values as a list of YAML; undefined for anything else. */
function literals(value: JsonValue | undefined): string | undefined {
  if (!isJsonArray(value) || value.length === 0 || value.length > 20) return undefined;
  const written: string[] = [];
  for (const one of value) {
    if (typeof one === "string") {
      if (one.length > 60 || /[^\P{C}]|[\u2028\u2029]|\$\{/u.test(one)) return undefined;
      written.push(JSON.stringify(one));
    } else if (isJsonNumber(one)) {
      if (!plainNumber.test(one.source)) return undefined;
      written.push(one.source);
    } else if (typeof one === "boolean") {
      written.push(String(one));
    } else if (one !== null) return undefined;
  }
  return written.length === 0 ? undefined : `[${written.join(", ")}]`;
}

const plainNumber = /^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?$/;

function bound(value: JsonValue | undefined, otherwise: string): string {
  return isJsonNumber(value) && plainNumber.test(value.source) ? value.source : otherwise;
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The first type that is not null: an argument that may be null is mostly meant to be the other. */
function typeOf(schema: SchemaOfArgument): string | undefined {
  const types = isJsonArray(schema.get("type"))
    ? schema.get("type") as readonly JsonValue[]
    : [schema.get("type")];
  const type = types.find((one) => typeof one === "string" && one !== "null");
  return typeof type === "string" && known.has(type) ? type : undefined;
}

const known = words("string number integer boolean array object");
