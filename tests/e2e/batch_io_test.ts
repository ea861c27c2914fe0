/** Batches (MCP 2025-03-26) through the program, with a server that settles on that revision. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  allowAll,
  type Answer,
  call,
  readRecords,
  recordingServer,
  Run,
  Scratch,
} from "./support/program.ts";

const batchServer = fileURLToPath(new URL("./fixtures/batch_server.mjs", import.meta.url));

const initialize = (protocolVersion: string) => ({
  jsonrpc: "2.0",
  id: "init",
  method: "initialize",
  params: { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } },
});

const withoutSampling = `version: 1
default: allow
rules:
  - deny: { methods: sampling/createMessage }
  - deny: forbidden
`;

/** A session whose handshake is over; `seen` names the file of lines that the server got. */
async function begin(scratch: Scratch, policyText = withoutSampling) {
  const policy = await scratch.write("policy.yaml", policyText);
  const audit = scratch.file("audit.jsonl");
  const seen = await scratch.write("seen.txt", "");
  const run = new Run(["run", "-p", policy, "-a", audit, "--", "node", batchServer, seen]);
  assert.equal((await run.ask(initialize("2025-03-26"))).result.protocolVersion, "2025-03-26");
  return { run, audit, seen };
}

const idsOf = (answers: Answer) => answers.map(({ id }: Answer) => id);
const textOf = (answer: Answer) => answer.result?.content[0].text ?? answer.error.code;

Deno.test("a batch reaches the server as single messages, to the byte, and comes back as one array", async () => {
  await using scratch = await Scratch.make();
  const { run, audit, seen } = await begin(scratch);
  const texts = [
    '{ "jsonrpc":"2.0", "id":1.0,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a","n":1.00}}}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    JSON.stringify(call("b", "later")),
    JSON.stringify(call(3, "forbidden")),
    "{}",
    JSON.stringify(call(4, "now")),
  ];
  const answers = await run.ask(`[${texts.join(" , ")}]\n`);
  assert.deepEqual(idsOf(answers), [3, null, 1, "b", 4]);
  assert.equal(answers[0].result.isError, true);
  assert.deepEqual(answers.slice(1).map(textOf), [-32600, "a", "later", "now"]);
  assert.equal(textOf(await run.ask(call(5, "echo", { text: "single" }))), "single");
  assert.equal((await run.finish()).code, 0);

  const got = (await Deno.readTextFile(seen)).split("\n").slice(1, -2);
  assert.deepEqual(got, texts.filter((_, i) => i !== 3 && i !== 4));
  const records = (await readRecords(audit)).filter(({ batch }) => batch !== undefined);
  assert.deepEqual(records.map(({ kind, batch }) => `${kind} ${batch}`), [
    "decision 1",
    "decision 1",
    "decision 1",
    "decision 1",
    "refused 1",
    "decision 1",
  ]);
});

Deno.test("a server's array is taken message by message: answers, questions, and what it may not ask", async () => {
  await using scratch = await Scratch.make();
  const { run, seen } = await begin(scratch);
  await run.write([call("a", "later"), call("b", "together")]);
  const ping = await run.read();
  assert.deepEqual([ping?.id, ping?.method], [1, "ping"]);
  assert.equal((await run.read())?.method, "notifications/message");
  assert.deepEqual((await run.read())?.map(textOf), ["later", "together"]);
  await run.write({ jsonrpc: "2.0", id: 1, result: {} });
  const { code, rest } = await run.finish();
  const last = (await Deno.readTextFile(seen)).split("\n").at(-2)!;
  assert.deepEqual(JSON.parse(last).map(({ id, error }: Answer) => [id, error?.code]), [[2, 403], [
    1,
    undefined,
  ]]);
  assert.deepEqual(rest, []);
  assert.equal(code, 0);
});

Deno.test("a server that dies leaves no batch without its array", async () => {
  await using scratch = await Scratch.make();
  const { run } = await begin(scratch);
  const answers = await run.ask([
    call(1, "later"),
    call(2, "echo", { text: "x" }),
    call(3, "exit"),
    call(4, "later"),
  ]);
  assert.deepEqual(idsOf(answers).toSorted(), [1, 2, 3, 4]);
  for (const { id, result, error } of answers as unknown as Answer[]) {
    assert.ok(
      id === 2 ? result?.content[0].text === "x" || error.code === 503 : error.code === 503,
      String(id),
    );
  }
  const { code, rest } = await run.finish();
  assert.deepEqual([code, rest], [3, []]);
});

Deno.test("messages of a batch that wait for facts about paths keep their order", async () => {
  await using scratch = await Scratch.make();
  const policy = `version: 1
default: deny
rules:
  - allow: [echo, now]
    args: { text: { under: /tmp } }
  - allow: later
`;
  const { run, seen } = await begin(scratch, policy);
  const answers = await run.ask([
    call(1, "later"),
    call(2, "echo", { text: "/tmp/a" }),
    call(3, "echo", { text: "/etc/passwd" }),
    call(4, "now", { text: "/tmp" }),
  ]);
  assert.deepEqual(idsOf(answers), [3, 2, 1, 4]);
  assert.equal(answers[0].result.isError, true);
  await run.finish();
  const got = (await Deno.readTextFile(seen)).trimEnd().split("\n").slice(1).map((line) =>
    JSON.parse(line).id
  );
  assert.deepEqual(got, [1, 2, 4]);
});

Deno.test("under the other revisions an array is answered with -32600, and the server never sees it", async () => {
  for (const revision of ["2024-11-05", "2025-06-18", "2025-11-25"]) {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", allowAll);
    const seen = await scratch.write("seen.txt", "");
    const run = new Run(["run", "-p", policy, "--", "node", recordingServer, seen]);
    await run.ask(initialize(revision));
    const answer = await run.ask([call(1, "echo")]);
    assert.deepEqual([answer.id, answer.error.code], [null, -32600]);
    await run.finish();
    assert.equal((await Deno.readTextFile(seen)).trimEnd().split("\n").length, 1);
  }
});
