/**
 * A tool call by the official client, to a real server, direct and through the proxy: prints the ratio of the two p50s.
 *
 *     deno run -A tests/bench/sdk_round_trip.ts PROGRAM ARGUMENT… -- SERVER ARGUMENT…
 *
 * The client is a process of its own, so that it can be pinned to the core on which all else runs.
 */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { median } from "./figures.ts";

const rounds = 5;
const warmUpCalls = 300;
const calls = 500;

const split = Deno.args.indexOf("--");
const proxy = Deno.args.slice(0, split);
const server = Deno.args.slice(split + 1);

const direct = await connect(server);
const proxied = await connect([...proxy, "--", ...server]);
const ratios: number[] = [];
for (let round = 0; round < rounds; round++) ratios.push(await p50(proxied) / await p50(direct));
console.log(JSON.stringify({ sdkRatio: median(ratios) }));
await Promise.all([direct.close(), proxied.close()]);

async function connect([command, ...args]: readonly string[]): Promise<Client> {
  const client = new Client({ name: "bench", version: "1" });
  await client.connect(new StdioClientTransport({ command, args: [...args], stderr: "ignore" }));
  for (let i = 0; i < warmUpCalls; i++) await callOnce(client);
  return client;
}

async function p50(client: Client): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < calls; i++) {
    const before = performance.now();
    await callOnce(client);
    times.push(performance.now() - before);
  }
  return median(times);
}

function callOnce(client: Client): Promise<unknown> {
  return client.callTool({ name: "echo", arguments: { message: "The harbour was quiet that morning." } });
}
