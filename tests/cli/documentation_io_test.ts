/** What README.md and docs/policy.md say: every policy in them, every command, every name in a table. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commandLine } from "../../src/cli/command_line.ts";
import { policyCheck } from "../../src/cli/policy_check.ts";
import { recordingServer, runProgram, Scratch } from "../e2e/support/program.ts";
import { type Part, wordsAt } from "../../src/policy/document/vocabulary.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => Deno.readTextFileSync(`${repository}${name}`);
const guide = read("docs/policy.md");
const documents: readonly (readonly [string, string])[] = [["README.md", read("README.md")], [
  "docs/policy.md",
  guide,
]];

/** The text below a heading, to the next one of the same level. */
function section(heading: string): string {
  const [, rest] = guide.split(`\n## ${heading}\n`);
  assert.ok(rest, heading);
  return rest.split("\n## ")[0];
}

/** Code in the first column of tables. */
function tableNames(text: string): string[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => [...row.split("|")[1].matchAll(/`([^`]+)`/g)].map(([, name]) => name));
}

for (const [name, text] of documents) {
  for (const { index, 1: block } of text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)) {
    const line = text.slice(0, index).split("\n").length;
    Deno.test(`the policy in ${name}, line ${line}, is in order, and its examples hold`, async () => {
      const rules = block.startsWith("- ") ? `rules:\n${block}` : block;
      const whole = /^version:/m.test(rules) ? rules : `version: 1\n${rules}`;
      const file = await Deno.makeTempFile({ suffix: ".yaml" });
      try {
        await Deno.writeTextFile(file, whole);
        const said: string[] = [];
        const output = { out: (said_: string) => void said_, err: (line: string) => said.push(line) };
        const vars = /^ *tenant: null/m.test(block) ? ["tenant=acme"] : [];
        const status = await policyCheck([file], { json: false, vars }, output);
        assert.equal(status, 0, said.join("\n"));
        assert.ok(!said.some((line) => line.includes("error:")), said.join("\n"));
      } finally {
        await Deno.remove(file);
      }
    });
  }
}

Deno.test("read private, read untrusted, no way out: eight lines of policy at most", () => {
  const [, block] = section("Flows").match(/```yaml\n([\s\S]*?)```/)!;
  assert.match(block, /taint: private[\s\S]*taint: untrusted[\s\S]*if_tainted: \[private, untrusted\]/);
  assert.ok(block.trimEnd().split("\n").length <= 8, block);
});

Deno.test("the table of ready policies names each file of policies/, and no other", () => {
  const files = [...Deno.readDirSync(`${repository}policies`)].map(({ name }) => name);
  assert.deepEqual(
    tableNames(section("Ready policies")).sort(),
    files.filter((name) => name.endsWith(".yaml")).sort(),
  );
});

Deno.test("the tables of keys name every key of the language, and no other", () => {
  const places: [Part, string[]][] = [["policy", []], ["rule", []], ["argument", []], ["policy", ["server"]]];
  const known = places.flatMap(([part, path]) => wordsAt(part, path)!.known);
  const keys = section("Every key");
  assert.deepEqual(tableNames(keys).sort(), [...known].sort());
  const inner: [Part, string[]][] = [
    ["policy", ["audit"]],
    ["quota", []],
    ["rule", ["allow"]],
    ["argument", ["url"]],
    ["argument", ["argv"]],
  ];
  for (const word of inner.flatMap(([part, path]) => wordsAt(part, path)!.known)) {
    assert.ok(keys.includes(`\`${word}`), word);
  }
});

