import assert from "node:assert/strict";
import { allowAll, call, readRecords, recordingServer, Run, runProgram, Scratch } from "./support/program.ts";

Deno.test("every message is in the log before it leaves, masked, with mode 0600, and the log verifies", async () => {
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
  await run.ask(call(1, "echo", { to: "ada@example.com", password: "hunter22", card: 4111111111111111 }));
  // The answer is here, so both of its records are: no need to wait for anything.
  const [start, decision, outcome] = await readRecords(audit);
  assert.deepEqual([start.kind, decision.kind, outcome.kind], ["start", "decision", "outcome"]);
  assert.equal(decision.verdict, "allow");
  assert.equal(outcome.call, decision.call);
  const text = await Deno.readTextFile(audit);
  for (const secret of ["ada@", "hunter22", "4111111111111111"]) assert.ok(!text.includes(secret), secret);
  assert.deepEqual(
    new Set(decision.masked.map(({ kind }: { kind: string }) => kind)),
    new Set(["email", "secret", "card"]),
  );
  assert.equal((await Deno.stat(audit)).mode! & 0o777, 0o600);
  await run.finish();
  const verified = await runProgram(["audit", "verify", audit]);
  assert.deepEqual([verified.code, verified.stderr], [0, ""]);
  assert.match(verified.stdout, /intact/);
});

Deno.test("the server gets what the agent wrote, not what was masked", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const run = new Run([
    "run",
    "-p",
    policy,
    "-a",
    scratch.file("a.jsonl"),
    "--",
    "node",
    recordingServer,
    scratch.file("seen"),
  ]);
  const answer = await run.ask(call(1, "echo", { to: "ada@example.com" }));
  assert.equal(answer.result.content[0].text, '{"to":"ada@example.com"}');
  await run.finish();
});

Deno.test("audit verify names a line that was changed, removed or moved, with status 1", async () => {
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
    scratch.file("seen"),
  ]);
  for (let id = 1; id <= 3; id++) await run.ask(call(id, "echo"));
  await run.finish();
  const lines = (await Deno.readTextFile(audit)).trimEnd().split("\n");
  const copies: Record<string, string[]> = {
    changed: lines.map((line, i) => i === 3 ? line.replace('"forward"', '"deny"') : line),
    removed: lines.filter((_, i) => i !== 3),
    moved: [...lines.slice(0, 3), lines[4], lines[3], ...lines.slice(5)],
  };
  for (const [what, copy] of Object.entries(copies)) {
    const path = await scratch.write(`${what}.jsonl`, copy.join("\n") + "\n");
    const { code, stdout } = await runProgram(["audit", "verify", path]);
    assert.equal(code, 1, what);
    assert.match(stdout, /line 4/, what);
  }
  assert.equal((await runProgram(["audit", "verify", scratch.file("none")])).code, 3);
});

Deno.test("sessions one after the other and at the same time share a log that verifies", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const start = () =>
    new Run(["run", "-p", policy, "-a", audit, "--", "node", recordingServer, scratch.file("seen")]);
  const runs = [start(), start()];
  for (let id = 1; id <= 20; id++) await Promise.all(runs.map((run) => run.ask(call(id, "echo"))));
  await Promise.all(runs.map((run) => run.finish()));
  const third = start();
  await third.ask(call(1, "echo"));
  await third.finish();
  const { code, stdout } = await runProgram(["audit", "verify", "--json", audit]);
  assert.equal(code, 0, stdout);
  assert.equal(new Set((await readRecords(audit)).map(({ session }) => session)).size, 3);
});

Deno.test("when the log cannot be written every message is denied, and none reaches the server", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const seen = await scratch.write("seen", "");
  // A limit on file sizes stands for a full disk: writes over it fail with EFBIG. In blocks of 512 bytes.
  const prefix = ["sh", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$@"', "sh"];
  const run = new Run(["run", "-p", policy, "-a", audit, "--", "node", recordingServer, seen], { prefix });
  const answers = [];
  for (let id = 1; id <= 60; id++) answers.push(await run.ask(call(id, "echo", { id })));
  const { code, stderr } = await run.finish();
  assert.equal(code, 0);
  assert.match(stderr, /Cannot write audit log/);
  const denied = answers.filter(({ error }) => error?.code === 403).map(({ id }) => id);
  assert.ok(denied.length > 0 && denied.length < 60, `${denied.length} of 60 were denied`);
  const passed = (await Deno.readTextFile(seen)).trimEnd().split("\n").map((line) => JSON.parse(line).id);
  const recorded = (await readRecords(audit)).flatMap(({ kind, id }) => kind === "decision" ? [id] : []);
  assert.deepEqual(passed, recorded, "what reached the server is what was recorded");
  assert.equal((await runProgram(["audit", "verify", audit])).code, 0);
});
