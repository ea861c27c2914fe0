/** Who may tell an agent that a list has changed: a server that said so in its answer to `initialize`. */

import { objectMembers } from "../wire/json_spans.ts";
import type { Result, Value } from "./message.ts";

/** The lists of MCP that a server may announce changes of (2025-11-25, basic/lifecycle, capability negotiation). */
const announceableLists = ["tools", "prompts", "resources"] as const;

export type AnnouncedList = (typeof announceableLists)[number];

/**
 * The lists of which a server's result of `initialize` says `listChanged: true`; none where that cannot be told for
 * certain. In the stateless revisions such news goes to subscribers alone, and there is no such result.
 */
export function announcedLists({ result, frame: { buffer } }: Result): readonly AnnouncedList[] {
  const capabilities = memberOf(buffer, result, "capabilities");
  if (capabilities === undefined) return [];
  return announceableLists.filter((list) => {
    const capability = memberOf(buffer, capabilities, list);
    const flag = capability && memberOf(buffer, capability, "listChanged");
    return flag !== undefined && buffer[flag.start] === LOWER_T;
  });
}

/** The only member of that name; undefined where the value is no object, and where two have the name. */
function memberOf(buffer: Uint8Array, { start, end, kind }: Value, name: string): Value | undefined {
  if (kind !== "object") return undefined;
  const named = objectMembers(buffer, start, end).filter(({ key }) => key === name);
  return named.length === 1 ? named[0] : undefined;
}

/** The first byte of `true`. */
const LOWER_T = 0x74;

const encoder = new TextEncoder();

/** The notification that a list has changed, as one line: the agent asks for it anew. */
export function listChanged(list: AnnouncedList): Uint8Array {
  return encoder.encode(`{"jsonrpc":"2.0","method":"notifications/${list}/list_changed"}\n`);
}
