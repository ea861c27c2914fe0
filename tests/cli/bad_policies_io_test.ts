/** Every way in which a policy file can be wrong as a file or as YAML: a named error at its place, and nothing is loaded. */

import assert from "node:assert/strict";
import { policyCheck } from "../../src/cli/policy_check.ts";
import { readPolicyFile } from "../../src/cli/policy_file.ts";
import { runProgram, Scratch } from "../e2e/support/program.ts";

const encoder = new TextEncoder();
const bomb = `version: 1\nname: x\nexamples:\n  - &a [x, x, x, x, x, x, x, x, x]\n${
  [..."bcdefghi"].map((name, i) => `  - &${name} [${`*${"abcdefgh"[i]}, `.repeat(9)}]`).join("\n")
}\n`;

/** The file, and how its first error begins; a hint has to follow. */
const bad: Readonly<Record<string, readonly [string | Uint8Array, RegExp]>> = {
  "an unknown key": [
    "version: 1\nruels: []\n",
    /:2:1: error: unknown key "ruels" in a policy\n.*\n.*\^{5}\n {2}hint: Did you mean "rules"\?/,
  ],
  "a wrong type": [
    "version: 1\nrules: yes\n",
    /:2:8: error: "rules" is the text "yes", where a list is expected/,
  ],
  "an alias bomb": [bomb, /error: more than (?:100 aliases|200000 values)/],
  "10 MB": ["version: 1\n" + "#".repeat(10_000_000), /^error: .*the file has more than 1048576 bytes/],
  "an alias inside what it names": [
    "version: 1\nrules: &a [*a]\n",
    /:2:12: error: the alias "\*a" stands inside what it names/,
  ],
  "tabs": ["version: 1\nrules:\n\t- allow: a\n", /:3:1: error: .*tab/],
  "two documents": ["version: 1\n---\nversion: 1\n", /:2:1: error: a second document \(---\)/],
  "nothing": ["", /:1:1: error: the file is empty/],
  "comments alone": ["# nothing\n", /:1:1: error: the file is empty/],
  "a NUL": ["version: 1\nname: a\0b\n", /:2:8: error: the character U\+0000/],
  "bytes that are no UTF-8": [
    new Uint8Array([...encoder.encode("version: 1\nname: "), 0xff]),
    /:2:7: error: the file is not UTF-8/,
  ],
  "UTF-16": [new Uint8Array([0xff, 0xfe, 0x76, 0]), /:1:1: error: the file is not UTF-8/],
  "a key twice": ["version: 1\nname: a\nname: b\n", /:3:1: error: the key "name" stands twice/],
  "a merge key": ["version: 1\nserver: { <<: { memory: 1GiB } }\n", /:2:11: error: a merge key \(<<\)/],
  "a tag": [
    "version: 1\nname: !!binary aGk=\n",
    /:2:\d+: error: the tag "!!binary"/,
  ],
  "an octal number": [
    "version: 1\nserver: { processes: 010 }\n",
    /:2:22: error: "010" is a number to some readers/,
  ],
  "yes for true": [
    "version: 1\nrules: [{ deny: a, args: { x: { present: yes } } }]\n",
    /:2:42: error: "present" is the text "yes", .*\n.*\n.*\n {2}hint: Write true/,
  ],
  "deep nesting": [
    `version: 1\nname: ${"[".repeat(5000)}${"]".repeat(5000)}\n`,
    /:2:\d+: error: values nested/,
  ],
  "a carriage return alone": [
    "version: 1\rname: x\n",
    /:1:11: error: a carriage return that no line feed follows/,
  ],
  "an unquoted star": [
    "version: 1\nrules: [{ allow: * }]\n",
    /:2:18: error: "\*" without quotes is a YAML alias/,
  ],
  "a variable without quotes": [
    "version: 1\nrules: [{ allow: ${x} }]\n",
    /:2:19: error: a variable without quotes/,
  ],
};

async function check(file: string) {
  const out: string[] = [];
  const err: string[] = [];
  const status = await policyCheck([file], { json: false }, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { status, out: out.join("\n"), err: err.join("\n") };
}

for (const [name, [content, expected]] of Object.entries(bad)) {
  Deno.test(`a policy with ${name} is refused at its place, with a hint`, async () => {
    await using scratch = await Scratch.make();
    const file = scratch.file("p.yaml");
    await Deno.writeFile(file, typeof content === "string" ? encoder.encode(content) : content);
    const { status, err } = await check(file);
    assert.equal(status, 3);
    assert.match(err, expected);
  });
}

Deno.test("a byte order mark, CR LF and a missing last line feed are nothing to complain of", async () => {
  await using scratch = await Scratch.make();
  const file = await scratch.write("p.yaml", "\ufeffversion: 1\r\nrules:\r\n  - deny: a");
  const { status, err } = await check(file);
  assert.equal(err, "");
  assert.equal(status, 0);
});

Deno.test("a policy that cannot be read is named with the reason", async () => {
  await using scratch = await Scratch.make();
  await Deno.mkdir(scratch.file("directory"));
  assert.match((await check(scratch.file("directory"))).err, /it is a directory\n {2}hint: Name one file/);
  assert.match((await check(scratch.file("absent"))).err, /there is no such file/);
  assert.match((await check("/dev/zero")).err, /the file has more than 1048576 bytes/);
  assert.match((await check("/dev/null")).err, /the file is empty/);
});

Deno.test("a pipe that nobody writes to is given up, and one that somebody writes to is read", async () => {
  await using scratch = await Scratch.make();
  const [silent, pipe] = ["silent", "pipe"].map((name) => scratch.file(name));
  await new Deno.Command("mkfifo", { args: [silent, pipe] }).output();
  await assert.rejects(readPolicyFile(silent, 50), {
    code: "policy_unreadable",
    message: /nothing came of it within 0\.05 s/,
  });
  await Deno.writeTextFile(silent, ""); // lets go of the open that still waits
  const read = readPolicyFile(pipe);
  await Deno.writeTextFile(pipe, "version: 1\n");
  assert.equal(new TextDecoder().decode(await read), "version: 1\n");
});

Deno.test("run starts nothing under a policy that is wrong", async () => {
  await using scratch = await Scratch.make();
  const good = await scratch.write("good.yaml", "version: 1\n");
  const wrong = await scratch.write("wrong.yaml", "version: 1\nrules: [{ alow: a }]\n");
  const mark = scratch.file("started");
  const { code, stdout, stderr } = await runProgram(["run", "-p", good, "-p", wrong, "--", "touch", mark]);
  assert.equal(code, 3);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /wrong\.yaml:2:11: error: unknown key "alow" in a rule\n(?:.*\n){2} {2}hint: Did you mean "allow"\?/,
  );
  await assert.rejects(Deno.stat(mark), Deno.errors.NotFound);
});
