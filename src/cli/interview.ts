/**
 * Asks a server what it offers, as a client would: the handshake, then every list. The server runs supervised, and what
 * it says is read without any permission, as in `run`.
 */

import { LilithError } from "../errors.ts";
import {
  frameBytesMax,
  interviewQuietMs,
  interviewTimeoutMs,
  listedItemsMax,
  listPagesMax,
  stopTimeoutMs,
} from "../limits.ts";
import type { Incoming, Result } from "../mcp/message.ts";
import { errorReply } from "../mcp/reply.ts";
import { type Surface, type SurfaceKind, surfaceOf } from "../mcp/surface.ts";
import { dropPermissions } from "../permissions.ts";
import type { ServerSettings } from "../policy/rule.ts";
import { quote } from "../policy/sentence.ts";
import { spawnServer } from "../supervisor/child.ts";
import type { ContainmentReport } from "../supervisor/containment.ts";
import { openDescriptors } from "../supervisor/descriptors.ts";
import { givenEnvironment, serverEnvironment } from "../supervisor/environment.ts";
import { DescriptorChannel } from "../transport/descriptor_channel.ts";
import { PollLoop } from "../transport/poll_loop.ts";
import { version } from "../version.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, readJson } from "../wire/json_value.ts";
import { passOnStderr } from "./server_stderr.ts";
import type { StderrWriter } from "./stderr_writer.ts";

/** The server that is asked. */
export interface InterviewSpec {
  /** Absolute, as `lookUpCommand` gives it. */
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly containment: ContainmentReport;
  readonly stderr: StderrWriter;
}

/** What a server said of itself. */
export interface Interview {
  readonly server: { readonly name: string; readonly version: string } | undefined;
  readonly instructions: string | undefined;
  readonly items: Readonly<Record<SurfaceKind, readonly Surface[]>>;
}

/**
 * Starts the server, asks, and stops it. All permissions are dropped before the server's first byte is read: what is
 * still to be opened must be open before.
 *
 * @throws {LilithError} `server_unanswering` where it does not answer, or not as it should.
 */
export async function interviewServer(spec: InterviewSpec): Promise<Interview> {
  const { command, args, directory, settings, containment } = spec;
  const environment = serverEnvironment(givenEnvironment(Deno.env.toObject()), settings.passEnv);
  const loop = new PollLoop(openDescriptors());
  const server = spawnServer({
    command,
    args,
    environment,
    directory,
    limits: settings,
    containment,
    stopTimeoutMs: settings.stopTimeoutMs ?? stopTimeoutMs,
  });
  try {
    dropPermissions();
    passOnStderr(server.stderr, spec.stderr, Date.now).catch(() => {});
    const ends = { input: server.stdout, output: server.stdin.output };
    const channel = new DescriptorChannel(loop, ends, { frameBytesMax, dropFraming: true });
    server.stdin.onEnd(() => void channel.close());
    const interviewer = new Interviewer(channel);
    const gone = server.exited.then(({ description }): never => {
      throw unanswering(`it ${description}`, "Does the command start an MCP server on its standard input?");
    });
    return await Promise.race([interviewer.ask(), gone]);
  } finally {
    await server.stop();
    await loop.stop().catch(() => {});
  }
}

/** Everything that a client could offer: some servers have more tools for those who offer more. */
const capabilities = {
  roots: { listChanged: true },
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
  tasks: {
    list: {},
    cancel: {},
    requests: { sampling: { createMessage: {} }, elicitation: { create: {} } },
  },
};

const clientInfo = { name: "lilith-zero", version };

/** `_meta` of every request since 2026-07-28 (basic, requests). */
const statelessMeta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": clientInfo,
  "io.modelcontextprotocol/clientCapabilities": capabilities,
};

/** The lists of each kind: what announces them, the method, and where the answer has them. */
const lists = [
  { kind: "tool", announcedBy: "tools", method: "tools/list", listedIn: "tools" },
  { kind: "prompt", announcedBy: "prompts", method: "prompts/list", listedIn: "prompts" },
  {
    kind: "resource_template",
    announcedBy: "resources",
    method: "resources/templates/list",
    listedIn: "resourceTemplates",
  },
] as const;

