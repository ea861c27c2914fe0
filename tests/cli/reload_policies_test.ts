import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { FoundFile } from "../../src/cli/policy_watch.ts";
import { PolicyReloader } from "../../src/cli/reload_policies.ts";
import { LilithError } from "../../src/errors.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { decodeDocument, formatDiagnostic } from "../../src/policy/document.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { loadPatternEngine } from "../../src/policy/pattern.ts";
import type { PolicyEvent } from "../../src/proxy/session.ts";

const engine = await loadPatternEngine();
const encoder = new TextEncoder();
const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
const found = (text: string): FoundFile => ({
  kind: "bytes",
  bytes: encoder.encode(text),
  sha256: hashOf(text),
});
const gone: FoundFile = { kind: "unreadable", why: "there is no such file" };

function documentOf(text: string, file: string): PolicyDocument {
  const loaded = decodeDocument(encoder.encode(text), file);
  assert.equal(loaded.kind, "ok");
  return (loaded as { document: PolicyDocument }).document;
}

/** A reloader over `texts`, and everything that it does. */
function rigOf(...texts: readonly string[]) {
  const files = texts.map((_, i) => `p${i + 1}.yaml`);
  const events: PolicyEvent[] = [];
  const inForce: CompiledPolicy[] = [];
  const said: string[] = [];
  const shown: string[] = [];
  const rig = { files, events, inForce, said, shown, isLogFull: false, compileError: undefined as unknown };
  const keep = (event: PolicyEvent) => {
    if (!rig.isLogFull) events.push(event);
    return !rig.isLogFull;
  };
  const reloader = new PolicyReloader({
    files,
    documents: texts.map((text, i) => documentOf(text, files[i])),
    decode: decodeDocument,
    format: formatDiagnostic,
    compile(documents) {
      if (rig.compileError !== undefined) throw rig.compileError;
      return compilePolicies(documents, { workingDirectory: "/", pathCase: "exact", ownFiles: [] }, engine);
    },
    putInForce(policy, event) {
      if (!keep(event)) return false;
      inForce.push(policy);
      return true;
    },
    note: keep,
    say: (level, text) => said.push(`${level}: ${text}`),
    show: (finding) => shown.push(finding),
  });
  return { ...rig, rig, judge: (...contents: readonly FoundFile[]) => reloader.judge(contents) };
}

const one = "version: 1\nrules:\n  - allow: a\n";
const two = "version: 1\nrules:\n  - allow: [a, b]\n";

Deno.test("a changed policy is put in force with both hashes in its event, and the next change goes on from it", () => {
  const { judge, events, inForce, said } = rigOf(one);
  assert.equal(judge(found(two)), true);
  assert.equal(judge(found(one)), true);
  assert.deepEqual(events.map(({ name, policies }) => [name, policies]), [
    ["policy_changed", [{ file: "p1.yaml", before: hashOf(one), found: hashOf(two) }]],
    ["policy_changed", [{ file: "p1.yaml", before: hashOf(two), found: hashOf(one) }]],
  ]);
  assert.equal(inForce.length, 2);
  assert.equal(said[0], "info: The policy has changed: p1.yaml is in force from here on");
});

Deno.test("what is no policy is refused with its hash, its place and its line, and nothing is put in force", () => {
  const { judge, events, inForce, said, shown } = rigOf(one);
  const broken = "version: 1\nrulez: []\n";
  assert.equal(judge(found(broken)), true);
  const [{ name, detail, policies }] = events;
  assert.equal(name, "policy_kept");
  assert.match(detail, /^p1\.yaml:2:1: .*unknown key "rulez"/);
  assert.deepEqual(policies, [{ file: "p1.yaml", before: hashOf(one), found: hashOf(broken) }]);
  assert.deepEqual(inForce, []);
  assert.match(said[0], /^warning: The policy in force stays in force\. p1\.yaml:2:1: /);
  assert.match(shown[0], /2 \| rulez: \[\]\n +\| \^/);
});

Deno.test("each way in which policies can be wrong leaves the policy in force", () => {
  const wrong: [string, RegExp][] = [
    ["", /Cannot load policy/],
    ["version: 1\nrules: [", /Cannot load policy/],
    ["\xff", /Cannot load policy/],
    ["version: 1\nrules:\n  - deny: x\n    args: { a: { finds: '(' } }\n", /pattern/],
    [`# ${"x".repeat(1024 * 1024)}`, /more than 1048576 bytes/],
    ["null", /Cannot load policy/],
  ];
  for (const [text, reason] of wrong) {
    const { judge, events, inForce } = rigOf(one);
    assert.equal(judge(found(text)), true);
    assert.deepEqual(events.map(({ name }) => name), ["policy_kept"], text.slice(0, 40));
    assert.match(events[0].detail, reason);
    assert.deepEqual(inForce, []);
  }
});

