import assert from "node:assert/strict";
import fc from "fast-check";
import { loadDocument } from "../../src/policy/document.ts";
import { draftPolicy, type DraftSource } from "../../src/policy/draft_policy.ts";
import { runExamples } from "../../src/policy/examples.ts";
import type { JsonObject } from "../../src/wire/json_value.ts";
import { compile } from "./support/build.ts";
import { json } from "./support/json.ts";

function source(tools: readonly object[], parts: Partial<DraftSource> = {}): DraftSource {
  return {
    serverInfo: json('{"name":"files","version":"1.2"}'),
    tools: tools.map((tool) => ({
      name: String((tool as { name: unknown }).name),
      value: json(JSON.stringify(tool)) as JsonObject,
    })),
    prompts: [],
    resources: [],
    resourceTemplates: [],
    ...parts,
  };
}

/** What the author gets who takes every # away that stands before a rule. */
function uncommented(text: string): string {
  const lines = text.split("\n");
  const open: string[] = [];
  let isRule = false;
  for (const line of lines) {
    const inner = /^ {2}# (.*)$/.exec(line)?.[1];
    if (inner === undefined) isRule = false;
    else if (/^- (id|allow)/.test(inner)) isRule = true;
    open.push(inner !== undefined && isRule ? `  ${inner}` : line);
  }
  return open.join("\n");
}

const readFile = {
  name: "read_file",
  title: "Read a file",
  description: "Reads a file as text. Nothing else.",
  annotations: { readOnlyHint: true, destructiveHint: false },
  inputSchema: {
    type: "object",
    properties: {
      path: { type: "string", description: "where" },
      mode: { enum: ["text", "binary"] },
      lines: { type: ["integer", "null"], minimum: 1, maximum: 50 },
      "odd.name": { type: "boolean" },
      tags: { type: "array", items: { $ref: "#/$defs/tag" } },
      edits: { type: "array", items: { type: "object" } },
    },
    required: ["path", "mode", "lines", "odd.name", "tags"],
    $defs: { tag: { type: "string", maxLength: 20 } },
  },
};

Deno.test("draftPolicy() writes each tool as a comment, with its title, hints and a check for each argument", () => {
  const text = draftPolicy(source([readFile]));
  const expected = `  ## read_file: Read a file
  ## Reads a file as text.
  ## The server says: it only reads, it destroys nothing.
  # - id: read_file
  #   allow: read_file
  #   args:
  #     path: { under: /tmp }  # string: where
  #     mode: ["text", "binary"]  # any type
  #     lines: { min: 1, max: 50 }  # integer
  #     "\\"odd.name\\"": [true, false]  # boolean
  #     "tags[*]": { max_length: 20 }  # array of string
  #   # Not required; a call without one that is named here does not pass:
  #   #   edits: { max_length: 100 }  # array
  #   # others: none
`;
  assert.ok(text.includes(expected), text);
});

Deno.test("draftPolicy() denies every tool, passes without a warning, and its examples hold", () => {
  for (const tools of [[], [readFile], [{ name: "a b" }, { name: "x" }]]) {
    const loaded = loadDocument(draftPolicy(source(tools)), "p.yaml", { nowMs: 0 });
    assert.ok(loaded.kind === "ok", JSON.stringify(loaded));
    assert.deepEqual(loaded.warnings, []);
    assert.deepEqual(loaded.document.rules.map(({ effect }) => effect), ["deny"]);
    for (const { passed, outcome } of runExamples(loaded.document, compile(loaded.document))) {
      assert.ok(passed, JSON.stringify(outcome));
    }
  }
});

