/**
 * The list that we ask the server for ourselves, because a call waits to be told what the server says of what it uses. The
 * answer goes no further.
 */

import { createHmac } from "node:crypto";
import { listedCharactersMax, listedItemsMax, listPagesMax, listSilenceMs } from "../limits.ts";
import type { ErrorAnswer, Members, Notification, Request, Result, Value } from "../mcp/message.ts";
import { ObjectReader, textOf } from "../mcp/object_reader.ts";
import { type Operation, readMeta } from "../mcp/operation.ts";
import { isStateless } from "../mcp/revision.ts";
import { nameTarget } from "../policy/sentence.ts";
import { type Trust, usedSurface } from "../policy/trust.ts";
import { canonicalJson } from "../wire/canonical_json.ts";
import { isJsonObject, type JsonValue } from "../wire/json_value.ts";
import type { Turn } from "./turn.ts";
import { type Asking, charactersOf, type UsedKind, withWhole } from "./surface_table.ts";
import { readList } from "./surfaces.ts";

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

/**
 * Whether the server has let a question of ours go unanswered a moment ago. Other calls are not held up for the same
 * silence then, nor what the agent says behind them: they are judged without an answer.
 */
export function isServerSilent({ surfaces: { silentSinceMs }, nowMs }: Turn): boolean {
  // (A clock that went back must not make it one for ever.)
  return silentSinceMs !== undefined && nowMs >= silentSinceMs && nowMs - silentSinceMs < listSilenceMs;
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
  turn.effects.push({ kind: "reply", to: "upstream", bytes: new TextEncoder().encode(line) });
}

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
  } else if (charactersOf(gathered) > listedCharactersMax) {
    endAsking(
      turn,
      `the names and schemas in the server's list have more than ${listedCharactersMax} characters`,
    );
  } else if (page.next === undefined) {
    turn.surfaces = withWhole(turn.surfaces, { ...asking, gathered });
    turn.record({
      kind: "event",
      name: "server_answered",
      detail: `${listMethod(asking.kind)}: ${gathered.size} in ${asking.pages} page${
        asking.pages === 1 ? "" : "s"
      }`,
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
