import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runProgram, Scratch } from "../e2e/support/program.ts";

const server = fileURLToPath(new URL("../e2e/fixtures/two_era_server.mjs", import.meta.url));

Deno.test("policy init writes a policy with every tool that a server lists, and replaces no file unasked", async () => {
  await using scratch = await Scratch.make();
  const file = scratch.file("policy.yaml");
  const init = (...words: string[]) =>
    runProgram(["policy", "init", "-o", file, ...words, "--", "node", server, scratch.file("seen.txt")]);
  const first = await init();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^4 tools in .*policy\.yaml; all denied, until you allow them$/m);
  const text = await Deno.readTextFile(file);
  for (const name of ["greet", "open", "where", "hidden"]) {
    assert.ok(text.includes(`  # - id: ${name}\n`), text);
  }
  assert.equal((await runProgram(["policy", "check", file])).code, 0);

  await Deno.writeTextFile(file, "mine");
  const second = await init();
  assert.equal(second.code, 3);
  assert.match(
    second.stderr,
    /Cannot write ".*policy\.yaml": it is there already\n {2}hint: --force replaces it/,
  );
  assert.equal(await Deno.readTextFile(file), "mine");
  assert.equal((await init("--force")).code, 0);
  assert.equal(await Deno.readTextFile(file), text);
});

Deno.test("policy init leaves no file behind where the server cannot be asked", async () => {
  await using scratch = await Scratch.make();
  const { code, stderr } = await runProgram(["policy", "init", "-o", scratch.file("p.yaml"), "--", "true"]);
  assert.equal(code, 3);
  assert.match(
    stderr,
    /Cannot learn what the server offers: it ended with status 0 before it answered initialize/,
  );
  assert.deepEqual([...Deno.readDirSync(scratch.path)], []);
});

Deno.test("policy init prints the policy where no file is named", async () => {
  await using scratch = await Scratch.make();
  const { code, stdout } = await runProgram([
    "policy",
    "init",
    "--",
    "node",
    server,
    scratch.file("seen.txt"),
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /^# A policy for two-era-server 1, begun from what it lists\.\n/);
});

Deno.test("policy check holds a policy against the server whose command stands behind --", async () => {
  await using scratch = await Scratch.make();
  const file = await scratch.write(
    "p.yaml",
    "version: 1\nrules:\n  - allow: [greet, opne]\n    others: none\n",
  );
  const check = (...words: string[]) => runProgram(["policy", "check", file, ...words]);
  const found = await check("--server", "--", "node", server, scratch.file("seen.txt"));
  assert.equal(found.code, 0, found.stderr);
  assert.match(
    found.stderr,
    /p\.yaml:3:20: warning: the server has no tool "opne"\n.*\n.*\^.*\n {2}hint: Did you mean "open"\?/,
  );
  const silent = await check("--server", "--", "true");
  assert.equal(silent.code, 3);
  assert.match(silent.stdout, /p\.yaml: 1 rule, no examples/);
  assert.match(silent.stderr, /Cannot learn what the server offers/);
  const without = await check("--server");
  assert.equal(without.code, 2);
  assert.match(without.stderr, /--server wants the server's command behind --/);
});
