import assert from "node:assert/strict";
import { type ServerSurvey, surveyServer } from "../../src/client/server_survey.ts";
import { LilithError } from "../../src/errors.ts";
import { surveyPagesMax } from "../../src/limits.ts";
import { MemoryChannel } from "../support/memory_channel.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Asked {
  readonly id?: number;
  readonly method?: string;
  // deno-lint-ignore no-explicit-any
  readonly params?: any;
  readonly result?: unknown;
}

/** What a server says to a message: values, each a line, or text as it stands. */
type Server = (asked: Asked) => readonly (object | string)[];

/** A channel whose peer answers at once, and all that it was asked. */
class ScriptedChannel extends MemoryChannel {
  readonly asked: Asked[] = [];
  #read = 0;

  constructor(readonly server: Server) {
    super({ dropFraming: true });
  }

  override flush(): void {
    super.flush();
    const lines = decoder.decode(this.received).slice(this.#read).split("\n").slice(0, -1);
    for (const line of lines) {
      this.#read += line.length + 1;
      const asked = JSON.parse(line);
      this.asked.push(asked);
      for (const said of this.server(asked)) this.says(said);
    }
  }

  says(what: object | string): void {
    const line = typeof what === "string" ? what : JSON.stringify({ jsonrpc: "2.0", ...what });
    queueMicrotask(() => this.peerWrites(encoder.encode(`${line}\n`)));
  }
}

const never = new Promise<string>(() => {});
const options = { timeoutMs: 5000, settleMs: 0, ended: never };

function survey(channel: ScriptedChannel): Promise<ServerSurvey> {
  return surveyServer(channel, options);
}

async function refusal(server: Server): Promise<string> {
  const error = await survey(new ScriptedChannel(server)).then(() => undefined, (error) => error);
  assert.ok(error instanceof LilithError && error.code === "server_unusable", `it was no refusal: ${error}`);
  return error.message.replace("Cannot learn what the server offers: ", "");
}

const greeting = (capabilities: object) => ({
  protocolVersion: "2025-11-25",
  capabilities,
  serverInfo: { name: "s", version: "1" },
  instructions: "be kind",
});

/** A server with a handshake that answers each list with what `lists` has for its method. */
function serverOf(lists: Readonly<Record<string, (asked: Asked) => object | string>>): Server {
  const capabilities = { tools: {}, prompts: {}, resources: {} };
  return (asked) => {
    const { id, method = "" } = asked;
    if (method === "initialize") return [{ id, result: greeting(capabilities) }];
    if (id === undefined) return [];
    if (method in lists) {
      const said = lists[method](asked);
      return [typeof said === "string" ? said : { id, ...said }];
    }
    return [{ id, error: { code: -32601, message: "no such method" } }];
  };
}

const namesOf = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name).join();

Deno.test("surveyServer() reads every page of every list, each thing as the server wrote it", async () => {
  const channel = new ScriptedChannel(serverOf({
    "tools/list": ({ id, params }) =>
      params.cursor === undefined
        ? `{"jsonrpc":"2.0","id":${id},"result":{"tools":[ {"name":"a", "n": 1.0} ],"nextCursor":"two"}}`
        : { result: { tools: [{ name: "b" }] } },
    "prompts/list": () => ({ result: { prompts: [{ name: "p" }] } }),
    "resources/list": () => ({ result: { resources: [{ uri: "file:///r", name: "r" }] } }),
    "resources/templates/list": () => ({
      result: { resourceTemplates: [{ uriTemplate: "x:{y}", name: "t" }] },
    }),
  }));
  const seen = await survey(channel);
  assert.equal(namesOf(seen.tools), "a,b");
  assert.equal(decoder.decode(seen.tools[0].bytes), '{"name":"a", "n": 1.0}');
  assert.equal(namesOf(seen.prompts), "p");
  assert.equal(namesOf(seen.resources), "file:///r");
  assert.equal(namesOf(seen.resourceTemplates), "x:{y}");
  assert.equal(seen.era, "handshake");
  assert.equal(seen.instructions, "be kind");
  assert.deepEqual(seen.notes, []);
  assert.deepEqual(channel.asked.slice(0, 2).map(({ method }) => method), [
    "initialize",
    "notifications/initialized",
  ]);
});

Deno.test("surveyServer() asks only for lists of which the server says that it has them", async () => {
  const channel = new ScriptedChannel(({ id, method }) =>
    id === undefined ? [] : [{ id, result: method === "initialize" ? greeting({}) : {} }]
  );
  assert.deepEqual((await survey(channel)).tools, []);
  assert.deepEqual(channel.asked.map(({ method }) => method), ["initialize", "notifications/initialized"]);
});

Deno.test("surveyServer() takes a server without templates, which often do not know the method", async () => {
  const lists = {
    "tools/list": () => ({ result: { tools: [] } }),
    "prompts/list": () => ({ result: { prompts: [] } }),
    "resources/list": () => ({ result: { resources: [{ uri: "a:b" }] } }),
  };
  const seen = await survey(new ScriptedChannel(serverOf(lists)));
  assert.equal(namesOf(seen.resources), "a:b");
  assert.deepEqual(seen.resourceTemplates, []);
});

