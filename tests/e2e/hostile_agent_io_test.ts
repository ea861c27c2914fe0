import assert from "node:assert/strict";
import { Random } from "../fuzz/random.ts";
import { type Answer, call, readRecords, recordingServer, Run, Scratch } from "./support/program.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const onlyEcho = `version: 1
default: deny
rules:
  - allow: echo
    args: { text: { matches: '[a-z ]*' } }
    others: none
`;

/** What an ordinary session says, for a hostile one to be made of. */
const ordinaryLines = [
  { jsonrpc: "2.0", method: "notifications/initialized" },
  { jsonrpc: "2.0", id: 7, method: "tools/list", params: { cursor: "a" } },
  { jsonrpc: "2.0", id: "a", method: "tools/call", params: { name: "echo", arguments: { text: "plain" } } },
  { jsonrpc: "2.0", id: 8, method: "tools/call", params: { name: "exit", arguments: { status: 9 } } },
  { jsonrpc: "2.0", id: 9, method: "tools/call", params: { arguments: { text: "/etc" }, name: "echo" } },
  { jsonrpc: "2.0", method: "tools/call", params: { name: "echo", arguments: { text: "x" }, _meta: {} } },
  { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } },
  { jsonrpc: "2.0", id: 5, result: { roots: [] } },
  { jsonrpc: "2.0", id: 10, method: "resources/read", params: { uri: "file:///etc/passwd" } },
].map((message) => JSON.stringify(message));

/** Pieces that have made two readers disagree. */
const splinters = [
  "\\u0000",
  "\\ud800",
  "\\u0061",
  "\\\\",
  '"',
  "\r",
  "\u2028",
  "\u0085",
  "\ufeff",
  "\v",
  "\0",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "1e400",
  "-0",
  "1.0",
  '"name":"exit",',
  '"Name":"exit",',
  '"na\\u006de":"exit",',
  '"method":"ping",',
  '"__proto__":{"name":"exit"},',
  '"id":1,',
  '"argument\u017f":{},',
  "\xff",
  "  ",
];

/** A line that differs from an ordinary one in a few places, as bytes; without line feeds. */
function hostileLine(random: Random): Uint8Array {
  let bytes = encoder.encode(ordinaryLines[random.below(ordinaryLines.length)]);
  for (let changes = random.below(4); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    const splinter = encoder.encode(splinters[random.below(splinters.length)]);
    const byte = Uint8Array.of(random.below(256));
    const [put, cut] = [[splinter, 0], [splinter, splinter.length], [byte, 1], [byte, 0], [
      new Uint8Array(),
      random.below(20),
    ]][random.below(5)] as [Uint8Array, number];
    bytes = Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + cut)]);
  }
  return bytes.map((byte) => byte === 0x0a ? 0x20 : byte);
}

/** How many answers a line must get, as far as a reader of JSON can tell; undefined where none or one is right. */
function answersDue(text: string): number | undefined {
  if (/^[ \t\r]*$/.test(text)) return 0;
  let message: Answer;
  try {
    message = JSON.parse(text);
  } catch {
    return 1;
  }
  if (typeof message !== "object" || message === null || Array.isArray(message)) return 1;
  return "method" in message && "id" in message ? 1 : undefined;
}

/** What the policy above lets through, read off the message by means of the platform alone. */
function isAllowed({ method, params }: Answer): boolean {
  if (method === undefined) return false; // nothing was asked of the agent, so it has nothing to answer
  if (method !== "tools/call") return /^(ping|[a-z]+(\/templates)?\/list|notifications\/.*)$/.test(method);
  const { name, arguments: args } = params;
  return name === "echo" && Object.keys(args).join() === "text" && /^[a-z ]*$/.test(args.text);
}

Deno.test("of a hostile session the server sees only recorded lines that the policy allows, and every request is answered once", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", onlyEcho);
  const audit = scratch.file("audit.jsonl");
  const seen = await scratch.write("seen.txt", "");
  const run = new Run(["run", "-p", policy, "-a", audit, "--", "node", recordingServer, seen]);
  const seed = Number(Deno.env.get("LILITH_ZERO_FUZZ_SEED") ?? 1);
  const lines = Number(Deno.env.get("LILITH_ZERO_FUZZ_LINES") ?? 1500);
  const random = new Random(seed);
  const sent = new Set<string>();
  for (let number = 0; number < lines; number++) {
    const line = hostileLine(random);
    const text = decoder.decode(line);
    sent.add(text);
    await run.write(Uint8Array.from([...line, 0x0a]));
    const sentinel = `sentinel ${number}`;
    await run.write({ jsonrpc: "2.0", id: sentinel, method: "ping" });
    const answers: Answer[] = [];
    for (let answer = await run.read(); answer?.id !== sentinel; answer = await run.read()) {
      assert.ok(answer !== undefined, `the program ended at ${JSON.stringify(text)}`);
      answers.push(answer);
    }
    const due = answersDue(text);
    const count = answers.length;
    assert.ok(due === undefined ? count <= 1 : count === due, `${count} answers to ${JSON.stringify(text)}`);
  }
  assert.equal((await run.finish()).code, 0);

  const decisions = (await readRecords(audit)).filter(({ kind, action }) =>
    kind === "decision" && action === "forward"
  );
  const server = (await Deno.readTextFile(seen)).split("\n").slice(0, -1);
  assert.equal(server.length, decisions.length);
  const hostile = server.filter((line) => !line.includes('"id":"sentinel '));
  assert.ok(hostile.length > lines / 20, "nearly nothing was let through: the lines are no test");
  for (const line of hostile) {
    assert.ok(sent.has(line), `never sent: ${line}`);
    assert.ok(isAllowed(JSON.parse(line)), `not allowed: ${line}`);
  }
});

Deno.test("no path that an agent can write leads a server out of the directory it was given", async () => {
  await using scratch = await Scratch.make();
  const inside = scratch.file("in");
  await Deno.mkdir(`${inside}/sub`, { recursive: true });
  await Deno.mkdir(scratch.file("out/deep"), { recursive: true });
  await Deno.writeTextFile(`${inside}/a`, "a");
  await Deno.writeTextFile(scratch.file("out/secret"), "s");
  await Deno.symlink("a", `${inside}/alias`);
  await Deno.symlink("../out", `${inside}/leads_out`);
  await Deno.symlink("../out/deep", `${inside}/deep`);
  await Deno.symlink("../out/new", `${inside}/dangling`);
  await Deno.symlink("loop", `${inside}/loop`);
  const policy = await scratch.write(
    "policy.yaml",
    `version: 1\ndefault: deny\nrules:\n  - allow: echo\n    args: { path: { under: ${inside} } }\n    others: none\n`,
  );
  const seen = await scratch.write("seen.txt", "");
  const run = new Run(["run", "-p", policy, "--", "node", recordingServer, seen], { cwd: inside });
  const good = [
    "a",
    "./a",
    `${inside}/a`,
    `${inside}//sub/../a`,
    "alias",
    `${inside}/sub/new`,
    "sub",
    "%61",
    inside,
    // As a URI it leads to the file, as a relative path to a name below this directory.
    `file://${inside}/a`,
  ];
  const bad = [
    "..",
    "../out/secret",
    "leads_out",
    "leads_out/secret",
    "leads_out/new",
    "deep/../secret",
    "sub/../../out/secret",
    "dangling",
    "dangling/x",
    "loop",
    "loop/../a",
    "/etc/passwd",
    "//etc/passwd",
    `/${inside}/a`,
    "~/x",
    "~root",
    "%2e%2e/out/secret",
    "%252e%252e/out/secret",
    "%25252e%25252e/out/secret",
    "%2525252e%2525252e/out/secret",
    "..%2fout%2fsecret",
    "..%c0%afout",
    "%c0%ae%c0%ae/out/secret",
    "%ff",
    "..\\out\\secret",
    "sub\\..\\..\\out\\secret",
    " ../out/secret",
    "a ",
    '"../out/secret"',
    "'/etc/passwd'",
    `file://${inside}/../out/secret`,
    "file:../out/secret",
    "",
    "a\0",
    "a\0/../../out/secret",
    "a\n",
    "\ta",
    "/proc/self/root/etc/passwd",
    "/proc/self/cwd/a",
    "/dev/fd/0",
    `/proc/self/root${inside}/a`,
    "$HOME/x",
    "${HOME}",
    "C:\\a",
    "c:/a",
    "\\\\host\\a",
    `${inside}2/a`,
    `${inside}/../in2/a`,
    "missing/../../out/secret",
    "missing/../a",
    "a/../../out/secret",
    `${"x/".repeat(3000)}`,
    "\ufeff/etc/passwd",
  ];
  let id = 0;
  for (const [paths, isAllowed] of [[good, true], [bad, false]] as const) {
    for (const path of paths) {
      const answer = await run.ask(call(id++, "echo", { path }));
      assert.equal(answer.result.isError !== true, isAllowed, JSON.stringify(path));
    }
  }
  for (const path of [["/etc/passwd"], { a: 1 }, null, 7, true]) {
    const answer = await run.ask(call(id++, "echo", { path }));
    assert.equal(answer.result.isError, true, JSON.stringify(path));
  }
  assert.equal((await run.finish()).code, 0);
  for (const line of (await Deno.readTextFile(seen)).trimEnd().split("\n")) {
    const { path } = JSON.parse(line).params.arguments;
    const real = await Deno.realPath(path.startsWith("/") ? path : `${inside}/${path}`).catch(() => inside);
    assert.ok(`${real}/`.startsWith(`${inside}/`), `${path} leads to ${real}`);
  }
});

