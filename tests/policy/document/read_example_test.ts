import assert from "node:assert/strict";
import { complaints, load } from "./load.ts";

const head = `version: 1
rules:
  - { id: open, allow: [a, c] }
  - { id: closed, deny: b }
  - { limit: c, to: 5 calls/day }
examples:
`;

/** The examples of a policy with an allow rule, a deny rule and, third, a limit without an id. */
function examples(text: string) {
  return load(head + text).examples.map(({ at: _, ...example }) => example);
}

/** What is said of examples; the first one begins in line 7. */
function refusals(text: string): string[] {
  return complaints(head + text);
}

Deno.test("an example is a call of a tool, a resource, a prompt or a method, and a verdict", () => {
  assert.deepEqual(
    examples(`
  - call: { tool: a }
    expect: allow
  - call: { resource: "file:///x", arguments: {} }
    expect: { deny: default }
  - call: { prompt: p, arguments: { n: 1.0, s: [a, null] } }
    expect: deny
  - call: { method: sampling/createMessage, from: server }
    expect: { deny: default }
  - call: { tool: c, from: agent }
    after: 5
    expect: { limit: rule-3 }
`),
    [
      { target: "tool", name: "a", from: "downstream", expect: "allow" },
      {
        target: "resource",
        name: "file:///x",
        argumentsJson: "{}",
        from: "downstream",
        expect: "deny",
        expectRule: "default",
      },
      {
        target: "prompt",
        name: "p",
        argumentsJson: '{"n":1.0,"s":["a",null]}',
        from: "downstream",
        expect: "deny",
      },
      {
        target: "method",
        name: "sampling/createMessage",
        from: "upstream",
        expect: "deny",
        expectRule: "default",
      },
      { target: "tool", name: "c", from: "downstream", after: 5, expect: "limit", expectRule: "rule-3" },
    ],
  );
});

Deno.test("an example keeps arguments of any type and spelling, for peers send them too", () => {
  const args = examples(`
  - { call: { tool: a, arguments: [1, 2] }, expect: allow }
  - { call: { tool: a, arguments: 9007199254740993 }, expect: allow }
  - { call: { tool: a, arguments: null }, expect: allow }
  - { call: { tool: a, arguments: { __proto__: { x: 1 } } }, expect: allow }
`).map(({ argumentsJson }) => argumentsJson);
  assert.deepEqual(args, ["[1,2]", "9007199254740993", "null", '{"__proto__":{"x":1}}']);
});

Deno.test("an example that cannot be tried is refused", () => {
  const one = "Write one of tool, resource, prompt and method";
  const table: [string, string][] = [
    ["call: {}, expect: deny", `7:7 policy_wrong_type a call of nothing | ${one}`],
    [
      "call: { tool: a, prompt: b }, expect: deny",
      `7:24 policy_bad_value a call of a tool and a prompt | ${one}`,
    ],
    [
      "call: { method: tools/call }, expect: deny",
      '7:23 policy_bad_value the method "tools/call" in an example | Write tool: and its name',
    ],
    [
      "call: { tool: a, from: server }, expect: deny",
      "7:30 policy_bad_value a server that asks for a tool | " +
      "What a server asks for is a method, for example sampling/createMessage",
    ],
    [
      "call: { tool: a, from: client }, expect: deny",
      '7:30 policy_bad_value "from" is the text "client" | It can be agent or server',
    ],
    ["call: { tool: a }", '7:5 policy_wrong_type the key "expect" is missing | It is text or a map'],
    [
      "call: { tool: a }, expect: 5",
      '7:34 policy_wrong_type "expect" is the number 5, where text or a map is expected | ' +
      'Put it in quotes if it is text: "5"',
    ],
    [
      "call: { tool: a }, expect: { allow: open, deny: closed }",
      "7:26 policy_bad_value an example that expects not exactly one verdict | For example expect: { deny: default }",
    ],
    [
      "call: { tool: a }, expect: { deny: close }",
      '7:42 policy_bad_value no rule has the id "close" | Did you mean "closed"?',
    ],
    [
      "call: { tool: a }, expect: { deny: nothing-like-it }",
      '7:42 policy_bad_value no rule has the id "nothing-like-it" | There are open, closed, rule-3, default',
    ],
    [
      "call: { tool: a }, expect: { deny: open }",
      '7:42 policy_bad_value the rule "open" can only allow, never deny | Write allow: open',
    ],
    [
      "call: { tool: a }, expect: { limit: default }",
      "7:43 policy_bad_value what no rule decides is allowed or denied, never limited",
    ],
    [
      "call: { tool: a }, after: 0, expect: deny",
      '7:33 policy_bad_value "after" is the number 0 | Write at least 1',
    ],
    [
      "call: { tool: a, args: {} }, expect: deny",
      '7:24 policy_unknown_key unknown key "args" in the call of an example | Did you mean "arguments"?',
    ],
  ];
  for (const [example, expected] of table) {
    assert.deepEqual(refusals(`  - { ${example} }`), [expected], example);
  }
});

Deno.test("an example may name a rule that has an error of its own", () => {
  const said = complaints(`version: 1
rules:
  - { id: broken, deny: x, args: { a: { undr: /x } } }
examples:
  - { call: { tool: x }, expect: { deny: broken } }
`);
  assert.equal(said.length, 1);
  assert.match(said[0], /unknown key "undr"/);
});

Deno.test("look-alikes in the arguments of an example are warned of", () => {
  assert.match(
    refusals("  - { call: { tool: a, arguments: { flag: yes } }, expect: allow }")[0],
    /^7:43 look_alike "yes"/,
  );
});

Deno.test("an example may come after other calls, each read like a call of its own", () => {
  const [example] = load(`version: 1
rules: [{ allow: a }]
examples:
  - call: { tool: a }
    after: [{ tool: b, arguments: { x: 1.0 } }, { method: sampling/createMessage, from: server }]
    expect: allow
`).examples;
  assert.deepEqual(example.afterCalls, [
    { target: "tool", name: "b", from: "downstream", argumentsJson: '{"x":1.0}' },
    { target: "method", name: "sampling/createMessage", from: "upstream" },
  ]);
});

Deno.test("what is wrong with a call before is said at its place", () => {
  const about = (after: string) =>
    complaints(`version: 1
rules: [{ allow: a }]
examples:
  - { call: { tool: a }, after: ${after}, expect: allow }`)[0];
  assert.match(about("[{ tool: a, resource: b }]"), /^4:45 policy_bad_value a call of a tool and a resource/);
  assert.match(about("[{}]"), /^4:34 policy_wrong_type a call of nothing/);
  assert.match(about("[]"), /"after" is an empty list/);
  assert.match(about("[{ tol: a }]"), /unknown key "tol".*Did you mean "tool"\?/);
  assert.match(about("soon"), /"after" is the text "soon"/);
});
