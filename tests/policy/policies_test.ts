/** The ready policies keep what their examples promise, and each says both what it lets through and what it stops. */

import assert from "node:assert/strict";
import allowAll from "../../policies/allow-all.yaml" with { type: "text" };
import denyAll from "../../policies/deny-all.yaml" with { type: "text" };
import fetch from "../../policies/fetch.yaml" with { type: "text" };
import filesystem from "../../policies/filesystem.yaml" with { type: "text" };
import lethalTrifecta from "../../policies/lethal-trifecta.yaml" with { type: "text" };
import git from "../../policies/git.yaml" with { type: "text" };
import github from "../../policies/github.yaml" with { type: "text" };
import memory from "../../policies/memory.yaml" with { type: "text" };
import paranoid from "../../policies/paranoid.yaml" with { type: "text" };
import postgres from "../../policies/postgres.yaml" with { type: "text" };
import shell from "../../policies/shell.yaml" with { type: "text" };
import sqlite from "../../policies/sqlite.yaml" with { type: "text" };
import { compilePolicies } from "../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { runExamples } from "../../src/policy/examples.ts";
import { loadDocument } from "../../src/policy/document.ts";
import { loadPatternEngine } from "../../src/policy/pattern.ts";
import type { Example, PolicyDocument } from "../../src/policy/rule.ts";

const engine = await loadPatternEngine();

const texts: Readonly<Record<string, string>> = {
  "allow-all.yaml": allowAll,
  "deny-all.yaml": denyAll,
  "fetch.yaml": fetch,
  "filesystem.yaml": filesystem,
  "lethal-trifecta.yaml": lethalTrifecta,
  "git.yaml": git,
  "github.yaml": github,
  "memory.yaml": memory,
  "paranoid.yaml": paranoid,
  "postgres.yaml": postgres,
  "shell.yaml": shell,
  "sqlite.yaml": sqlite,
};

function open(name: string): { document: PolicyDocument; policy: CompiledPolicy } {
  const loaded = loadDocument(texts[name], name);
  assert.ok(loaded.kind === "ok", name);
  assert.deepEqual(loaded.warnings, []);
  const { document } = loaded;
  const options = { workingDirectory: "/", pathCase: "exact" as const, ownFiles: [] };
  return { document, policy: compilePolicies([document], options, engine) };
}

for (const name of Object.keys(texts)) {
  Deno.test(`policies/${name} loads without a warning and passes each of its examples`, () => {
    const { document, policy } = open(name);
    const results = runExamples(document, policy);
    assert.ok(results.length >= 3);
    for (const { passed, example, outcome } of results) {
      assert.ok(
        passed,
        `${name}:${example.at.line}: got ${outcome.verdict} by ${outcome.rule}: ${outcome.reason}`,
      );
    }
  });
}

for (const name of ["filesystem.yaml", "shell.yaml"]) {
  Deno.test(`policies/${name} has examples of every verdict and of every rule`, () => {
    const { document } = open(name);
    assert.deepEqual(
      new Set(document.examples.map(({ expect }) => expect)),
      new Set(["allow", "deny", "limit"]),
    );
    const shown = new Set(document.examples.map(({ expectRule }) => expectRule));
    for (const { id } of document.rules) assert.ok(shown.has(id), id);
  });
}

/** What a policy says of calls that its examples do not name. */
function verdictsOf(name: string, calls: readonly { tool: string; arguments: unknown }[]): string[] {
  const { document, policy } = open(name);
  const examples = calls.map((call): Example => ({
    target: "tool",
    name: call.tool,
    argumentsJson: JSON.stringify(call.arguments),
    from: "downstream",
    expect: "deny",
    at: { line: 1, column: 1 },
  }));
  return runExamples({ ...document, examples }, policy).map(({ outcome }) => outcome.verdict);
}

