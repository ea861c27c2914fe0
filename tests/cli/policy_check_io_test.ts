import assert from "node:assert/strict";
import { policyCheck } from "../../src/cli/policy_check.ts";
import { readPolicyFile } from "../../src/cli/policy_file.ts";
import { policyBytesMax } from "../../src/limits.ts";

/** Runs `policy check` over files with these contents, in a folder of their own, and gives what it printed. */
async function check(contents: Readonly<Record<string, string | Uint8Array>>, json = false) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(contents)) {
      await Deno.writeFile(
        `${folder}/${name}`,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    return await checkFiles(Object.keys(contents).map((name) => `${folder}/${name}`), json, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function checkFiles(files: readonly string[], json: boolean, folder: string) {
  const out: string[] = [];
  const err: string[] = [];
  const status = await policyCheck(files, { json }, {
    out: (line) => out.push(line.replaceAll(`${folder}/`, "")),
    err: (line) => err.push(line.replaceAll(`${folder}/`, "")),
  });
  return { status, out, err };
}

const good = `version: 1
rules:
  - { id: read, allow: read_file, args: { path: { under: /tmp } } }
examples:
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, expect: { allow: read } }
  - { call: { tool: read_file, arguments: { path: /etc/a } }, expect: deny }
`;

Deno.test("policy check says of a good policy how many rules and examples it has, and ends with 0", async () => {
  assert.deepEqual(await check({ "a.yaml": good, "b.yaml": "version: 1" }), {
    status: 0,
    out: ["a.yaml: 1 rule, 2 examples passed", "b.yaml: 0 rules, no examples"],
    err: [],
  });
});

Deno.test("policy check shows an example that does not hold, says why, and ends with 1", async () => {
  const failing = good.replace("expect: deny", "expect: { allow: read }");
  const { status, out, err } = await check({ "a.yaml": failing, "b.yaml": good });
  assert.equal(status, 1);
  assert.deepEqual(out, ["a.yaml: 1 rule, 1 of 2 examples failed", "b.yaml: 1 rule, 2 examples passed"]);
  assert.equal(err.length, 1);
  const lines = err[0].split("\n");
  assert.match(
    lines[0],
    /^a\.yaml:6:5: error: example 2 expects allow by read, and it is deny by default: .*must be under \/tmp$/,
  );
  assert.match(lines[1], /^ {4}6 \| {3}- \{ call: \{ tool: read_file, arguments: \{ path: \/etc\/a \} \}/);
});

Deno.test("policy check shows every error with its line and a hint, and ends with 3", async () => {
  const { status, out, err } = await check({ "a.yaml": "version: 1\nrule: []\nmode: off\n", "b.yaml": good });
  assert.equal(status, 3);
  assert.deepEqual(out, ["a.yaml: wrong, 2 errors", "b.yaml: 1 rule, 2 examples passed"]);
  assert.deepEqual(err, [
    'a.yaml:2:1: error: unknown key "rule" in a policy\n    2 | rule: []\n      | ^^^^\n  hint: Did you mean "rules"?',
    'a.yaml:3:7: error: "mode" is the text "off"\n    3 | mode: off\n      |       ^^^\n  hint: It can be enforce or observe',
  ]);
});

Deno.test("policy check finds every pattern that the engine cannot keep, with its place", async () => {
  const { status, err } = await check({
    "a.yaml": `version: 1
rules:
  - { deny: "*", args: { a: { finds: '(?=x)' } } }
  - { deny: "*", args: { a: { finds: fine } } }
  - { deny: "*", args: { a: { matches: '.*(a' } } }
`,
  });
  assert.equal(status, 3);
  assert.deepEqual(err.map((text) => text.split(": error")[0]), ["a.yaml:3:38", "a.yaml:5:40"]);
});

Deno.test("policy check warns without failing", async () => {
  const { status, out, err } = await check({
    "a.yaml": "version: 1\nrules:\n  - { id: all, allow: read_file }\n",
  });
  assert.equal(status, 0);
  assert.deepEqual(out, ["a.yaml: 1 rule, no examples, 1 warning"]);
  assert.match(err[0], /^a\.yaml:3:5: warning: the rule "all" seems to allow "read_file" with any path\n/);
});

Deno.test("policy check says of a policy that only observes that it blocks nothing", async () => {
  const { status, out } = await check({ "a.yaml": "version: 1\nmode: observe\n" });
  assert.deepEqual([status, out], [0, ["a.yaml: 0 rules, no examples, blocks nothing (mode: observe)"]]);
});

Deno.test("policy check --json is one object on stdout and nothing on stderr", async () => {
  const { status, out, err } = await check({ "a.yaml": good, "b.yaml": "version: 2" }, true);
  assert.equal(status, 3);
  assert.deepEqual(err, []);
  assert.equal(out.length, 1);
  const { files, ...rest } = JSON.parse(out[0]);
  assert.deepEqual(rest, { status: 3 });
  assert.equal(files[0].rules, 1);
  assert.match(files[0].sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(files[0].diagnostics, []);
  assert.deepEqual(files[0].examples[0], {
    number: 1,
    line: 5,
    column: 5,
    endColumn: 6,
    passed: true,
    expected: { verdict: "allow", rule: "read" },
    got: files[0].examples[0].got,
  });
  assert.equal(files[0].examples[0].got.rule, "read");
  assert.deepEqual(files[1], {
    file: "b.yaml",
    diagnostics: [{
      severity: "error",
      code: "policy_bad_value",
      message: 'Cannot load policy "b.yaml": "version" is the number 2',
      hint: "It can be 1",
      line: 1,
      column: 10,
      endColumn: 11,
    }],
    examples: [],
  });
});

Deno.test("policy check names what it cannot read, and goes on with the next file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/good.yaml`, good);
    await Deno.mkdir(`${folder}/directory.yaml`);
    const files = ["absent.yaml", "directory.yaml", "good.yaml"].map((name) => `${folder}/${name}`);
    const { status, out, err } = await checkFiles(files, false, folder);
    assert.equal(status, 3);
    assert.deepEqual(err.map((text) => text.split("\n")[0]), [
      'error: Cannot read policy "absent.yaml": there is no such file',
      'error: Cannot read policy "directory.yaml": it is a directory',
    ]);
    assert.deepEqual(out, [
      "absent.yaml: wrong, 1 error",
      "directory.yaml: wrong, 1 error",
      "good.yaml: 1 rule, 2 examples passed",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("policy check shows where a file is not UTF-8", async () => {
  const { status, err } = await check({ "a.yaml": new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0x0a]) });
  assert.equal(status, 3);
  assert.match(err[0], /^a\.yaml:1:4: error: the file is not UTF-8\n/);
});

Deno.test("policy check without a file says so and ends with 2", async () => {
  const { status, err } = await checkFiles([], false, "/nowhere");
  assert.equal(status, 2);
  assert.match(err[0], /no file was named/);
});

Deno.test("readPolicyFile() reads no more of an endless file than shows that it is too large", async () => {
  assert.equal((await readPolicyFile("/dev/zero")).length, policyBytesMax + 1);
  const { status, err } = await checkFiles(["/dev/zero"], false, "/nowhere");
  assert.equal(status, 3);
  assert.match(err[0], /^error: Cannot load policy "\/dev\/zero": the file has more than 1048576 bytes/);
});

Deno.test("policy check says of a file that this user may not read that it is so", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.chmod(file, 0o000);
    const program = new URL("../../mod.ts", import.meta.url).pathname;
    const check = [Deno.execPath(), "run", "-A", "--quiet", program, "policy", "check", file];
    // Root reads everything, but for its capabilities. capabilities(7), CAP_DAC_OVERRIDE
    const withoutRights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    const [command, ...args] = Deno.uid() === 0 ? [...withoutRights, ...check] : check;
    const { code, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
    assert.equal(code, 3);
    assert.match(new TextDecoder().decode(stderr), /Cannot read policy ".*": this user may not read it/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("policy check puts the values of --var into the policies, and refuses one that none of them declares", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/p.yaml`;
    await Deno.writeTextFile(file, "version: 1\nvars: { tool: null }\nrules: [{ allow: '${tool}' }]\n");
    const said: string[] = [];
    const output = {
      out: (line: string) => void said.push(line),
      err: (line: string) => void said.push(line),
    };
    assert.equal(await policyCheck([file], { json: false, vars: ["tool=read"] }, output), 0);
    assert.equal(await policyCheck([file], { json: false }, output), 3);
    assert.match(said.join("\n"), /p\.yaml:2:9: error: the variable "tool" has no value/);
    const refused = (vars: readonly string[], message: RegExp) =>
      assert.rejects(policyCheck([file], { json: false, vars }, output), { code: "usage", message });
    await refused(["tol=read"], /^Cannot use --var tol: no policy declares a variable of that name$/);
    await refused(["tool"], /^Cannot use --var "tool": it has no =$/);
    await refused(["=read"], /^Cannot use --var "=read": it begins with no name$/);
    await refused(["tool=a", "tool=b"], /^Cannot use --var tool: it was given twice$/);
    await refused(
      ["tool=a\u0007"],
      /^Cannot use --var tool: its value holds a character that cannot be seen$/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("policy check notes once what a check on URLs cannot see, and counts it as no warning", async () => {
  const policy = `version: 1
rules:
  - { id: a, allow: get, others: none, args: { url: { url: { host: public } } } }
  - { id: b, allow: put, others: none, args: { url: { url: { host: api.example.com } } } }
examples:
  - { call: { tool: get, arguments: { url: "https://example.com/" } }, expect: { allow: a } }
  - { call: { tool: get, arguments: { url: "https://127.1/" } }, expect: deny }
`;
  const { status, out, err } = await check({ "a.yaml": policy });
  assert.equal(status, 0);
  assert.deepEqual(out, ["a.yaml: 2 rules, 2 examples passed"]);
  assert.equal(err.length, 1);
  assert.match(err[0], /^a\.yaml:3:60: note: "url" sees the text alone: .*redirects\n/);
  const json = JSON.parse((await check({ "a.yaml": policy }, true)).out.join("\n"));
  const [{ severity, code, line }] = json.files[0].diagnostics;
  assert.deepEqual([severity, code, line], ["note", "blind_spot", 3]);
});

Deno.test("policy check finds checks that exclude each other, also where there is no pattern", async () => {
  const rule = "{ allow: a, args: { x: { one_of: [1, 5], min: 7 } } }";
  const { status, err } = await check({ "a.yaml": `version: 1\nrules:\n  - ${rule}\n` });
  assert.equal(status, 0);
  assert.match(
    err.join("\n"),
    /warning: no value of "x" passes all checks, so the rule "rule-1" never applies/,
  );
});

Deno.test("policy check notes a directory that is not there once, however many rules name it", async () => {
  const rule = (tool: string) =>
    `  - { allow: ${tool}, others: none, args: { path: { under: [/no-such-directory, /] } } }\n`;
  const { status, err } = await check({ "a.yaml": `version: 1\nrules:\n${rule("get")}${rule("put")}` });
  assert.equal(status, 0);
  assert.equal(err.length, 1, err.join("\n"));
  assert.match(err[0], /^a\.yaml:3:\d+: note: the directory "\/no-such-directory" does not exist here\n/);
});