Deno.test("integers by the ten thousand, and marks by the hundred thousand, do not hold up the session", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write(
    "policy.yaml",
    'version: 1\ndefault: allow\nrules:\n  - deny: "*"\n    args: { "**": { finds: secret } }\n',
  );
  const run = new Run(["run", "-p", policy, "--", "cat"]);
  const keys = Array.from({ length: 65_000 }, (_, index) => `"${(index + 1) * 65_536}":0`).join();
  const attacks = [
    `{"name":"a","arguments":{"x":{${keys}},"y":"secret"}}`,
    `{"name":"a","_meta":{${keys}},"arguments":{"y":"secret"}}`,
    `{"name":"a","arguments":{"x":"a${"\u0301\u0316".repeat(250_000)}"}}`,
    `{"name":"a${"\u0301\u0316".repeat(250_000)}","arguments":{"y":"secret"}}`,
    `{"name":"a","arguments":{"a${"\u0301\u0316".repeat(250_000)}":"secret"}}`,
    `{"name":"a","arguments":{"x":[${"{},".repeat(2_000_000)}"secret"]}}`,
  ];
  for (const [id, params] of attacks.entries()) {
    const answer = await run.ask(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}\n`);
    assert.equal(answer.id, id);
    assert.equal(answer.result.isError, true);
  }
  await run.finish();
});
