/**
 * The scanner beside the least that a proxy with a parser would do, JSON.parse(decode(bytes)):
 *
 *     deno bench --no-lock tests/bench/scan_bench.ts
 *
 * Goal: at most 0.40 of its time on a tools/call of 326 bytes, and at least 1.5 million such scans a second.
 */

import assert from "node:assert/strict";
import { callOf326Bytes } from "./messages.ts";
import { FrameReader } from "../../src/wire/frame.ts";
import { JsonScanner } from "../../src/wire/json.ts";
import { readJson } from "../../src/wire/json_value.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

const call = encoder.encode(callOf326Bytes);

const tools = Array.from({ length: 65 }, (_, i) => ({
  name: `tool_${i}`,
  title: `Tool number ${i}`,
  description: 'Reads the complete contents of a file as text. Only works within "allowed" directories. '
    .repeat(3),
  inputSchema: {
    type: "object",
    properties: { path: { type: "string", description: "Where the file is" }, head: { type: "number" } },
    required: ["path"],
    additionalProperties: false,
  },
}));

const messages: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["tools/call of 326 bytes", call],
  ["tools/list of 32 KB", encoder.encode(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } }))],
  [
    "image of 1 MB as base64",
    encoder.encode(JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      result: { content: [{ type: "image", data: "QUJDRA+/".repeat(128 * 1024), mimeType: "image/png" }] },
    })),
  ],
];
assert.equal(call.length, 326);

for (const [name, message] of messages) {
  const frame = new Uint8Array(message.length + 1).fill(0x0a); // a line feed stands behind every frame
  frame.set(message);
  const scanner = new JsonScanner();

  Deno.bench({ name: `JSON.parse(decode), ${name}`, group: name, baseline: true }, () => {
    JSON.parse(decoder.decode(frame.subarray(0, message.length)));
  });
  Deno.bench({ name: `scan, ${name}`, group: name }, () => {
    scanner.scan(frame, 0, message.length);
  });
  Deno.bench({ name: `readJson, ${name}`, group: name }, () => {
    readJson(frame, 0, message.length);
  });
}

const chunk = encoder.encode(`${decoder.decode(call)}\n`.repeat(200)).subarray(0, 64 * 1024);

Deno.bench({ name: "FrameReader, 64 KiB of calls", group: "frames" }, () => {
  const reader = new FrameReader({ frameBytesMax: 1024 * 1024 });
  reader.push(chunk);
  while (reader.next() !== undefined);
});
