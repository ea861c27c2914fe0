/**
 * Asks a server what it offers, as a client does before its first call: the handshake, then every page of every list.
 * For commands that look at a server before it is used; nothing of it takes part in a session.
 */

import { LilithError } from "../errors.ts";
import { surveyItemsMax, surveyPagesMax, surveyRoundsMax } from "../limits.ts";
import type { JsonObject, JsonValue } from "../wire/json_value.ts";
import { isJsonArray, isJsonObject, readJson } from "../wire/json_value.ts";
import { arrayElements, objectMembers } from "../wire/json_spans.ts";
import type { Channel } from "../transport/channel.ts";
import { handshakeRevision, statelessMeta, statelessRevision } from "../mcp/revision.ts";
import { version } from "../version.ts";
import { type Answer, Conversation, quoteOf } from "./conversation.ts";

/** One thing that a server lists. */
export interface ListedItem {
  /** The `name` of a tool or prompt, the `uri` of a resource, the `uriTemplate` of a template. */
  readonly name: string;
  readonly value: JsonObject;
  /** As the server wrote it. */
  readonly bytes: Uint8Array;
}

export type ListKind = "tools" | "prompts" | "resources" | "resourceTemplates";

/** What a server said of itself. */
export interface ServerSurvey {
  /** `handshake`: it was asked with `initialize` (up to 2025-11-25); `stateless`: by `server/discover` (since 2026-07-28). */
  readonly era: "handshake" | "stateless";
  readonly revision: string;
  /** `serverInfo`, undefined where it gave none. */
  readonly serverInfo: JsonValue | undefined;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
  readonly tools: readonly ListedItem[];
  readonly prompts: readonly ListedItem[];
  readonly resources: readonly ListedItem[];
  readonly resourceTemplates: readonly ListedItem[];
  /** What was odd on the way, as sentences; empty mostly. */
  readonly notes: readonly string[];
}

export interface SurveyOptions {
  /** For the whole of it: a first `npx` has to fetch the server. */
  readonly timeoutMs: number;
  /** How long the lists have to stay as they are: many servers add to them just after the handshake. */
  readonly settleMs: number;
  /** Settles when the server has ended, with words for it: "ended with status 1". */
  readonly ended: Promise<string>;
}

/**
 * Surveys the server at the other end of `channel`. The capabilities of a client are all claimed, so that a server lists
 * what it has for the ablest; what it asks for is declined.
 *
 * @throws {LilithError} `server_unusable` where it ends, is silent, refuses both handshakes, or gives lists that nobody
 * can read.
 */
export async function surveyServer(channel: Channel, options: SurveyOptions): Promise<ServerSurvey> {
  const conversation = new Conversation(channel, options);
  try {
    return await new Survey(conversation, options.settleMs).run();
  } finally {
    conversation.end();
  }
}

const listMethods: Readonly<Record<ListKind, string>> = {
  tools: "tools/list",
  prompts: "prompts/list",
  resources: "resources/list",
  resourceTemplates: "resources/templates/list",
};

const nameKeys: Readonly<Record<ListKind, string>> = {
  tools: "name",
  prompts: "name",
  resources: "uri",
  resourceTemplates: "uriTemplate",
};

const kinds = Object.keys(listMethods) as readonly ListKind[];

/** The notifications by which a server says that a list is another now. */
const listChanges: ReadonlyMap<string, readonly ListKind[]> = new Map([
  ["notifications/tools/list_changed", ["tools"]],
  ["notifications/prompts/list_changed", ["prompts"]],
  ["notifications/resources/list_changed", ["resources", "resourceTemplates"]],
]);

/** Whatever a client can do, so that nothing is kept from it. */
const clientCapabilities = {
  roots: { listChanged: true },
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
  tasks: { list: {}, cancel: {}, requests: { sampling: { createMessage: {} }, elicitation: { create: {} } } },
};
const clientInfo = { name: "lilith-zero", version };

/** JSON-RPC 2.0 §5.1. */
const methodNotFound = -32601;

interface Greeting {
  readonly era: ServerSurvey["era"];
  readonly revision: string;
  readonly result: JsonObject;
}

class Survey {
  readonly #talk: Conversation;
  readonly #settleMs: number;
  readonly #notes: string[] = [];
  /** What goes along with every request: in a stateless revision, who asks. */
  #meta: object = {};

  constructor(talk: Conversation, settleMs: number) {
    this.#talk = talk;
    this.#settleMs = settleMs;
  }

  async run(): Promise<ServerSurvey> {
    const { era, revision, result } = await this.#greet();
    const capabilities = objectOf(result.get("capabilities"));
    const lists = await this.#readLists(capabilities);
    if (this.#talk.unreadable > 0) {
      this.#notes.push(`${this.#talk.unreadable} lines of its standard output were no messages`);
    }
    const instructions = result.get("instructions");
    return {
      era,
      revision,
      serverInfo: serverInfoOf(result),
      capabilities,
      instructions: typeof instructions === "string" ? instructions : undefined,
      ...lists,
      notes: this.#notes,
    };
  }

