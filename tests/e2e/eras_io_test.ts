import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Client, type ClientOptions } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { allowAll, type Answer, programCommand, readRecords, Run, Scratch } from "./support/program.ts";

const twoEraServer = fileURLToPath(new URL("fixtures/two_era_server.mjs", import.meta.url));
const eras = {
  handshake: "legacy",
  "2026-07-28": { pin: "2026-07-28" },
} as const;

interface Session extends AsyncDisposable {
  readonly client: Client;
  readonly scratch: Scratch;
  /** What the person was asked. */
  readonly asked: Answer[];
  records(): Promise<Answer[]>;
  /** Every line that the server got. */
  seenByServer(): Promise<string>;
}

/** A real client, the program, and a server of both eras. */
async function connect(
  mode: NonNullable<ClientOptions["versionNegotiation"]>["mode"],
  policy: string,
  options: { readonly roots?: readonly string[]; readonly server?: (scratch: Scratch) => string[] } = {},
): Promise<Session> {
  const scratch = await Scratch.make();
  const asked: Answer[] = [];
  const capabilities = { elicitation: { form: {}, url: {} }, roots: {} };
  const client = new Client({ name: "test", version: "1" }, {
    capabilities,
    versionNegotiation: { mode: mode! },
  });
  // deno-lint-ignore require-await -- the SDK wants a promise
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    asked.push(params);
    if (params.mode === "url") return { action: "accept" };
    const isOurs = "decision" in params.requestedSchema.properties;
    return { action: "accept", content: isOurs ? { decision: "approve" } : { name: "Ada" } };
  });
  // deno-lint-ignore require-await -- the SDK wants a promise
  client.setRequestHandler("roots/list", async () => ({
    roots: (options.roots ?? []).map((uri) => ({ uri })),
  }));
  const file = await scratch.write("policy.yaml", policy);
  const lines = scratch.file("server.jsonl");
  const server = options.server?.(scratch) ?? [Deno.execPath(), "run", "-A", "--quiet", twoEraServer, lines];
  const [command, ...words] = programCommand;
  const args = [...words, "run", "-p", file, "-a", scratch.file("audit.jsonl"), "--", ...server];
  await client.connect(
    new StdioClientTransport({ command, args, env: Deno.env.toObject(), stderr: "ignore" }),
  );
  return {
    client,
    scratch,
    asked,
    records: () => readRecords(scratch.file("audit.jsonl")),
    seenByServer: () => Deno.readTextFile(lines),
    async [Symbol.asyncDispose]() {
      await client.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** The text of a call's result, and whether it is an error. */
async function outcomeOf(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<[string, boolean]> {
  const result: Answer = await client.callTool({ name, arguments: args });
  return [result.content[0].text, result.isError === true];
}

const denyElicitation = `version: 1
default: allow
rules:
  - { id: ask-nobody, deny: { methods: elicitation/create }, reason: people are not to be asked }
`;

for (const [era, mode] of Object.entries(eras)) {
  Deno.test(`a person is asked before a call passes, and then by the server itself: ${era}`, async () => {
    const rules = "rules: [{ id: careful, ask: greet }]\n";
    await using session = await connect(mode, `version: 1\ndefault: allow\n${rules}`);
    assert.deepEqual(await outcomeOf(session.client, "greet"), ["hello Ada", false]);
    assert.equal(session.asked.length, 2);
    assert.match(session.asked[0].message, /rule careful of policy/);
    assert.equal(session.asked[1].message, "Who?");
    const seen = await session.seenByServer();
    assert.ok(!seen.includes("lilith"), seen);
  });

  Deno.test(`${era}: a client lists, calls and answers what the server asks, and each question is recorded`, async () => {
    await using session = await connect(mode, allowAll, { roots: ["file:///tmp"] });
    const { client, asked } = session;
    assert.equal(client.getProtocolEra() === "modern", mode !== "legacy");
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name), ["greet", "open", "where", "hidden"]);
    assert.deepEqual(await outcomeOf(client, "greet"), ["hello Ada", false]);
    assert.deepEqual(await outcomeOf(client, "open", { url: "https://a.example/" }), [
      "opened: accept",
      false,
    ]);
    assert.deepEqual(await outcomeOf(client, "where"), ["file:///tmp", false]);
    assert.deepEqual(asked.map(({ mode }) => mode), ["form", "url"]);
    const questions = (await session.records()).filter(({ kind, from, method }) =>
      kind === "decision" && from === "server" && ["elicitation/create", "roots/list"].includes(method)
    );
    assert.deepEqual(
      questions.map(({ method, verdict, within }) => [method, verdict, within !== undefined]),
      [
        ["elicitation/create", "allow", mode !== "legacy"],
        ["elicitation/create", "allow", mode !== "legacy"],
        ["roots/list", "allow", mode !== "legacy"],
      ],
    );
  });

  Deno.test(`${era}: where a rule denies elicitation, nobody is asked`, async () => {
    await using session = await connect(mode, denyElicitation);
    const [said, isError] = await outcomeOf(session.client, "greet");
    assert.equal(isError, true);
    if (mode === "legacy") assert.equal(said, "refused: 403");
    else assert.match(said, /asked for "elicitation\/create".*ask-nobody.*people are not to be asked/);
    assert.deepEqual(session.asked, []);
    const denied = (await session.records()).filter(({ rule }) => rule === "ask-nobody");
    assert.deepEqual(denied.map(({ method, action }) => [method, action]), [["elicitation/create", "deny"]]);
  });

  Deno.test(`${era}: a page that is none on the web is not opened, whatever the policy says`, async () => {
    await using session = await connect(mode, allowAll);
    const [, isError] = await outcomeOf(session.client, "open", { url: "file:///etc/passwd" });
    assert.equal(isError, true);
    assert.deepEqual(session.asked, []);
    assert.ok((await session.records()).some(({ code }) => code === "unsafe_url"));
  });

  Deno.test(`${era}: a root that a rule denies does not reach the server`, async () => {
    const policy =
      `version: 1\ndefault: allow\nrules:\n  - { id: no-etc, deny: { resources: "file:///etc/*" } }\n`;
    await using session = await connect(mode, policy, { roots: ["file:///tmp", "file:///etc"] });
    const [said, isError] = await outcomeOf(session.client, "where");
    assert.equal(isError, true);
    assert.match(said, mode === "legacy" ? /refused: 403/ : /no-etc/);
    assert.equal((await session.seenByServer()).includes("file:///etc"), false);
  });
}

Deno.test("a list of 2026-07-28 that was cut for this agent is no longer to be shared", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write(
    "policy.yaml",
    "version: 1\ndefault: allow\nrules:\n  - deny: hidden\n",
  );
  const server = [Deno.execPath(), "run", "-A", "--quiet", twoEraServer, scratch.file("server.jsonl")];
  const run = new Run(["run", "-p", policy, "--", ...server]);
  const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
  const ask = (id: number, method: string) =>
    run.ask({ jsonrpc: "2.0", id, method, params: { _meta: meta } });
  assert.equal((await ask(1, "server/discover")).result.cacheScope, "public");
  const { result } = await ask(2, "tools/list");
  assert.deepEqual(result.tools.map(({ name }: Answer) => name), ["greet", "open", "where"]);
  assert.deepEqual([result.cacheScope, result.resultType, result.ttlMs], ["private", "complete", 0]);
  assert.equal((await run.finish()).code, 0);
});

