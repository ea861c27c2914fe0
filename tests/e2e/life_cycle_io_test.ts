/** How a session ends, whoever ends it and however badly: with the right status, nothing lost, nothing left behind. */

import assert from "node:assert/strict";
import { processesMentioning } from "../../scripts/demo/processes.ts";
import {
  allowAll,
  type Answer,
  call,
  programCommand,
  readRecords,
  recordingServer,
  Run,
  runProgram,
  Scratch,
} from "./support/program.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** "Did it end at all": generous, and no measure of anything. */
const patienceMs = 30_000;

/** A promise, or a failed test; the process must not survive that. */
async function inTime<T>(run: { kill(signal: Deno.Signal): void }, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      run.kill("SIGKILL");
      reject(new Error(`it had not ended after ${patienceMs} ms`));
    }, patienceMs);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const levels = ["best", "process"] as const;

/** Everything is allowed, and a server that does not go by itself does not get long. */
const allowAllBriefly = `${allowAll}server: { stop_timeout: 200ms }\n`;

/** A server in shell. */
const shell = (script: string, ...args: string[]) => ["sh", "-c", script, "server", ...args];

/** A line of 960 bytes that a server may send unasked. */
const notice = JSON.stringify({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: "x".repeat(870) },
});

Deno.test("a signal ends the proxy also where the client never reads what the server floods it with", async () => {
  for (const closesInput of [false, true]) {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", allowAllBriefly);
    const token = `lilith-token-${crypto.randomUUID()}`;
    const run = new Run(["run", "-p", policy, "--", ...shell('yes "$1"', notice, token)]);
    await sleep(1500); // every buffer on the way is full by then
    if (closesInput) await run.closeInput();
    run.kill("SIGTERM");
    const { code } = await inTime(run, run.status);
    assert.equal(code, 0);
    assert.deepEqual(await processesMentioning(token), []);
    await run.finish().catch(() => {}); // what there is to read may end in the middle of a line
  }
});

Deno.test("what a server said before it exited reaches a client that reads it much later, whole", async () => {
  // Counts around what all the buffers hold: more, and the server cannot exit before somebody reads.
  for (const count of [1100, 1200, 1250]) {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", allowAll);
    const run = new Run([
      "run",
      "-p",
      policy,
      "--",
      ...shell('yes "$1" | head -n "$2"; exit 7', notice, `${count}`),
    ]);
    await sleep(2000);
    let heard = 0;
    while (await inTime(run, run.read()) !== undefined) heard++;
    assert.equal(heard, count);
    assert.equal((await run.finish()).code, 7);
  }
});

Deno.test("a thousand requests in flight are all answered when the server exits, once each", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const run = new Run(["run", "-p", policy, "-a", audit, "--", ...shell("read -r line; sleep 1; exit 9")]);
  const requests = Array.from({ length: 1000 }, (_, id) => JSON.stringify(call(id, "echo")) + "\n");
  await run.write(requests.join(""));
  const answers: Answer[] = [];
  for (let answer = await inTime(run, run.read()); answer !== undefined; answer = await run.read()) {
    answers.push(answer);
  }
  assert.deepEqual(answers.map(({ id }) => id).sort((a, b) => a - b), requests.map((_, id) => id));
  assert.ok(answers.every(({ error }) => error.code === 503));
  assert.equal((await run.finish()).code, 9);
  assert.equal((await readRecords(audit)).at(-1)?.kind, "end");
  assert.equal((await runProgram(["audit", "verify", audit])).code, 0);
});

Deno.test("the status is the server's, 128 + n where a signal ended it, at each level", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  for (const level of levels) {
    for (const [signal, status] of [["SEGV", 139], ["ABRT", 134], ["KILL", 137]] as const) {
      const run = new Run([
        "run",
        "-p",
        policy,
        "--containment",
        level,
        "--",
        ...shell(`read -r line; kill -${signal} $$`),
      ]);
      const answer = await inTime(run, run.ask(call(1, "echo")));
      assert.equal(answer.error.code, 503);
      assert.equal(await inTime(run, run.status).then(({ code }) => code), status, `${signal}, ${level}`);
      await run.finish();
    }
  }
});

