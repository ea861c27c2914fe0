import assert from "node:assert/strict";
import { compilePolicies } from "../../src/policy/compile.ts";
import { type ExampleResult, runExamples } from "../../src/policy/examples.ts";
import { loadPatternEngine } from "../../src/policy/pattern.ts";
import { load } from "./document/load.ts";

const engine = await loadPatternEngine();

function run(text: string): readonly ExampleResult[] {
  const document = load(text);
  const options = { workingDirectory: "/wd", pathCase: "exact" as const, ownFiles: [] };
  return runExamples(document, compilePolicies([document], options, engine));
}

/** One line per example: what it got, and whether that was expected. */
function outcomes(text: string): string[] {
  return run(text).map(({ passed, outcome }) =>
    `${passed ? "ok" : "FAILED"} ${outcome.verdict} ${outcome.rule}`
  );
}

const policy = `
version: 1
rules:
  - { id: read, allow: read_file, args: { path: { under: /tmp } } }
  - { id: no-keys, deny: "*", args: { "**": { finds: '\\.pem$' } } }
  - { id: pace, limit: read_file, to: 2 calls/minute }
  - { id: uris, allow: { resources: "file:///tmp/*" }, args: { lang: [de, en] } }
  - { id: ask, allow: { methods: sampling/createMessage }, args: { maxTokens: { max: 100 } } }
  - { id: hello, allow: { prompts: hello }, args: { name: { matches: '[a-z]+' } } }
examples:
`;

Deno.test("runExamples() judges calls as the proxy would, and compares verdict and rule", () => {
  assert.deepEqual(
    outcomes(`${policy}
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, expect: allow }
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, expect: { allow: read } }
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, expect: { allow: hello } }
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, expect: deny }
  - { call: { tool: read_file, arguments: { path: /tmp/a.pem } }, expect: { deny: no-keys } }
  - { call: { tool: read_file, arguments: { path: /tmp/a.pem } }, expect: { deny: default } }
  - { call: { tool: write_file }, expect: { deny: default } }
`),
    [
      "ok allow read",
      "ok allow read",
      "FAILED allow read",
      "FAILED allow read",
      "ok deny no-keys",
      "FAILED deny no-keys",
      "ok deny default",
    ],
  );
});

Deno.test("runExamples() takes paths by their names: all exist, none is a link, relative ones begin at the server", () => {
  assert.deepEqual(
    outcomes(`${policy}
  - { call: { tool: read_file, arguments: { path: /tmp/no/such/file } }, expect: allow }
  - { call: { tool: read_file, arguments: { path: /tmp/x/../y } }, expect: allow }
  - { call: { tool: read_file, arguments: { path: /tmp/../etc/passwd } }, expect: deny }
  - { call: { tool: read_file, arguments: { path: ../tmp/a } }, expect: allow }
  - { call: { tool: read_file, arguments: { path: a } }, expect: deny }
`),
    ["ok allow read", "ok allow read", "ok deny default", "ok allow read", "ok deny default"],
  );
});

Deno.test("runExamples() makes the same call before as often as after says, and each example starts anew", () => {
  assert.deepEqual(
    outcomes(`${policy}
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, after: 1, expect: allow }
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, after: 2, expect: { limit: pace } }
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, after: 10000, expect: { limit: pace } }
  - { call: { tool: read_file, arguments: { path: /etc/a } }, after: 10000, expect: { limit: pace } }
  - { call: { tool: read_file, arguments: { path: /tmp/a } }, expect: allow }
`),
    ["ok allow read", "ok limit pace", "ok limit pace", "FAILED deny default", "ok allow read"],
  );
});

