/** Promises of README.md and SECURITY.md that need the whole program, and the README's own policy. */

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

const readme = await Deno.readTextFile(`${repository}README.md`);

Deno.test("the README's first policy has no fault, and does what stands beside it", async () => {
  await using scratch = await Scratch.make();
  const [, text] = readme.match(/```yaml\n(version: 1[\s\S]*?)```/)!;
  const policy = await scratch.write("policy.yaml", text);
  const checked = await runProgram(["policy", "check", policy]);
  assert.deepEqual([checked.code, checked.stderr], [0, ""]);
  const run = new Run(["run", "-p", policy, "--", "node", recordingServer, scratch.file("seen")]);
  const isDenied = async (name: string, args: object) =>
    (await run.ask(call(1, name, args))).result.isError === true;
  const link = `${scratch.path}/link`;
  await Deno.symlink("/etc", link);
  assert.equal(await isDenied("read_text_file", { path: "/tmp/a.txt" }), false);
  for (
    const path of ["/etc/passwd", "/tmp/../etc/passwd", "/tmp/%2e%2e/etc/passwd", `${link}/passwd`, ["/etc"]]
  ) {
    assert.equal(await isDenied("read_text_file", { path }), true, String(path));
  }
  const secret = await run.ask(call(2, "list_directory", { path: "/tmp/.ssh/" }));
  assert.match(secret.result.content[0].text, /credentials are never part of this task/);
  assert.equal(await isDenied("write_file", { path: "/tmp/a.txt" }), true);
  await run.finish();
});

Deno.test("a policy that demands level namespace does not start below it", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", "version: 1\nserver: { containment: namespace }\n");
  const marker = scratch.file("started");
  const { code, stdout, stderr } = await runProgram(
    ["run", "--containment", "process", "-p", policy, "--", "touch", marker],
  );
  assert.deepEqual([code, stdout], [3, ""]);
  assert.match(stderr, /demands containment "namespace", and here there is "process"/);
  await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
});

Deno.test("a call that names our policy or our log is denied under an allow-all policy, and recorded", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  await Deno.symlink(policy, scratch.file("innocent"));
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
  for (
    const path of [
      policy,
      audit,
      scratch.file("innocent"),
      `${scratch.path}/./x/../policy.yaml`,
      `file://${policy}`,
    ]
  ) {
    const answer = await run.ask(call(1, "write_file", { path, content: "version: 1" }));
    assert.equal(answer.result?.isError, true, path);
  }
  await run.finish();
  await assert.rejects(Deno.stat(scratch.file("seen")), Deno.errors.NotFound);
  const codes = (await readRecords(audit)).filter(({ kind }) => kind === "decision").map(({ code }) => code);
  assert.deepEqual(codes, Array(5).fill("own_file"));
});

Deno.test("a policy that is given by a link is denied by the name of the link too", async () => {
  await using scratch = await Scratch.make();
  await scratch.write("real.yaml", `${allowAll}server: { directory: ${JSON.stringify(scratch.path)} }\n`);
  await Deno.symlink("real.yaml", scratch.file("team.link"));
  const run = new Run([
    "run",
    "-p",
    scratch.file("team.link"),
    "--",
    "node",
    recordingServer,
    scratch.file("seen"),
  ]);
  for (const path of ["team.link", "./team.link", scratch.file("team.link"), "real.yaml"]) {
    const answer = await run.ask(call(1, "write_file", { path, content: "version: 1" }));
    assert.equal(answer.result?._meta?.code, "own_file", path);
  }
  const other = await run.ask(call(1, "write_file", { path: "team.txt", content: "" }));
  assert.equal(other.result?.isError ?? false, false);
  await run.finish();
});

Deno.test("a log of sessions that were killed at any moment, some side by side, verifies, and holds all that was passed on", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const seen = scratch.file("seen");
  const passed = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const runs = [0, 1].map(() =>
      new Run(["run", "-p", policy, "-a", audit, "--", "node", recordingServer, seen])
    );
    await Promise.all(runs.map(async (run, i) => {
      for (let n = 0; n < 3 * round; n++) {
        const id = `${round}-${i}-${n}`;
        await run.ask(call(id, "echo", { id }));
        passed.add(id);
      }
      // These are on their way when the signal comes.
      for (let n = 0; n < 50; n++) await run.write(call(`${round}-${i}-late-${n}`, "echo", {}));
      run.kill("SIGKILL");
      await run.status;
      await run.finish();
    }));
  }
  const { code, stdout } = await runProgram(["audit", "verify", audit]);
  assert.equal(code, 0, stdout);
  const recorded = new Set(
    (await readRecords(audit)).filter(({ kind }) => kind === "decision").map(({ id }) => id),
  );
  for (const id of passed) assert.ok(recorded.has(id), id);
  for (const line of (await Deno.readTextFile(seen)).trimEnd().split("\n")) {
    // The server may have been killed while it wrote what it saw.
    const id = line.match(/"id":"([^"]*)"/)?.[1];
    if (id !== undefined) assert.ok(recorded.has(id), `${id} reached the server without a record`);
  }
});

Deno.test("audit verify names an unfinished line that nobody went on behind, and takes it where a session did", async () => {
  await using scratch = await Scratch.make();
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("audit.jsonl");
  const session = async () => {
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
    await run.ask(call(1, "echo"));
    await run.finish();
  };
  await session();
  const bytes = await Deno.readFile(audit);
  await Deno.writeFile(audit, bytes.subarray(0, bytes.length - 40));
  const cut = await runProgram(["audit", "verify", audit]);
  assert.equal(cut.code, 1);
  assert.match(cut.stdout, /cut off/);
  await session();
  const { code, stdout } = await runProgram(["audit", "verify", audit]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /note: line \d+: an unfinished line/);
});
