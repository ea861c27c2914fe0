/** A person is asked: by real clients that can show a form, and by the command line where they cannot. */

import assert from "node:assert/strict";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as TransportV2 } from "@modelcontextprotocol/client/stdio";
import {
  type Answer,
  programCommand,
  readRecords,
  recordingServer,
  runProgram,
  Scratch,
} from "./support/program.ts";

const policy = `version: 1
rules:
  - { id: others, allow: "*" }
  - { id: careful, ask: echo }
`;

interface AnyClient {
  callTool(call: { name: string; arguments: object }): Promise<unknown>;
  close(): Promise<void>;
}

interface Start {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly stderr: "ignore";
}

type Person = ((question: Answer) => Answer) | undefined;

const clients: Record<string, (start: Start, person: Person) => Promise<AnyClient>> = {
  async "SDK v1"(start, person) {
    const capabilities = person === undefined ? {} : { elicitation: {} };
    const client = new ClientV1({ name: "test", version: "1" }, { capabilities });
    if (person !== undefined) {
      client.setRequestHandler(ElicitRequestSchema, ({ params }: Answer) => person(params) as never);
    }
    await client.connect(new TransportV1(start));
    return client as unknown as AnyClient;
  },
  async "SDK v2"(start, person) {
    const capabilities = person === undefined ? {} : { elicitation: { form: {} } };
    const client = new ClientV2({ name: "test", version: "1" }, {
      capabilities,
      versionNegotiation: { mode: "legacy" },
    });
    if (person !== undefined) {
      client.setRequestHandler(
        "elicitation/create",
        ({ params }) => Promise.resolve(person(params)) as never,
      );
    }
    await client.connect(new TransportV2(start));
    return client as unknown as AnyClient;
  },
};

async function connect(
  scratch: Scratch,
  make: (start: Start, person: Person) => Promise<AnyClient>,
  person: Person,
  options: readonly string[] = [],
): Promise<AnyClient> {
  const file = await scratch.write("policy.yaml", policy);
  const [command, ...words] = programCommand;
  const server = [Deno.execPath(), "run", "-A", "--quiet", recordingServer, scratch.file("server.jsonl")];
  const args = [...words, "run", "-p", file, "-a", scratch.file("audit.jsonl"), ...options, "--", ...server];
  return await make({ command, args, env: Deno.env.toObject(), stderr: "ignore" }, person);
}

/** The text of a call's result, and whether it is an error. */
async function outcomeOf(client: AnyClient, args: object): Promise<[string, boolean]> {
  const result = await client.callTool({ name: "echo", arguments: args }) as Answer;
  return [result.content[0].text, result.isError === true];
}

for (const [name, make] of Object.entries(clients)) {
  Deno.test(`${name}: a call passes once the person has said yes, and not when they say no`, async () => {
    await using scratch = await Scratch.make();
    const asked: string[] = [];
    const client = await connect(scratch, make, ({ message, requestedSchema }) => {
      assert.deepEqual(requestedSchema.required, ["decision"]);
      asked.push(message);
      if (message.includes("cancel")) return { action: "cancel" };
      if (message.includes("decline")) return { action: "decline" };
      return { action: "accept", content: { decision: message.includes("deny this") ? "deny" : "approve" } };
    });
    assert.deepEqual(await outcomeOf(client, { text: "do it" }), ['{"text":"do it"}', false]);
    assert.deepEqual(await outcomeOf(client, { text: "do it" }), ['{"text":"do it"}', false]);
    assert.equal(asked.length, 1);
    assert.ok(asked[0].includes('{"text":"do it"}'), asked[0]);
    for (const text of ["decline", "deny this", "cancel"]) {
      const [said, isError] = await outcomeOf(client, { text });
      assert.equal(isError, true);
      assert.match(said, /Not done without a person's consent \(rule "careful"\)/);
    }
    await client.close();
    const seen = await Deno.readTextFile(scratch.file("server.jsonl"));
    assert.equal(seen.match(/"do it"/g)?.length, 2);
    for (const never of ["decline", "deny this", "cancel", "elicitation/create"]) {
      assert.ok(!seen.includes(never));
    }
    const records = await readRecords(scratch.file("audit.jsonl"));
    const answers = records.filter(({ kind }) => kind === "consent").map(({ answer }) => answer);
    assert.deepEqual(answers, ["approved", "declined", "declined", "dismissed"]);
    const passed = records.filter(({ consent }) => consent !== undefined).map(({ consent }) => consent.by);
    assert.deepEqual(passed, ["person", "kept"]);
  });

  Deno.test(`${name}: where the client asks nobody, the command line approves exactly one call`, async () => {
    await using scratch = await Scratch.make();
    const state = scratch.file("state");
    const client = await connect(scratch, make, undefined, ["--state", state]);
    const [said, isError] = await outcomeOf(client, { text: "do it" });
    assert.equal(isError, true);
    const id = /under the name ([0-9a-f]{8}),/.exec(said)?.[1] ?? assert.fail(said);
    await outcomeOf(client, { text: "do that" });
    const listed = await runProgram(["approvals", "list", "--state", state]);
    assert.equal(listed.stdout.match(/WAITS/g)?.length, 2);
    assert.ok(listed.stdout.includes(`${id}  WAITS  tool "echo"`), listed.stdout);
    assert.equal((await runProgram(["approvals", "approve", id, "--state", state])).code, 0);
    assert.deepEqual(await outcomeOf(client, { text: "do it" }), ['{"text":"do it"}', false]);
    assert.equal((await outcomeOf(client, { text: "do that" }))[1], true);
    assert.equal((await runProgram(["approvals", "deny", id, "--state", state])).code, 0);
    assert.match((await outcomeOf(client, { text: "do it" }))[0], /a person has denied exactly this/);
    await client.close();
    const seen = await Deno.readTextFile(scratch.file("server.jsonl"));
    assert.deepEqual([seen.match(/"do it"/g)?.length, seen.includes("do that")], [1, false]);
  });
}

Deno.test("without a form and without --state nobody can be asked, and that is said", async () => {
  await using scratch = await Scratch.make();
  const client = await connect(scratch, clients["SDK v2"], undefined);
  const [said, isError] = await outcomeOf(client, {});
  assert.equal(isError, true);
  assert.match(said, /there is no way to ask one here/);
  await client.close();
});
