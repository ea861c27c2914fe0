/** What a schema of the server's refers to, for those who only want a hint from it; `value_schema.ts` is exact. */

import { isJsonObject, type JsonObject, type JsonValue } from "../../wire/json_value.ts";

/** `$ref` into the schema's own definitions, once: a longer way is no hint any more. */
export function resolveReference(schema: JsonObject, whole: JsonObject): JsonObject {
  const reference = schema.get("$ref");
  if (typeof reference !== "string" || !reference.startsWith("#/")) return schema;
  let found: JsonValue | undefined = whole;
  for (const step of reference.slice(2).split("/")) found = isJsonObject(found) ? found.get(step) : undefined;
  return isJsonObject(found) ? found : schema;
}
