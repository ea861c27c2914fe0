/**
 * The rows of the table of odd servers once more, with the clients of the TypeScript SDKs: where they hang on what the server
 * writes, behind the proxy they get an answer or an error.
 */

import assert from "node:assert/strict";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as TransportV2 } from "@modelcontextprotocol/client/stdio";
import { type OddServer, oddServers } from "../corpus/odd_servers.ts";
import { argumentsFor, oddPolicy, oddServer } from "./support/odd_session.ts";
import { programCommand, Scratch } from "./support/program.ts";

interface Start {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly stderr: "ignore";
}

/** What both SDKs' clients have in common. */
interface AnyClient {
  callTool(
    call: { readonly name: string; readonly arguments: object },
    options: { readonly timeout: number },
  ): Promise<unknown>;
  close(): Promise<void>;
}

const clients: Record<string, (start: Start) => Promise<AnyClient>> = {
  async "SDK v1"(start) {
    const client = new ClientV1({ name: "test", version: "1" });
    await client.connect(new TransportV1(start));
    const call: AnyClient["callTool"] = (call, options) =>
      client.callTool({ ...call, arguments: { ...call.arguments } }, undefined, options);
    return { callTool: call, close: () => client.close() };
  },
  async "SDK v2"(start) {
    const client = new ClientV2({ name: "test", version: "1" });
    await client.connect(new TransportV2(start));
    const call: AnyClient["callTool"] = (call, options) =>
      client.callTool({ ...call, arguments: { ...call.arguments } }, options);
    return { callTool: call, close: () => client.close() };
  },
};

/** Longer than anything here takes; a client that hangs comes back after it, and that is what shows that it hung. */
const patienceMs = 30_000;
/** For those that hang for certain, since nothing will ever come. */
const impatienceMs = 300;

/** What a client makes of the row: `hangs` where its own time-out ends it. */
async function outcomeOf(client: AnyClient, { acts }: OddServer, timeout: number): Promise<string> {
  try {
    await client.callTool({ name: "odd", arguments: argumentsFor(acts) }, { timeout });
    return "result";
  } catch (error) {
    assert.ok(error instanceof Error);
    // Each SDK has codes of its own for it.
    return /timed out/i.test(error.message) ? "hangs" : "error";
  }
}

/** Those that hang without the proxy, so that it shows what the proxy is good for. */
const hangsByItself = [
  "writes a byte order mark before a later message",
  "answers with both a result and an error",
  "answers with neither a result nor an error",
  "answers in a batch that was not agreed on",
  "spreads its answer over lines, the id first, as pretty printers do",
  "answers with fields that no revision knows",
  "answers with the result null",
];

const rows = oddServers.filter(({ sdk }) => sdk !== undefined);

for (const [name, connect] of Object.entries(clients)) {
  Deno.test(`${name}: without the proxy the client hangs on what ${hangsByItself.length} of the odd servers write`, async () => {
    const client = await connect({
      command: "node",
      args: [oddServer],
      env: Deno.env.toObject(),
      stderr: "ignore",
    });
    try {
      for (const server of hangsByItself) {
        const row = rows.find(({ name }) => name === server);
        assert.ok(row !== undefined, server);
        assert.equal(await outcomeOf(client, row, impatienceMs), "hangs", server);
      }
    } finally {
      await client.close();
    }
  });

  Deno.test(`${name}: behind the proxy the client gets an answer or an error from every odd server`, async (t) => {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", oddPolicy);
    const [command, ...words] = [
      ...programCommand,
      "run",
      "-p",
      policy,
      "-a",
      scratch.file("audit.jsonl"),
      "--",
      "node",
      oddServer,
    ];
    const client = await connect({ command, args: words, env: Deno.env.toObject(), stderr: "ignore" });
    try {
      for (const row of rows) {
        await t.step(`${row.name}: ${row.sdk}`, async () => {
          assert.equal(
            await outcomeOf(client, row, row.sdk === "hangs" ? impatienceMs : patienceMs),
            row.sdk,
          );
        });
      }
    } finally {
      await client.close();
    }
  });

  Deno.test(`${name}: behind the proxy the client gets an error for an answer of 20 MB, and goes on`, async () => {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", "version: 1\ndefault: allow\n");
    const [command, ...words] = [...programCommand, "run", "-p", policy, "--", "node", oddServer];
    const client = await connect({ command, args: words, env: Deno.env.toObject(), stderr: "ignore" });
    const huge = (before: string, behind: string): OddServer => ({
      ...rows[0],
      acts: [
        { kind: "write", what: before },
        { kind: "write", what: "x".repeat(64 * 1024), times: 320 },
        { kind: "write", what: `${behind}\n` },
      ],
    });
    try {
      // Once with the id first, and once as the TypeScript SDK writes it.
      for (
        const row of [
          huge('{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"x":"', '"}}'),
          huge('{"result":{"content":[],"x":"', '"},"jsonrpc":"2.0","id":<id>}'),
        ]
      ) {
        assert.equal(await outcomeOf(client, row, patienceMs), "error");
        assert.equal(
          await outcomeOf(client, { ...rows[0], acts: [{ kind: "answer" }] }, patienceMs),
          "result",
        );
      }
    } finally {
      await client.close();
    }
  });
}
