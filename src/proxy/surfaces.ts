/**
 * What the server says of itself, held against what was approved: in the lists that pass, and for a call to what it has
 * not listed in this session (a client may keep lists from an earlier one), in a list that we ask for ourselves.
 */

import { createHmac } from "node:crypto";
import { listedItemsMax, listPagesMax, schemaBytesMax } from "../limits.ts";
import type { ErrorAnswer, Members, Notification, Request, Result, Value } from "../mcp/message.ts";
import { listedTargets, type Operation, readMeta } from "../mcp/operation.ts";
import { ObjectReader, textOf } from "../mcp/object_reader.ts";
import { replyCodes } from "../mcp/reply.ts";
import { isStateless } from "../mcp/revision.ts";
import { readSurface, type Surface, type SurfaceKind } from "../mcp/surface.ts";
import type { SurfaceFact } from "../policy/facts.ts";
import { type SchemaVerdict, ValueSchema } from "../policy/json_schema.ts";
import { hasLockedInstructions, standingOf } from "../policy/lock.ts";
import type { PatternEngine } from "../policy/pattern.ts";
import { nameTarget, quote } from "../policy/sentence.ts";
import {
  distrust,
  invisibleTextRule,
  surfaceKindOf,
  type Trust,
  usedSurface,
  wantsSchema,
} from "../policy/trust.ts";
import { canonicalJson } from "../wire/canonical_json.ts";
import { findInvisible, type InvisibleCounts } from "../wire/invisible_text.ts";
import { arrayElements } from "../wire/json_spans.ts";
import { isJsonObject, type JsonObject, type JsonValue, readJson } from "../wire/json_value.ts";
import type { PendingRequest } from "./pending.ts";
import type { Turn } from "./session_state.ts";
import type { Withheld } from "./withheld.ts";
import {
  type Asking,
  type KnownSurface,
  type UsedKind,
  withKnown,
  withoutKnown,
  withWhole,
} from "./surface_table.ts";

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

function readList(trust: Trust, kind: SurfaceKind, buffer: Uint8Array, list: Value): ReadList {
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
    ? "; look at it with `lilith-zero lock --check`, approve of it with `lilith-zero lock`"
    : "";
  turn.say("warning", `${what.slice(0, 1).toUpperCase()}${what.slice(1)}${way}`);
}