Deno.test("surveyServer() speaks without a handshake to a server that refuses one", async () => {
  const channel = new ScriptedChannel(({ id, method, params }) => {
    if (params?._meta?.["io.modelcontextprotocol/protocolVersion"] !== "2026-07-28") {
      return [{ id, error: { code: -32602, message: "no version" } }];
    }
    const common = { resultType: "complete", _meta: { "io.modelcontextprotocol/serverInfo": { name: "m" } } };
    if (method === "server/discover") {
      return [{ id, result: { ...common, supportedVersions: ["2026-07-28"], capabilities: { tools: {} } } }];
    }
    return [{ id, result: { ...common, tools: [{ name: "t" }] } }];
  });
  const seen = await survey(channel);
  assert.equal(seen.era, "stateless");
  assert.equal(seen.revision, "2026-07-28");
  assert.equal(namesOf(seen.tools), "t");
  assert.ok(seen.serverInfo instanceof Map && seen.serverInfo.get("name") === "m");
});

Deno.test("surveyServer() reads a list again that the server says has changed", async () => {
  let tools = 1;
  const channel: ScriptedChannel = new ScriptedChannel((asked) => {
    const said = serverOf({
      "tools/list": () => ({
        result: { tools: Array.from({ length: tools }, (_, i) => ({ name: `t${i}` })) },
      }),
      "prompts/list": () => ({ result: { prompts: [] } }),
      "resources/list": () => ({ result: { resources: [] } }),
    })(asked);
    if (asked.method !== "tools/list" || tools === 3) return said;
    tools++;
    return [...said, { method: "notifications/tools/list_changed" }];
  });
  assert.equal(namesOf((await survey(channel)).tools), "t0,t1,t2");
});

Deno.test("surveyServer() gives up on a list that never stays as it is, and says so", async () => {
  const channel = new ScriptedChannel((asked) => [
    ...serverOf({
      "tools/list": () => ({ result: { tools: [{ name: "t" }] } }),
      "prompts/list": () => ({ result: { prompts: [] } }),
      "resources/list": () => ({ result: { resources: [] } }),
    })(asked),
    ...(asked.method === "tools/list" ? [{ method: "notifications/tools/list_changed" }] : []),
  ]);
  const seen = await survey(channel);
  assert.equal(namesOf(seen.tools), "t");
  assert.deepEqual(seen.notes, ["it kept changing its tools: this is what it listed last"]);
});

Deno.test("surveyServer() declines what the server asks, so that the server does not wait", async () => {
  const questions = ["ping", "roots/list", "elicitation/create", "sampling/createMessage"];
  const channel: ScriptedChannel = new ScriptedChannel((asked) => {
    if (asked.method === "initialize") {
      return [...questions.map((method) => ({ id: method, method })), { id: asked.id, result: greeting({}) }];
    }
    return [];
  });
  await survey(channel);
  const answers = channel.asked.filter(({ method }) => method === undefined);
  assert.deepEqual(answers.map(({ id, result }) => [id, result]), [
    ["ping", {}],
    ["roots/list", { roots: [] }],
    ["elicitation/create", { action: "decline" }],
    ["sampling/createMessage", undefined],
  ]);
});

Deno.test("surveyServer() passes over banners, and counts them", async () => {
  const channel = new ScriptedChannel(({ id, method }) =>
    method === "initialize" ? ["Server is up!", { id, result: greeting({}) }] : []
  );
  assert.deepEqual((await survey(channel)).notes, ["1 lines of its standard output were no messages"]);
});

Deno.test("surveyServer() names what it cannot go on with", async () => {
  const tools = (result: unknown) => serverOf({ "tools/list": () => ({ result: result as object }) });
  assert.match(await refusal(tools({})), /^its answer to tools\/list has no list "tools"$/);
  assert.match(await refusal(tools({ tools: [7] })), /^an element of tools\/list has no "name"$/);
  assert.match(await refusal(tools({ tools: [{ name: "a" }, { name: "a" }] })), /^it lists "a" twice/);
  assert.match(await refusal(tools({ tools: [], nextCursor: 7 })), /^the cursor of tools\/list is no text$/);
  assert.match(
    await refusal(tools({ tools: [], nextCursor: "x" })),
    /^it gave the cursor "x" of tools\/list twice$/,
  );
  let page = 0;
  const endless = serverOf({ "tools/list": () => ({ result: { tools: [], nextCursor: `${page++}` } }) });
  assert.equal(await refusal(endless), `tools/list has more than ${surveyPagesMax} pages`);
  const failing = serverOf({ "tools/list": () => ({ error: { code: -32603, message: "oh\u202e no" } }) });
  assert.equal(await refusal(failing), 'it answered tools/list with an error: "oh\ufffd no"');
  const twoKeys = serverOf({
    "tools/list": ({ id }) => `{"jsonrpc":"2.0","id":${id},"result":{"tools":[{"name":"a","name":"b"}]}}`,
  });
  assert.match(await refusal(twoKeys), /^an element of tools\/list cannot be read: .*twice/);
  const refusing: Server = ({ id }) =>
    id === undefined ? [] : [{ id, error: { code: -32600, message: "go" } }];
  assert.equal(await refusal(refusing), 'it refused initialize ("go") and server/discover ("go")');
});

Deno.test("surveyServer() says how a server ended that did not answer", async () => {
  const ended = Promise.resolve("ended with status 3");
  await assert.rejects(
    surveyServer(new ScriptedChannel(() => []), { ...options, ended }),
    { code: "server_unusable", message: /: it ended with status 3 before it answered initialize$/ },
  );
});

Deno.test("surveyServer() does not wait for ever", async () => {
  await assert.rejects(
    surveyServer(new ScriptedChannel(() => []), { ...options, timeoutMs: 1 }),
    { code: "server_unusable", message: /: it did not answer initialize within 0.001 s$/ },
  );
});
