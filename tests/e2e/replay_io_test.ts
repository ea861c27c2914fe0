/** Logs that the program wrote, decided again: explain, replay and suggest as a user runs them. */

import assert from "node:assert/strict";
import { allowAll, call, recordingServer, Run, runProgram, Scratch } from "./support/program.ts";

/** Rules of every kind over what the calls below ask for. */
const policyOf = (root: string): string =>
  `version: 1
name: team
rules:
  - { id: read, allow: read_file, args: { path: { under: ${root} } } }
  - { id: send, allow: send, args: { to: { matches: ".*@example\\\\.com" } } }
  - { id: no-keys, deny: "*", args: { "**": { finds: '\\.pem$' } } }
  - { id: pace, limit: send, to: 2 calls/hour }
  - { id: shadow, deny: read_file, args: { path: { finds: b } }, mode: observe }
`;

/** Makes calls through the program under a policy; gives the log. */
async function record(scratch: Scratch, policy: string): Promise<string> {
  const audit = scratch.file(`audit-${crypto.randomUUID()}.jsonl`);
  const run = new Run(
    [
      "run",
      "-p",
      await scratch.write("policy.yaml", policy),
      "-a",
      audit,
      "--",
      "node",
      recordingServer,
      scratch.file("seen"),
    ],
  );
  const root = scratch.path;
  const calls: readonly (readonly [string, object])[] = [
    ["read_file", { path: `${root}/a.txt` }],
    ["read_file", { path: `${root}/b.txt` }],
    ["read_file", { path: `${root}/link/passwd` }],
    ["read_file", { path: `${root}/../etc/passwd` }],
    ["read_file", { path: `${root}/key.pem` }],
    ["write_file", { path: `${root}/a.txt`, content: "x" }],
    ["send", { to: "ada@example.com" }],
    ["send", { to: "ben@example.com" }],
    ["send", { to: "plain" }],
    ["send", { to: "cy@example.com" }],
    ["read_file", { path: `${root}/a.txt`, head: 3 }],
  ];
  let id = 0;
  for (const [name, args] of calls) await run.ask(call(++id, name, args));
  await run.ask({ jsonrpc: "2.0", id: ++id, method: "ping" });
  await run.finish();
  return audit;
}

async function json(args: readonly string[]): Promise<{ code: number; value: Record<string, unknown> }> {
  const { code, stdout, stderr } = await runProgram(args);
  // A warning of the policy's is no failure.
  assert.doesNotMatch(stderr, /error/);
  return { code, value: JSON.parse(stdout) };
}

Deno.test("a log replayed under the policy that wrote it changes nothing, but for what masks hide", async () => {
  await using scratch = await Scratch.make();
  await Deno.symlink("/etc", scratch.file("link"));
  const policy = policyOf(scratch.path);
  const log = await record(scratch, policy);
  const file = await scratch.write("same.yaml", policy);
  const { code, value } = await json(["policy", "replay", "-p", file, log, "--json"]);
  assert.equal(code, 0);
  assert.equal(value.intact, true);
  assert.equal(value.decisions, 12);
  assert.deepEqual(value.changes, { denied: 0, let_through: 0, other_verdict: 0 });
  // Whom it was sent to is masked, and with it whether the limit has room for "plain".
  assert.equal(value.undecidable, 4);
  assert.equal(value.unchanged, 8);
  assert.deepEqual(value.gaps, { masked: 3, omitted: 0, fact: 0, name: 0, state: 1 });
});

Deno.test("a log replayed under another policy says what would have been otherwise, and by which rule", async () => {
  await using scratch = await Scratch.make();
  await Deno.symlink("/etc", scratch.file("link"));
  const log = await record(scratch, policyOf(scratch.path));
  const stricter = await scratch.write(
    "new.yaml",
    "version: 1\nname: new\nrules:\n  - { id: write, allow: write_file }\n  - { id: stop, deny: read_file }\n",
  );
  const { code, stdout } = await runProgram(["policy", "replay", "-p", stricter, log, "--lines", "2"]);
  assert.equal(code, 0);
  const text = stdout.replaceAll(log, "LOG").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
  const expected = [
    'LOG: 12 decisions in 1 session, replayed under "new"',
    "   4 as they were",
    "   5 would not have been let through",
    '       3 by "stop" of policy "new"',
    '       2 by the default of policy "new"',
    "   1 would have been let through",
    '       1 by "write" of policy "new"',
    "   2 the same would have been done for another reason",
    '       2 by the default of policy "new"',
    "",
    'line 2, record 1, TIME: tool "read_file"',
    '  allow by "read" → deny by "stop": tool "read_file" is denied by rule "stop"',
  ];
  assert.deepEqual(text.split("\n").slice(0, expected.length), expected);
  assert.match(text, /and \d+ more \(--lines 12 shows all\)\n$/);
});

Deno.test("a policy suggested from a log passes its check, and allows all that the log shows", async () => {
  await using scratch = await Scratch.make();
  await Deno.symlink("/etc", scratch.file("link"));
  const log = await record(scratch, allowAll);
  const { code, stdout, stderr } = await runProgram(["policy", "suggest", log]);
  assert.deepEqual([code, stderr], [0, ""]);
  const file = await scratch.write("suggested.yaml", stdout);
  const checked = await runProgram(["policy", "check", file]);
  assert.equal(checked.code, 0, checked.stderr);
  const { value } = await json(["policy", "replay", "-p", file, log, "--json"]);
  assert.deepEqual(value.changes, { denied: 0, let_through: 0, other_verdict: 0 });
  // Nobody had asked the disk where the written path leads.
  assert.equal(value.undecidable, (value.gaps as Record<string, number>).fact);
  assert.doesNotMatch(stdout, /example\.com/);
});

Deno.test("a changed log is replayed as it stands, with a warning; what is no log is an error", async () => {
  await using scratch = await Scratch.make();
  const log = await record(scratch, allowAll);
  const policy = await scratch.write("new.yaml", "version: 1\n");
  await Deno.writeTextFile(
    log,
    (await Deno.readTextFile(log)).replace('"write_file"', '"other_file"') + "no record\n",
  );
  const { code, stdout, stderr } = await runProgram(["policy", "replay", "-p", policy, log]);
  assert.equal(code, 0);
  assert.match(stderr, /^warning: .* is not intact \(line \d+: /);
  assert.match(stdout, /note: 1 line could not be read as records/);
  const missing = await runProgram(["policy", "replay", "-p", policy, scratch.file("none.jsonl")]);
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /there is no such file/);
});
