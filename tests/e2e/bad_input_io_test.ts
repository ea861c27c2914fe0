import assert from "node:assert/strict";
import { allowAll, call, readRecords, recordingServer, Run, Scratch } from "./support/program.ts";

const encoder = new TextEncoder();

/** A line with a byte that UTF-8 does not have. */
function invalidUtf8(): Uint8Array {
  const bytes = encoder.encode('{"jsonrpc":"2.0","id":1,"method":"pi?ng"}\n');
  bytes[bytes.indexOf(0x3f)] = 0xff;
  return bytes;
}

const badLines: readonly (readonly [what: string, line: string | Uint8Array, code: number, id: unknown])[] = [
  ["broken JSON", '{"jsonrpc":"2.0","id":1,\n', -32700, 1],
  ["two keys alike", '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}\n', -32600, 1],
  [
    "two keys alike after unescaping",
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","na\\u006de":"b"}}\n',
    -32600,
    2,
  ],
  [
    "a line of 20 MiB",
    `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"x":"${"a".repeat(20 * 1024 * 1024)}"}}\n`,
    413,
    3,
  ],
  ["invalid UTF-8", invalidUtf8(), -32700, 1],
  ["a byte order mark", '\ufeff{"jsonrpc":"2.0","id":4,"method":"ping"}\n', -32700, 4],
  ["a batch", '[{"jsonrpc":"2.0","id":5,"method":"ping"}]\n', -32600, null],
  ["a CR between tokens", '{"jsonrpc":"2.0","id":6,\r"method":"ping"}\n', -32700, 6],
  ["200,000 brackets", `${"[".repeat(200_000)}\n`, -32700, null],
  ["an id of null", '{"jsonrpc":"2.0","id":null,"method":"ping"}\n', -32600, null],
  ["an id of 1.5", '{"jsonrpc":"2.0","id":1.5,"method":"ping"}\n', -32600, 1.5],
  [
    "an id of 2^53 + 1",
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}\n',
    -32600,
    Number("9007199254740993"),
  ],
];

Deno.test("bad input of the agent is answered and recorded, the session goes on, and the server never sees it", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const seen = await scratch.write("seen.txt", "");
  const run = new Run(["run", "-p", policy, "-a", audit, "--", "node", recordingServer, seen]);
  for (const [what, line, code, id] of badLines) {
    const answer = await run.ask(line);
    assert.deepEqual([answer.error?.code, answer.id], [code, id], what);
    const next = await run.ask(call("good", "echo"));
    assert.equal(next.id, "good", `after ${what}`);
  }
  const { code } = await run.finish();
  assert.equal(code, 0);
  const lines = (await Deno.readTextFile(seen)).trimEnd().split("\n");
  assert.deepEqual(lines, badLines.map(() => JSON.stringify(call("good", "echo"))));
  const refused = (await readRecords(audit)).filter(({ kind }) => kind === "refused");
  assert.equal(refused.length, badLines.length);
});

Deno.test("an id that JSON.parse would round is answered as it was spelt", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${import.meta.dirname}/../../mod.ts`, "run", "-p", policy, "cat"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(encoder.encode('{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}\n'));
  await writer.close();
  const text = new TextDecoder().decode((await child.output()).stdout);
  assert.match(text, /^\{"jsonrpc":"2\.0","id":9007199254740993,"error":\{"code":-32600,/);
});