/** Rounds of asking for lists that change while we ask. */
const roundsMax = 5;

type Answer =
  | { readonly kind: "result"; readonly result: JsonObject }
  | { readonly kind: "error"; readonly code: number; readonly message: string };

class Interviewer {
  readonly #channel: DescriptorChannel;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #broken = Promise.withResolvers<never>();
  #asked = 0;
  /** How often the server has said that one of its lists is another now. */
  #changes = 0;
  #isStateless = false;

  constructor(channel: DescriptorChannel) {
    this.#channel = channel;
    this.#broken.promise.catch(() => {}); // it may break when nobody waits
    channel.listen({
      message: (incoming) => this.#take(incoming),
      idle: () => {},
      end: () => this.#broken.reject(unanswering("it closed its output")),
      broken: () => this.#broken.reject(unanswering("it closed its input")),
    });
  }

  async ask(): Promise<Interview> {
    const hello = await this.#greet();
    const info = hello.get("serverInfo") ??
      memberOf(hello.get("_meta"), "io.modelcontextprotocol/serverInfo");
    const instructions = hello.get("instructions");
    const offered = hello.get("capabilities");
    const name = memberOf(info, "name");
    const serverVersion = memberOf(info, "version");
    return {
      server: typeof name === "string"
        ? { name, version: typeof serverVersion === "string" ? serverVersion : "" }
        : undefined,
      instructions: typeof instructions === "string" && instructions !== "" ? instructions : undefined,
      items: await this.#listAll(isJsonObject(offered) ? offered : new Map()),
    };
  }

