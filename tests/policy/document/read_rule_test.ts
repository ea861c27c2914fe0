import assert from "node:assert/strict";
import { builtInRuleIds } from "../../../src/policy/built_in.ts";
import { loadRules, ruleComplaints } from "./load.ts";

Deno.test("a rule has exactly one effect", () => {
  assert.deepEqual(ruleComplaints("  - { id: a }"), [
    "3:5 policy_wrong_type a rule without allow, deny, ask or limit | Write what it does and to which tools",
  ]);
  assert.deepEqual(ruleComplaints("  - allow: x\n    deny: x"), [
    "4:5 policy_bad_value a rule with allow and deny | A rule has one effect: write two rules",
  ]);
  assert.deepEqual(ruleComplaints("  - read_file"), [
    '3:5 policy_wrong_type rule 1 is the text "read_file", where a map is expected | ' +
    "A rule begins with what it does: - allow: read_file",
  ]);
});

Deno.test("an id is a word that no decision uses for itself", () => {
  for (const id of ["read-tmp", "R2.d2", "team/files:read", "lesen_für_alle"]) {
    assert.equal(loadRules(`  - { id: "${id}", allow: x }`)[0].id, id);
  }
  for (const id of ["read tmp", "-x", "a\\tb", "", "x".repeat(101)]) {
    assert.match(ruleComplaints(`  - { id: "${id}", deny: x }`)[0], /^3:11 policy_bad_value /);
  }
  for (const id of ["default", "own-files", "protocol", "safe-urls", ...builtInRuleIds]) {
    assert.deepEqual(ruleComplaints(`  - { id: ${id}, deny: x }`), [
      `3:11 policy_bad_value the id "${id}" has a meaning of its own | Choose another`,
    ]);
  }
});

Deno.test("a scope is a name, a list, or a map of kinds", () => {
  const scopes = loadRules(`
  - deny: "*"
  - deny: [a, "b_*"]
  - deny: { resources: "file:///tmp/*", methods: [sampling/createMessage, "x/*"] }
  - deny: { tools: [a], prompts: p }
`).map(({ scope }) => scope);
  const empty = { tools: [], resources: [], prompts: [], methods: [] };
  assert.deepEqual(scopes, [
    { ...empty, tools: ["*"] },
    { ...empty, tools: ["a", "b_*"] },
    { ...empty, resources: ["file:///tmp/*"], methods: ["sampling/createMessage", "x/*"] },
    { ...empty, tools: ["a"], prompts: ["p"] },
  ]);
});

Deno.test("a scope that would cover nothing, or not what was meant, is refused", () => {
  const globs = "Names are globs: * stands for any characters, ? for one, all else for itself";
  const table: [string, string][] = [
    ["[]", '3:11 policy_bad_value "deny" is an empty list | Write at least one'],
    ["{}", '3:5 policy_bad_value a rule that covers nothing | Name tools, or "*" for all of them'],
    ["{ tools: [] }", '3:20 policy_bad_value "tools" is an empty list | Write at least one'],
    [
      "{ tool: x }",
      '3:13 policy_unknown_key unknown key "tool" in what a rule covers | Did you mean "tools"?',
    ],
    [
      "5",
      '3:11 policy_wrong_type "deny" is the number 5, where text, a list or a map is expected | ' +
      'Put it in quotes if it is text: "5"',
    ],
    [
      "[a, 5]",
      '3:15 policy_wrong_type element 2 of "deny" is the number 5, where text is expected | ' +
      'Put it in quotes if it is text: "5"',
    ],
    ['""', '3:11 policy_bad_value an empty name | For all of them write "*"'],
    [
      "a, b",
      '3:11 policy_bad_value "a, b" is one name with a space or a comma in it | ' +
      "For several names write a list: [a, b]; a space inside a name is written ?",
    ],
    [
      "read_{a,b}",
      `3:11 policy_bad_value "read_{a,b}" holds "{", which is no glob | ${globs}`,
    ],
    ["(a|b)", `3:11 policy_bad_value "(a|b)" holds "(", which is no glob | ${globs}`],
    ["^read_", `3:11 policy_bad_value "^read_" holds "^", which is no glob | ${globs}`],
    [
      '{ resources: "file:///{a,b}" }',
      `3:24 policy_bad_value "file:///{a,b}" holds "{", which is no glob | ${globs}`,
    ],
    [
      '"!x"',
      '3:11 policy_bad_value "!x" begins with "!", which is no glob | Write a deny rule for what is left out',
    ],
    ['"[ab]_x"', `3:11 policy_bad_value "[ab]_x" holds "[", which is no glob | ${globs}`],
    [
      '"a\\u200b"',
      '3:11 policy_bad_value "a\\u{200b}" holds a character that cannot be seen | Take it out, or write ? for it',
    ],
  ];
  for (const [scope, expected] of table) {
    assert.deepEqual(ruleComplaints(`  - deny: ${scope}`), [expected], scope);
  }
});

