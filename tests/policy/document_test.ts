import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { policyBytesMax, policyErrorsMax } from "../../src/limits.ts";
import { decodeDocument, loadDocument } from "../../src/policy/document.ts";
import { complaints, load, ruleComplaints } from "./document/load.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("loadDocument() takes one line as a policy, and it denies", () => {
  const text = "version: 1\n";
  assert.deepEqual(loadDocument(text, "policies/team.yaml"), {
    kind: "ok",
    warnings: [],
    declares: [],
    notes: [],
    document: {
      file: "policies/team.yaml",
      name: "team",
      sha256: createHash("sha256").update(text).digest("hex"),
      mode: "enforce",
      default: "deny",
      denials: "tool_result",
      rules: [],
      server: {},
      examples: [],
    },
  });
});

Deno.test("loadDocument() reads every part of a whole policy", () => {
  const document = load(`
version: 1
name: files under /tmp, read only
mode: observe
default: allow
denials: protocol_error
max_message: 1MiB

rules:
  - id: no-writing
    deny: [write_file, "edit_*"]
    args:
      path: { under: [/tmp, /var/tmp/] }
    reason: only reading here
    mode: observe
  - limit: "*"
    to: 60 calls/minute

server:
  memory: 512MiB
  processes: 32
  open_files: 64
  file_size: 0
  cpu_time: 2m
  stop_timeout: 500ms
  pass_env: [PATH, HOME]
  directory: /srv
  containment: namespace

audit: { mask: all }

examples:
  - call: { tool: write_file, arguments: { path: /tmp/a.txt } }
    expect: { deny: no-writing }
`);
  const at = (line: number, column: number) => ({ file: "p.yaml", line, column });
  assert.equal(document.name, "files under /tmp, read only");
  assert.equal(document.mode, "observe");
  assert.equal(document.default, "allow");
  assert.equal(document.denials, "protocol_error");
  assert.equal(document.messageBytesMax, 1024 * 1024);
  assert.deepEqual(document.rules, [
    {
      id: "no-writing",
      effect: "deny",
      scope: { tools: ["write_file", "edit_*"], resources: [], prompts: [], methods: [] },
      args: [{
        selector: "path",
        checks: [{ kind: "under", roots: ["/tmp", "/var/tmp"] }],
        at: at(13, 7),
      }],
      others: "any",
      reason: "only reading here",
      mode: "observe",
      at: at(10, 5),
    },
    {
      id: "rule-2",
      effect: "limit",
      scope: { tools: ["*"], resources: [], prompts: [], methods: [] },
      args: [],
      others: "any",
      to: { calls: 60, perMs: 60_000, burst: 60 },
      mode: "enforce",
      at: at(16, 5),
    },
  ]);
  assert.deepEqual(document.server, {
    memoryBytesMax: 512 * 1024 * 1024,
    processesMax: 32,
    openFilesMax: 64,
    fileBytesMax: 0,
    cpuSecondsMax: 120,
    stopTimeoutMs: 500,
    passEnv: ["PATH", "HOME"],
    directory: "/srv",
    containment: "namespace",
  });
  assert.deepEqual(document.examples, [{
    target: "tool",
    name: "write_file",
    argumentsJson: '{"path":"/tmp/a.txt"}',
    from: "downstream",
    expect: "deny",
    expectRule: "no-writing",
    at: at(33, 5),
  }]);
});

Deno.test("loadDocument() tells all errors of a file, in the order of the text", () => {
  assert.deepEqual(
    complaints(`mode: enforced
rules:
  - alow: read_file
  - deny: read_file
    args: { path: { undr: /tmp } }
  - limit: "*"
    to: 60/min
examples:
  - call: { tool: a }
    expect: denied
`),
    [
      '1:1 policy_wrong_type the key "version" is missing | Begin the file with the line version: 1',
      '1:7 policy_bad_value "mode" is the text "enforced" | Did you mean "enforce"?',
      '3:5 policy_unknown_key unknown key "alow" in a rule | Did you mean "allow"?',
      '5:21 policy_unknown_key unknown key "undr" in a check | Did you mean "under"?',
      '7:9 policy_bad_value "to": "60/min" is not a limit | Did you mean "60 calls/minute"?',
      '10:13 policy_bad_value "expect" is the text "denied" | It can be allow, deny, ask or limit',
    ],
  );
});

