/**
 * The benchmark measures the right thing: its programs speak JSON-RPC, its relays lose nothing, and its client takes no
 * answer but the expected one.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Command, compileNative, output } from "./programs.ts";
import { makeAnswer, makeRequest } from "./portable_message.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const deno = (path: string): Command => [Deno.execPath(), "run", "-A", here(path)];

const folder = await Deno.makeTempDir({ prefix: "lilith-bench-test-" });
const native = await compileNative(folder);
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const portable = { client: deno("portable_load_client.ts"), server: deno("portable_echo_server.ts") };
const compiled = { client: [`${folder}/load_client`], server: [`${folder}/echo_server`] };
const relays = { "minimal Deno relay": deno("minimal_relay.ts"), "C poll relay": [`${folder}/poll_relay`] };

/** A test of the C programs; skipped, by name, where there is no C compiler. */
function nativeTest(name: string, run: () => Promise<void>): void {
  Deno.test(native ? name : `${name} (no C compiler)`, { ignore: !native }, run);
}

/** Writes `input` to the command's stdin and gives back all that it printed. */
async function answersOf(command: Command, input: string): Promise<string> {
  const child = new Deno.Command(command[0], { args: command.slice(1), stdin: "piped", stdout: "piped" })
    .spawn();
  const written = (async () => {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  })();
  const { code, stdout } = await child.output();
  await written;
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout);
}

async function checkServer(server: Command): Promise<void> {
  const requests = [
    makeRequest(300, 1_000_000_000),
    makeRequest(300, 1_000_000_001),
    makeRequest(1024 * 1024, 1_234_567_890),
  ];
  const answers = (await answersOf(server, requests.join(""))).split("\n").slice(0, -1);
  assert.deepEqual(answers.map((answer) => JSON.parse(answer).id), [
    1_000_000_000,
    1_000_000_001,
    1_234_567_890,
  ]);
  answers.forEach((answer, i) => {
    assert.equal(answer.length + 1, requests[i].length);
    const { jsonrpc, result } = JSON.parse(answer);
    assert.equal(jsonrpc, "2.0");
    assert.equal(result.content[0].type, "text");
  });
}

Deno.test("portable_echo_server.ts answers each request with a result of its id and length", async () => {
  await checkServer(portable.server);
});

nativeTest("echo_server answers each request with a result of its id and length", async () => {
  await checkServer(compiled.server);
});

nativeTest("echo_server and portable_echo_server.ts give the same bytes", async () => {
  const requests = makeRequest(300, 1_000_000_000) + makeRequest(5000, 1_000_000_001);
  const answers = await answersOf(compiled.server, requests);
  assert.equal(answers, await answersOf(portable.server, requests));
  assert.ok(answers.startsWith(makeAnswer(makeRequest(300, 1_000_000_000).trimEnd())));
});

Deno.test("minimal_relay.ts passes every byte in both directions", async () => {
  const requests = Array.from({ length: 3000 }, (_, i) => makeRequest(1000, 1_000_000_000 + i)).join("");
  const answers = await answersOf([...relays["minimal Deno relay"], ...portable.server], requests);
  assert.ok(answers === await answersOf(portable.server, requests));
});

nativeTest("poll_relay passes every byte in both directions", async () => {
  const requests = Array.from({ length: 3000 }, (_, i) => makeRequest(1000, 1_000_000_000 + i)).join("");
  const answers = await answersOf([...relays["C poll relay"], ...compiled.server], requests);
  assert.ok(answers === await answersOf(compiled.server, requests));
});

async function checkClient(client: Command, server: Command): Promise<void> {
  for (
    const [mode, keys] of Object.entries({
      start: ["firstAnswerMs", "restingMiB"],
      latency: ["p50Us", "p99Us"],
      throughput: ["messagesPerSecond"],
    })
  ) {
    const result = await output([...client, mode, "300", "100", "--", ...server]);
    assert.equal(result?.code, 0, result?.stderr);
    const figures = JSON.parse(result?.stdout ?? "");
    assert.deepEqual(Object.keys(figures), keys);
    assert.ok(Object.values(figures).every((value) => Number(value) > 0));
  }
}

async function checkRefusals(client: Command): Promise<void> {
  const refusal = '{"jsonrpc":"2.0","id":1000000000,"error":{"code":403,"message":"denied"}}';
  const servers: Record<string, RegExp> = {
    [`read line; echo '${refusal}'; cat >/dev/null`]: /Cannot accept the answer to 1000000000: .*denied/,
    [`read line; echo "$line"; cat >/dev/null`]: /Cannot accept the answer to 1000000000/,
    "read line": /Cannot (read an answer|write)/,
    "exit 3": /Cannot (read an answer|write)/,
  };
  for (const mode of ["latency", "throughput"]) {
    for (const [script, message] of Object.entries(servers)) {
      const result = await output([...client, mode, "300", "100", "--", "sh", "-c", script]);
      assert.notEqual(result?.code, 0, script);
      assert.match(result?.stderr ?? "", message, script);
    }
  }
}

Deno.test("portable_load_client.ts measures a server that answers", async () => {
  await checkClient(portable.client, portable.server);
});

nativeTest("load_client measures a server that answers", async () => {
  await checkClient(compiled.client, compiled.server);
});

nativeTest("load_client takes no answer but the expected one", async () => {
  await checkRefusals(compiled.client);
});

nativeTest("load_client fails when the command ends with an error", async () => {
  const server = `${folder}/echo_server; exit 4`;
  const result = await output([...compiled.client, "latency", "300", "10", "--", "sh", "-c", server]);
  assert.equal(result?.code, 1);
  assert.match(result?.stderr ?? "", /the command ended with wait status 0x400/);
});