/** Whether it is to be told, which it is once. */
function isNews(turn: Turn, what: string): boolean {
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

// ——— Answers ———

/** What nobody sees in an answer of the server's, and why it does not pass for that; undefined where there is nothing. */
export function lookForInvisible(
  turn: Turn,
  request: PendingRequest,
  message: Result | ErrorAnswer,
): { readonly counts: InvisibleCounts; readonly refusal: Withheld | undefined } | undefined {
  const { start, end } = message.kind === "result" ? message.result : message.error;
  const counts = findInvisible(message.frame.buffer, start, end);
  if (counts === undefined) return undefined;
  const { method, tool } = request;
  const what = tool === undefined ? `the answer to ${method}` : `an answer of tool ${quote(tool)}`;
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind.replace("_", " ")}: ${count}`).join(
    ", ",
  );
  const seen = `${what} holds text that nobody sees`;
  // (The record of the answer has the counts, each time.)
  if (isNews(turn, seen)) {
    turn.say("warning", `${seen.slice(0, 1).toUpperCase()}${seen.slice(1)} (${kinds}, the first time)`);
  }
  const listed = listedTargets(method)?.listedIn;
  // Of these each element was, or is to be, judged by itself.
  const isJudged = method === "initialize" || method === "server/discover" ||
    (listed !== undefined && surfaceKindOf(listed) !== undefined);
  if (turn.gate.policy.trust?.refusesInvisible !== true || isJudged) return { counts, refusal: undefined };
  const reason = `${seen} (${kinds})`;
  const rule = { policy: "built-in", rule: invisibleTextRule };
  return { counts, refusal: { code: "invisible_text", reply: replyCodes.denied, ...rule, reason } };
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
    if (!wantsSchema(policy, operation)) return fact;
    const schema = judgeArguments(trust.engine!, known.schema, operation);
    return schema === undefined ? fact : { ...fact, schema };
  }
  return list.complete ? { standing: "unlisted" } : undefined;
}

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

/** Asks the server for the list in which an operation's target would stand. The operation waits. */
export function askForSurfaces(turn: Turn, operation: Operation, message: Request | Notification): void {
  const kind = usedSurface(operation)!;
  const reason = `${nameTarget(operation)} is called, and the server has not listed it in this session`;
  turn.record({ kind: "event", name: "server_asked", detail: `${listMethod(kind)}: ${reason}` });
  sendAsking(
    turn,
    { kind, pages: 0, gathered: new Map(), outdated: false, meta: metaFor(message) },
    undefined,
  );
}

function listMethod(kind: UsedKind): string {
  return kind === "tool" ? "tools/list" : "prompts/list";
}

/** `_meta` as the agent's own request has it, as far as the protocol defines it: the server is to answer in the same way. */
function metaFor(message: Request | Notification): string | undefined {
  if (message.kind !== "request" || !message.members.has("_meta")) return undefined;
  const meta = readMeta(message);
  if (!isStateless(meta) || !isJsonObject(meta)) return undefined;
  const own = new Map<string, JsonValue>();
  for (const [key, value] of meta) if (key.startsWith("io.modelcontextprotocol/")) own.set(key, value);
  return canonicalJson(own);
}

function sendAsking(turn: Turn, asking: Omit<Asking, "key">, cursor: string | undefined): void {
  const asked = turn.surfaces.asked + 1;
  // Nobody else can have this id in flight, or answer it before it was asked.
  const id = `lilith-${
    createHmac("sha256", turn.gate.digestKey).update(`own request ${asked}`).digest("hex").slice(0, 32)
  }`;
  const params = [
    ...(cursor === undefined ? [] : [`"cursor":${JSON.stringify(cursor)}`]),
    ...(asking.meta === undefined ? [] : [`"_meta":${asking.meta}`]),
  ];
  const line = `{"jsonrpc":"2.0","id":"${id}","method":"${listMethod(asking.kind)}","params":{${params}}}\n`;
  turn.surfaces = {
    ...turn.surfaces,
    asked,
    asking: { ...asking, key: `s${id}`, pages: asking.pages + 1 },
  };
  turn.effects.push({ kind: "reply", to: "upstream", bytes: encoder.encode(line) });
}

const encoder = new TextEncoder();

/** Takes an answer that is to ourselves; false where it is not. */
export function takeOwnAnswer(turn: Turn, asking: Asking, message: Result | ErrorAnswer): boolean {
  if (message.id?.key !== asking.key) return false;
  if (message.kind === "error") {
    endAsking(turn, `the server answered ${listMethod(asking.kind)} with an error`);
    return true;
  }
  const page = readPage(message, asking.kind);
  if (typeof page === "string") {
    endAsking(turn, page);
    return true;
  }
  // A policy that has come since may want to know nothing.
  const { trust = wantsNothing } = turn.gate.policy;
  const { learned } = readList(trust, asking.kind, message.frame.buffer, page.list);
  const gathered = new Map(asking.gathered);
  for (const [name, surface] of learned) {
    const same = gathered.get(name);
    const isSame = same === undefined || same.sha256 === surface.sha256;
    gathered.set(name, isSame ? surface : { ...surface, sha256: "ambiguous" });
  }
  if (gathered.size > listedItemsMax) {
    endAsking(turn, `the server lists more than ${listedItemsMax}`);
  } else if (page.next === undefined) {
    turn.surfaces = withWhole(turn.surfaces, { ...asking, gathered });
    turn.record({
      kind: "event",
      name: "server_answered",
      detail: `${listMethod(asking.kind)}: ${gathered.size} in ${asking.pages} pages`,
    });
  } else if (asking.pages >= listPagesMax) {
    endAsking(turn, `the server's list has more than ${listPagesMax} pages`);
  } else {
    sendAsking(turn, { ...asking, gathered }, page.next);
  }
  return true;
}

const wantsNothing: Trust = { lock: undefined, refusesInvisible: false, engine: undefined };

/** What we asked for will not come, or is not to be read. The call that waits is judged without it. */
export function endAsking(turn: Turn, why: string): void {
  if (turn.surfaces.asking === undefined) return;
  turn.surfaces = { ...turn.surfaces, asking: undefined };
  turn.record({ kind: "event", name: "server_answered", detail: why });
  turn.say("warning", `What the server offers could not be learned: ${why}`);
}

const pageReaders: Readonly<Record<UsedKind, ObjectReader>> = {
  tool: new ObjectReader("result", ["tools", "nextCursor"]),
  prompt: new ObjectReader("result", ["prompts", "nextCursor"]),
};

function readPage(
  message: Result,
  kind: UsedKind,
): { readonly list: Value; readonly next: string | undefined } | string {
  const { buffer } = message.frame;
  const members: Members | string = pageReaders[kind].read(buffer, message.result);
  if (typeof members === "string") return members;
  const list = members.get(kind === "tool" ? "tools" : "prompts");
  if (list?.kind !== "array") return `the server answered ${listMethod(kind)} without a list`;
  const next = members.get("nextCursor");
  if (next === undefined || next.kind === "null") return { list, next: undefined };
  return next.kind === "string" ? { list, next: textOf(buffer, next) } : "a cursor that is no text";
}