Deno.test("loadDocument() refuses a key or a value that it does not know, at the top and in each part", () => {
  const table: [string, string][] = [
    ["version: 2", '1:10 policy_bad_value "version" is the number 2 | It can be 1'],
    [
      'version: "1"',
      '1:10 policy_wrong_type "version" is the text "1", where a number is expected | Write the number as in JSON: 1',
    ],
    ["version: 1\nrule: []", '2:1 policy_unknown_key unknown key "rule" in a policy | Did you mean "rules"?'],
    [
      "version: 1\nzebra: 1",
      '2:1 policy_unknown_key unknown key "zebra" in a policy | The keys of a policy are version, name, mode, ' +
      "default, denials, vars, rules, server, audit, max_message, lock, invisible_text, examples",
    ],
    [
      "version: 1\nrules:",
      '2:7 policy_wrong_type "rules" is empty, where a list is expected | Nothing stands behind the colon',
    ],
    [
      "version: 1\nrules: {}",
      '2:8 policy_wrong_type "rules" is a map, where a list is expected | Write a list: each element begins with a dash and a space',
    ],
    [
      "version: 1\nname: 5",
      '2:7 policy_wrong_type "name" is the number 5, where text is expected | Put it in quotes if it is text: "5"',
    ],
    ['version: 1\nname: ""', '2:7 policy_bad_value "name" is an empty text'],
    [
      'version: 1\nname: "a\\nb"',
      '2:7 policy_bad_value "name": a character that cannot be seen | Write it as one line of plain text',
    ],
    [
      `version: 1\nname: ${"x".repeat(101)}`,
      '2:7 policy_bad_value "name" is too long | Write at most 100 characters',
    ],
    [
      "version: 1\ndefault: ask",
      '2:10 policy_bad_value "default" is the text "ask" | It can be allow or deny',
    ],
    [
      "- version: 1",
      "1:1 policy_wrong_type a policy is a list, where a map is expected | A policy begins with the line version: 1",
    ],
    [
      "version: 1\naudit: { mask: none }",
      '2:16 policy_bad_value "mask" is the text "none" | It can be all',
    ],
  ];
  for (const [text, expected] of table) assert.deepEqual(complaints(text), [expected], text);
});

Deno.test("loadDocument() says of what comes later that it is not yet there, and never ignores it", () => {
  const table: [string, string][] = [
    [
      "version: 1\nserver: { filesystem: { read: [/] } }",
      '2:11 policy_not_yet not yet: "filesystem" (the file sandbox)',
    ],
    ["version: 1\nserver: { network: none }", '2:11 policy_not_yet not yet: "network" (the network sandbox)'],
    [
      "version: 1\naudit: { sync: always }",
      '2:10 policy_not_yet not yet: "sync" (the choice of when the log is synced)',
    ],
    [
      "version: 1\nrules: [{ allow: x, args: { a: { not: x } } }]",
      '2:34 policy_not_yet not yet: "not" (negated checks)',
    ],
  ];
  for (const [text, expected] of table) {
    assert.deepEqual(complaints(text), [`${expected} | Take it out; this version cannot enforce it`], text);
  }
});

Deno.test("loadDocument() checks what the server is given", () => {
  const table: [string, string][] = [
    [
      "memory: 512",
      '2:19 policy_bad_value "memory": 512 bytes of memory, in which no program runs | ' +
      "Is the unit missing? A size is written 512MiB or 1GiB",
    ],
    [
      "memory: 1GB",
      '2:19 policy_bad_value "memory": "1GB" has no unit of size that is known here | Did you mean 1GiB?',
    ],
    [
      "processes: 1.5",
      '2:22 policy_wrong_type "processes" is the number 1.5, where a whole number is expected',
    ],
    ["open_files: 3", '2:23 policy_bad_value "open_files" is the number 3 | Write at least 4'],
    [
      "cpu_time: 1500ms",
      '2:21 policy_bad_value "cpu_time": a CPU time that is not whole seconds | ' +
      "The system counts it in seconds: write 10s or 2m",
    ],
    [
      "stop_timeout: 5",
      '2:25 policy_bad_value "stop_timeout": 5 has no unit of time | Write 5s for seconds, 5m for minutes',
    ],
    [
      "pass_env: PATH",
      '2:21 policy_wrong_type "pass_env" is the text "PATH", where a list is expected | Write a list: [PATH]',
    ],
    [
      "pass_env: [PATH, A=b]",
      '2:28 policy_bad_value "pass_env" names "A=b" | pass_env names variables; their values come from the client',
    ],
    [
      'pass_env: ["LC_*"]',
      '2:22 policy_bad_value "pass_env" names "LC_*" | Write each variable\'s name; there are no globs',
    ],
    [
      "directory: here",
      '2:22 policy_bad_value "directory" is "here" | ' +
      "Write an absolute path: clients start the proxy in folders of their own",
    ],
    [
      "containment: strong",
      '2:24 policy_bad_value "containment" is the text "strong" | It can be namespace or process',
    ],
  ];
  for (const [setting, expected] of table) {
    assert.deepEqual(complaints(`version: 1\nserver: { ${setting} }`), [expected], setting);
  }
});