  /** `initialize`, or `server/discover` where that is not known any more. */
  async #greet(): Promise<JsonObject> {
    const params = { protocolVersion: "2025-11-25", capabilities, clientInfo };
    const answer = await this.#request("initialize", params);
    if (answer.kind === "result") {
      this.#send({ jsonrpc: "2.0", method: "notifications/initialized" });
      return answer.result;
    }
    this.#isStateless = true;
    const discovered = await this.#request("server/discover", {});
    if (discovered.kind === "result") return discovered.result;
    throw unanswering(
      `it answered "initialize" with the error ${answer.code} (${
        quote(answer.message)
      }), and "server/discover" ` +
        `with ${discovered.code} (${quote(discovered.message)})`,
    );
  }

  async #listAll(offered: JsonObject): Promise<Interview["items"]> {
    for (let round = 1;; round++) {
      const before = this.#changes;
      const items: Record<SurfaceKind, readonly Surface[]> = { tool: [], prompt: [], resource_template: [] };
      for (const list of lists) {
        if (offered.has(list.announcedBy)) items[list.kind] = await this.#list(list);
      }
      await this.#quiet();
      if (this.#changes === before) return items;
      if (round === roundsMax) throw unanswering(`its lists changed ${roundsMax} times while they were read`);
    }
  }

  async #list({ kind, method, listedIn }: (typeof lists)[number]): Promise<readonly Surface[]> {
    const byName = new Map<string, Surface>();
    let cursor: JsonValue | undefined;
    for (let page = 1; page <= listPagesMax; page++) {
      const answer = await this.#request(method, cursor === undefined ? {} : { cursor });
      if (answer.kind === "error") {
        // A server with resources need not have templates (-32601: no such method).
        if (kind === "resource_template" && answer.code === -32601) return [];
        throw unanswering(`it answered "${method}" with the error ${answer.code} (${quote(answer.message)})`);
      }
      const list = answer.result.get(listedIn);
      if (!isJsonArray(list)) throw unanswering(`it answered "${method}" without a list`);
      for (const element of list) {
        const surface = surfaceOf(element, kind);
        if (surface === undefined) throw unanswering(`"${method}" lists something without a name`);
        const same = byName.get(surface.name);
        if (same !== undefined && same.sha256 !== surface.sha256) {
          throw unanswering(`"${method}" lists two that are called ${quote(surface.name)}`);
        }
        byName.set(surface.name, surface);
      }
      if (byName.size > listedItemsMax) throw unanswering(`"${method}" lists more than ${listedItemsMax}`);
      const next = answer.result.get("nextCursor");
      if (typeof next !== "string") return [...byName.values()];
      cursor = next;
    }
    throw unanswering(`"${method}" has more than ${listPagesMax} pages`);
  }

  /** Settles when no list has changed for a while. */
  async #quiet(): Promise<void> {
    let changes = -1;
    for (let waited = 0; changes !== this.#changes && waited < roundsMax; waited++) {
      changes = this.#changes;
      await Promise.race([sleep(interviewQuietMs), this.#broken.promise]);
    }
  }

  async #request(method: string, params: Record<string, unknown>): Promise<Answer> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(`n${id}`, resolve);
    const all = this.#isStateless ? { ...params, _meta: statelessMeta } : params;
    this.#send({ jsonrpc: "2.0", id, method, params: all });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const seconds = interviewTimeoutMs / 1000;
      timer = setTimeout(
        () => reject(unanswering(`it did not answer "${method}" in ${seconds} s`)),
        interviewTimeoutMs,
      );
    });
    try {
      return await Promise.race([promise, late, this.#broken.promise]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(`n${id}`);
    }
  }

  #take(incoming: Incoming): void {
    switch (incoming.kind) {
      case "result":
        return this.#settle(incoming.id.key, readResult(incoming));
      case "error": {
        const { buffer } = incoming.frame;
        const error = readValue(buffer, incoming.error.start, incoming.error.end);
        const code = Number(memberOf(error, "code") === undefined ? NaN : numberIn(error, "code"));
        const message = memberOf(error, "message");
        return this.#settle(incoming.id?.key, {
          kind: "error",
          code,
          message: typeof message === "string" ? message : "",
        });
      }
      case "request":
        // It asks what the client can do; nobody is there to be asked.
        return incoming.method === "ping"
          ? this.#sendText(`{"jsonrpc":"2.0","id":${incoming.id.source},"result":{}}\n`)
          : this.#sendBytes(errorReply(incoming.id.source, 403, "nobody is there to be asked"));
      case "notification":
        if (incoming.method.endsWith("/list_changed")) this.#changes++;
        return;
      case "malformed":
        if (incoming.answers === undefined) return; // a banner, or a line of a log
        return this.#broken.reject(unanswering(`it sent ${incoming.reason}`));
      case "oversize":
        return this.#broken.reject(unanswering(`it sent a message of ${incoming.bytes} bytes`));
      case "batch":
        return this.#broken.reject(unanswering("it sent a batch, which the revision does not have"));
    }
  }

  #settle(key: string | undefined, answer: Answer): void {
    if (key !== undefined) this.#waiting.get(key)?.(answer);
  }

  #send(message: object): void {
    // (A cursor is text from the server, or a number: it goes back as it came.)
    this.#sendText(JSON.stringify(message) + "\n");
  }

  #sendText(text: string): void {
    this.#sendBytes(new TextEncoder().encode(text));
  }

  #sendBytes(bytes: Uint8Array): void {
    this.#channel.send(bytes, 0, bytes.length);
    this.#channel.flush();
  }
}

function readResult({ frame: { buffer }, result }: Result): Answer {
  const value = readValue(buffer, result.start, result.end);
  if (isJsonObject(value)) return { kind: "result", result: value };
  return { kind: "error", code: -32603, message: "a result that two readers would read differently" };
}

function readValue(buffer: Uint8Array, start: number, end: number): JsonValue | undefined {
  try {
    return readJson(buffer, start, end);
  } catch {
    return undefined; // a key stands twice, or there is too much of it
  }
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value.get(key) : undefined;
}

function numberIn(value: JsonValue | undefined, key: string): number {
  const number = memberOf(value, key);
  return typeof number === "object" && number !== null && "value" in number ? number.value : NaN;
}

function unanswering(seen: string, hint?: string): LilithError {
  return new LilithError("server_unanswering", {
    message: `Cannot learn what the server offers: ${seen}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
