import assert from "node:assert/strict";
import { findServerOddities, type ServerOffer } from "../../../src/policy/document/server_findings.ts";
import type { JsonObject } from "../../../src/wire/json_value.ts";
import { json } from "../support/json.ts";
import { load } from "./load.ts";

const read = {
  name: "read_file",
  inputSchema: {
    properties: {
      path: { type: "string" },
      limit: { $ref: "#/$defs/count" },
      edits: { type: "array", items: { properties: { text: { type: ["string", "null"] } } } },
      either: { anyOf: [{ type: "string" }, { type: "number" }] },
    },
    $defs: { count: { type: "integer" } },
  },
};
const list = { name: "list_dir", inputSchema: { properties: { path: { type: "string" } } } };
const open = { name: "open", inputSchema: { type: "object" } };

function items(all: readonly object[], key: string) {
  return all.map((one) => ({
    name: (one as Record<string, string>)[key],
    value: json(JSON.stringify(one)) as JsonObject,
  }));
}

const offer: ServerOffer = {
  tools: items([read, list, open], "name"),
  prompts: items([{ name: "greet" }], "name"),
  resources: items([{ uri: "demo://one" }], "uri"),
  resourceTemplates: items([{ uriTemplate: "file:///{path}" }], "uriTemplate"),
};

/** What is said of rules that begin in line 4; the tools that no rule is about are left out. */
function oddities(rules: string): string[] {
  return findServerOddities(load(`version: 1\ndefault: deny\nrules:\n${rules}`), offer)
    .filter(({ code }) => code !== "unmentioned_tool")
    .map(({ code, at, message, hint }) => `${at.line}:${at.column} ${code} ${message} | ${hint}`);
}

Deno.test("names and globs that cover nothing of the server's are told at their place", () => {
  assert.deepEqual(oddities('  - allow: [read_file, raed_file, "write_*"]\n'), [
    '4:24 unknown_name the server has no tool "raed_file" | Did you mean "read_file"?',
    '4:35 unknown_name the server has no tool that "write_*" covers | It has read_file, list_dir, open',
  ]);
  assert.deepEqual(
    oddities('  - deny: { prompts: [greet, great], resources: ["demo://*", "demo://two", "x:*"] }\n'),
    [
      '4:30 unknown_name the server has no prompt "great" | Did you mean "greet"?',
      '4:62 unknown_name the server has no resource "demo://two" | Did you mean "demo://one"?',
      '4:76 unknown_name the server has no resource that "x:*" covers | It has demo://one',
    ],
  );
});

Deno.test("a resource that a template could name is no odd name", () => {
  assert.deepEqual(oddities('  - deny: { resources: ["file:///etc/passwd", "file:*", "*"] }\n'), []);
});

Deno.test("arguments that a tool does not take are told, with what was meant", () => {
  assert.deepEqual(oddities("  - allow: read_file\n    args: { paht: { under: /tmp } }\n"), [
    '5:13 unknown_argument "paht" is no argument of the tool "read_file" | Did you mean "path"?',
  ]);
  assert.deepEqual(oddities('  - deny: read_file\n    args: { "edits[*].txet": x, "edits[*].text": x }\n'), [
    '5:13 unknown_argument "edits[*].txet" is no argument of the tool "read_file" | Did you mean "text"?',
  ]);
  assert.deepEqual(oddities("  - { id: both, allow: [read_file, list_dir], args: { limit: 1 } }\n"), [
    '4:55 unknown_argument "limit" is no argument of the tool "list_dir", so the rule "both" never allows it | ' +
    "Give it a rule of its own",
  ]);
});

Deno.test("nothing is said of arguments where the schema is open, of what shall be absent, and of anything anywhere", () => {
  assert.deepEqual(oddities("  - { allow: open, args: { whatever: 1 } }\n"), []);
  assert.deepEqual(oddities("  - { deny: read_file, args: { extra: { present: false } } }\n"), []);
  assert.deepEqual(oddities('  - { deny: read_file, args: { "**": { finds: x } } }\n'), []);
  assert.deepEqual(oddities("  - { deny: read_file, args: { either: { min: 1 } } }\n"), []);
});

Deno.test("a check that never says yes of the argument's type is told", () => {
  assert.deepEqual(oddities("  - { allow: read_file, args: { path: { min: 1 } } }\n"), [
    '4:33 argument_type "path" of the tool "read_file" is string, and "min" is about numbers | ' +
    "Such a check never says yes of it",
  ]);
  assert.deepEqual(oddities('  - { deny: read_file, args: { limit: { finds: "9" } } }\n'), [
    '4:32 argument_type "limit" of the tool "read_file" is integer, and "finds" is about texts | ' +
    "Such a check never says yes of it",
  ]);
  assert.deepEqual(oddities('  - { deny: read_file, args: { "edits[*].text": { max_length: 9 } } }\n'), []);
});

Deno.test("tools that no rule speaks of are named once", () => {
  const document = load("version: 1\nrules:\n  - allow: open\n");
  const said = (fallback: "allow" | "deny") =>
    findServerOddities({ ...document, default: fallback }, offer).map(({ message, hint }) =>
      `${message} | ${hint}`
    );
  const what = 'no rule speaks of the tools "read_file", "list_dir"';
  assert.deepEqual(said("deny"), [`${what} | They are denied, because default is deny`]);
  assert.deepEqual(said("allow"), [`${what} | default: allow lets calls of them through`]);
  assert.deepEqual(findServerOddities(load('version: 1\nrules:\n  - deny: { methods: "*" }\n'), offer), []);
});
