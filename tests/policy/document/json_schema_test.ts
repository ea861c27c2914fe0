import assert from "node:assert/strict";
import { Ajv } from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import allowAll from "../../../policies/allow-all.yaml" with { type: "text" };
import denyAll from "../../../policies/deny-all.yaml" with { type: "text" };
import filesystem from "../../../policies/filesystem.yaml" with { type: "text" };
import shell from "../../../policies/shell.yaml" with { type: "text" };
import checkedIn from "../../../policies/policy.schema.json" with { type: "json" };
import { loadDocument } from "../../../src/policy/document.ts";
import { policyJsonSchema } from "../../../src/policy/document/json_schema.ts";

/** Of everything something. */
const full = `version: 1
name: all of it
mode: enforce
default: deny
denials: tool_result
vars: { root: /tmp, tenant: x }
max_message: 1MiB
server: { memory: 512MiB, processes: 8, open_files: 64, cpu_time: 10s, stop_timeout: 2s, pass_env: [PATH], directory: /tmp }
audit: { mask: all }
rules:
  - id: read
    allow: [read, "list_*"]
    args:
      path: { under: "\${root}" }
      n: { min: 1, max: 5 }
      s: [a, 5, null, true]
      t: { matches: "a+b", max_length: 9 }
    others: none
    until: 2999-12-31
    reason: because
  - deny: { resources: "file:///etc/*", prompts: [p], methods: sampling/createMessage }
    mode: observe
  - limit: "*"
    to: 60 calls/minute
    burst: 5
  - ask: remove
examples:
  - call: { tool: read, arguments: { path: /tmp/a }, from: agent }
    after: 3
    expect: { deny: default }
  - call: { tool: "\${tenant}" }
    expect: deny
`;

const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
const validate = ajv.compile(checkedIn);

function accepts(value: unknown): boolean {
  return validate(value);
}

Deno.test("policies/policy.schema.json is what `policy schema` prints: the task schema writes it anew", () => {
  assert.deepEqual(JSON.stringify(checkedIn), JSON.stringify(policyJsonSchema()));
});

Deno.test("the schema is one of draft 7, and says something of every key", () => {
  assert.equal(ajv.validateSchema(checkedIn), true, ajv.errorsText(ajv.errors));
  const silent: string[] = [];
  const visit = (schema: unknown, path: string) => {
    if (typeof schema !== "object" || schema === null) return;
    const { properties } = schema as { properties?: Record<string, { description?: string }> };
    for (const [key, property] of Object.entries(properties ?? {})) {
      if (typeof property.description !== "string") silent.push(`${path}.${key}`);
    }
    for (const [key, inner] of Object.entries(schema)) visit(inner, `${path}/${key}`);
  };
  visit(checkedIn, "");
  assert.deepEqual(silent, []);
});

Deno.test("every ready policy is valid, and so is one with a bit of everything", () => {
  for (const text of [full, allowAll, denyAll, filesystem, shell]) {
    assert.equal(loadDocument(text, "p.yaml").kind, "ok", text);
    assert.ok(accepts(parse(text)), `${text}\n${ajv.errorsText(validate.errors)}`);
  }
});

Deno.test("what is broken is not", () => {
  const broken = [
    "rules: []",
    "version: 2",
    "version: '1'",
    "version: 1\nrule: []",
    "version: 1\nmode: off",
    "version: 1\nrules: {}",
    "version: 1\nrules: [{ allow: a, deny: b }]",
    "version: 1\nrules: [{ id: a }]",
    "version: 1\nrules: [{ allow: [] }]",
    "version: 1\nrules: [{ allow: a, args: {} }]",
    "version: 1\nrules: [{ allow: a, args: { x: { undr: /tmp } } }]",
    "version: 1\nrules: [{ allow: a, args: { x: { min: '1' } } }]",
    "version: 1\nrules: [{ allow: a, args: { x: { url: { hosts: a } } } }]",
    "version: 1\nrules: [{ allow: a, args: { x: { argv: { flags: -l } } } }]",
    "version: 1\nrules: [{ limit: a }]",
    "version: 1\nrules: [{ limit: a, to: 5/min }]",
    "version: 1\nrules: [{ limit: a, to: { calls: 1 } }]",
    "version: 1\nrules: [{ allow: a, to: 1 call/day }]",
    "version: 1\nrules: [{ allow: a, until: tomorrow }]",
    "version: 1\nvars: { 1a: b }",
    "version: 1\nvars: { a: 5 }",
    "version: 1\nserver: { memory: 512MB }",
    "version: 1\nexamples: [{ call: { tool: a } }]",
    "version: 1\nexamples: [{ call: { tool: a }, expect: maybe }]",
    "version: 1\nexamples: [{ call: { tool: a }, expect: {} }]",
  ];
  for (const text of broken) {
    assert.equal(loadDocument(text, "p.yaml").kind, "error", text);
    assert.equal(accepts(parse(text)), false, text);
  }
});

const ready = [full, full, filesystem, shell].map((text) => parse(text));
const words = [
  ...[
    "version",
    "rules",
    "allow",
    "deny",
    "ask",
    "limit",
    "to",
    "args",
    "others",
    "id",
    "path",
    "under",
    "matches",
  ],
  ...["tool", "call", "expect", "server", "memory", "odd", "burst", "until", "equals", "one_of", "min"],
];
const values = [
  "text",
  "",
  5,
  -1,
  1.5,
  true,
  null,
  [],
  {},
  ["a"],
  { a: 1 },
  "60 calls/minute",
  "none",
  "/tmp",
];

/** A ready policy with one thing in it changed: a key renamed or dropped, a value replaced. */
const changed = fc.record({
  policy: fc.constantFrom(...ready),
  path: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 8 }),
  act: fc.constantFrom("drop", "rename", "replace", "add"),
  word: fc.constantFrom(...words),
  value: fc.constantFrom(...values),
}).map(({ policy, path, act, word, value }) => {
  const copy = structuredClone(policy);
  let at = copy;
  let parent: Record<string, unknown> = copy;
  let last = Object.keys(copy)[0];
  for (const step of path) {
    if (typeof at !== "object" || at === null || Object.keys(at).length === 0) break;
    const keys = Object.keys(at);
    parent = at;
    last = keys[step % keys.length];
    at = at[last];
  }
  if (act === "replace") parent[last] = value;
  else if (act === "add") {
    if (Array.isArray(parent)) parent.push(value);
    else parent[word] = value;
  } else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else {
    if (act === "rename") parent[word] = parent[last];
    delete parent[last];
  }
  return copy;
});

Deno.test("what the loader takes is valid, and what it refuses for a key or a type is not", () => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(changed, (policy) => {
      const text = JSON.stringify(policy);
      const loaded = loadDocument(text, "p.yaml");
      if (loaded.kind === "ok") {
        seen.taken++;
        assert.equal(accepts(policy), true, `${text}\n${ajv.errorsText(validate.errors)}`);
      } else if (loaded.errors.some(({ code }) => code === "policy_unknown_key")) {
        seen.refused++;
        assert.equal(accepts(policy), false, text);
      } else if (
        loaded.errors.some(({ code, message }) =>
          code === "policy_wrong_type" && / where .* expected$/.test(message)
        )
      ) {
        seen.refused++;
        assert.equal(accepts(policy), false, `${text}\n${loaded.errors[0].message}`);
      }
    }),
    { numRuns: 600 },
  );
  assert.ok(seen.taken > 20 && seen.refused > 20, JSON.stringify(seen));
});