Deno.test("loadDocument() lets max_message only lower the bound", () => {
  assert.equal(load("version: 1\nmax_message: 4096").messageBytesMax, 4096);
  assert.deepEqual(complaints("version: 1\nmax_message: 1GiB"), [
    '2:14 policy_bad_value "max_message": 1073741824 bytes is above the limit of 16842752 that always holds | ' +
    "A policy can only lower it",
  ]);
  assert.deepEqual(complaints("version: 1\nmax_message: 1KiB"), [
    '2:14 policy_bad_value "max_message": 1024 bytes, in which no handshake fits | Write at least 4096',
  ]);
});

Deno.test("loadDocument() refuses two rules with one id, also where one of them got it by its place", () => {
  assert.deepEqual(ruleComplaints("  - { id: a, allow: x }\n  - { id: a, deny: y }"), [
    '4:11 policy_bad_value two rules have the id "a" | The first stands in line 3',
  ]);
  assert.deepEqual(ruleComplaints("  - { id: rule-2, allow: x }\n  - { deny: y }"), [
    '4:5 policy_bad_value two rules have the id "rule-2" | The first stands in line 3',
  ]);
});

Deno.test("loadDocument() names a policy without a name after its file, never after its folder", () => {
  const nameOf = (file: string) => {
    const loaded = loadDocument("version: 1", file);
    assert.equal(loaded.kind, "ok");
    return loaded.kind === "ok" ? loaded.document.name : "";
  };
  assert.equal(nameOf("/home/me/secret-project/team.yaml"), "team");
  assert.equal(nameOf("C:\\Users\\me\\team.YML"), "team");
  assert.equal(nameOf("/dev/fd/63"), "63");
  assert.equal(nameOf(".yaml"), "policy");
});

Deno.test("decodeDocument() finds the first byte that is not UTF-8", () => {
  const bytes = new Uint8Array([...bytesOf("version: 1\nname: é"), 0xff, ...bytesOf("\n")]);
  const loaded = decodeDocument(bytes, "p.yaml");
  assert.equal(loaded.kind, "error");
  if (loaded.kind !== "error") return;
  assert.equal(loaded.errors[0].code, "policy_syntax");
  assert.deepEqual(loaded.errors[0].at, { file: "p.yaml", line: 2, column: 8 });
});

Deno.test("decodeDocument() takes a byte order mark for none of the text, but for some of the file", () => {
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...bytesOf("version: 1\nx: 1")]);
  const loaded = decodeDocument(bytes, "p.yaml");
  assert.deepEqual(loaded.kind === "error" && loaded.errors[0].at, { file: "p.yaml", line: 2, column: 1 });
  const marked = decodeDocument(bytes.subarray(0, 13), "p.yaml");
  assert.equal(
    marked.kind === "ok" && marked.document.sha256,
    createHash("sha256").update(bytes.subarray(0, 13)).digest("hex"),
  );
});

Deno.test("loadDocument() refuses a file above the bound, and takes one that just reaches it", () => {
  const start = "version: 1\n#";
  const fitting = loadDocument(start + "x".repeat(policyBytesMax - start.length), "p.yaml");
  assert.equal(fitting.kind, "ok");
  const large = loadDocument(start + "x".repeat(policyBytesMax - start.length + 1), "p.yaml");
  assert.equal(large.kind === "error" && large.errors[0].code, "policy_too_large");
});

Deno.test("loadDocument() tells so many errors and no more, and how many it did not tell", () => {
  const loaded = loadDocument(
    `version: 1\n${Array.from({ length: 80 }, (_, i) => `k${i}: 1`).join("\n")}`,
    "p.yaml",
  );
  assert.equal(loaded.kind, "error");
  if (loaded.kind !== "error") return;
  assert.equal(loaded.errors.length, policyErrorsMax + 1);
  assert.match(loaded.errors[policyErrorsMax].message, /30 more errors, not shown/);
});

Deno.test("loadDocument() is total: any text is a document or errors, all with a place", () => {
  const word = fc.constantFrom(
    ..."version: rules: - allow: deny: limit: args: to: examples: call: expect: under: 1 x * ** & ! | > ' \" { } [ ] , # ? @ ~ yes null /tmp"
      .split(" "),
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    " ",
    "\0",
    "\ud800",
  );
  const text = fc.oneof(fc.array(word, { maxLength: 40 }).map((words) => words.join(" ")), fc.string());
  fc.assert(
    fc.property(text, (text) => {
      const loaded = loadDocument(text, "p.yaml");
      if (loaded.kind === "ok") return;
      assert.ok(loaded.errors.length > 0);
      for (const { at } of loaded.errors) assert.ok(at !== undefined && at.line >= 1 && at.column >= 1);
    }),
    { numRuns: 400 },
  );
});
