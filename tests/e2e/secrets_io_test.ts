/** Secrets in every place that an agent or a server can write, through the whole program, and then a look at the log. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { call, Run, runProgram, Scratch } from "./support/program.ts";

const obedientServer = fileURLToPath(new URL("./fixtures/obedient_server.mjs", import.meta.url));

/** What is planted, and the part of it that may be nowhere. */
const secrets: readonly (readonly [text: string, trace: string])[] = [
  ["ada.lovelace@example.com", "lovelace"],
  ["+49 30 901820", "901820"],
  ["4111 1111 1111 1111", "1111"],
  ["4111\u00a01111\u00a01111\u00a01111", "1111"],
  ["DE89370400440532013000", "37040044"],
  ["123-45-6789", "45-67"],
  ["198.51.100.23", "198.51"],
  ["2001:db8::17:23", "17:23"],
  ["https://ada:hunter22@example.com/", "hunter22"],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\nAAKCAQEA\n-----END RSA PRIVATE KEY-----", "MIIEpAIB"],
  ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.dozjgNryP4J3jVmNHl0w5N", "dozjgNry"],
  ["AKIAIOSFODNN7EXAMPLE", "IOSFODNN"],
  ["ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefgh"],
  ["glpat-abcdefghij0123456789", "abcdefgh"],
  ["xoxb-123456789012-abcdefghijkl", "abcdefgh"],
  ["sk_live_abcdefghijklmnopqrstuvwx", "abcdefgh"],
  ["AIzaSyA1234567890abcdefghijklmnopqrstuv", "abcdefgh"],
  ["sk-proj-abcdefghijklmnopqrstuv", "abcdefgh"],
  ["sk-ant-api03-abcdefghijklmnopqrst", "abcdefgh"],
  ["npm_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefgh"],
  ["password=hunter22", "hunter22"],
];

const policyText = `version: 1
default: deny
rules:
  - allow: [say, echo]
    args: { "**": { under: /tmp } }   # asks for facts about every text
  - allow: say
  - deny: "deny*"
  - deny: { methods: "x/*" }
`;

async function startRun(scratch: Scratch, ...serverArgs: string[]): Promise<{ run: Run; audit: string }> {
  const policy = await scratch.write("policy.yaml", policyText);
  const audit = scratch.file("audit.jsonl");
  const run = new Run(["run", "-p", policy, "-a", audit, "--", "node", obedientServer, ...serverArgs]);
  return { run, audit };
}

/** Has the server write `line`; the request itself holds nothing that could be read. */
function sayLine(id: number, line: string): object {
  return call(id, "say", { write: btoa(String.fromCharCode(...new TextEncoder().encode(line + "\n"))) });
}

/** The log without its hashes, which are random letters and digits themselves. */
async function readTexts(audit: string): Promise<string> {
  const lines = (await Deno.readTextFile(audit)).trimEnd().split("\n");
  for (const line of lines) JSON.parse(line);
  return lines.map((line) => line.slice(line.indexOf('"kind"'), line.indexOf(',"prev"'))).join("\n");
}

function assertNothingLeft(text: string, where: string): void {
  for (const [secret, trace] of secrets) {
    const at = text.indexOf(trace);
    assert.ok(at < 0, `${secret} is in ${where}: ${text.slice(Math.max(0, at - 200), at + 100)}`);
  }
}