/** `tools/list` of @modelcontextprotocol/server-filesystem 2026.8.31, with arguments that it takes. */
const filesystemTools: Readonly<Record<string, unknown>> = {
  read_file: { path: "/tmp/a" },
  read_text_file: { path: "/tmp/a", head: 5 },
  read_media_file: { path: "/tmp/a.png" },
  read_multiple_files: { paths: ["/tmp/a"] },
  write_file: { path: "/tmp/a", content: "x" },
  edit_file: { path: "/tmp/a", edits: [{ oldText: "a", newText: "b" }], dryRun: true },
  create_directory: { path: "/tmp/d" },
  list_directory: { path: "/tmp" },
  list_directory_with_sizes: { path: "/tmp", sortBy: "size" },
  directory_tree: { path: "/tmp", excludePatterns: [] },
  move_file: { source: "/tmp/a", destination: "/tmp/b" },
  search_files: { path: "/tmp", pattern: "*.txt", excludePatterns: ["node_modules"] },
  get_file_info: { path: "/tmp/a" },
  list_allowed_directories: {},
};

Deno.test("policies/filesystem.yaml lets every reading tool read, and no other do anything", () => {
  const names = Object.keys(filesystemTools);
  const verdicts = verdictsOf(
    "filesystem.yaml",
    names.map((tool) => ({ tool, arguments: filesystemTools[tool] })),
  );
  assert.deepEqual(
    names.filter((_, index) => verdicts[index] !== "allow"),
    ["write_file", "edit_file", "create_directory", "move_file"],
  );
});

Deno.test("policies/shell.yaml stops every command line with a character that a shell interprets", () => {
  const special = [..."\t\n\r\0\x1b!\"#$%&'()*,;<=>?[\\]^`{|}~", "\u00a0", "\u2028", "\uff0f", "é"];
  const calls = special.flatMap((character) =>
    [`ls /tmp${character}`, `ls /tmp/${character}x`, `${character}ls /tmp`, `ls${character}/tmp`].map((
      command,
    ) => ({
      tool: "run_command",
      arguments: { command },
    }))
  );
  assert.deepEqual(new Set(verdictsOf("shell.yaml", calls)), new Set(["deny"]));
});

Deno.test("policies/shell.yaml takes an at sign or a colon inside a name, where no shell interprets it", () => {
  const calls = ["ls /tmp/a@b", "ls @/tmp", "ls /tmp@", "ls /tmp/a:b", "ls :/tmp"].map((command) => ({
    tool: "run_command",
    arguments: { command },
  }));
  assert.deepEqual(verdictsOf("shell.yaml", calls), ["allow", "deny", "deny", "allow", "deny"]);
});

Deno.test("policies/shell.yaml stops every way up and every option with an argument", () => {
  const commands = [
    "ls /tmp/..",
    "ls /tmp/../",
    "ls /tmp/a/../../etc",
    "ls /tmp/./../etc",
    "ls /tmp//../etc",
    "ls -R /tmp",
    "ls -L /tmp",
    "ls -I x /tmp",
    "ls /tmp -R",
    "ls --recursive /tmp",
    "ls --color=a/b /tmp",
    "ls '/tmp'",
    "ls /tmp\\..",
    "ls -T9 /tmp",
    "ls -- /tmp",
    "ls - /tmp",
    "ls  /tmp",
    " ls /tmp",
    "ls /tmp ",
    "lsof /tmp",
    "ls/tmp",
    "",
  ];
  const calls = commands.map((command) => ({ tool: "run_command", arguments: { command } }));
  assert.deepEqual(verdictsOf("shell.yaml", calls), commands.map(() => "deny"));
});

for (
  const name of ["fetch", "git", "github", "memory", "postgres", "sqlite"].map((server) => `${server}.yaml`)
) {
  Deno.test(`policies/${name} has an example of every rule, and of every verdict that its rules give`, () => {
    const { document } = open(name);
    const shown = new Set(document.examples.map(({ expectRule }) => expectRule));
    for (const { id } of document.rules) assert.ok(shown.has(id), id);
    assert.deepEqual(
      new Set(document.examples.map(({ expect }) => expect)),
      new Set(document.rules.map(({ effect }) => effect)),
    );
  });
}

