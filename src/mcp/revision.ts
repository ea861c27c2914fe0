/** What the protocol's revisions differ in, as far as the proxy must know. One place: nothing else names a revision. */

import type { JsonValue } from "../wire/json_value.ts";
import { isJsonObject } from "../wire/json_value.ts";

/** The key in `params._meta` by which a request says that it belongs to the stateless revisions (since 2026-07-28). */
const protocolVersionKey = "io.modelcontextprotocol/protocolVersion";

/** Whether a request is of a stateless revision: told per request by its `_meta`, never guessed from earlier ones. */
export function isStateless(meta: JsonValue | undefined): boolean {
  return isJsonObject(meta) && typeof meta.get(protocolVersionKey) === "string";
}
