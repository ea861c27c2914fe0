import assert from "node:assert/strict";
import { loadRules, ruleComplaints } from "./load.ts";

const at = (line: number, column: number) => ({ file: "p.yaml", line, column });

/** The checks of `args: { x: … }`. */
function checks(value: string) {
  return loadRules(`  - { allow: t, args: { x: ${value} } }`)[0].args[0].checks;
}

/** What is said of `args: { x: … }`; the value begins in column 28. */
function refusals(value: string): string[] {
  return ruleComplaints(`  - { allow: t, args: { x: ${value} } }`);
}

Deno.test("a bare value means equals, a list means one of", () => {
  const number = (source: string) => ({ kind: "number", source, value: Number(source) });
  assert.deepEqual(checks("a"), [{ kind: "equals", value: "a" }]);
  assert.deepEqual(checks('"5"'), [{ kind: "equals", value: "5" }]);
  assert.deepEqual(checks("5"), [{ kind: "equals", value: number("5") }]);
  assert.deepEqual(checks("9007199254740993"), [{ kind: "equals", value: number("9007199254740993") }]);
  assert.deepEqual(checks("1.0"), [{ kind: "equals", value: number("1.0") }]);
  assert.deepEqual(checks("true"), [{ kind: "equals", value: true }]);
  assert.deepEqual(checks("null"), [{ kind: "equals", value: null }]);
  assert.deepEqual(checks("~"), [{ kind: "equals", value: null }]);
  assert.deepEqual(checks("[a, 1, false]"), [{ kind: "one_of", values: ["a", number("1"), false] }]);
});

Deno.test("a map means checks that hold together, in the order in which they are written", () => {
  assert.deepEqual(checks("{ matches: '[a-z]+', max_length: 5, finds: b }"), [
    { kind: "matches", pattern: "[a-z]+", at: at(3, 39) },
    { kind: "max_length", length: 5 },
    { kind: "finds", pattern: "b", at: at(3, 71) },
  ]);
  assert.deepEqual(checks("{ min: -1.5, max: 3 }"), [{ kind: "min", bound: -1.5 }, {
    kind: "max",
    bound: 3,
  }]);
  assert.deepEqual(checks("{ equals: a, one_of: [a, b], present: true }"), [
    { kind: "equals", value: "a" },
    { kind: "one_of", values: ["a", "b"] },
    { kind: "present", present: true },
  ]);
  assert.deepEqual(checks("{ under: /tmp/ }"), [{ kind: "under", roots: ["/tmp"] }]);
  assert.deepEqual(checks("{ under: [/, /a b/ü] }"), [{ kind: "under", roots: ["/", "/a b/ü"] }]);
});

Deno.test("a rule can be about an argument called __proto__", () => {
  const [argument] = loadRules("  - { deny: t, args: { __proto__: { present: true } } }")[0].args;
  assert.deepEqual(argument, {
    selector: "__proto__",
    checks: [{ kind: "present", present: true }],
    at: at(3, 24),
  });
  assert.match(
    ruleComplaints("  - { deny: t, args: { __proto__: { presnt: true } } }")[0],
    /unknown key "presnt"/,
  );
});

Deno.test("checks of a wrong type are refused", () => {
  const table: [string, string][] = [
    [
      "",
      '3:25 policy_wrong_type the argument "x" has no check | ' +
      "Write a value, a list of values or checks; null if null is meant",
    ],
    [
      "{}",
      '3:25 policy_bad_value the argument "x" has no check | Write one, for example { max_length: 200 }',
    ],
    ["[]", '3:28 policy_bad_value the argument "x" is an empty list | Write at least one'],
    [
      "[a, [b]]",
      '3:32 policy_wrong_type element 2 of the argument "x" is a list, where text, a number, true or false or null is expected',
    ],
    [
      "{ min: '3' }",
      '3:35 policy_wrong_type "min" is the text "3", where a number is expected | Write the number as in JSON: 3',
    ],
    [
      "{ max: 1_000 }",
      '3:35 policy_wrong_type "max" is the text "1_000", where a number is expected | Write the number as in JSON: 1000',
    ],
    [
      "{ present: yes }",
      '3:39 policy_wrong_type "present" is the text "yes", where true or false is expected | ' +
      "Write true: in YAML 1.2 yes and on are text",
    ],
    [
      "{ matches: 5 }",
      '3:39 policy_wrong_type "matches" is the number 5, where text is expected | Put it in quotes if it is text: "5"',
    ],
    ["{ finds: '' }", '3:37 policy_bad_value "finds" is an empty text'],
    ["{ max_length: -1 }", '3:42 policy_bad_value "max_length" is the number -1 | Write at least 0'],
    [
      "{ one_of: a }",
      '3:38 policy_wrong_type "one_of" is the text "a", where a list is expected | Write a list: [a]',
    ],
    ["{ regex: a }", '3:30 policy_unknown_key unknown key "regex" in a check | Did you mean "matches"?'],
    [
      "{ schema: declared }",
      '3:30 policy_unknown_key unknown key "schema" in a check | It belongs to the rule, beside args',
    ],
  ];
  for (const [value, expected] of table) assert.deepEqual(refusals(value), [expected], value);
});

