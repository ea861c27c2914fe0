/** The archive as a machine without a network and without a Deno gets it. */

import assert from "node:assert/strict";
import { buildPackage } from "../../scripts/package.ts";
import { findSystemProgram } from "../../src/supervisor/system.ts";
import { version } from "../../src/version.ts";
import {
  allowAll,
  call,
  readRecords,
  recordingServer,
  Run,
  runProgram,
  Scratch,
  unpack,
} from "./support/program.ts";

/** What takes the network away from a program; nothing where this system does not let us. */
async function withoutNetwork(): Promise<readonly string[]> {
  const unshare = findSystemProgram("unshare");
  if (unshare === undefined) return [];
  for (const prefix of [[unshare, "--net", "--"], [unshare, "--map-root-user", "--net", "--"]]) {
    const [command, ...args] = prefix;
    const { success } = await new Deno.Command(command, { args: [...args, "true"], stderr: "null" }).output();
    if (success) return prefix;
  }
  return [];
}

/** Every file below a folder, with its size and the time of its last change. */
async function listFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) { for (const [inner, seen] of await listFiles(path)) files.set(inner, seen); }
    const { size, mtime } = await Deno.lstat(path);
    if (!entry.isDirectory) files.set(path, `${size} ${mtime?.getTime()}`);
    else if ((await Array.fromAsync(Deno.readDir(path))).length === 0) files.set(path, "an empty folder");
  }
  return files;
}

Deno.test("two builds of the archive are the same bytes, and its checksums are those of its files", async () => {
  await using scratch = await Scratch.make();
  const runtime = await scratch.write("runtime", "#!/bin/sh\n");
  const [first, second] = [
    await buildPackage(scratch.file("first"), runtime),
    await buildPackage(scratch.file("second"), runtime),
  ];
  assert.deepEqual(await Deno.readFile(first.path), await Deno.readFile(second.path));
  assert.deepEqual([second.bytes, second.sha256], [first.bytes, first.sha256]);
  const unpacked = await unpack(first.path, scratch.path);
  const checked = await new Deno.Command("sha256sum", {
    args: ["--check", "--strict", "SHA256SUMS"],
    cwd: unpacked,
  }).output();
  assert.ok(checked.success, new TextDecoder().decode(checked.stdout));
  const licences = await Deno.readTextFile(`${unpacked}/THIRD_PARTY_LICENSES`);
  for (const name of ["commander", "re2js", "yaml", "zod", "@logtape/logtape"]) {
    assert.match(licences, new RegExp(`^${name}@[0-9.]+$`, "m"));
  }
});

Deno.test("the unpacked archive runs without a network, a home or a cache, and writes the audit log alone", async () => {
  await using scratch = await Scratch.make();
  const built = await buildPackage(scratch.file("dist"), Deno.execPath());
  const unpacked = await unpack(built.path, scratch.path);
  for (const name of ["home", "tmp", "bin", "log"]) await Deno.mkdir(scratch.file(name));
  await Deno.symlink(`../${unpacked.slice(scratch.path.length + 1)}/lilith-zero`, scratch.file("bin/lilith"));
  const policy = await scratch.write("policy.yaml", allowAll);
  const audit = scratch.file("log/audit.jsonl");
  const before = await listFiles(scratch.path);

  const options = {
    program: [scratch.file("bin/lilith")],
    prefix: await withoutNetwork(),
    cwd: "/",
    clearEnv: true,
    env: { HOME: scratch.file("home"), TMPDIR: scratch.file("tmp"), PATH: Deno.env.get("PATH")! },
  };
  assert.deepEqual(await runProgram(["--version"], options), { code: 0, stdout: `${version}\n`, stderr: "" });
  const checked = await runProgram(["policy", "check", `${unpacked}/policies/shell.yaml`], options);
  assert.equal(checked.code, 0, checked.stderr);
  const run = new Run(
    ["run", "-p", policy, "-a", audit, "--", "node", recordingServer, "/dev/null"],
    options,
  );
  const answer = await run.ask(call(1, "echo", { greeting: "hello" }));
  assert.equal(answer.result.content[0].text, '{"greeting":"hello"}');
  const { code, stderr } = await run.finish();
  assert.deepEqual([code, stderr], [0, ""]);
  const verified = await runProgram(["audit", "verify", audit], options);
  assert.equal(verified.code, 0, verified.stderr);
  assert.equal((await readRecords(audit))[0].kind, "start");

  const after = await listFiles(scratch.path);
  for (const path of [...after.keys()]) {
    if (path.startsWith(audit)) after.delete(path);
  }
  before.delete(scratch.file("log")); // an empty folder until then
  assert.deepEqual(after, before);
});
