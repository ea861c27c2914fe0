import assert from "node:assert/strict";
import { loadDocument } from "../../../src/policy/document.ts";
import { complaints, loadRules, ruleComplaints } from "./load.ts";

Deno.test("a limit counts calls or sums up amounts, over a session, an hour or a day", () => {
  const rules = loadRules(`
  - { limit: "*", to: { calls: 100, per: session } }
  - { limit: pay, to: { sum: amount, max: 50000.5, per: day } }
  - { limit: pay, to: { sum: "items[*].price", max: 1, per: hour } }
`);
  assert.deepEqual(rules.map(({ quota, to }) => [quota, to]), [
    [{ per: "session", max: 100 }, undefined],
    [{ per: "day", max: 50000.5, sum: "amount" }, undefined],
    [{ per: "hour", max: 1, sum: "items[*].price" }, undefined],
  ]);
});

const hint = "Write { calls: 100, per: session } or { sum: amount, max: 50000, per: day }";

for (
  const [to, expected] of [
    [
      "{ calls: 5, per: week }",
      '3:40 policy_bad_value "per" is the text "week" | It can be session, hour or day',
    ],
    ["{ calls: 5 }", /^3:\d+ policy_wrong_type .*"per"/],
    ["{ calls: 0, per: day }", '3:32 policy_bad_value "calls" is the number 0 | Write at least 1'],
    ["{ calls: 1.5, per: day }", /"calls" is the number 1\.5/],
    ["{ per: day }", `3:23 policy_bad_value a limit of what? | ${hint}`],
    ["{ sum: amount, per: day }", `3:23 policy_bad_value a limit of "amount" without "max" | ${hint}`],
    ["{ calls: 5, max: 5, per: day }", `3:35 policy_bad_value a limit of calls and "max" | ${hint}`],
    ["{ sum: amount, max: 0, per: day }", '3:43 policy_bad_value "max" is the number 0 | Write more than 0'],
    [
      "{ sum: amount, max: -5, per: day }",
      '3:43 policy_bad_value "max" is the number -5 | Write more than 0',
    ],
    ["{ sum: amount, max: .inf, per: day }", /3:43 policy_syntax "\.inf" is a number to some/],
    ["{ sum: amount, max: 1e31, per: day }", /"max" has more digits than can be summed up/],
    ['{ sum: "**", max: 5, per: day }', /"sum" of any text: it sums up one argument/],
    ['{ sum: "a[0]", max: 5, per: day }', /the selector "a\[0\]" has one position of a list/],
    ["{ cals: 5, per: day }", /unknown key "cals".* \| Did you mean "calls"\?/],
    ["{ count: 5, per: day }", /unknown key "count".* \| Did you mean "calls"\?/],
  ] as const
) {
  Deno.test(`a limit to ${to} is refused`, () => {
    const [first] = ruleComplaints(`  - { limit: pay, to: ${to} }`);
    if (typeof expected === "string") assert.equal(first, expected);
    else assert.match(first, expected);
  });
}

Deno.test("a limit over a window takes no burst", () => {
  assert.match(
    ruleComplaints("  - { limit: pay, to: { calls: 5, per: day }, burst: 5 }")[0],
    /^3:47 policy_bad_value "burst" belongs to a rate/,
  );
});

Deno.test("labels are one word or a list of them, of the author's own choice", () => {
  const rules = loadRules(`
  - { allow: a, taint: private }
  - { ask: b, taint: [private, geheim_1, private] }
  - { deny: c, if_tainted: private }
  - { ask: d, if_tainted: [private, geheim_1] }
`);
  assert.deepEqual(rules.map(({ taint, ifTainted }) => taint ?? ifTainted), [
    ["private"],
    ["private", "geheim_1"],
    ["private"],
    ["private", "geheim_1"],
  ]);
});

for (
  const [rule, expected] of [
    ["deny: x, taint: private", /^3:\d+ policy_bad_value "taint" in a deny rule, which lets nothing through/],
    ["limit: x, to: 5 calls/day, taint: private", /"taint" in a limit rule/],
    [
      "allow: x, if_tainted: private",
      /"if_tainted" in a rule that does not deny or ask \| .*write a deny rule/,
    ],
    ["limit: x, to: 5 calls/day, if_tainted: a", /"if_tainted" in a rule that does not deny or ask/],
    ["allow: x, taint: two words", /"taint": no label \| A label is one word/],
    ["allow: x, taint: []", /"taint" is an empty list/],
    ['allow: x, taint: ""', /"taint": no label/],
    ["allow: x, taint: 5", /"taint" is the number 5/],
    ["allow: x, taints: private", /unknown key "taints".* \| Did you mean "taint"\?/],
  ] as const
) {
  Deno.test(`{ ${rule} } is refused`, () => {
    assert.match(ruleComplaints(`  - { ${rule} }`)[0], expected);
  });
}

Deno.test("a label that no rule gives is warned of", () => {
  assert.deepEqual(
    complaints("version: 1\nrules:\n  - { allow: a, taint: privat }\n  - { deny: b, if_tainted: [private] }"),
    [
      '4:5 unset_label no rule here gives the label "private" that the rule "rule-2" waits for | ' +
      'Did you mean "privat"?',
    ],
  );
  assert.match(
    complaints("version: 1\nrules:\n  - { deny: b, if_tainted: [private] }")[0],
    /unset_label .* \| Give it with taint: .* unless another policy or another server's does/,
  );
});

Deno.test("a deny that waits for labels makes no other rule needless", () => {
  assert.deepEqual(
    complaints(
      "version: 1\nrules:\n  - { allow: a, taint: p }\n  - { allow: b }\n  - { deny: [a, b], if_tainted: p }",
    ),
    [],
  );
});

Deno.test("an allow that gives a label has a purpose under default: allow", () => {
  assert.deepEqual(
    complaints(
      "version: 1\ndefault: allow\nrules:\n  - { allow: a, taint: p }\n  - { deny: b, if_tainted: p }",
    ),
    [],
  );
});

Deno.test("a limit over a window is noted to need a state file, and an id", () => {
  const notes = (rules: string) => {
    const loaded = loadDocument(`version: 1\nrules:\n${rules}`, "p.yaml");
    assert.equal(loaded.kind, "ok");
    return loaded.kind === "ok" ? loaded.notes.map(({ code, message }) => `${code} ${message}`) : [];
  };
  assert.deepEqual(notes("  - { allow: a }\n  - { limit: a, to: { calls: 5, per: session } }"), []);
  assert.deepEqual(notes("  - { allow: a }\n  - { id: n, limit: a, to: { calls: 5, per: hour } }"), [
    'needs_state the rule "n" counts per hour, beyond one run of the proxy',
  ]);
  assert.match(
    notes("  - { allow: a }\n  - { limit: a, to: { calls: 5, per: day } }")[1],
    /^needs_state the limit "rule-2" has no id/,
  );
});