Deno.test("a client that probes finds a server of the older era behind the proxy, and goes on with the handshake", async () => {
  const server =
    () => [Deno.execPath(), "run", "-A", "--quiet", "npm:@modelcontextprotocol/server-memory@2026.8.31"];
  await using session = await connect("auto", allowAll, { server });
  assert.equal(session.client.getProtocolEra(), "legacy");
  assert.equal((await session.client.listTools()).tools.length, 9);
  const probes = (await session.records()).filter(({ method }) => method === "server/discover");
  assert.deepEqual(probes.map(({ verdict }) => verdict), ["allow"]);
});

Deno.test("a root that a rule denies does not widen what the filesystem server may read", async () => {
  const server = (scratch: Scratch) => [
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    "npm:@modelcontextprotocol/server-filesystem@2026.8.31",
    scratch.path,
  ];
  for (
    const [rules, isWidened] of [
      ["", true],
      [`rules:\n  - deny: { resources: "file:///etc/*" }\n`, false],
    ] as const
  ) {
    await using session = await connect("legacy", `${allowAll}${rules}`, { server, roots: ["file:///etc"] });
    // The server asks for the roots after the handshake; what it was given shows in the log.
    let given: Answer | undefined;
    while (given === undefined) {
      given = (await session.records()).find(({ kind, from }) => kind === "outcome" && from === "agent");
    }
    assert.equal(given.action, isWidened ? "forward" : "replace");
    let [allowed] = await outcomeOf(session.client, "list_allowed_directories");
    while (isWidened && !allowed.includes("/etc")) {
      [allowed] = await outcomeOf(session.client, "list_allowed_directories");
    }
    assert.equal(allowed.includes("/etc"), isWidened);
  }
});
