import assert from "node:assert/strict";
import fc from "fast-check";
import { commonDirectory } from "../../src/audit/common_directory.ts";
import { suggestPolicy } from "../../src/audit/suggest.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { decide } from "../../src/policy/decide.ts";
import { decodeDocument } from "../../src/policy/document.ts";
import type { Facts } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import type { PolicyDocument } from "../../src/policy/rule.ts";
import { advance, initialState } from "../../src/policy/state.ts";
import { anyDocument, disk } from "../policy/support/arbitrary.ts";
import { call, compile, document, read } from "../policy/support/build.ts";
import { anySteps, MemoryLog } from "./support/memory_log.ts";

function load(text: string): PolicyDocument {
  const loaded = decodeDocument(new TextEncoder().encode(text), "suggested.yaml");
  assert.equal(loaded.kind, "ok", text);
  return (loaded as Extract<typeof loaded, { kind: "ok" }>).document;
}

/** A log of calls that were all let through, one a second. */
function logOf(operations: readonly Operation[], facts: Facts = new Map()): MemoryLog {
  const open = compile(document([], { default: "allow" }));
  const log = new MemoryLog();
  operations.forEach((operation, index) => {
    log.decided(operation, decide(open, initialState(open), operation, facts, 0), facts, index * 1000);
  });
  return log;
}

const suggested = (log: MemoryLog): string => suggestPolicy((visit) => log.read(visit), "audit.jsonl").policy;