Deno.test("draftPolicy() writes rules that load once their # is taken away", () => {
  const tools = [
    readFile,
    {
      name: "fetch",
      inputSchema: { type: "object", properties: { url: { type: "string" } }, required: ["url"] },
    },
    {
      name: "sh",
      inputSchema: { type: "object", properties: { command: { type: "string" } }, required: ["command"] },
    },
    { name: "plain", inputSchema: { type: "object" } },
    { name: "no", inputSchema: 7 },
    { name: "default" },
    { name: "safe-urls" },
    { name: "rule-2" },
    {
      name: "vars",
      inputSchema: { type: "object", properties: { "${a}": { type: "string" } }, required: ["${a}"] },
    },
  ];
  const text = uncommented(draftPolicy(source(tools, {
    prompts: [{ name: "p", value: new Map() }],
    resources: [{ name: "file:///a", value: new Map() }],
    resourceTemplates: [{ name: "demo://{id}/x", value: new Map() }],
  })));
  const loaded = loadDocument(text, "p.yaml");
  assert.ok(loaded.kind === "ok", loaded.kind === "error" ? `${loaded.errors.join("\n")}\n${text}` : "");
  const { rules } = loaded.document;
  assert.deepEqual(rules.filter(({ effect }) => effect === "allow").flatMap(({ scope }) => scope.tools), [
    "read_file",
    "fetch",
    "sh",
    "plain",
    "no",
    "default",
    "safe-urls",
    "rule-2",
    "vars",
  ]);
  assert.deepEqual(rules.flatMap(({ scope }) => [...scope.prompts, ...scope.resources]), [
    "p",
    "file:///a",
    "demo://*/x",
  ]);
});

Deno.test("draftPolicy() leaves out what a policy has no room for, and says how much", () => {
  const many = Array.from(
    { length: 10_000 },
    (_, number) => ({ name: `tool_${number}`, description: "é".repeat(99) }),
  );
  const text = draftPolicy(source(many));
  const loaded = loadDocument(text, "p.yaml");
  assert.ok(loaded.kind === "ok", JSON.stringify(loaded).slice(0, 300));
  const shown = text.match(/^ {2}# - id: tool_/gm)!.length;
  assert.ok(
    shown > 1000 && text.includes(`\n  ## and ${10_000 - shown} more, for which there is no room here\n`),
  );
});

Deno.test("whatever a server says of itself, the policy denies all of it", () => {
  const nasty = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "x\n- allow: '*'",
      "x\r- allow: y",
      "x\u2028y",
      "x\u0085- allow: z",
      "\ud800",
      "#",
      "'",
      '"',
      "!a",
      "{{",
    ),
    fc.array(fc.constantFrom("\n", "\r", "\u0085", "\u2028", "  - allow: x", "# ", ": ", "version: 1", "\t"))
      .map((parts) => parts.join("")),
  );
  const tool = fc.record({
    name: nasty,
    title: nasty,
    description: nasty,
    inputSchema: fc.record({
      properties: fc.dictionary(nasty, fc.record({ description: nasty, enum: fc.array(nasty), type: nasty })),
      required: fc.array(nasty),
    }),
  });
  fc.assert(fc.property(fc.array(tool, { maxLength: 3 }), nasty, (tools, name) => {
    const value = new Map([["description", name]]);
    const items = [{ name, value }];
    const text = draftPolicy({
      serverInfo: new Map([["name", name], ["version", name]]),
      tools: tools.map((one) => ({
        name: one.name,
        value: json(JSON.stringify(one).replaceAll("\\ud800", "")) as JsonObject,
      })),
      prompts: items,
      resources: items,
      resourceTemplates: items,
    });
    const loaded = loadDocument(text, "p.yaml");
    assert.ok(loaded.kind === "ok", loaded.kind === "error" ? loaded.errors.join("\n") : "");
    assert.deepEqual(loaded.document.rules.map(({ id }) => id), ["no-credentials"]);
    const open = loadDocument(uncommented(text), "p.yaml");
    // Names alike are rules alike: all else must load.
    const errors = open.kind === "error"
      ? open.errors.filter(({ message }) => !/two rules have the id/.test(message))
      : [];
    assert.deepEqual(errors.map(String), []);
  }));
});
