/** The ready policies keep what their examples promise, and each says both what it lets through and what it stops. */

import assert from "node:assert/strict";
import allowAll from "../../policies/allow-all.yaml" with { type: "text" };
import denyAll from "../../policies/deny-all.yaml" with { type: "text" };
import filesystem from "../../policies/filesystem.yaml" with { type: "text" };
import shell from "../../policies/shell.yaml" with { type: "text" };
import { type CompiledPolicy, compilePolicies } from "../../src/policy/compile.ts";
import { runExamples } from "../../src/policy/examples.ts";
import { loadDocument } from "../../src/policy/document.ts";
import { loadPatternEngine } from "../../src/policy/pattern.ts";
import type { Example, PolicyDocument } from "../../src/policy/rule.ts";

const engine = await loadPatternEngine();

const texts: Readonly<Record<string, string>> = {
  "allow-all.yaml": allowAll,
  "deny-all.yaml": denyAll,
  "filesystem.yaml": filesystem,
  "shell.yaml": shell,
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
    ["read_multiple_files", "write_file", "edit_file", "create_directory", "move_file"],
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

Deno.test("policies/shell.yaml takes an at sign inside a name, where no shell interprets it", () => {
  const calls = ["ls /tmp/a@b", "ls @/tmp", "ls /tmp@", "ls /tmp/a:b", "ls :/tmp"].map((command) => ({
    tool: "run_command",
    arguments: { command },
  }));
  assert.deepEqual(verdictsOf("shell.yaml", calls), ["allow", "deny", "deny", "deny", "deny"]);
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