Deno.test("policies/paranoid.yaml allows no tool, resource or prompt by itself", () => {
  const { document } = open("paranoid.yaml");
  assert.deepEqual([document.default, document.lock], ["deny", "required"]);
  assert.ok(document.rules.every(({ effect }) => effect !== "allow"));
});

/** Addresses of the network that a server stands in, as servers and agents spell them. */
const insideAddresses = [
  "https://localhost/",
  "https://LOCALHOST./",
  "https://app.localhost/",
  "https://127.0.0.1/",
  "https://127.1/",
  "https://0x7f.1/",
  "https://0177.0.0.1/",
  "https://2130706433/",
  "https://0/",
  "https://10.1.2.3/",
  "https://172.16.0.1/",
  "https://192.168.1.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://[::1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[fd00::1]/",
  "https://[fe80::1]/",
  "https://intranet/",
  "https://printer.local/",
  "https://example.org@127.0.0.1/",
  "https://example.org\\@127.0.0.1/",
  "https:///127.0.0.1/",
  "//127.0.0.1/",
  "http://example.org/",
  "ftp://example.org/",
  "file:///etc/passwd",
  "gopher://example.org/",
  "javascript:alert(1)",
  "https://example.org:22/ https://127.0.0.1/",
  "",
];

Deno.test("policies/fetch.yaml reaches no address inside, however it is spelt", () => {
  const calls = insideAddresses.map((url) => ({ tool: "fetch", arguments: { url } }));
  assert.deepEqual(
    insideAddresses.filter((_, index) => verdictsOf("fetch.yaml", calls)[index] !== "deny"),
    [],
  );
});

Deno.test("policies/postgres.yaml and sqlite.yaml pass one statement at a time, whatever stands around it", () => {
  const statements = [
    "SELECT 1; DROP TABLE t",
    "SELECT 1;; DROP TABLE t",
    "SELECT 1;\nDROP TABLE t",
    "SELECT 1; -- \nDROP TABLE t",
    "SELECT 1;/**/DROP TABLE t;",
    "/* SELECT */ DROP TABLE t",
    "-- SELECT\nDROP TABLE t",
    "COMMIT; SELECT 1",
    "SELECT 1;\0DROP TABLE t",
    "SELECTED",
    "(SELECT 1); DELETE FROM t",
  ];
  for (const [name, tool, argument] of [["postgres", "query", "sql"], ["sqlite", "read_query", "query"]]) {
    const calls = statements.map((statement) => ({ tool, arguments: { [argument]: statement } }));
    assert.deepEqual(verdictsOf(`${name}.yaml`, calls), statements.map(() => "deny"), name);
  }
});

/** Names of tools that change something, of github-mcp-server 0.20 and of @modelcontextprotocol/server-github 2025.4.8. */
const writingTools =
  ("actions_run_trigger add_comment_to_pending_review add_issue_comment add_project_item add_reply_to_pull_request_comment " +
    "assign_copilot_to_issue cancel_workflow_run create_and_submit_pull_request_review create_branch create_gist " +
    "create_issue create_or_update_file create_pull_request create_repository delete_file delete_project_item " +
    "delete_workflow_run_logs dismiss_notification fork_repository issue_write label_write manage_notification_subscription " +
    "mark_all_notifications_read merge_pull_request projects_write pull_request_review_write push_files " +
    "request_copilot_review rerun_failed_jobs run_workflow star_repository sub_issue_write submit_pending_pull_request_review " +
    "unstar_repository update_gist update_issue update_project_item update_pull_request update_pull_request_branch")
    .split(" ");

Deno.test("policies/github.yaml denies every tool that writes by a rule of its own, whoever owns the repository", () => {
  const { document, policy } = open("github.yaml");
  const examples = writingTools.map((name): Example => ({
    target: "tool",
    name,
    argumentsJson: JSON.stringify({ owner: "my-org", repo: "website" }),
    from: "downstream",
    expect: "deny",
    expectRule: "no-writing",
    at: { line: 1, column: 1 },
  }));
  const others = runExamples({ ...document, examples }, policy).filter(({ passed }) => !passed);
  assert.deepEqual(others.map(({ example }) => example.name), []);
});
