/** What a server has said of its tools and prompts in this session, by their names. A value: replaced, never changed. */

import { listedCharactersMax, listedItemsMax } from "../limits.ts";

/** Kinds of which the use is judged by what the server says of them. */
export type UsedKind = "tool" | "prompt";

/** One thing as the server described it last. */
export interface KnownSurface {
  /** `ambiguous`: one list described it in two ways. */
  readonly sha256: string | "ambiguous";
  /** Whether the description holds text that nobody sees. */
  readonly invisible: boolean;
  /** Its `inputSchema` as canonical JSON; kept where a rule wants it, and undefined where it has none or it is too large. */
  readonly schema: string | undefined;
}

export interface SurfaceList {
  readonly known: ReadonlyMap<string, KnownSurface>;
  /** Whether the server has listed all there is, since it last said that the list is another. */
  readonly complete: boolean;
}

/** A list that we have asked the server for ourselves, because a call waits for it. */
export interface Asking {
  readonly kind: UsedKind;
  /** Key of the id of our request. */
  readonly key: string;
  /** Pages asked for, this one too. */
  readonly pages: number;
  readonly gathered: ReadonlyMap<string, KnownSurface>;
  /** The server has said meanwhile that the list is another. */
  readonly outdated: boolean;
  /** `_meta` of the request, as JSON; what the revisions without a handshake demand. */
  readonly meta: string | undefined;
}

export interface SurfaceTable {
  readonly tool: SurfaceList;
  readonly prompt: SurfaceList;
  readonly asking: Asking | undefined;
  /** When a request of ours was given up last, because no answer had come; undefined: the server has listed since. */
  readonly silentSinceMs: number | undefined;
  /** Requests of our own so far. */
  readonly asked: number;
  /** What the operator has been told already. */
  readonly told: ReadonlySet<string>;
}

const nothingKnown: SurfaceList = { known: new Map(), complete: false };

export const noSurfaces: SurfaceTable = {
  tool: nothingKnown,
  prompt: nothingKnown,
  asking: undefined,
  silentSinceMs: undefined,
  asked: 0,
  told: new Set(),
};

/** The table once a list has named these; what does not fit any more is not kept, and has to be asked for. */
export function withKnown(
  table: SurfaceTable,
  kind: UsedKind,
  learned: ReadonlyMap<string, KnownSurface>,
): SurfaceTable {
  if (learned.size === 0) return table;
  const known = new Map(table[kind].known);
  let { complete } = table[kind];
  let characters = charactersOf(known);
  for (const [name, surface] of learned) {
    const before = known.get(name);
    const more = sizeOf(name, surface) - (before === undefined ? 0 : sizeOf(name, before));
    if ((known.size < listedItemsMax || before !== undefined) && characters + more <= listedCharactersMax) {
      known.set(name, surface);
      characters += more;
      continue;
    }
    complete = false;
    if (before === undefined) continue;
    // What was said before is not what is said now.
    known.delete(name);
    characters -= sizeOf(name, before);
  }
  return { ...withList(table, kind, { known, complete }), silentSinceMs: undefined };
}

/** Characters of the names and schemas that are kept. */
export function charactersOf(known: SurfaceList["known"]): number {
  let characters = 0;
  for (const [name, surface] of known) characters += sizeOf(name, surface);
  return characters;
}

function sizeOf(name: string, { schema }: KnownSurface): number {
  return name.length + (schema?.length ?? 0);
}

/** The table once the whole list is there. */
export function withWhole(table: SurfaceTable, { kind, gathered, outdated }: Asking): SurfaceTable {
  const list = { known: gathered, complete: !outdated };
  return { ...withList(table, kind, list), asking: undefined, silentSinceMs: undefined };
}

/** The table once the server has said that a list is another now. */
export function withoutKnown(table: SurfaceTable, kind: UsedKind): SurfaceTable {
  const { asking } = table;
  return {
    ...withList(table, kind, nothingKnown),
    silentSinceMs: undefined,
    asking: asking?.kind === kind ? { ...asking, outdated: true } : asking,
  };
}

/**
 * The table once the policy is another: what was kept was what the old one wanted to know, so the server is asked anew. Of
 * a list that is being asked for, only what is still to come counts.
 */
export function withAnotherPolicy(table: SurfaceTable): SurfaceTable {
  const { asking } = table;
  return {
    ...table,
    tool: nothingKnown,
    prompt: nothingKnown,
    asking: asking && { ...asking, gathered: new Map(), outdated: true },
  };
}

function withList(table: SurfaceTable, kind: UsedKind, list: SurfaceList): SurfaceTable {
  return kind === "tool" ? { ...table, tool: list } : { ...table, prompt: list };
}