  /** Handshake first: a server that knows only that may fall silent at `server/discover`, and no server the other way round. */
  async #greet(): Promise<Greeting> {
    const first = await this.#talk.ask("initialize", {
      protocolVersion: handshakeRevision,
      capabilities: clientCapabilities,
      clientInfo,
    });
    if (first.kind === "result") {
      const result = readResult(first, "initialize");
      this.#talk.tell("notifications/initialized");
      return { era: "handshake", revision: textOf(result, "protocolVersion", "initialize"), result };
    }
    this.#meta = { _meta: statelessMeta(clientInfo, clientCapabilities) };
    const second = await this.#talk.ask("server/discover", this.#meta);
    if (second.kind === "error") {
      throw unusable(
        `it refused initialize (${first.message}) and server/discover (${second.message})`,
        "Is it an MCP server that speaks on its standard input and output?",
      );
    }
    const result = readResult(second, "server/discover");
    const supported = result.get("supportedVersions");
    if (isJsonArray(supported) && !supported.includes(statelessRevision)) {
      const named = supported.filter((one) => typeof one === "string").join(", ");
      throw unusable(
        `it speaks ${named || "no revision that it names"}, and ${statelessRevision} is not among them`,
      );
    }
    return { era: "stateless", revision: statelessRevision, result };
  }

  async #readLists(capabilities: JsonObject): Promise<Record<ListKind, readonly ListedItem[]>> {
    const lists: Record<ListKind, readonly ListedItem[]> = {
      tools: [],
      prompts: [],
      resources: [],
      resourceTemplates: [],
    };
    let due = kinds.filter((kind) => capabilities.has(kind === "resourceTemplates" ? "resources" : kind));
    for (let round = 1; due.length > 0; round++) {
      this.#talk.forgetNotifications();
      for (const kind of due) lists[kind] = await this.#readList(kind);
      await this.#talk.rest(this.#settleMs);
      const changed = new Set(this.#talk.notifications.flatMap((method) => listChanges.get(method) ?? []));
      due = kinds.filter((kind) => changed.has(kind));
      if (due.length > 0 && round === surveyRoundsMax) {
        this.#notes.push(`it kept changing its ${due.join(" and ")}: this is what it listed last`);
        break;
      }
    }
    return lists;
  }

  async #readList(kind: ListKind): Promise<readonly ListedItem[]> {
    const method = listMethods[kind];
    const items: ListedItem[] = [];
    const names = new Set<string>();
    const cursors = new Set<string>();
    let cursor: string | undefined;
    for (let page = 1;; page++) {
      const params = { ...(cursor === undefined ? {} : { cursor }), ...this.#meta };
      const answer = await this.#talk.ask(method, params);
      if (answer.kind === "error") {
        // Servers with resources and without templates often do not know the method.
        if (answer.code === methodNotFound && page === 1) return [];
        throw unusable(`it answered ${method} with an error: ${answer.message}`);
      }
      const next = readPage(answer, kind, (item) => {
        if (names.has(item.name)) {
          const twice = `it lists ${quoteOf(item.name)} twice in ${method}`;
          if (kind === "tools" || kind === "prompts") {
            throw unusable(`${twice}: nobody can tell which is meant`);
          }
          this.#notes.push(twice);
          return;
        }
        names.add(item.name);
        items.push(item);
      });
      if (items.length > surveyItemsMax) {
        throw unusable(`it lists more than ${surveyItemsMax} ${kind}`);
      }
      if (next === undefined) return items;
      if (cursors.has(next)) {
        throw unusable(`it gave the cursor ${quoteOf(next)} of ${method} twice`);
      }
      if (page === surveyPagesMax) throw unusable(`${method} has more than ${surveyPagesMax} pages`);
      cursors.add(next);
      cursor = next;
    }
  }
}

/** Gives each item of a page to `take`, and the cursor of the next page. */
function readPage(
  answer: Answer & { kind: "result" },
  kind: ListKind,
  take: (item: ListedItem) => void,
): string | undefined {
  const { bytes } = answer;
  const method = listMethods[kind];
  const members = new Map(objectMembers(bytes, 0, bytes.length).map((member) => [member.key, member]));
  const list = members.get(kind);
  if (list?.kind !== "array") throw unusable(`its answer to ${method} has no list "${kind}"`);
  for (const { start, end } of arrayElements(bytes, list.start, list.end)) {
    const value = readValue(bytes.subarray(start, end), `an element of ${method}`);
    const name = isJsonObject(value) ? value.get(nameKeys[kind]) : undefined;
    if (!isJsonObject(value) || typeof name !== "string") {
      throw unusable(`an element of ${method} has no "${nameKeys[kind]}"`);
    }
    take({ name, value, bytes: bytes.subarray(start, end) });
  }
  const next = members.get("nextCursor");
  if (next === undefined || next.kind === "null") return undefined;
  const cursor = readValue(bytes.subarray(next.start, next.end), `the cursor of ${method}`);
  if (typeof cursor !== "string") throw unusable(`the cursor of ${method} is no text`);
  return cursor;
}

function readResult(answer: Answer & { kind: "result" }, method: string): JsonObject {
  const value = readValue(answer.bytes, `its answer to ${method}`);
  if (!isJsonObject(value)) throw unusable(`its answer to ${method} is no object`);
  return value;
}

function readValue(bytes: Uint8Array, what: string): JsonValue {
  try {
    return readJson(bytes, 0, bytes.length);
  } catch (error) {
    throw unusable(`${what} cannot be read: ${(error as Error).message}`);
  }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : new Map();
}

function textOf(result: JsonObject, key: string, method: string): string {
  const value = result.get(key);
  if (typeof value !== "string") throw unusable(`its answer to ${method} has no text "${key}"`);
  return value;
}

/** In the handshake a member of the result; since 2026-07-28 in its `_meta` too. */
function serverInfoOf(result: JsonObject): JsonValue | undefined {
  return result.get("serverInfo") ??
    objectOf(result.get("_meta")).get("io.modelcontextprotocol/serverInfo");
}

/** An error of the survey. */
function unusable(seen: string, hint?: string): LilithError {
  return new LilithError("server_unusable", {
    message: `Cannot learn what the server offers: ${seen}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
