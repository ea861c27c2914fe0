import assert from "node:assert/strict";
import { ruleComplaints } from "./load.ts";

Deno.test("a deny whose pattern must be the whole text is warned of where it has no open end", () => {
  assert.deepEqual(ruleComplaints("  - { id: a, deny: run, args: { command: { matches: rm } } }"), [
    '3:53 tight_pattern the rule "a" denies only a text that is "rm" as a whole | ' +
    'To deny it anywhere in the text, use "finds"',
  ]);
  for (const pattern of ["'.*rm.*'", "'rm( .*)?'"]) {
    assert.deepEqual(ruleComplaints(`  - { deny: run, args: { command: { matches: ${pattern} } } }`), []);
  }
});

Deno.test("a star in a plain value is warned of, whatever the rule does", () => {
  for (const value of ["/etc/*", "[/srv/a, /etc/*]"]) {
    for (const effect of ["allow", "deny"]) {
      const [said] = ruleComplaints(`  - { id: a, ${effect}: open, args: { where: ${value} } }`);
      assert.match(said, /starred_value the rule "a" compares with "\/etc\/\*", star and all/, said);
    }
  }
  // A star alone may be meant: some tools take it.
  assert.deepEqual(ruleComplaints("  - { allow: list, args: { columns: '*' } }"), []);
});

Deno.test("an allow by a pattern for paths that lets .. through is warned of", () => {
  assert.deepEqual(ruleComplaints("  - { id: a, allow: open, args: { path: { matches: '/tmp/.*' } } }"), [
    '3:52 loose_pattern the rule "a" allows ".." in what "/tmp/.*" matches, and any link | For a path, use "under"',
  ]);
  for (const pattern of ["'/tmp/[a-z]+'", "'ls .*'"]) {
    assert.deepEqual(ruleComplaints(`  - { allow: open, args: { path: { matches: ${pattern} } } }`), []);
  }
});

Deno.test("a method where a tool is named is warned of, and so is a pattern between slashes", () => {
  assert.match(
    ruleComplaints("  - { deny: sampling/createMessage }")[0],
    /odd_name "sampling\/createMessage" names a tool here, and is a method of MCP \| For the method write { methods: sampling/,
  );
  assert.match(
    ruleComplaints('  - { deny: "/write.*/" }')[0],
    /odd_name "\/write\.\*\/" looks like a regular expression/,
  );
  assert.deepEqual(
    ruleComplaints("  - { deny: { methods: sampling/createMessage } }\n  - { deny: ping }"),
    [],
  );
});

Deno.test("a check where the name of an argument should stand is warned of", () => {
  assert.deepEqual(ruleComplaints("  - { id: a, allow: open, args: { under: /tmp } }"), [
    '3:35 check_as_argument the rule "a" compares an argument that is called "under", as a check is | ' +
    "A check stands under the name of its argument: path: { under: … }",
  ]);
  for (const args of ["{ under: { under: /tmp } }", "{ max: 5 }", "{ url: https }"]) {
    assert.deepEqual(ruleComplaints(`  - { deny: open, args: ${args} }`), []);
  }
});

Deno.test("a path where the URI of a resource is named is warned of", () => {
  assert.deepEqual(ruleComplaints('  - { allow: { resources: "/tmp/*" } }'), [
    '3:27 odd_name "/tmp/*" covers no resource: each has a URI, which begins with a scheme | ' +
    'Did you mean "file:///tmp/*"?',
  ]);
  assert.match(
    ruleComplaints("  - { deny: { resources: notes/a } }")[0],
    /covers no resource.*For example file:/,
  );
  for (const uri of ["file:///tmp/*", "*/x", "fi?e:/x", "urn:a/b", "notes"]) {
    assert.deepEqual(ruleComplaints(`  - { deny: { resources: "${uri}" } }`), [], uri);
  }
});

Deno.test("an allow of URLs by a glob or pattern whose host is open is warned of", () => {
  assert.deepEqual(ruleComplaints('  - { id: a, allow: { resources: "https://api.example.com*" } }'), [
    '3:5 loose_host the rule "a" allows other hosts than it seems to with "https://api.example.com*" | ' +
    'Compare the host with "url": { url: { scheme: https, host: ["*.example.com"] } }; of a resource it is args: uri',
  ]);
  const codes = (rule: string) => ruleComplaints(`  - ${rule}`).map((said) => said.split(" ")[1]);
  for (
    const check of [
      'glob: "https://*.example.com/**"',
      "matches: 'https://api.example.com/.*'",
      "matches: '^https?:\\/\\/[a-z]+\\.example\\.com/.*'",
    ]
  ) {
    assert.deepEqual(codes(`{ allow: t, args: { u: { ${check} } } }`), ["loose_host"], check);
    assert.deepEqual(codes(`{ ask: t, args: { u: { ${check} } } }`), ["loose_host"], check);
  }
  for (
    const rule of [
      '{ allow: { resources: "https://api.example.com/*" } }',
      '{ allow: { resources: ["https://*", "postgres://*/schema", "file:///tmp*"] } }',
      '{ allow: { resources: "https://*.example.org/*" }, args: { uri: { url: { host: "*.example.org" } } } }',
      '{ deny: { resources: "https://api.example.com*" } }',
      "{ allow: t, args: { u: { matches: 'https://api\\.example\\.com/[a-z]*' } } }",
      "{ allow: t, args: { u: { matches: 'https://.*' } } }",
    ]
  ) {
    assert.deepEqual(codes(rule), [], rule);
  }
});
