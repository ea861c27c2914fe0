import assert from "node:assert/strict";
import { loadRules, ruleComplaints } from "./load.ts";

/** The rule of `args: { x: { argv: … } }`. */
function argvRule(value: string) {
  const [check] = loadRules(`  - { deny: t, args: { x: { argv: ${value} } } }`)[0].args[0].checks;
  assert.ok(check.kind === "argv");
  return check.rule;
}

/** What is said of it; the value begins in column 35. */
function refusals(value: string): string[] {
  return ruleComplaints(`  - { deny: t, args: { x: { argv: ${value} } } }`);
}

Deno.test("argv takes programs of one word or more, flags with and without a value, and checks on operands", () => {
  assert.deepEqual(argvRule("{ program: ls }"), { programs: [["ls"]] });
  assert.deepEqual(argvRule("{ program: none, operands: none }"), { programs: [[]], operands: "none" });
  assert.deepEqual(
    argvRule(
      '{ program: [/bin/ls, git status], flags: [-l, -1, --all, "--", "--color=*", "-n *", "-I?"], ' +
        "operands: { under: /tmp, at_least: 2, max_length: 9 } }",
    ),
    {
      programs: [["/bin/ls"], ["git", "status"]],
      flags: [
        { flag: "-l" },
        { flag: "-1" },
        { flag: "--all" },
        { flag: "--" },
        { flag: "--color", value: { behind: "=", glob: "*" } },
        { flag: "-n", value: { behind: " ", glob: "*" } },
        { flag: "-I", value: { behind: "", glob: "?" } },
      ],
      operands: {
        checks: [{ kind: "under", roots: ["/tmp"] }, { kind: "max_length", length: 9 }],
        atLeast: 2,
      },
    },
  );
  assert.deepEqual(argvRule("{ program: ls, operands: [a, b] }").operands, {
    checks: [{ kind: "one_of", values: ["a", "b"] }],
    atLeast: 0,
  });
});

Deno.test("a program, flag or operand that no command could have is refused", () => {
  const table: [string, RegExp][] = [
    ["{ flags: [-l] }", /^3:35 policy_wrong_type the key "program" is missing/],
    ["{ program: 'ls -l' }", /^3:46 policy_bad_value "program" is .*, with a flag \| Flags stand in "flags"/],
    ["{ program: 'ls;id' }", /no command could begin with: it holds a ; which shells interpret/],
    ["{ program: '' }", /it is empty/],
    ["{ program: ls, flags: [] }", /"flags" is an empty list/],
    [
      "{ program: ls, flags: [l] }",
      /^3:58 policy_bad_value "flags" names the text "l" \| A flag begins with a dash: -l/,
    ],
    ["{ program: ls, flags: ['-n=*'] }", /a single dash takes no = \| Write "-n \*" or "--n=\*"/],
    ["{ program: ls, flags: ['--x=$A'] }", /a value that no command may have/],
    ["{ program: ls, flags: ['--x='] }", /without a value/],
    ["{ program: ls, flags: ['-- *'] }", /Write "--" alone/],
    [
      "{ program: ls, flags: [-n, '-n *'] }",
      /"-n" and "-n \*": whether the next word is a value could not be told/,
    ],
    ["{ program: ls, operands: }", /"operands" is empty \| Write checks, or operands: none/],
    ["{ program: ls, operands: {} }", /"operands" has no check/],
    ["{ program: ls, operands: { at_least: 1 } }", /"operands" has no check \| .*matches: '\.\*'/],
    ["{ program: ls, operands: { under: /a, at_least: 0 } }", /a whole number above 0 is expected/],
    ["{ program: ls, operands: { under: tmp } }", /which is no absolute path/],
    [
      "{ program: ls, operands: { undre: /tmp } }",
      /unknown key "undre" in a check \| Did you mean "under"\?/,
    ],
    ["{ program: ls, operands: { min: 1 } }", /"operands" with min: each is a word/],
    ["{ program: sleep, operands: 5 }", /"operands" with 5: .* \| Put it in quotes: "5"/],
    ["{ program: ls, operands: { argv: { program: x } } }", /"operands" with argv/],
    ["{ program: ls, args: x }", /unknown key "args" in argv \| Did you mean "operands"\?/],
    ["ls", /^3:35 policy_wrong_type/],
  ];
  for (const [value, expected] of table) assert.match(refusals(value)[0], expected, value);
});

Deno.test("an allow of a program that runs others is warned of, unless its operands are spelt out", () => {
  const said = (argv: string) =>
    ruleComplaints(`  - { allow: t, others: none, args: { x: { argv: ${argv} } } }`);
  assert.match(
    said("{ program: sudo, operands: { matches: '.*' } }")[0],
    /^3:50 runs_others the rule "rule-1" takes "sudo", which can run any other program/,
  );
  assert.match(said('{ program: /usr/bin/find, flags: ["-exec *"] }')[0], /runs_others/);
  assert.deepEqual(said("{ program: node, operands: [build.js] }"), []);
  assert.deepEqual(said("{ program: bash }"), []);
  assert.deepEqual(said("{ program: ls, operands: { under: /tmp } }"), []);
});

Deno.test("what is odd in a check is odd in the check of an operand", () => {
  assert.match(
    ruleComplaints('  - { deny: t, args: { x: { argv: { program: rm, operands: "*.key" } } } }')[0],
    /starred_value/,
  );
});
