/** The server of the soak: answers each request by its tool's name, says and asks something itself now and then. */

import { createInterface } from "node:readline";
import { Socket } from "node:net";
import { type Answer, requestsPerNotice } from "./soak_traffic.ts";

const output = new Socket({ fd: 1, readable: false, writable: true });
const lines = createInterface({ input: new Socket({ fd: 0, readable: true, writable: false }) });
const counts = { requests: 0, notices: 0, answers: 0 };
const tools = ["echo", "fail", "forbidden", "break", "hidden"]
  .map((name) => ({ name, description: name.repeat(20), inputSchema: { type: "object" } }));

function send(message: object): void {
  output.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

function resultOf({ method, params }: Answer): object {
  if (method === "tools/list") return { result: { tools } };
  switch (params?.name) {
    case "echo":
      return { result: { content: [{ type: "text", text: JSON.stringify(params.arguments) }] } };
    case "fail":
      return { result: { content: [{ type: "text", text: "it failed" }], isError: true } };
    case "count":
      return { result: { content: [], counts: { ...counts } } };
    default:
      return { error: { code: -32000, message: "it broke" } };
  }
}

lines.on("line", (line) => {
  const message: Answer = JSON.parse(line);
  if (message.method === undefined) {
    counts.answers++;
    return;
  }
  if (message.id === undefined) {
    counts.notices++;
    return;
  }
  send({ id: message.id, ...resultOf(message) });
  if (message.params?.name === "count") return;
  const number = ++counts.requests;
  if (number % requestsPerNotice !== 0) return;
  send({ method: "notifications/message", params: { level: "info", data: "x".repeat(100), number } });
  send({ id: number, method: "ping" });
});
lines.on("close", () => output.end(() => Deno.exit(0)));