Deno.test("a URI may hold what a URI holds", () => {
  const uri = "http://[::1]/a,b/(c)$?d";
  assert.deepEqual(loadRules(`  - deny: { resources: "${uri}" }`)[0].scope.resources, [uri]);
});

Deno.test("a name that looks like a regular expression or a misspelt method is warned of", () => {
  assert.match(
    ruleComplaints("  - deny: write_.*")[0],
    /^3:11 odd_name "write_\.\*" looks like a regular expression/,
  );
  assert.deepEqual(ruleComplaints("  - deny: fs.*"), []);
  assert.deepEqual(ruleComplaints("  - deny: { methods: sampling/createmessage }"), [
    '3:22 odd_name no revision of MCP has the method "sampling/createmessage" | ' +
    'Did you mean "sampling/createMessage"?',
  ]);
  assert.deepEqual(ruleComplaints('  - deny: { methods: ["sampling/*", vendor/own] }'), []);
});

Deno.test("a limit needs a rate, and nothing else takes one", () => {
  const [limit, burst] = loadRules(
    '  - { limit: "*", to: 5 calls/second }\n  - { limit: "*", to: 60 calls/hour, burst: 3 }',
  );
  assert.deepEqual(limit.to, { calls: 5, perMs: 1000, burst: 5 });
  assert.deepEqual(burst.to, { calls: 60, perMs: 3_600_000, burst: 3 });
  const table: [string, string][] = [
    [
      'limit: "*"',
      '3:7 policy_wrong_type the key "to" is missing: limit to what? | A limit is written to: 60 calls/minute',
    ],
    [
      'limit: "*", to: 60',
      '3:23 policy_wrong_type "to" is the number 60, where text is expected | A limit is written to: 60 calls/minute',
    ],
    [
      'limit: "*", to: 5 calls/day, burst: 0',
      '3:43 policy_bad_value "burst" is the number 0 | Write at least 1',
    ],
    [
      "deny: x, to: 5 calls/day",
      '3:16 policy_bad_value "to" in a rule that does not limit | It belongs to limit',
    ],
    [
      "allow: x, burst: 5",
      '3:17 policy_bad_value "burst" in a rule that does not limit | It belongs to limit',
    ],
  ];
  for (const [rule, expected] of table) assert.deepEqual(ruleComplaints(`  - { ${rule} }`), [expected], rule);
});

Deno.test("others: none belongs to allow, because a further argument would switch a deny off", () => {
  assert.equal(loadRules("  - { allow: x, others: none }")[0].others, "none");
  for (const effect of ["deny: x", "limit: x, to: 5 calls/day"]) {
    assert.match(
      ruleComplaints(`  - { ${effect}, others: none }`)[0],
      /policy_bad_value "others" in a (deny|limit) rule/,
    );
  }
  assert.match(
    ruleComplaints("  - { allow: x, others: all }")[0],
    /"others" is the text "all" \| It can be none/,
  );
});

Deno.test("deny and limit may observe, allow may not", () => {
  assert.equal(loadRules("  - { deny: x, mode: observe }")[0].mode, "observe");
  assert.match(
    ruleComplaints("  - { allow: x, mode: observe }")[0],
    /^3:17 policy_bad_value an allow rule that only obser/,
  );
});

Deno.test("args name at least one argument", () => {
  const hint = "Write args: { path: { under: /tmp } }, leave args out, or write others: none";
  assert.deepEqual(ruleComplaints("  - { allow: x, args: {} }"), [
    `3:17 policy_wrong_type "args" names no argument | ${hint}`,
  ]);
  assert.deepEqual(ruleComplaints("  - { allow: x, args: [path] }"), [
    `3:23 policy_wrong_type "args" is a list, where a map is expected | ${hint}`,
  ]);
});