Deno.test("what is suggested is a policy under which nothing is denied that the log shows to have passed", () => {
  let passed = 0;
  fc.assert(
    fc.property(fc.array(anyDocument, { minLength: 1, maxLength: 2 }), anySteps, (documents, steps) => {
      const policy = compile(documents);
      const log = new MemoryLog();
      let state = initialState(policy);
      let nowMs = 1_000_000;
      for (const { operation, passedMs } of steps) {
        nowMs += passedMs;
        const facts = disk().answer(needs(policy, operation));
        const decision = decide(policy, state, operation, facts, nowMs);
        state = advance(state, policy, decision, nowMs);
        log.decided(operation, decision, facts, nowMs);
      }
      const text = suggested(log);
      const under = compile(load(text));
      for (const { before, after, name } of log.replay(under)) {
        // (No policy can hold an empty name.)
        if (before.action === "deny" || name === "") continue;
        passed++;
        assert.ok(
          after.kind === "undecidable" || after.action === "forward",
          `${JSON.stringify(after)}\n${text}`,
        );
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(passed > 500, String(passed));
});

Deno.test("a suggested rule is as narrow as what was seen, and says what it rests on", () => {
  const log = logOf([
    call("read_file", '{"path":"/srv/data/a/x.txt","mode":"text","head":3}'),
    call("read_file", '{"path":"/srv/data/b.txt","mode":"text","head":12}'),
    call("read_file", '{"path":"/srv/data/c/d/e.txt","mode":"text"}'),
    call("send", '{"to":"ada@example.com","format":"html"}'),
    call("list", undefined),
    call("odd/name", '{"a":[1]}'),
    read("file:///srv/data/x"),
  ]);
  assert.equal(
    suggested(log),
    `# Suggested from "audit.jsonl": 7 calls in 1 session, 1970-01-01.
# It allows what was let through then, and nothing else. What an agent did is not what it may do:
# read each rule, and take out what is not meant.
version: 1
name: suggested from a log
default: deny
rules:
  # 1 call, 1970-01-01
  - id: list
    allow: list
    others: none
  # 1 call, 1970-01-01
  - id: odd-name
    allow: odd/name
    # a: lists
  # 3 calls, 1970-01-01
  - id: read_file
    allow: read_file
    args:
      path: { under: /srv/data } # 3 paths
      mode: text # texts, up to 4 characters, always the same
    # head: given in 2 of 3 calls, numbers, from 3 to 12, 2 different
  # 1 call, 1970-01-01
  - id: send
    allow: send
    # to: masked in 1, so nothing is said of it
    # format: texts, up to 4 characters, always the same
  # 1 message, 1970-01-01
  - id: resources
    allow:
      resources:
        - "file:///srv/data/x" # 1
`,
  );
});

Deno.test("a suggested rule says where a person had said yes", () => {
  const open = compile(document([], { default: "allow" }));
  const log = new MemoryLog();
  for (const [index, consent] of [undefined, { by: "person", rules: ["1/ask"] } as const].entries()) {
    const operation = call("delete", "{}");
    const decision = decide(open, initialState(open), operation, new Map(), 0);
    log.decided(operation, decision, new Map(), index, "{}", consent);
  }
  assert.match(
    suggested(log),
    / {2}# 2 calls, 1970-01-01\n {2}# a person said yes to 1 of them: with ask in place of allow it stays so\n/,
  );
});

Deno.test("one call without an argument does not open the others: each set of arguments has its rule", () => {
  const log = logOf([
    call("read", '{"path":"/srv/data/a","mode":"text"}'),
    call("read", '{"mode":"text","path":"/srv/data/b"}'),
    call("read", "{}"),
    call("read", undefined),
    call("read", '{"path":"/srv/data/c"}'),
  ]);
  const text = suggested(log);
  const under = compile(load(text));
  // (Where a path led, nobody asked then.)
  for (const { after } of log.replay(under)) {
    assert.ok(after.kind === "undecidable" || after.action === "forward", text);
  }
  const facts = disk();
  for (const args of ['{"path":"/etc/passwd"}', '{"path":"/etc/passwd","mode":"text"}', '{"mode":"text"}']) {
    const operation = call("read", args);
    const { verdict } = decide(
      under,
      initialState(under),
      operation,
      facts.answer(needs(under, operation)),
      0,
    );
    assert.equal(verdict, "deny", `${args}\n${text}`);
  }
});

Deno.test("of a tool with too many sets of arguments all calls have one rule", () => {
  const log = logOf(["a", "b", "c", "d", "e"].map((name) => call("t", `{"${name}":"/srv/x"}`)));
  assert.equal(load(suggested(log)).rules.length, 1);
});

Deno.test("whatever a tool is called, its rule has an id that a policy may hold", () => {
  const names = [
    "__proto__",
    "_",
    "-",
    "default",
    "protocol",
    "own-files",
    "safe-urls",
    "lock",
    "rule-1",
    "1a",
  ];
  const log = logOf(
    [...names, "constructor", "tool-1a", "1a-", "a".repeat(300)].map((name) => call(name, "{}")),
  );
  assert.equal(load(suggested(log)).rules.length, names.length + 4);
});

Deno.test("a path that led out of the common directory takes the check with it", () => {
  const calls = ["/tmp/a", "/tmp/out/passwd"].map((path) => call("read", JSON.stringify({ path })));
  const facts = disk().answer(
    ["/tmp", "/tmp/a", "/tmp/out/passwd"].map((path) => ({ kind: "resolve", path, askedBy: "check" })),
  );
  assert.match(suggested(logOf(calls)), /path: \{ under: \/tmp \}/);
  const text = suggested(logOf(calls, facts));
  assert.doesNotMatch(text, /under/);
  assert.match(text, /no checks: what was let through led elsewhere/);
});

Deno.test("a tool whose name is a glob, or none that a policy may hold, is left out", () => {
  const log = logOf([call("*", "{}"), call("read?", "{}"), call("", "{}"), call("a b", "{}")]);
  assert.deepEqual(load(suggested(log)).rules, []);
  assert.match(suggested(log), /Left out, because no rule can spell the name.*: 4 calls/);
});

Deno.test("texts that YAML, or a variable of the policy, would read as something else are quoted", () => {
  for (const value of ["true", "no", "5", "", "- x", "a: b", "${HOME}", "#x", '"', "\\", "é\u2028\u0085"]) {
    const log = logOf(Array.from({ length: 3 }, () => call("t", JSON.stringify({ v: value }))));
    const under = compile(load(suggested(log)));
    assert.ok(under.documents[0].allow.rules[0].arguments.length === 1, value);
    for (const { after } of log.replay(under)) {
      assert.ok(after.kind === "decided" && after.verdict === "allow", value);
    }
  }
});

Deno.test("commonDirectory() takes one path for a file, and the one that others are in for a directory", () => {
  assert.equal(commonDirectory(["/a/b/c.txt"]), "/a/b");
  assert.equal(commonDirectory(["/a/b/c.txt", "/a/b/c.txt"]), "/a/b");
  assert.equal(commonDirectory(["/a/b", "/a/b/c.txt"]), "/a/b");
  assert.equal(commonDirectory(["/a/b/c", "/a/bc/d"]), "/a");
  assert.equal(commonDirectory(["/a", "/b"]), "/");
  assert.equal(commonDirectory(["/a/../b", "/a/c"]), "/");
  assert.equal(commonDirectory([]), "/");
});