Deno.test("nothing of a secret is in the log or on standard error, wherever the agent writes it", async () => {
  await using scratch = await Scratch.make();
  const { run, audit } = await startRun(scratch);
  const escape = (text: string) =>
    [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  let id = 0;
  for (const [text] of secrets) {
    // Behind so many words a reason that quotes the name cuts it within the secret.
    for (
      const name of [text, `deny ${text}`, `${"word ".repeat(17)}${text}`, `${"word ".repeat(100)}${text}`]
    ) {
      await run.ask(call(++id, name));
    }
    await run.ask(
      call(++id, "echo", { path: text, [text]: { list: [text], inner: JSON.stringify({ text }) } }),
    );
    await run.ask(call(++id, "echo", { code: `x = "${escape(text)}"`, link: encodeURIComponent(text) }));
    await run.ask({
      jsonrpc: "2.0",
      id: ++id,
      method: `x/${text}`,
      params: { _meta: { progressToken: text } },
    });
    await run.ask({ jsonrpc: "2.0", id: ++id, method: "resources/read", params: { uri: `file:///${text}` } });
    await run.ask({
      jsonrpc: "2.0",
      id: ++id,
      method: "prompts/get",
      params: { name: text, arguments: { text } },
    });
    await run.ask({ jsonrpc: "2.0", id: text, method: "ping" });
    await run.write({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 1, reason: text },
    });
    // Messages that are refused: no answer to anything, no tool's name, no JSON.
    await run.write({ jsonrpc: "2.0", id: text, result: { text } });
    await run.ask({ jsonrpc: "2.0", id: text, method: "tools/call", params: { [text]: text } });
    await run.ask(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"${escape(text)}":1\n`);
  }
  // Twice the same id, spelt with escapes: the refusal quotes it. The first is never answered.
  await run.write(`{"jsonrpc":"2.0","id":"${escape(secrets[0][0])}","method":"tools/call","params":{}}\n`);
  const { code, stderr } = await run.finish();
  assert.equal(code, 0);
  assertNothingLeft(await readTexts(audit), "the log");
  assertNothingLeft(stderr, "standard error");
  assert.equal((await runProgram(["audit", "verify", audit])).code, 0);
});

Deno.test("nothing of a secret is in the log or on standard error, wherever the server writes it", async () => {
  await using scratch = await Scratch.make();
  const { run, audit } = await startRun(
    scratch,
    "--password",
    "hunter22",
    secrets[8][0],
    `--mail=${secrets[0][0]}`,
  );
  let id = 0;
  for (const [text] of secrets) {
    const lines = [
      // No message: an excerpt of it is shown, cut within the secret.
      `listening for ${text}`,
      `${"word ".repeat(38)}${text}`,
      JSON.stringify({ jsonrpc: "2.0", id: text, result: { text } }),
      JSON.stringify({ jsonrpc: "2.0", id: 0, error: { code: 1, message: text, data: text } }),
      JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { data: text } }),
      JSON.stringify({
        jsonrpc: "2.0",
        id: text,
        method: "sampling/createMessage",
        params: { [text]: [text] },
      }),
      JSON.stringify({ jsonrpc: "2.0", id: text, method: `x/${text}`, params: {} }),
      JSON.stringify({ jsonrpc: "1.0", [text]: text }),
    ];
    for (const line of lines) await run.ask(sayLine(++id, line.replaceAll("\n", "\\n")));
  }
  const { stderr } = await run.finish();
  assertNothingLeft(await readTexts(audit), "the log");
  assertNothingLeft(stderr, "standard error");
});

Deno.test("a value under a telling name is neither in the facts nor in the reason", async () => {
  await using scratch = await Scratch.make();
  const { run, audit } = await startRun(scratch);
  for (const value of ["/tmp/tr0ub4dor", "tr0ub4dor", `${scratch.path}/tr0ub4dor/../audit.jsonl`]) {
    await run.ask(call(1, "echo", { password: value }));
    await run.ask(call(2, "echo", { headers: [["X-Api-Key", value]] }));
    await run.ask(call(3, "echo", { password: value, filler: "x".repeat(70_000) }));
  }
  await run.finish();
  assert.ok(!(await readTexts(audit)).includes("tr0ub4dor"));
});

Deno.test("whatever stands in a message, its record is one line of JSON that verifies", async () => {
  await using scratch = await Scratch.make();
  const { run, audit } = await startRun(scratch);
  const odd = [
    "\r\n",
    "\u2028\u2029\u0085",
    "\u0000",
    "\ud83d\ude00",
    '"}\n{"v":1,"session":"',
    "\u001b[2J",
    "\u202e",
    "\\",
    "‹card›",
  ];
  for (const text of odd) {
    await run.ask(call(text, `tool ${text}`, { [text]: text }));
    await run.ask({ jsonrpc: "2.0", id: 1, method: text, params: {} });
  }
  await run.ask(call(2, "n".repeat(1 << 20), { a: "b" }));
  await run.ask(
    '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a","arguments":{"a":"\\ud800"}}}\n',
  );
  await run.ask('{"jsonrpc":"2.0",\t"id" : 4,\r\n');
  await run.finish();
  const bytes = await Deno.readFile(audit);
  assert.ok(!bytes.includes(0x0d) && !bytes.includes(0x00));
  const lines = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trimEnd().split("\n");
  for (const line of lines) assert.equal(JSON.parse(line).v, 1);
  assert.equal((await runProgram(["audit", "verify", audit])).code, 0);
});
