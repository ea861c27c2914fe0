/**
 * What the server says of itself, held against what was approved: in the lists that pass, in its instructions, and for a
 * call to what it has listed. For what it has not, `asked_list.ts` asks.
 */

import { listedItemsMax, schemaBytesMax } from "../limits.ts";
import type { Result, Value } from "../mcp/message.ts";
import type { Operation } from "../mcp/operation.ts";
import { ObjectReader, textOf } from "../mcp/object_reader.ts";
import { readSurface, type Surface, type SurfaceKind } from "../mcp/surface.ts";
import type { SurfaceFact } from "../policy/facts.ts";
import { ValueSchema } from "../policy/json_schema/value_schema.ts";
import type { SchemaVerdict } from "../policy/json_schema/verdict.ts";
import { hasLockedInstructions, standingOf } from "../policy/lock.ts";
import type { PatternEngine } from "../policy/pattern.ts";
import { quote } from "../policy/sentence.ts";
import { distrust, type Trust, usedSurface, wantsSchema } from "../policy/trust.ts";
import { canonicalJson } from "../wire/canonical_json.ts";
import { findInvisible } from "../wire/invisible_text.ts";
import { arrayElements } from "../wire/json_spans.ts";
import { type JsonObject, readJson } from "../wire/json_value.ts";
import type { Turn } from "./turn.ts";
import { type KnownSurface, withKnown, withoutKnown } from "./surface_table.ts";

// ——— Lists that pass ———

/** Which elements of a list may be shown, by where they begin. Nothing of the others is to reach the model. */
export function judgeList(
  turn: Turn,
  trust: Trust,
  kind: SurfaceKind,
  buffer: Uint8Array,
  list: Value,
): ReadonlySet<number> {
  const shown = new Set<number>();
  const { learned, surfaces } = readList(trust, kind, buffer, list);
  if (kind !== "resource_template") turn.surfaces = withKnown(turn.surfaces, kind, learned);
  for (const [start, { name }] of surfaces) {
    const known = learned.get(name)!;
    const refusal = distrust(trust, nameSurface(kind, name), factOf(trust, kind, name, known));
    if (refusal === undefined) shown.add(start);
    else tell(turn, refusal.reason, refusal.code === "lock");
    if (known.invisible && refusal === undefined) {
      tell(turn, `the description of ${nameSurface(kind, name)} holds text that nobody sees`, false);
    }
  }
  return shown;
}

interface ReadList {
  readonly learned: ReadonlyMap<string, KnownSurface>;
  /** By where each begins. What cannot be read for certain is left out. */
  readonly surfaces: ReadonlyMap<number, Surface>;
}

/** Reads what a list, or one page of it, says of each thing in it. */
export function readList(trust: Trust, kind: SurfaceKind, buffer: Uint8Array, list: Value): ReadList {
  const learned = new Map<string, KnownSurface>();
  const surfaces = new Map<number, Surface>();
  for (const element of arrayElements(buffer, list.start, list.end)) {
    const surface = readSurface(buffer, element, kind);
    if (surface === undefined) continue;
    surfaces.set(element.start, surface);
    const same = learned.get(surface.name);
    const invisible = findInvisible(buffer, element.start, element.end) !== undefined;
    learned.set(surface.name, {
      sha256: same === undefined || same.sha256 === surface.sha256 ? surface.sha256 : "ambiguous",
      invisible: invisible || same?.invisible === true,
      schema: trust.engine !== undefined ? schemaOf(surface.members) : undefined,
    });
  }
  return { learned, surfaces };
}

function schemaOf(members: JsonObject): string | undefined {
  const schema = members.get("inputSchema");
  const text = schema === undefined ? undefined : canonicalJson(schema);
  return text === undefined || text.length > schemaBytesMax ? undefined : text;
}

function nameSurface(kind: SurfaceKind, name: string): string {
  return `${kind.replace("_", " ")} ${quote(name)}`;
}

function factOf(
  { lock }: Trust,
  kind: SurfaceKind,
  name: string,
  { sha256, invisible }: KnownSurface,
): SurfaceFact {
  const standing = sha256 === "ambiguous"
    ? "ambiguous"
    : lock === undefined
    ? "unlocked"
    : standingOf(lock, kind, name, sha256);
  return invisible ? { standing, invisible } : { standing };
}