Deno.test("every link of the guide leads to a heading that is there", () => {
  const anchors = new Set(
    [...guide.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    ),
  );
  for (const [name, text] of documents) {
    const links = [
      ...text.matchAll(name === "README.md" ? /\(docs\/policy\.md#([\w-]+)\)/g : /\(#([\w-]+)\)/g),
    ];
    assert.ok(links.length > 1, name);
    for (const [, anchor] of links) assert.ok(anchors.has(anchor), `${name}: ${anchor}`);
  }
});

Deno.test("the help of every command has examples, fits a terminal, and says what the exit status means", () => {
  const visit = (command: ReturnType<typeof commandLine>) => {
    let printed = "";
    command.configureOutput({ writeOut: (text) => printed += text, getOutHelpWidth: () => 80 });
    command.outputHelp();
    assert.match(printed, /\nExamples:\n {2}\S/, command.name());
    if (command.commands.length === 0) assert.match(printed, /\nExit status: 0 /, command.name());
    for (const line of printed.split("\n")) assert.ok(line.length <= 80, `${command.name()}: ${line}`);
    for (const inner of command.commands) visit(inner as typeof command);
  };
  visit(commandLine(() => {}, () => {}, () => Promise.resolve(0), []));
});

/** The words behind the program's name, wherever a document or a policy writes a command. */
function commandsIn(text: string): string[][] {
  const joined = text.replace(/\\\n\s*#?\s*/g, " ");
  return [...joined.matchAll(/(?:lilith-zero|mod\.ts) ((?:run|policy|lock|approvals|audit) [^`\n"]*)/g)]
    .map(([, words]) => words.split(/ +# /)[0].split(/\s+/).filter((word) => word !== ""));
}

Deno.test("every command in the documents and the policies is one that there is, with its options", () => {
  const program = commandLine(() => {}, () => {}, () => Promise.resolve(0), []);
  const texts: (readonly [string, string])[] = [...documents, ["help", read("src/cli/help_texts.ts")]];
  for (const { name } of Deno.readDirSync(`${repository}policies`)) {
    texts.push([name, read(`policies/${name}`)]);
  }
  let seen = 0;
  for (const [name, text] of texts) {
    for (const words of commandsIn(text)) {
      let command = program;
      while (command.commands.length > 0) {
        const next = command.commands.find((inner) => words[0].replace(/\W+$/, "") === inner.name());
        if (next === undefined) break;
        command = next;
        words.shift();
      }
      // Prose names a command as a whole, and several at a time: `approvals list|approve|deny`.
      for (const word of words) {
        if (word === "--" || word === "-") break;
        if (!/^-{1,2}[a-z]/.test(word) || word === "--help") continue;
        const flag = word.replace(/[^\w-].*$/, "");
        assert.ok(
          command.options.some(({ long, short }) => flag === long || flag === short),
          `${name}: ${command.name()} has no ${flag}`,
        );
        seen++;
      }
    }
  }
  assert.ok(seen > 20, `${seen}`);
});

Deno.test("what --json prints has the keys that the guide names, and no other", async () => {
  await using scratch = await Scratch.make();
  const [policy, log, lock] = [
    `${repository}policies/deny-all.yaml`,
    scratch.file("log"),
    scratch.file("lock"),
  ];
  // A server that does nothing ends with its client, and leaves a log of two lines.
  await runProgram(["run", "-p", policy, "-a", log, "--", "cat"]);
  const commands = new Map([
    ["policy check", ["policy", "check", "--json", policy]],
    ["policy explain", ["policy", "explain", "--json", "-p", policy, '{"tool":"x"}']],
    ["policy replay", ["policy", "replay", "--json", "-p", policy, log]],
    ["audit verify", ["audit", "verify", "--json", log]],
    ["lock", ["lock", "--json", "-o", lock, "--", "node", recordingServer, scratch.file("seen")]],
  ]);
  for (const [name, words] of commands) {
    const { stdout, stderr } = await runProgram(words);
    assert.ok(stdout !== "", stderr);
    const row = section("For machines").split("\n").find((line) => line.startsWith(`| \`${name}\``))!;
    for (const key of Object.keys(JSON.parse(stdout))) {
      assert.ok(row.includes(`\`${key}\``), `${name}: ${key}`);
    }
  }
});

Deno.test("the guide names every kind of record, and no member that records do not have", () => {
  const [, table] = section("In the audit log").split("| `kind`");
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const shapes = read("src/audit/record_body.ts");
  const kinds = [...shapes.matchAll(/readonly kind: "(\w+)"/g)].map(([, kind]) => kind);
  assert.deepEqual(tableNames(rows.join("\n")).sort(), [...new Set(kinds)].sort());
  const source = shapes + read("src/audit/record.ts");
  for (const [, word] of rows.join("\n").matchAll(/`(\w+)`/g)) {
    assert.match(source, new RegExp(`\\b${word}\\b`), word);
  }
});
