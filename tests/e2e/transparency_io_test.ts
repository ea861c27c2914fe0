import assert from "node:assert/strict";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as TransportV2 } from "@modelcontextprotocol/client/stdio";
import { programCommand, Scratch } from "./support/program.ts";

/** What a client sees of a server. */
interface Surface {
  readonly tools: unknown;
  readonly prompts: unknown;
  readonly resources: unknown;
}

/** What both SDKs' clients have in common. */
interface AnyClient {
  listTools(): Promise<{ tools: unknown }>;
  listPrompts(): Promise<{ prompts: unknown }>;
  listResources(): Promise<{ resources: unknown }>;
  getServerCapabilities(): { tools?: unknown; prompts?: unknown; resources?: unknown } | undefined;
  close(): Promise<void>;
}

interface Start {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly stderr: "ignore";
}

const clients: Record<string, (start: Start) => Promise<AnyClient>> = {
  async "SDK v1"(start) {
    const client = new ClientV1({ name: "test", version: "1" });
    await client.connect(new TransportV1(start));
    return client as unknown as AnyClient;
  },
  async "SDK v2"(start) {
    const client = new ClientV2({ name: "test", version: "1" });
    await client.connect(new TransportV2(start));
    return client as unknown as AnyClient;
  },
};

const servers: Record<string, (folder: string) => string[]> = {
  "server-filesystem": (folder) => ["npm:@modelcontextprotocol/server-filesystem@2026.8.31", folder],
  "server-everything": () => ["npm:@modelcontextprotocol/server-everything@2026.8.31"],
  "server-memory": () => ["npm:@modelcontextprotocol/server-memory@2026.8.31"],
};

async function surfaceOf(
  connect: (start: Start) => Promise<AnyClient>,
  words: readonly string[],
): Promise<Surface> {
  const [command, ...args] = words;
  const client = await connect({ command, args, env: Deno.env.toObject(), stderr: "ignore" });
  try {
    const can = client.getServerCapabilities() ?? {};
    return {
      tools: can.tools && (await client.listTools()).tools,
      prompts: can.prompts && (await client.listPrompts()).prompts,
      resources: can.resources && (await client.listResources()).resources,
    };
  } finally {
    await client.close();
  }
}

for (const [clientName, connect] of Object.entries(clients)) {
  for (const [serverName, serverArgs] of Object.entries(servers)) {
    Deno.test(`${clientName} sees the same tools, prompts and resources of ${serverName} through the proxy as without it`, async () => {
      await using scratch = await Scratch.make();
      const policy = await scratch.write("policy.yaml", "version: 1\ndefault: allow\n");
      const audit = scratch.file("audit.jsonl");
      const server = [Deno.execPath(), "run", "-A", "--quiet", ...serverArgs(scratch.path)];
      const direct = await surfaceOf(connect, server);
      const proxied = await surfaceOf(connect, [
        ...programCommand,
        "run",
        "-p",
        policy,
        "-a",
        audit,
        "--",
        ...server,
      ]);
      assert.ok(Array.isArray(direct.tools) && direct.tools.length > 0, "the server has no tools");
      assert.deepEqual(proxied, direct);
      assert.ok((await Deno.stat(audit)).size > 0);
    });
  }
}
