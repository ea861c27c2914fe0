/** `run --watch` through the program: policy files change while the server runs, in every way in which files change. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { policyLookMs } from "../../src/limits.ts";
import {
  type Answer,
  call,
  readRecords,
  recordingServer,
  Run,
  runProgram,
  Scratch,
} from "./support/program.ts";

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** A policy that allows one tool; the text of a change names another. */
const allowing = (tool: string) => `version: 1\nrules:\n  - allow: ${tool}\n`;

class Session implements AsyncDisposable {
  #id = 0;
  readonly #run: Run;
  private constructor(readonly scratch: Scratch, readonly log: string, run: Run) {
    this.#run = run;
  }

  /** Starts behind the policy at `path`, which is there already, and has seen the handshake when it returns. */
  static async begin(
    scratch: Scratch,
    paths: readonly string[],
    more: readonly string[] = [],
  ): Promise<Session> {
    const log = scratch.file("audit.jsonl");
    const policies = paths.flatMap((path) => ["--policy", path]);
    const server = ["node", recordingServer, scratch.file("seen")];
    const session = new Session(
      scratch,
      log,
      new Run(["run", "--watch", ...more, ...policies, "--audit", log, "--", ...server]),
    );
    await session.#run.ask({ jsonrpc: "2.0", id: "ping", method: "ping" });
    return session;
  }

  /** Whether a call of the tool passes. */
  async passes(tool: string): Promise<boolean> {
    const { result } = await this.#run.ask(call(++this.#id, tool));
    return result.isError !== true;
  }

  /** Why a call does not pass. */
  async codeOf(tool: string, args: object): Promise<string | undefined> {
    const { result } = await this.#run.ask(call(++this.#id, tool, args));
    return result._meta?.code;
  }