Deno.test("runExamples() puts the arguments where a peer puts them", () => {
  assert.deepEqual(
    outcomes(`${policy}
  - { call: { resource: "file:///tmp/a", arguments: { lang: de } }, expect: { allow: uris } }
  - { call: { resource: "file:///tmp/a", arguments: { lang: fr } }, expect: deny }
  - { call: { resource: "file:///tmp/a" }, expect: deny }
  - { call: { resource: "file:///tmp/a", arguments: {} }, expect: deny }
  - { call: { prompt: hello, arguments: { name: ann } }, expect: { allow: hello } }
  - { call: { prompt: hello, arguments: { name: 5 } }, expect: deny }
  - { call: { method: sampling/createMessage, from: server, arguments: { maxTokens: 50 } }, expect: { allow: ask } }
  - { call: { method: sampling/createMessage, from: server, arguments: { maxTokens: 500 } }, expect: deny }
  - { call: { method: notifications/cancelled }, expect: allow }
  - { call: { method: tools/list }, expect: allow }
`).map((line) => line.split(" ")[0]),
    Array(10).fill("ok"),
  );
});

Deno.test("runExamples() counts a message that the proxy refuses as denied, whatever the policy", () => {
  const results = run(`
version: 1
default: allow
examples:
  - { call: { method: a, arguments: [1] }, expect: deny }
  - { call: { resource: "x:y", arguments: { uri: "z:z" } }, expect: deny }
  - { call: { resource: "x:y", arguments: [1] }, expect: deny }
`);
  assert.deepEqual(
    results.map(({ passed, outcome }) => [passed, outcome.rule]),
    Array(3).fill([true, "malformed"]),
  );
});

Deno.test("runExamples() compares what the policy says, also where it only observes", () => {
  assert.deepEqual(
    outcomes("version: 1\nmode: observe\nexamples:\n  - { call: { tool: x }, expect: { deny: default } }"),
    ["ok deny default"],
  );
});

Deno.test("runExamples() judges what a message is about besides its method", () => {
  const policy = `
version: 1
default: allow
rules:
  - { id: no-etc, deny: { resources: "file:///etc/*", prompts: secret } }
examples:
`;
  const complete = (ref: string) => `{ method: completion/complete, arguments: { ref: ${ref} } }`;
  const listen = (uris: string) =>
    `{ method: subscriptions/listen, arguments: { notifications: { resourceSubscriptions: ${uris} } } }`;
  assert.deepEqual(
    outcomes(`${policy}
  - { call: ${complete("{ type: ref/prompt, name: hello }")}, expect: allow }
  - { call: ${complete("{ type: ref/prompt, name: secret }")}, expect: { deny: no-etc } }
  - { call: ${complete("{ type: ref/other }")}, expect: deny }
  - { call: ${listen('["file:///tmp/a"]')}, expect: allow }
  - { call: ${listen('["file:///tmp/a", "file:///etc/a"]')}, expect: { deny: no-etc } }
  - { call: { from: server, method: elicitation/create, arguments: { mode: url, url: "file:///x" } }, expect: deny }
`),
    [
      "ok allow default",
      "ok deny no-etc",
      "ok deny malformed",
      "ok allow default",
      "ok deny no-etc",
      "ok deny safe-urls",
    ],
  );
});

const flows = `
version: 1
rules:
  - { id: notes, allow: read_notes, taint: private }
  - { id: page, ask: fetch, args: { url: { present: true } }, taint: untrusted }
  - { id: mail, allow: send_mail }
  - { id: out, deny: send_mail, if_tainted: [private, untrusted] }
examples:
`;

Deno.test("runExamples() makes the calls that after lists before, a person's yes included", () => {
  assert.deepEqual(
    outcomes(`${flows}
  - { call: { tool: send_mail }, expect: { allow: mail } }
  - { call: { tool: send_mail }, after: [{ tool: read_notes }], expect: { allow: mail } }
  - call: { tool: send_mail }
    after: [{ tool: read_notes }, { tool: fetch, arguments: { url: "https://example.org" } }]
    expect: { deny: out }
`),
    ["ok allow mail", "ok allow mail", "ok deny out"],
  );
});

Deno.test("an example after a call that does not pass is no example", () => {
  const text = `${flows}
  - { call: { tool: send_mail }, after: [{ tool: read_notes }, { tool: fetch }], expect: deny }
`;
  const [{ passed, outcome }] = run(text);
  assert.equal(passed, false);
  assert.match(outcome.reason, /^call 2 before it is not let through: /);
});
