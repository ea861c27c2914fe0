import assert from "node:assert/strict";
import fc from "fast-check";
import { globsMeet } from "../../../src/policy/document/odd_pairs.ts";
import { matchesGlob } from "../../../src/policy/glob.ts";
import { ruleComplaints } from "./load.ts";

/** Only what this file is about. */
function oddities(rules: string): string[] {
  return ruleComplaints(rules).filter((said) => /duplicate_rule|dead_rule/.test(said));
}

Deno.test("a rule that says the same as another is told, whatever it is called", () => {
  const rule = "  - { id: ID, deny: [a, b], args: { x: { matches: y+ } } }\n";
  assert.deepEqual(oddities(rule.replace("ID", "one") + rule.replace("ID", "two")), [
    '4:5 duplicate_rule the rule "two" says the same as "one" in line 3 | Take one of them out',
  ]);
  assert.deepEqual(oddities("  - { deny: a, args: { x: 1 } }\n  - { deny: a, args: { x: 2 } }\n"), []);
  assert.deepEqual(oddities("  - { deny: a }\n  - { deny: a, until: 2999-01-01 }\n"), []);
  // Two buckets are another rate than one.
  const limit = "  - { limit: a, to: 1 call/minute }\n";
  assert.deepEqual(oddities(`  - { allow: a, others: none }\n${limit}${limit}`), []);
});

Deno.test("an allow that a deny with some of its checks takes back is told", () => {
  const allow = "  - { id: a, allow: [read], args: { path: { under: /tmp }, n: 1 } }\n";
  assert.deepEqual(oddities(`${allow}  - { id: d, deny: "r*", args: { path: { under: /tmp } } }\n`), [
    '3:5 dead_rule the rule "a" never applies to anything that passes | ' +
    'The rule "d" in line 4 denies the same calls, and deny always wins',
  ]);
  for (
    const deny of [
      "{ deny: read, args: { path: { under: /tmp/x } } }",
      "{ deny: read, args: { path: { under: /tmp }, m: 1 } }",
      "{ deny: write, args: { path: { under: /tmp } } }",
      "{ deny: read, args: { path: { under: /tmp } }, mode: observe }",
      "{ deny: read, args: { path: { under: /tmp } }, until: 2999-01-01 }",
    ]
  ) assert.deepEqual(oddities(`${allow}  - ${deny}\n`), [], deny);
});

Deno.test("a limit of what nothing allows is told", () => {
  const limit = '  - { id: l, limit: "wr*", to: 1 call/minute }\n';
  assert.deepEqual(oddities(limit), [
    '3:5 dead_rule the rule "l" limits what no rule allows | ' +
    "Without an allow for it every call is denied, and a denied call is not counted",
  ]);
  assert.equal(oddities(`${limit}  - { allow: read, others: none }\n`).length, 1);
  assert.deepEqual(oddities(`${limit}  - { allow: "*ite", others: none }\n`), []);
  assert.deepEqual(oddities("  - { limit: { methods: ping }, to: 1 call/minute }\n"), []);
});

Deno.test("a deny or an allow that ends makes no other rule dead", () => {
  assert.deepEqual(oddities("  - { allow: a, args: { x: 1 } }\n  - { deny: a, until: 2999-01-01 }\n"), []);
});

Deno.test("globsMeet() is true exactly where some name is a match of both", () => {
  const glob = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 4 }).map((parts) => parts.join(""));
  const longer = (name: string): string[] =>
    name.length === 6 ? [name] : [name, ...longer(`${name}a`), ...longer(`${name}b`)];
  const names = longer("");
  fc.assert(fc.property(glob, glob, (left, right) => {
    const common = names.some((name) => matchesGlob(left, name) && matchesGlob(right, name));
    assert.equal(globsMeet(left, right), common);
  }));
});

Deno.test("an allow by the declared schema is a condition, and makes no other rule idle", () => {
  const said = ruleComplaints("  - { allow: a, schema: declared }\n  - { allow: a, args: { x: 1 } }\n");
  assert.deepEqual(said.filter((one) => /idle_check/.test(one)), []);
});