  /** Calls without waiting for an answer. */
  async flood(count: number, tool: string): Promise<void> {
    const lines = Array.from({ length: count }, () => JSON.stringify(call(++this.#id, tool)));
    await this.#run.write(lines.join("\n") + "\n");
  }

  async read(): Promise<Answer> {
    return (await this.#run.read())!;
  }

  async events(): Promise<readonly Answer[]> {
    return (await readRecords(this.log)).filter(({ kind, name }) =>
      kind === "event" && name.startsWith("policy_")
    );
  }

  /** Settles when there are so many events; a program that never gets there fails the test. */
  async eventsUntil(count: number): Promise<readonly Answer[]> {
    const untilMs = Date.now() + patienceMs;
    for (;;) {
      const events = await this.events();
      if (events.length >= count) return events;
      if (Date.now() > untilMs) throw new Error(`${events.length} events, and not ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends the session; gives what it said. */
  async finish(): Promise<string> {
    const { code, stderr } = await this.#run.finish();
    assert.equal(code, 0, stderr);
    const verified = await runProgram(["audit", "verify", this.log]);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    return stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#run.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#run.status;
  }
}

/** "Did it go on at all", and no measure of anything. */
const patienceMs = 60_000;

/** Ways in which `path`, which holds `allowing("a")`, comes to hold `text`. */
const changes: Readonly<Record<string, (path: string, text: string) => Promise<void>>> = {
  "written in place": (path, text) => Deno.writeTextFile(path, text),
  async "renamed over, as editors do"(path, text) {
    await Deno.writeTextFile(`${path}~`, text);
    await Deno.rename(`${path}~`, path);
  },
  async "removed and made again"(path, text) {
    await Deno.remove(path);
    await Deno.writeTextFile(path, text);
  },
  async "written in two halves, of which the first is a policy too"(path, text) {
    await Deno.writeTextFile(path, "version: 1\n");
    await Deno.writeTextFile(path, text);
  },
  async "put into a directory that takes the place of its own"(path, text) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    await Deno.mkdir(`${folder}.new`);
    await Deno.writeTextFile(`${folder}.new/policy.yaml`, text);
    await Deno.rename(folder, `${folder}.old`);
    await Deno.rename(`${folder}.new`, folder);
  },
};

for (const [name, change] of Object.entries(changes)) {
  Deno.test(`a policy that is ${name} is in force without a restart, and both hashes are recorded`, async () => {
    await using scratch = await Scratch.make();
    await Deno.mkdir(scratch.file("config"));
    const path = await scratch.write("config/policy.yaml", allowing("a"));
    await using session = await Session.begin(scratch, [path]);
    assert.deepEqual([await session.passes("a"), await session.passes("b")], [true, false]);
    await change(path, allowing("b"));
    const [event, ...more] = await session.eventsUntil(1);
    assert.deepEqual([await session.passes("a"), await session.passes("b")], [false, true]);
    assert.deepEqual([event.name, more.length], ["policy_changed", 0]);
    assert.deepEqual(event.policies, [{
      file: path,
      before: hashOf(allowing("a")),
      found: hashOf(allowing("b")),
    }]);
    assert.match(await session.finish(), /The policy has changed: .*policy\.yaml is in force from here on/);
  });
}

Deno.test("a ConfigMap whose ..data link is swapped is in force, again and again, and its new place is ours as well", async () => {
  await using scratch = await Scratch.make();
  const place = async (version: string, text: string) => {
    await Deno.mkdir(scratch.file(version));
    await scratch.write(`${version}/policy.yaml`, text);
    await Deno.symlink(version, scratch.file("..data_tmp"));
    await Deno.rename(scratch.file("..data_tmp"), scratch.file("..data"));
  };
  await place("..1", "version: 1\ndefault: allow\n");
  await Deno.symlink("..data/policy.yaml", scratch.file("policy.yaml"));
  await using session = await Session.begin(scratch, [scratch.file("policy.yaml")]);
  for (const [i, tool] of ["b", "c"].entries()) {
    await place(`..${i + 2}`, `version: 1\ndefault: allow\nrules:\n  - deny: ${tool}\n`);
    await Deno.remove(scratch.file(`..${i + 1}`), { recursive: true });
    await session.eventsUntil(i + 1);
    assert.deepEqual([await session.passes("echo"), await session.passes(tool)], [true, false]);
  }
  for (const file of ["..3/policy.yaml", "..data/policy.yaml", "policy.yaml"]) {
    assert.equal(await session.codeOf("echo", { path: scratch.file(file) }), "own_file", file);
  }
  await session.finish();
});

Deno.test("a policy that is wrong, and one that is gone, change nothing, are said with their line, and are got over", async () => {
  await using scratch = await Scratch.make();
  const path = await scratch.write("policy.yaml", allowing("a"));
  await using session = await Session.begin(scratch, [path]);
  const broken = "version: 1\nrules:\n  - alow: b\n";
  await Deno.writeTextFile(path, broken);
  await session.eventsUntil(1);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [true, false]);
  await Deno.remove(path);
  await session.eventsUntil(2);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [true, false]);
  await Deno.writeTextFile(path, "");
  await session.eventsUntil(3);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [true, false]);
  await Deno.writeTextFile(path, allowing("a"));
  await session.eventsUntil(4);
  await Deno.writeTextFile(path, allowing("b"));
  const events = await session.eventsUntil(5);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [false, true]);
  assert.deepEqual(events.map(({ name, policies: [{ before, found }] }) => [name, before, found]), [
    ["policy_kept", hashOf(allowing("a")), hashOf(broken)],
    ["policy_kept", hashOf(allowing("a")), undefined],
    ["policy_kept", hashOf(allowing("a")), hashOf("")],
    ["policy_restored", hashOf(allowing("a")), hashOf(allowing("a"))],
    ["policy_changed", hashOf(allowing("a")), hashOf(allowing("b"))],
  ]);
  const said = await session.finish();
  assert.match(said, /policy\.yaml:3:5: error: unknown key "alow"[\s\S]*3 \| +- alow: b\n +\| +\^/);
  assert.match(said, /The policy in force stays in force\. Cannot read policy ".*": there is no such file/);
});

Deno.test("of 200 changes in a row the last one is in force, and few are looked at", async () => {
  await using scratch = await Scratch.make();
  const path = await scratch.write("policy.yaml", allowing("a"));
  await using session = await Session.begin(scratch, [path]);
  for (let i = 1; i <= 200; i++) {
    await Deno.writeTextFile(`${path}~`, allowing(`t${i}`));
    await Deno.rename(`${path}~`, path);
  }
  const last = hashOf(allowing("t200"));
  while ((await session.events()).at(-1)?.policies[0].found !== last) await session.eventsUntil(1);
  assert.deepEqual([await session.passes("t200"), await session.passes("t199")], [true, false]);
  const events = await session.events();
  assert.ok(events.length < 100, `${events.length} events`);
  for (const [i, { policies: [{ before }] }] of events.entries()) {
    assert.equal(before, events[i - 1]?.policies[0].found ?? hashOf(allowing("a")));
  }
  await session.finish();
});

Deno.test("a change among many calls: each record before it was judged by the old policy, each behind it by the new", async () => {
  await using scratch = await Scratch.make();
  const path = await scratch.write("policy.yaml", allowing("a"));
  await using session = await Session.begin(scratch, [path]);
  await Deno.writeTextFile(`${path}~`, allowing("b"));
  let calls = 0;
  let renamed = false;
  const isChanged = async () => (await session.events()).length > 0;
  while (!await isChanged()) {
    await session.flood(200, "a");
    if (!renamed) await Deno.rename(`${path}~`, path);
    renamed = true;
    for (let i = 0; i < 200; i++) await session.read();
    calls += 200;
  }
  assert.equal(await session.passes("a"), false);
  await session.finish();
  let inForce = "a";
  let judged = 0;
  for (const { kind, name, action } of await readRecords(session.log)) {
    if (kind === "event" && name === "policy_changed") inForce = "b";
    if (kind !== "decision" || name !== "a") continue;
    judged++;
    assert.equal(action, inForce === "a" ? "forward" : "deny");
  }
  assert.equal(judged, calls + 1);
  assert.equal(inForce, "b");
});

Deno.test("a limit that is used up stays used up over a reload", async () => {
  await using scratch = await Scratch.make();
  const limited = (tools: string) =>
    `version: 1\nrules:\n  - allow: ${tools}\n  - id: pace\n    limit: "*"\n    to: 2 calls/hour\n`;
  const path = await scratch.write("policy.yaml", limited("a"));
  await using session = await Session.begin(scratch, [path]);
  assert.deepEqual([await session.passes("a"), await session.passes("a"), await session.passes("a")], [
    true,
    true,
    false,
  ]);
  await Deno.writeTextFile(path, limited("[a, b]"));
  await session.eventsUntil(1);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [false, false]);
  await session.finish();
});

Deno.test("settings of the server that change are named, and hold from the next start on", async () => {
  await using scratch = await Scratch.make();
  const path = await scratch.write("policy.yaml", allowing("a"));
  await using session = await Session.begin(scratch, [path]);
  await Deno.writeTextFile(path, `${allowing("b")}max_message: 1MiB\nserver: { stop_timeout: 1s }\n`);
  const [event] = await session.eventsUntil(1);
  assert.deepEqual(event.atNextStart, ["server.stop_timeout", "max_message"]);
  assert.match(await session.finish(), /warning: A running server keeps server\.stop_timeout, max_message/);
});

Deno.test("a changed policy gets the values of --var, and may not do without them", async () => {
  await using scratch = await Scratch.make();
  const naming = (...tools: readonly string[]) =>
    `version: 1\nvars: { tool: null }\nrules:\n  - allow: [${tools}]\n`;
  const path = await scratch.write("policy.yaml", naming("a", '"${tool}"'));
  await using session = await Session.begin(scratch, [path], ["--var", "tool=b"]);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [true, true]);
  await Deno.writeTextFile(path, naming('"${tool}"'));
  await session.eventsUntil(1);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [false, true]);
  await Deno.writeTextFile(path, allowing("a"));
  const [, event] = await session.eventsUntil(2);
  assert.deepEqual([await session.passes("a"), await session.passes("b")], [false, true]);
  assert.equal(event.name, "policy_kept");
  assert.match(event.detail, /no policy declares a variable of that name/);
  await session.finish();
});

Deno.test("at the start it is said, and recorded, that the server's user may write a watched policy", async () => {
  await using scratch = await Scratch.make();
  const path = await scratch.write("policy.yaml", allowing("a"));
  await using session = await Session.begin(scratch, [path]);
  const [start] = await readRecords(session.log);
  assert.equal(start.watch, true);
  assert.ok(start.writableByServer.includes(path));
  assert.match(
    await session.finish(),
    /warning: With --watch the server can change its own policy while it runs: .*policy\.yaml/,
  );
});

Deno.test("without --watch a changed policy is not in force before the next start", async () => {
  await using scratch = await Scratch.make();
  const path = await scratch.write("policy.yaml", allowing("a"));
  const log = scratch.file("audit.jsonl");
  const run = new Run([
    "run",
    "--policy",
    path,
    "--audit",
    log,
    "--",
    "node",
    recordingServer,
    scratch.file("seen"),
  ]);
  await run.ask(call(1, "a"));
  await Deno.writeTextFile(path, allowing("b"));
  await new Promise((resolve) => setTimeout(resolve, policyLookMs + 500));
  assert.equal((await run.ask(call(2, "b"))).result.isError, true);
  await run.finish();
  const records = await readRecords(log);
  assert.equal(records[0].watch, undefined);
  assert.deepEqual(records.filter(({ name }) => /^policy_/.test(name ?? "")), []);
});

Deno.test("--watch without a policy, and of a pipe, is refused at the start", async () => {
  await using scratch = await Scratch.make();
  const none = await runProgram(["run", "--watch", "--", "true"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /Cannot watch: --watch was given, and no --policy/);
  const pipe = scratch.file("pipe");
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const feeding = new Deno.Command("sh", { args: ["-c", 'echo "version: 1" >"$1"', "sh", pipe] }).spawn();
  const piped = await runProgram(["run", "--watch", "--policy", pipe, "--", "true"]);
  await feeding.status;
  assert.equal(piped.code, 3);
  assert.match(piped.stderr, /Cannot watch policy ".*": it is no plain file/);
});