Deno.test("checks that cannot hold together are refused", () => {
  assert.deepEqual(refusals("{ min: 5, max: 3 }"), [
    '3:25 policy_bad_value the argument "x": no number is at least 5 and at most 3 | Swap min and max',
  ]);
  assert.deepEqual(refusals("{ present: false, max_length: 3 }"), [
    '3:39 policy_bad_value the argument "x" shall be absent and pass other checks | present: false stands alone',
  ]);
});

Deno.test("glob takes one glob or some, and nothing that would mean something else than elsewhere", () => {
  assert.deepEqual(checks("{ glob: '*.txt' }"), [{ kind: "glob", globs: ["*.txt"] }]);
  assert.deepEqual(checks("{ glob: ['*.txt', a] }"), [{ kind: "glob", globs: ["*.txt", "a"] }]);
  assert.deepEqual(refusals("{ glob: [a, '*.[jt]s'] }"), [
    '3:40 policy_bad_value the glob "*.[jt]s" has brackets | ' +
    "There are no sets and no choices in a glob: write a list of globs, or matches with a pattern",
  ]);
  assert.deepEqual(refusals("{ glob: '' }"), ['3:36 policy_bad_value "glob" is an empty text']);
  assert.match(
    refusals(`{ glob: ${"a".repeat(513)} }`)[0],
    /"glob" is too long \| Write at most 512 characters/,
  );
  assert.match(refusals("{ wildcard: a }")[0], /Did you mean "glob"\?/);
  assert.deepEqual(ruleComplaints("  - { deny: t, args: { '**': { glob: '**/.env' } } }"), []);
});

Deno.test("under takes absolute directories as they are, and nothing that somebody would have to expand", () => {
  const table: [string, RegExp][] = [
    ["tmp", /which is no absolute path/],
    ["./tmp", /which is no absolute path/],
    ["~/x", /Write the home directory out/],
    ["$HOME/x", /which is no absolute path/],
    ["/home/$USER", /declare a variable/],
    ["/tmp/../etc", /without \. and \.\./],
    ["/tmp/./x", /without \. and \.\./],
    ["/tmp//x", /one \/ between names/],
    ["//", /one \/ between names/],
    ["//tmp", /one \/ between names/],
    ["/tmp/*", /it takes no glob/],
    ["file:///tmp", /Write the path alone/],
    ["'\\\\host\\share'", /on another machine or a device/],
    ["C:x", /which is no absolute path/],
    ["'C:\\x\\..\\y'", /without \. and \.\./],
    ["'C:\\PROGRA~1'", /could be a short name.*as the system lists it/],
    ["'C:\\x.'", /ends in a dot or a space/],
    ["'C:\\x\\nul'", /names a device/],
    ['""', /which is no absolute path/],
    ['"/tmp\\0"', /a character that cannot be seen/],
  ];
  for (const [root, expected] of table) {
    const [said] = refusals(`{ under: ${root} }`);
    assert.match(said, /^3:37 policy_bad_value "under" names/, root);
    assert.match(said, expected, root);
  }
  for (const root of ["C:/x", "'C:\\data\\x'", "c:/", "'C:\\Program Files'"]) {
    assert.deepEqual(refusals(`{ under: ${root} }`), [], root);
  }
  assert.deepEqual(checks("{ under: ['C:\\x\\', 'C:\\'] }"), [{ kind: "under", roots: ["C:\\x", "C:\\"] }]);
});

