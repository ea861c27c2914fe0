import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesGlob } from "../../../src/policy/glob.ts";
import { covers, coversGlob } from "../../../src/policy/document/odd_rules.ts";
import type { Scope } from "../../../src/policy/rule.ts";
import { complaints, ruleComplaints } from "./load.ts";

Deno.test("an allow that a deny closes altogether is warned of", () => {
  assert.deepEqual(ruleComplaints('  - { id: a, allow: [x, y], others: none }\n  - { id: b, deny: "*" }'), [
    '3:5 dead_rule the rule "a" never allows anything | ' +
    'The rule "b" in line 4 denies all that it covers, and deny always wins',
  ]);
  assert.match(
    ruleComplaints(
      "  - { id: a, limit: x, to: 5 calls/day }\n  - { id: b, deny: { methods: tools/call } }",
    )[0],
    /dead_rule the rule "a" never limits anything/,
  );
});

Deno.test("an allow that a deny closes only in part is not", () => {
  for (
    const deny of [
      "{ deny: x }",
      "{ deny: '*', args: { a: b } }",
      "{ deny: '*', mode: observe }",
      "{ deny: { prompts: '*', resources: '*' } }",
      "{ limit: '*', to: 5 calls/day }",
    ]
  ) {
    assert.deepEqual(ruleComplaints(`  - { allow: [x, y], others: none }\n  - ${deny}`), [], deny);
  }
});

Deno.test("an allow under default: allow changes nothing", () => {
  assert.match(
    complaints("version: 1\ndefault: allow\nrules:\n  - { id: a, allow: x, args: { y: z } }")[0],
    /^4:5 dead_rule the rule "a" changes nothing/,
  );
});

Deno.test("an allow that closes every argument and wants one is warned of", () => {
  assert.match(
    ruleComplaints(`  - { id: a, allow: x, args: { "**": { max_length: 9 } }, others: none }`)[0],
    /^3:5 dead_rule the rule "a" never allows anything/,
  );
  assert.deepEqual(
    ruleComplaints(`  - { allow: x, args: { "**": { max_length: 9 }, y: z }, others: none }`),
    [],
  );
});

Deno.test("checks that another allow makes idle are warned of", () => {
  const said = ruleComplaints(
    '  - { id: some, allow: echo, args: { text: hi } }\n  - { id: all, allow: "e*" }',
  );
  assert.deepEqual(said, [
    '3:38 idle_check the checks of the rule "some" never matter | ' +
    'The rule "all" in line 4 allows the same with any arguments',
  ]);
  assert.deepEqual(
    ruleComplaints(
      '  - { id: some, allow: echo, args: { text: hi } }\n  - { id: all, allow: "e*", others: none }',
    ),
    [],
  );
});

Deno.test("finds in an allow is warned of, unless it is tied to both ends", () => {
  assert.match(
    ruleComplaints("  - { id: a, allow: echo, args: { text: { finds: hi } } }")[0],
    /^3:50 loose_pattern the rule "a" allows any text around what "finds" finds/,
  );
  assert.deepEqual(ruleComplaints("  - { allow: echo, args: { text: { finds: '^hi$' } } }"), []);
  assert.deepEqual(ruleComplaints("  - { deny: echo, args: { text: { finds: hi } } }"), []);
});

Deno.test("paths, URLs and commands that no check sees are warned of", () => {
  const table: [string, RegExp | undefined][] = [
    ["allow: read_file", /seems to allow "read_file" with any path/],
    ["allow: readTextFile", /seems to allow "readTextFile" with any path/],
    [
      "allow: [fetch, browser.navigate, web-request, url_get]",
      /"fetch", "browser.navigate", "web-request" and 1 more with any URL/,
    ],
    ["allow: execute_command", /seems to allow "execute_command" with any command/],
    ['allow: "*"', /allows every tool with any arguments/],
    ["allow: { methods: tools/call }", /allows every tool with any arguments/],
    ["allow: read_file, args: { head: 5 }", /with any path/],
    ["allow: read_file, args: { path: { under: /tmp } }", undefined],
    ["allow: read_file, args: { options.path: { under: /tmp } }", undefined],
    ['allow: read_files, args: { "paths[*]": { under: /tmp } }', undefined],
    ["allow: read_file, args: { path.mode: 5 }", /with any path/],
    ["allow: read_file, args: { filePath: { under: /tmp } }", undefined],
    ["allow: move_file, args: { source: { under: /a }, destination: { under: /a } }", undefined],
    ['allow: read_file, args: { "**": { matches: "[a-z]+" } }', undefined],
    ["allow: list_directory, others: none", undefined],
    ["allow: echo", undefined],
    ["allow: profile_get", undefined],
    ["deny: read_file", undefined],
  ];
  for (const [rule, expected] of table) {
    const said = ruleComplaints(`  - { id: a, ${rule} }`);
    if (expected === undefined) assert.deepEqual(said, [], rule);
    else assert.match(said.join("\n"), /^3:5 unchecked_argument /, rule);
    if (expected !== undefined) assert.match(said.join("\n"), expected, rule);
  }
});

Deno.test("more rules than can be compared are said to be so, and loaded in bounded time", () => {
  const names = (letter: string) => Array.from({ length: 1100 }, (_, i) => `"${letter}*${i}"`).join(", ");
  assert.deepEqual(
    ruleComplaints(`  - { id: a, allow: [${names("a")}] }\n  - { id: b, deny: [${names("b")}] }`),
    [
      "3:5 not_compared there are too many rules to look for those that never matter | " +
      "Take rules together with lists and globs",
    ],
  );
});

Deno.test("coversGlob() never says that a glob covers a name which it does not match", () => {
  const glob = fc.string({ maxLength: 6, unit: fc.constantFrom("a", "b", "*", "?") });
  const name = fc.string({ maxLength: 6, unit: fc.constantFrom("a", "b") });
  fc.assert(
    fc.property(glob, glob, name, (wide, narrow, name) => {
      if (coversGlob(wide, narrow) && matchesGlob(narrow, name)) assert.ok(matchesGlob(wide, name));
    }),
    { numRuns: 5000 },
  );
  assert.ok(coversGlob("read_*", "read_text_*"));
  assert.ok(!coversGlob("read_*", "r*"));
  assert.ok(!coversGlob("a?", "a*"));
});

Deno.test("covers() looks at every kind of target", () => {
  const scope = (part: Partial<Scope>): Scope => ({
    tools: [],
    resources: [],
    prompts: [],
    methods: [],
    ...part,
  });
  assert.ok(
    covers(
      scope({ methods: ["*"] }),
      scope({ tools: ["a"], resources: ["b"], prompts: ["c"], methods: ["d"] }),
    ),
  );
  assert.ok(covers(scope({ methods: ["prompts/*"] }), scope({ prompts: ["a"] })));
  assert.ok(!covers(scope({ methods: ["resources/read"] }), scope({ resources: ["a"] })));
  assert.ok(!covers(scope({ tools: ["*"] }), scope({ tools: ["a"], prompts: ["b"] })));
  assert.ok(!covers(scope({ tools: ["*"] }), scope({ methods: ["tools/call"] })));
});
