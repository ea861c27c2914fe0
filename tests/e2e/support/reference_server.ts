/** Reference servers behind the proxy, and a client that we did not write. */

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { programCommand } from "./program.ts";

const [command, ...program] = programCommand;

/** The words that start a reference server. */
export const serverWords = (name: string, ...args: readonly string[]) => [
  Deno.execPath(),
  "run",
  "-A",
  "--quiet",
  `npm:@modelcontextprotocol/${name}@2026.8.31`,
  ...args,
];

/** Connects through the proxy, lets `use` work, and closes. */
export async function through(
  options: readonly string[],
  server: readonly string[],
  env: Record<string, string>,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client({ name: "test", version: "1" });
  const args = [...program, "run", ...options, "--", ...server];
  await client.connect(
    new StdioClientTransport({ command, args, env: { ...Deno.env.toObject(), ...env }, stderr: "ignore" }),
  );
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

/** The text of a result, and why it was denied where it was. */
export async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const { content, isError, _meta } = await client.callTool({ name, arguments: args });
  const [{ text = "" } = {}] = content as { text?: string }[];
  return { text, isError: isError === true, rule: _meta?.rule };
}

export const namesOf = async (client: Client) =>
  (await client.listTools()).tools.map(({ name }) => name).sort();