Deno.test("a file that is gone leaves the policy in force, and no hash", () => {
  const { judge, events, inForce, said } = rigOf(one);
  assert.equal(judge(gone), true);
  assert.deepEqual(events[0].policies, [{ file: "p1.yaml", before: hashOf(one) }]);
  assert.match(said[0], /Cannot read policy "p1.yaml": there is no such file/);
  assert.deepEqual(inForce, []);
});

Deno.test("files that are again what is in force are said to be, and nothing changes", () => {
  const { judge, events, inForce } = rigOf(one);
  judge(gone);
  judge(found(one));
  assert.deepEqual(events.map(({ name }) => name), ["policy_kept", "policy_restored"]);
  assert.deepEqual(inForce, []);
});

Deno.test("of several policies none changes while one of them is wrong", () => {
  const { judge, events, inForce } = rigOf(one, one);
  judge(found(two), found("version: 2\n"));
  assert.deepEqual([events[0].name, inForce.length], ["policy_kept", 0]);
  assert.match(events[0].detail, /^p2\.yaml:/);
  judge(found(two), found(one));
  assert.deepEqual([events[1].name, inForce.length], ["policy_changed", 1]);
  assert.deepEqual(events[1].policies.map(({ before, found }) => before === found), [false, true]);
});

Deno.test("policies that contradict each other about the server are refused", () => {
  const { judge, events, inForce } = rigOf(one, one);
  const inDirectory = (directory: string) => found(`${one}server: { directory: ${directory} }\n`);
  judge(inDirectory("/a"), inDirectory("/b"));
  assert.match(events[0].detail, /different working directories/);
  assert.deepEqual(inForce, []);
});

Deno.test("what a running server keeps is named, for as long as it differs from the start", () => {
  const { judge, events, said } = rigOf(`${one}server: { memory: 1GiB, pass_env: [PATH] }\n`);
  judge(found(`${two}max_message: 1MiB\nserver: { memory: 2GiB, pass_env: [PATH], stop_timeout: 1s }\n`));
  assert.deepEqual(events[0].atNextStart, ["server.memory", "server.stop_timeout", "max_message"]);
  assert.match(said[1], /^warning: A running server keeps server\.memory, server\.stop_timeout, max_message/);
  judge(found(`${one}# back\nserver: { memory: 1GiB, pass_env: [PATH] }\n`));
  assert.equal(events[1].atNextStart, undefined);
});

Deno.test("what cannot be recorded is not put in force, and is to be tried again", () => {
  const { judge, events, inForce, rig, said } = rigOf(one);
  rig.isLogFull = true;
  assert.deepEqual([judge(found(two)), judge(gone), judge(found("version: 2\n"))], [false, false, false]);
  assert.match(said[0], /could not be recorded/);
  rig.isLogFull = false;
  assert.equal(judge(found(two)), true);
  assert.deepEqual([events.length, inForce.length, events[0].policies[0].before], [1, 1, hashOf(one)]);
});

Deno.test("a policy that cannot be compiled, or that we fail on, leaves the policy in force", () => {
  for (
    const [error, reason] of [
      [
        new LilithError("policy_bad_value", {
          message: "Cannot use it",
          at: { file: "f", line: 3, column: 4 },
        }),
        /^f:3:4: Cannot use it$/,
      ],
      [new TypeError("a mistake"), /^internal error: a mistake$/],
    ] as const
  ) {
    const { judge, events, inForce, rig } = rigOf(one);
    rig.compileError = error;
    assert.equal(judge(found(two)), true);
    assert.match(events[0].detail, reason);
    assert.deepEqual(inForce, []);
  }
});

Deno.test("a policy that blocks nothing, and warnings, are said of a changed policy too", () => {
  const { judge, said, shown } = rigOf(one);
  judge(found("version: 1\nmode: observe\nrules:\n  - deny: x\n    args: { a: { matches: y } }\n"));
  assert.match(said.join("\n"), /blocks nothing \(mode: observe\)/);
  assert.match(shown[0], /p1\.yaml:5:\d+: warning: /);
});

Deno.test("what is shown of a file obeys no terminal and gives no secret away", () => {
  const { judge, shown } = rigOf(one);
  judge(found('version: 1\n"\x1b[2Jrulez": ghp_0123456789abcdefghijABCDEFGHIJ012345\n'));
  assert.ok(!shown.join("").includes("\x1b"));
  assert.doesNotMatch(shown.join("\n"), /ghp_0123456789/);
});

Deno.test("few errors of a file are shown with their lines, and the others are counted", () => {
  const { judge, events, shown } = rigOf(one);
  judge(found("version: 1\n" + Array.from({ length: 30 }, (_, i) => `bad${i}: 1\n`).join("")));
  assert.equal(shown.length, 5);
  assert.match(events[0].detail, /and 29 more: lilith-zero policy check p1\.yaml/);
});
