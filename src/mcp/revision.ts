/** What the protocol's revisions differ in, as far as the proxy must know. One place: nothing else names a revision. */

import type { JsonValue } from "../wire/json_value.ts";
import { decodeString, isJsonObject } from "../wire/json_value.ts";
import { objectMembers } from "../wire/json_spans.ts";
import type { Result } from "./message.ts";

/** The key in `params._meta` by which a request says that it belongs to the stateless revisions (since 2026-07-28). */
const protocolVersionKey = "io.modelcontextprotocol/protocolVersion";

/** Whether a request is of a stateless revision: told per request by its `_meta`, never guessed from earlier ones. */
export function isStateless(meta: JsonValue | undefined): boolean {
  return isJsonObject(meta) && typeof meta.get(protocolVersionKey) === "string";
}

/** What the client of such a request can do. */
export function statelessCapabilities(meta: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(meta) ? meta.get("io.modelcontextprotocol/clientCapabilities") : undefined;
}

/** Revisions in which a line may be an array of messages. MCP 2025-03-26, basic, batching; 2025-06-18 took it out again. */
const revisionsWithBatches: ReadonlySet<string> = new Set(["2025-03-26"]);

/** Whether a revision (`protocolVersion` of the server's answer to `initialize`; undefined before) has batches. */
export function hasBatches(revision: string | undefined): boolean {
  return revision !== undefined && revisionsWithBatches.has(revision);
}

/** The revision that a server's result of `initialize` settles on; undefined where it names none that can be told for certain. */
export function negotiatedRevision({ result, frame: { buffer } }: Result): string | undefined {
  if (result.kind !== "object") return undefined;
  const named = objectMembers(buffer, result.start, result.end).filter(({ key }) =>
    key === "protocolVersion"
  );
  return named.length === 1 && named[0].kind === "string"
    ? decodeString(buffer, named[0].start, named[0].end)
    : undefined;
}

/** What we ask for where we are the client ourselves: the last revision with a handshake, and the first without. */
export const handshakeRevision = "2025-11-25";
export const statelessRevision = "2026-07-28";

/** `params._meta` of every request of a stateless revision. MCP 2026-07-28, basic, per-request metadata. */
export function statelessMeta(
  clientInfo: object,
  clientCapabilities: object,
): Readonly<Record<string, unknown>> {
  return {
    [protocolVersionKey]: statelessRevision,
    "io.modelcontextprotocol/clientInfo": clientInfo,
    "io.modelcontextprotocol/clientCapabilities": clientCapabilities,
  };
}
