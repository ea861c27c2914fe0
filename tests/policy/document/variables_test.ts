import assert from "node:assert/strict";
import fc from "fast-check";
import { loadDocument, type LoadResult } from "../../../src/policy/document.ts";
import { loadPatternEngine } from "../../../src/policy/pattern.ts";
import { policyBytesMax, variableCharactersMax } from "../../../src/limits.ts";
import { complaints } from "./load.ts";

function loadWith(text: string, vars: Readonly<Record<string, string>>): LoadResult {
  return loadDocument(text, "p.yaml", { vars: new Map(Object.entries(vars)) });
}

function documentWith(text: string, vars: Readonly<Record<string, string>> = {}) {
  const loaded = loadWith(text, vars);
  assert.equal(loaded.kind, "ok", JSON.stringify(loaded));
  return (loaded as LoadResult & { kind: "ok" }).document;
}

function said(loaded: LoadResult): string[] {
  const errors = loaded.kind === "error" ? loaded.errors : [];
  return [...errors, ...loaded.warnings].map(({ code, message, hint, at }) =>
    `${at?.line}:${at?.column} ${code} ${message.replace(/^Cannot load policy "p\.yaml": /, "")} | ${hint}`
  );
}

const policy = `version: 1
vars:
  root: /tmp
  tenant: null
rules:
  - id: read
    allow: ["\${tenant}_read", list]
    args:
      path: { under: "\${root}/\${tenant}" }
      note: { matches: '\${tenant}-[0-9]+' }
    reason: for \${tenant}, at a price of $\${5}
server:
  directory: \${root}
examples:
  - call: { tool: "\${tenant}_read", arguments: { path: "\${root}/\${tenant}/x", "\${key}": 1 } }
    expect: deny
`;

Deno.test("variables are put into the texts of rules, server and examples", () => {
  const { rules: [rule], server, examples: [example], vars } = documentWith(policy, { tenant: "acme" });
  assert.deepEqual(rule.scope.tools, ["acme_read", "list"]);
  assert.deepEqual(rule.args[0].checks, [{ kind: "under", roots: ["/tmp/acme"] }]);
  assert.equal(rule.args[1].checks[0].kind === "matches" && rule.args[1].checks[0].pattern, "acme-[0-9]+");
  assert.equal(rule.reason, "for acme, at a price of ${5}");
  assert.equal(server.directory, "/tmp");
  assert.equal(example.name, "acme_read");
  assert.equal(example.argumentsJson, '{"path":"/tmp/acme/x","${key}":1}');
  assert.deepEqual(vars, [{ name: "root", value: "/tmp" }, { name: "tenant", value: "acme" }]);
});

Deno.test("a value that is given takes the place of the default", () => {
  const { rules: [rule] } = documentWith(policy, { tenant: "acme", root: "/srv" });
  assert.deepEqual(rule.args[0].checks, [{ kind: "under", roots: ["/srv/acme"] }]);
});

Deno.test("a variable without a value, one that nobody declares and one that nobody uses are told at their place", () => {
  assert.deepEqual(said(loadWith(policy, {})), [
    '4:3 policy_bad_value the variable "tenant" has no value | Give it: --var tenant=…',
  ]);
  const slip = "version: 1\nvars: { root: /tmp }\nrules:\n  - allow: a\n    reason: below ${rot}\n";
  assert.deepEqual(said(loadWith(slip, {})), [
    '5:19 policy_bad_value no variable is called "rot" | Did you mean ${root}?',
  ]);
  assert.deepEqual(complaints("version: 1\nrules:\n  - allow: a\n    reason: below ${HOME}\n"), [
    '4:19 policy_bad_value no variable is called "HOME" | ' +
    "Declare it under vars (HOME: its value, or null), or write $${HOME} for the text itself",
  ]);
  assert.deepEqual(complaints("version: 1\nvars: { root: /tmp }\nrules: [{ allow: a }]\n"), [
    '2:9 unused_variable the variable "root" is used nowhere | ' +
    "Write ${root} in a text of a rule, of server or of an example, or take it out",
  ]);
});