Deno.test("a server that ends its last line by dying has said it, and half a message is none", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const says = (text: string) => shell('read -r line; printf %s "$1"; exit 3', text);
  const whole = new Run([
    "run",
    "-p",
    policy,
    "--",
    ...says('{"jsonrpc":"2.0","id":1,"result":{"last":true}}'),
  ]);
  assert.equal((await inTime(whole, whole.ask(call(1, "echo")))).result.last, true);
  assert.equal((await whole.finish()).code, 3);
  const half = new Run(["run", "-p", policy, "--", ...says('{"jsonrpc":"2.0","id":1,"res')]);
  assert.equal((await inTime(half, half.ask(call(1, "echo")))).error.code, -32603);
  assert.equal((await half.finish()).code, 3);
});

Deno.test("a server that closes its output or its input and lives is taken down, and its callers are answered", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAllBriefly);
  for (const script of ["exec >&-; while :; do sleep 1; done", "exec <&-; while :; do sleep 1; done"]) {
    const run = new Run(["run", "-p", policy, "--containment", "process", "--", ...shell(script)]);
    await sleep(500); // it has closed it by then, or closes it while the call is in flight
    assert.equal((await inTime(run, run.ask(call(1, "echo")))).error.code, 503);
    await inTime(run, run.finish());
  }
});

Deno.test("the last words of a failing server on standard error are not lost", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  for (const level of levels) {
    const server = shell("seq 1 20000 >&2; echo the last line >&2; exit 3");
    const run = new Run(["run", "-p", policy, "--containment", level, "--", ...server]);
    assert.equal((await inTime(run, run.status)).code, 3);
    assert.match(await run.stderr, /20000\nthe last line\n$/);
    await run.finish();
  }
});

Deno.test("calls go on while the server floods its standard error, which the client never reads", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const server = shell(
    'yes "$1" >&2 & exec node "$2" "$3"',
    "e".repeat(999),
    recordingServer,
    scratch.file("seen.txt"),
  );
  const [command, ...args] = [...programCommand, "run", "-p", policy, "--", ...server];
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const requests = Array.from({ length: 500 }, (_, id) => JSON.stringify(call(id, "echo")) + "\n").join("");
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(requests));
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.split("\n").length > 500) break;
  }
  await writer.close();
  assert.equal((await inTime(child, child.status)).code, 0);
  await child.stderr.cancel();
});

Deno.test("a message of our own into a standard error that is full does not stop us, and the status is right", async () => {
  const command = 'head -c 65536 /dev/zero >&2; exec "$@"'; // as much as a pipe holds, pipe(7)
  const args = ["-c", command, "sh", ...programCommand, "run", "-p", "/nowhere/policy.yaml", "--", "cat"];
  const child = new Deno.Command("sh", { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  assert.equal((await inTime(child, child.status)).code, 3);
  await child.stderr.cancel();
});

Deno.test("standard output on a full disk ends the session, and the log says why", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const prefix = ["sh", "-c", 'exec "$@" >/dev/full', "sh"];
  const args = ["run", "-p", policy, "-a", audit, "--", "node", recordingServer, scratch.file("seen.txt")];
  const run = new Run(args, { prefix });
  await run.write(call(1, "echo"));
  assert.equal((await inTime(run, run.status)).code, 0);
  assert.match((await readRecords(audit)).at(-1)?.reason, /no longer reads.*no space left/i);
  await run.finish();
});

const hasScript = await new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" })
  .output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "a signal ends the proxy also on a terminal that nobody reads from",
  ignore: !hasScript, // of util-linux: it makes a terminal
  async fn() {
    await using scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", allowAllBriefly);
    // Of a length that fits the terminal's buffers badly.
    const short = JSON.stringify({
      jsonrpc: "2.0",
      method: "notifications/message",
      params: { level: "info" },
    });
    const words = [...programCommand, "run", "-p", policy, "--", ...shell('yes "$1"', short)];
    const line = "exec " + words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const terminal = new Deno.Command("script", {
      args: ["-qec", line, "/dev/null"],
      stdin: "piped",
      stdout: "piped", // and never read
    }).spawn();
    try {
      const isProxy = async (pid: number) =>
        (await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "")).trim() === "deno";
      const proxies = async () => {
        const pids = await processesMentioning(policy);
        const are = await Promise.all(pids.map(isProxy));
        return pids.filter((_, i) => are[i]);
      };
      for (let i = 0; i < 300 && (await proxies()).length === 0; i++) await sleep(100);
      await sleep(2000); // the terminal is full by then, or fills while it ends
      for (const pid of await proxies()) Deno.kill(pid, "SIGTERM");
      for (let i = 0; i < 300 && (await proxies()).length > 0; i++) await sleep(100);
      assert.deepEqual(await proxies(), []);
    } finally {
      for (const pid of await processesMentioning(policy)) Deno.kill(pid, "SIGKILL");
      await terminal.stdin.close().catch(() => {});
      await terminal.stdout.cancel();
      await terminal.status;
    }
  },
});