Deno.test("a selector that would select nothing is refused", () => {
  const table: [string, RegExp][] = [
    ['"*_path"', /^3:24 policy_bad_value the selector "\*_path" has a star for a name/],
    ['"*"', /^3:24 policy_bad_value the selector "\*" \| For any value anywhere write "\*\*"/],
    ['""', /^3:24 policy_bad_value an argument without a name/],
    ['"edits[0].file"', /^3:30 policy_bad_value .* has one position of a list \| .*: write \[\*\]/],
    ["'a..b'", /^3:27 policy_bad_value the selector "a\.\.b" has no name here/],
    ["a.", /^3:26 policy_bad_value the selector "a\." has no name here/],
    // Characters that stand escaped in the file: the place of the key.
    ['"\\"a.b"', /^3:24 policy_bad_value the selector .* has a quote that is not closed/],
    ["'\"a.b\".'", /^3:31 policy_bad_value the selector .* has no name here/],
  ];
  for (const [selector, expected] of table) {
    assert.match(ruleComplaints(`  - { deny: t, args: { ${selector}: a } }`)[0], expected, selector);
  }
});

Deno.test("a selector can be a path, with names in quotes", () => {
  for (const selector of ["a.b", "'edits[*].file'", `'"a.b".c'`, "'a[*][*]'"]) {
    assert.deepEqual(ruleComplaints(`  - { deny: t, args: { ${selector}: x } }`), [], selector);
  }
});

Deno.test("selectors of one rule that cannot hold together are refused", () => {
  const said = (args: string) => ruleComplaints(`  - { deny: t, args: { ${args} } }`);
  assert.deepEqual(said("a.b: 1, 'a[*]': 2"), [
    '3:32 policy_bad_value "a" is an object for one selector and a list for another | ' +
    'See "a.b" in line 3; write two rules',
  ]);
  assert.deepEqual(said("a.b: 1, a: { present: false }"), [
    '3:24 policy_bad_value "a" shall be absent, and "a.b" pass checks | ' +
    "present: false leaves nothing below it: take one of the two out",
  ]);
  for (
    const fine of [
      "a.b: 1, a.c: 2, 'd[*]': 3, 'd[*].e': 4",
      "a.b: 1, a: { present: true }",
      "a.b: { present: false }, a: { present: false }",
      `a.b: 1, '"a.b"[*]': 2`,
    ]
  ) {
    assert.deepEqual(said(fine), [], fine);
  }
});

Deno.test('"**" takes checks on text alone: any other would fire on every call', () => {
  const everywhere = (value: string) => ruleComplaints(`  - { deny: t, args: { "**": ${value} } }`);
  for (
    const value of [
      "a",
      "[a, b]",
      "{ finds: a }",
      "{ matches: 'a.*' }",
      "{ under: /etc }",
      "{ max_length: 9 }",
    ]
  ) {
    assert.deepEqual(everywhere(value), [], value);
  }
  assert.match(everywhere("{ min: 1 }")[0], /policy_bad_value "\*\*" with min: it looks at text anywhere/);
  assert.match(everywhere("{ present: true }")[0], /policy_bad_value "\*\*" with present/);
  assert.match(everywhere("5")[0], /"\*\*" with 5: it looks at text anywhere \| Put it in quotes: "5"/);
  assert.match(everywhere("[a, true]")[0], /"\*\*" with true: .* Put it in quotes: "true"/);
});

Deno.test("text that YAML 1.1 reads as something else is warned of, unless it is quoted", () => {
  assert.deepEqual(refusals("yes"), [
    '3:28 look_alike "yes" is text here, and true or false to readers of YAML 1.1 | ' +
    'Write true or false, or put it in quotes: "yes"',
  ]);
  assert.match(refusals("[a, off]")[0], /^3:32 look_alike "off" is text/);
  assert.match(refusals("{ equals: 12:30 }")[0], /look_alike "12:30" is text here, and a number/);
  assert.match(refusals("1_000")[0], /look_alike "1_000" is text here, and a number/);
  for (
    const fine of ['"yes"', "'1_000'", "yesterday", "1.2.3", "2030-01-01", "a_b", "5_".repeat(200_000) + "x"]
  ) {
    assert.deepEqual(refusals(fine), [], fine);
  }
});
