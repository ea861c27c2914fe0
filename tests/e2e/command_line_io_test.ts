import assert from "node:assert/strict";
import {
  allowAll,
  call,
  readRecords,
  recordingServer,
  repository,
  Run,
  runProgram,
  Scratch,
} from "./support/program.ts";

Deno.test("--help teaches the commands, on standard output, with status 0", async () => {
  const { code, stdout, stderr } = await runProgram(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const word of ["run", "policy", "audit", "Usage"]) assert.match(stdout, new RegExp(word));
  const run = await runProgram(["run", "--help"]);
  assert.match(run.stdout, /--policy <file>/);
  assert.match(run.stdout, /Examples:/);
});

Deno.test("a mistyped command or option is status 2, with a suggestion", async () => {
  const option = await runProgram(["run", "--polcy", "x", "cat"]);
  assert.deepEqual([option.code, option.stdout], [2, ""]);
  assert.match(option.stderr, /Did you mean --policy/);
  const command = await runProgram(["polcy"]);
  assert.equal(command.code, 2);
  assert.match(command.stderr, /policy/);
  assert.equal((await runProgram(["run"])).code, 2);
});

Deno.test("without a policy every tool call is denied, and standard error says what to do", async () => {
  await using scratch = await Scratch.make();
  const seen = await scratch.write("seen.txt", "");
  const run = new Run(["run", "--", "node", recordingServer, seen]);
  const initialize = {
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: { protocolVersion: "2025-11-25" },
  };
  assert.equal((await run.ask(initialize)).result.serverInfo.name, "recording-server");
  assert.deepEqual((await run.ask({ jsonrpc: "2.0", id: 1, method: "tools/list" })).result.tools, []);
  assert.equal((await run.ask(call(2, "echo"))).result.isError, true);
  const { code, stderr } = await run.finish();
  assert.equal(code, 0);
  assert.match(stderr, /no policy was given.*\n.*--policy FILE/);
  assert.doesNotMatch(await Deno.readTextFile(seen), /tools\/call/);
});

Deno.test("the -- before the server's command is optional, and options behind the command are the command's own", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const seen = await scratch.write("seen.txt", "");
  const run = new Run(["run", "--policy", policy, "node", recordingServer, seen, "--policy", "/nowhere"]);
  assert.equal((await run.ask(call(1, "echo", { a: 1 }))).result.content[0].text, '{"a":1}');
  assert.equal((await run.finish()).code, 0);
});

Deno.test("a command that is missing, no file, or not executable is an error at once, with the shell's status", async () => {
  await using scratch = await Scratch.make();
  const plain = await scratch.write("plain.txt", "no program\n");
  const cases: [string, number][] = [["no-such-command-here", 127], [scratch.path, 126], [plain, 126]];
  for (const [command, status] of cases) {
    const { code, stdout, stderr } = await runProgram(["run", "--", command]);
    assert.deepEqual([code, stdout], [status, ""], command);
    assert.match(stderr, /lilith-zero: Cannot /);
  }
});

Deno.test("a server that exits at once ends the session with its own status and no hang", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const run = new Run(["run", "-p", policy, "--", "sh", "-c", "exit 3"]);
  const { code, rest } = await run.finish();
  // The client ended the session at the same time: either may have been seen first.
  assert.ok(code === 3 || code === 0, `status ${code}`);
  assert.deepEqual(rest, []);
  const held = new Run(["run", "-p", policy, "--", "sh", "-c", "exit 3"]);
  assert.equal((await held.status).code, 3);
  await held.finish();
});

Deno.test("a server that dies is answered for, and the program ends with its status", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const run = new Run([
    "run",
    "-p",
    policy,
    "-a",
    audit,
    "--",
    "node",
    recordingServer,
    scratch.file("seen.txt"),
  ]);
  await run.write(call(1, "silent"));
  const first = await run.ask(call(2, "exit", { status: 42 }));
  const second = await run.read();
  assert.deepEqual([first.id, first.error.code, second?.id, second?.error.code], [1, 503, 2, 503]);
  assert.equal((await run.status).code, 42);
  await run.finish();
  const records = await readRecords(audit);
  assert.deepEqual(records.slice(-4).map(({ kind }) => kind), ["event", "outcome", "outcome", "end"]);
  assert.equal(records[0].kind, "start");
});

Deno.test("SIGINT, SIGTERM, SIGHUP and the end of input all end the session in order, with status 0", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  for (const how of ["SIGINT", "SIGTERM", "SIGHUP", "end"] as const) {
    const audit = scratch.file(`${how}.jsonl`);
    const run = new Run([
      "run",
      "-p",
      policy,
      "-a",
      audit,
      "--",
      "node",
      recordingServer,
      scratch.file("seen.txt"),
    ]);
    await run.ask(call(1, "echo"));
    if (how === "end") await run.closeInput();
    else run.kill(how);
    assert.equal((await run.status).code, 0, how);
    await run.finish();
    const last = (await readRecords(audit)).at(-1)!;
    assert.equal(last.kind, "end");
    assert.match(last.reason, how === "end" ? /client closed/ : new RegExp(how));
  }
});

Deno.test("a wrong policy is status 3, names the place, and nothing is started", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", "version: 1\nrules:\n  - alow: x\n");
  const marker = scratch.file("started");
  const { code, stdout, stderr } = await runProgram(["run", "-p", policy, "--", "touch", marker]);
  assert.deepEqual([code, stdout], [3, ""]);
  assert.match(stderr, /policy\.yaml:3:\d+: error: .*alow/);
  await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
});

Deno.test("an audit log that cannot be opened is status 3, and nothing is started", async () => {
  await using scratch = await Scratch.make();
  const marker = scratch.file("started");
  for (const audit of [scratch.path, scratch.file("none/audit.jsonl")]) {
    const { code, stderr } = await runProgram(["run", "-a", audit, "--", "touch", marker]);
    assert.equal(code, 3, stderr);
  }
  await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
});

Deno.test("the version that is printed is the one in deno.json", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(`${repository}deno.json`));
  assert.equal((await runProgram(["--version"])).stdout.trim(), version);
});