Deno.test("a declaration that is none is refused at its place", () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ["vars: [root]", /^2:7 policy_wrong_type "vars" is a list, where a map is expected/],
    ["vars:", /^2:1 policy_wrong_type "vars" is empty, where a map is expected/],
    ["vars: { 1x: a }", /^2:9 policy_bad_value the name "1x" of a variable/],
    [
      "vars: { n: 5 }",
      /^2:12 policy_wrong_type the variable "n" is the number 5, .* Put it in quotes if it is text: "5"/,
    ],
    ["vars: { n: { a: b } }", /^2:12 policy_wrong_type the variable "n" is a map/],
    [
      'vars: { n: "a\\u0007b" }',
      /^2:12 policy_bad_value the variable "n" holds a character that cannot be seen/,
    ],
    ['vars: { n: "" }', /^2:12 policy_bad_value the variable "n" is empty/],
    [
      `vars: { n: ${"x".repeat(variableCharactersMax + 1)} }`,
      /^2:12 policy_bad_value the variable "n" is too long/,
    ],
    ["name: of ${x}", /^2:7 policy_bad_value a variable in "name"/],
    [
      "rules:\n  - allow: a\n    args: { '${x}': 1 }",
      /^4:13 policy_bad_value a variable in the key "\$\{x\}"/,
    ],
    ["rules:\n  - allow: a\n    reason: 'a ${ b'", /^4:16 policy_bad_value a "\$\{" that begins no variable/],
  ];
  for (const [text, expected] of table) {
    assert.match(complaints(`version: 1\n${text}\n`).join("\n"), expected, text);
  }
});

Deno.test("a value that makes no directory is refused where it was put in", () => {
  const text =
    'version: 1\nvars: { root: /tmp }\nrules:\n  - allow: a\n    args: { path: { under: "${root}" } }\n';
  for (const root of ["tmp", "/tmp/..", "/tmp/*", "", "~", "//x"]) {
    assert.match(said(loadWith(text, { root })).join(), /^5:28 policy_bad_value "under" names/, root);
  }
});

Deno.test("a value is never a glob: where it could be one it is refused", () => {
  const text = "version: 1\nvars: { tool: read }\nrules:\n  - deny: ${tool}_*\n";
  assert.deepEqual(documentWith(text).rules[0].scope.tools, ["read_*"]);
  assert.match(
    said(loadWith(text, { tool: "w*" })).join(),
    /^4:11 policy_bad_value the variable "tool" is "w\*"/,
  );
  assert.match(said(loadWith(text, { tool: "w?" })).join(), /^4:11 policy_bad_value/);
});

Deno.test("a value is no YAML: it stays one text, whatever stands in it", () => {
  const text =
    "version: 1\nvars: { v: x }\nrules:\n  - allow: a\n    args:\n      b:\n        equals: ${v}\n";
  for (
    const v of ["null", "5", "[a, b]", "{ under: / }", "*alias", "!!str x", "a: b", "# no", "${v}", "$${v}"]
  ) {
    assert.deepEqual(documentWith(text, { v }).rules[0].args[0].checks, [{ kind: "equals", value: v }], v);
  }
});

Deno.test("in a pattern a value stands for itself and for nothing else", async () => {
  const engine = await loadPatternEngine();
  const line = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) =>
    !/[\p{C}\u2028\u2029]/u.test(text)
  );
  const text =
    "version: 1\nvars: { v: x }\nrules:\n  - allow: a\n    args: { b: { matches: 'a${v}c|[${v}]d' } }\n";
  fc.assert(fc.property(line, line, (v, other) => {
    fc.pre(v !== "");
    const [check] = documentWith(text, { v }).rules[0].args[0].checks;
    const pattern = engine.compile((check as { pattern: string }).pattern);
    assert.equal(pattern.matches(`a${v}c`), true);
    assert.equal(pattern.matches(`a${other}c`), other === v);
    for (const character of other) {
      assert.equal(pattern.matches(`${character}d`), v.includes(character), character);
    }
  }));
});

Deno.test("what all variables come to is bounded", () => {
  const texts = `    - "${"${v}".repeat(1_000)}"\n`.repeat(policyBytesMax / 1_000 / 100);
  const text = `version: 1\nvars: { v: ${"x".repeat(200)} }\nrules:\n  - allow: a\n    args:\n      b:\n${
    texts.replaceAll("    - ", "        - ")
  }`;
  assert.match(said(loadWith(text, {})).join("\n"), /policy_too_large more than 1048576 characters/);
});

Deno.test("a variable that YAML takes for a map is told as what it is", () => {
  const hint = 'Inside { } and [ ] put it in quotes: "${root}"';
  for (const rule of ["allow: a, args: { p: { under: ${root} } }", "allow: [${root}, b]"]) {
    assert.match(
      complaints(`version: 1\nrules: [{ ${rule} }]\n`).join(),
      new RegExp(`variable without quotes.*${RegExp.escape(hint)}`),
    );
  }
});