Deno.test("what is shared with others blocks again when we have gone", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  // Whoever reads it after us has the same open file.
  const script = '"$@" || exit; for n in 0 1; do grep flags: /proc/self/fdinfo/$n; done';
  for (const redirected of [script, `{ ${script}; } <&1`]) { // a pipe for each, one socket or pipe for both
    const prefix = ["sh", "-c", redirected, "sh"];
    const run = new Run(["run", "-p", policy, "--", ...shell("exit 0")], { prefix });
    const lines = [await inTime(run, run.readLine()), await inTime(run, run.readLine())];
    const flags = lines.map((line) => Number.parseInt(/^flags:\s*([0-7]+)$/.exec(String(line))![1], 8));
    assert.deepEqual(flags.map((flag) => flag & 0o4000), [0, 0]);
    await run.finish();
  }
});

Deno.test("a client that ignores SIGCHLD hands that on, and the session works all the same", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const prefix = ["env", "--ignore-signal=CHLD"];
  for (const level of levels) {
    const args = [
      "run",
      "-p",
      policy,
      "--containment",
      level,
      "--",
      "node",
      recordingServer,
      scratch.file("seen.txt"),
    ];
    const run = new Run(args, { prefix });
    assert.deepEqual((await inTime(run, run.ask(call(1, "echo")))).id, 1);
    assert.equal((await inTime(run, run.finish())).code, 0);
  }
});

Deno.test("an audit log at the limit on file sizes denies what follows, and does not end the proxy", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = await scratch.write("audit.jsonl", "");
  const limitBytes = 256 * 1024 * 1024; // above whatever else the program writes; the file is a hole
  await Deno.chmod(audit, 0o600);
  await Deno.truncate(audit, limitBytes - 3000);
  await Deno.writeTextFile(audit, "\n{}\n", { append: true });
  const prefix = ["sh", "-c", 'ulimit -f "$0"; exec "$@"', `${limitBytes / 512}`];
  const args = ["run", "-p", policy, "-a", audit, "--", "node", recordingServer, scratch.file("seen.txt")];
  const run = new Run(args, { prefix });
  const answers: Answer[] = [];
  for (let id = 0; id < 10; id++) answers.push(await inTime(run, run.ask(call(id, "echo"))));
  assert.equal(answers.at(-1)?.error.code, 403);
  assert.equal((await inTime(run, run.finish())).code, 0);
});

Deno.test("a proxy behind a proxy passes calls, and a stubborn server goes with the outer one", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAllBriefly);
  const behind = [...programCommand, "run", "-p", policy, "--"];
  const talks = new Run([
    "run",
    "-p",
    policy,
    "--",
    ...behind,
    "node",
    recordingServer,
    scratch.file("seen.txt"),
  ]);
  assert.equal((await inTime(talks, talks.ask(call(1, "echo")))).id, 1);
  assert.equal((await inTime(talks, talks.finish())).code, 0);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const token = `lilith-token-${crypto.randomUUID()}`;
    const server = shell(
      'trap "" TERM; echo up >&2; while read -r line; do echo "$1"; done; while :; do sleep 1; done',
      '{"jsonrpc":"2.0","id":1,"result":{}}',
      token,
    );
    const run = new Run(["run", "-p", policy, "--", ...behind, ...server]);
    await inTime(run, run.ask(call(1, "echo")));
    run.kill(signal);
    await inTime(run, run.status);
    for (let i = 0; i < 100 && (await processesMentioning(token)).length > 0; i++) await sleep(50);
    assert.deepEqual(await processesMentioning(token), []);
    await run.finish();
  }
});