/** Tells the operator once, and the log. */
function tell(turn: Turn, what: string, isLock: boolean): void {
  if (!isNews(turn, what)) return;
  turn.record({ kind: "event", name: isLock ? "surface_not_as_locked" : "invisible_text", detail: what });
  const way = isLock
    ? "; look at it with `lilith-zero lock --check -o FILE -- COMMAND`, and approve of it with the same without --check"
    : "";
  turn.say("warning", `${what.slice(0, 1).toUpperCase()}${what.slice(1)}${way}`);
}

/** Whether it is to be told, which it is once. */
export function isNews(turn: Turn, what: string): boolean {
  if (turn.surfaces.told.has(what) || turn.surfaces.told.size >= listedItemsMax) return false;
  turn.surfaces = { ...turn.surfaces, told: new Set([...turn.surfaces.told, what]) };
  return true;
}

/** The server says that a list is another now: what it said before counts no more. */
export function forgetSurfaces(turn: Turn, method: string): void {
  if (method === "notifications/tools/list_changed") turn.surfaces = withoutKnown(turn.surfaces, "tool");
  else if (method === "notifications/prompts/list_changed") {
    turn.surfaces = withoutKnown(turn.surfaces, "prompt");
  }
}

// ——— Instructions ———

const greetingReader = new ObjectReader("result", ["instructions"]);

/** Why the server's answer to the handshake may not be passed on; undefined where it may. */
export function judgeInstructions(
  turn: Turn,
  trust: Trust,
  method: string,
  message: Result,
): { readonly code: "lock" | "invisible_text"; readonly reason: string } | undefined {
  if (method !== "initialize" && method !== "server/discover") return undefined;
  const { buffer } = message.frame;
  const members = greetingReader.read(buffer, message.result);
  const value = typeof members === "string" ? undefined : members.get("instructions");
  const text = textOf(buffer, value);
  const isReadable = typeof members !== "string" && (value === undefined || text !== undefined);
  if (trust.lock !== undefined && !(isReadable && hasLockedInstructions(trust.lock, text))) {
    const reason = "the server's instructions are not those that were approved";
    tell(turn, reason, true);
    return { code: "lock", reason };
  }
  if (value === undefined || findInvisible(buffer, value.start, value.end) === undefined) return undefined;
  const reason = "the server's instructions hold text that nobody sees";
  tell(turn, reason, false);
  return trust.refusesInvisible ? { code: "invisible_text", reason } : undefined;
}

// ——— What a call is about ———

/** What is known of what an operation would use; undefined where the server has to be asked first. */
export function surfaceFact(turn: Turn, trust: Trust, operation: Operation): SurfaceFact | undefined {
  const kind = usedSurface(operation)!;
  const list = turn.surfaces[kind];
  const known = list.known.get(operation.name);
  if (known !== undefined) {
    const fact = factOf(trust, kind, operation.name, known);
    const { policy } = turn.gate;
    // Of two schemas nobody can tell which one the server goes by.
    if (fact.standing === "ambiguous" || !wantsSchema(policy, operation)) return fact;
    const schema = judgeArguments(trust.engine!, known.schema, operation);
    return schema === undefined ? fact : { ...fact, schema };
  }
  return list.complete ? { standing: "unlisted" } : undefined;
}

const encoder = new TextEncoder();

/** Schemas made ready, by their text: an agent calls the same few tools again and again. */
const schemas = new Map<string, { readonly engine: PatternEngine; readonly schema: ValueSchema }>();
const schemasMax = 64;

function judgeArguments(
  engine: PatternEngine,
  text: string | undefined,
  operation: Operation,
): SchemaVerdict | undefined {
  if (text === undefined) return undefined;
  let known = schemas.get(text);
  if (known?.engine !== engine) {
    const bytes = encoder.encode(text);
    known = { engine, schema: new ValueSchema(readJson(bytes, 0, bytes.length), engine) };
    if (schemas.size >= schemasMax) schemas.clear();
    schemas.set(text, known);
  }
  // Absent arguments are an empty object (2025-11-25, schema, CallToolRequestParams).
  return known.schema.judge(operation.arguments ?? noArguments);
}

const noArguments: JsonObject = new Map();
