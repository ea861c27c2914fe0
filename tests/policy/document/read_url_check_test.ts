import assert from "node:assert/strict";
import { loadDocument } from "../../../src/policy/document.ts";
import { loadRules, ruleComplaints } from "./load.ts";

/** The rule of `args: { x: { url: … } }`. */
function urlRule(value: string) {
  const [check] = loadRules(`  - { deny: t, args: { x: { url: ${value} } } }`)[0].args[0].checks;
  assert.ok(check.kind === "url");
  return check.rule;
}

/** What is said of it; the value begins in column 34. */
function refusals(value: string): string[] {
  return ruleComplaints(`  - { deny: t, args: { x: { url: ${value} } } }`);
}

Deno.test("url takes a value or a list for each part, in the form in which they are compared", () => {
  assert.deepEqual(urlRule("{ scheme: HTTPS, host: API.Example.com., port: 443 }"), {
    schemes: ["https"],
    hosts: [{ kind: "name", name: "api.example.com" }],
    ports: [443],
  });
  assert.deepEqual(
    urlRule('{ scheme: [http, https], host: ["*.example.org", münchen.de], port: [80, 8080] }'),
    {
      schemes: ["http", "https"],
      hosts: [{ kind: "below", name: "example.org" }, { kind: "name", name: "xn--mnchen-3ya.de" }],
      ports: [80, 8080],
    },
  );
  assert.deepEqual(urlRule("{ host: public, port: any }"), { hosts: [{ kind: "public" }], ports: "any" });
  assert.deepEqual(urlRule('{ host: [10.0.0.0/8, 127.0.0.1, "::1", "[::1]"] }').hosts, [
    { kind: "range", range: { bytes: [10, 0, 0, 0], bits: 8 } },
    { kind: "range", range: { bytes: [127, 0, 0, 1], bits: 32 } },
    { kind: "range", range: { bytes: [...new Array(15).fill(0), 1], bits: 128 } },
    { kind: "range", range: { bytes: [...new Array(15).fill(0), 1], bits: 128 } },
  ]);
});

Deno.test("a host that no URL could have is refused with what to write instead", () => {
  const table: [string, RegExp][] = [
    ["https://api.example.com/v1", /, a URL \| Write the host alone: api\.example\.com$/],
    ["api.example.com/v1", /, which is no host \| Write the host alone: api\.example\.com$/],
    [
      "api.example.com:443",
      /with a port \| Write the host alone, and the port in "port": api\.example\.com$/,
    ],
    ["me@example.com", /with a user name \| Write the host alone: example\.com$/],
    ['"*"', /, every host \| Leave "host" out, or write host: public$/],
    ['"*example.org"', /with a star inside \| A star stands for whole names in front: "\*\.example\.org"$/],
    ['"api.*.org"', /with a star inside/],
    ["[public]", /"host" names "public" in a list \| host: public stands for all of them/],
    ['"127.1"', /takes? for different addresses \| Write an address as four decimal numbers: 127\.0\.0\.1$/],
    ['"0x7f000001"', /Write an address as four decimal numbers/],
    ['"10.0.0.1/8"', /with bits behind the prefix \| Write the block as 10\.0\.0\.0\/8$/],
    ['"10.0.0.0/33"', /which is no host/],
    ['"*.10.0.0.1"', /a star before an address \| Write a block/],
    ["a_b.example.org", /the host is no plain name/],
    ["a..b", /the host is no plain name/],
    ["straße.de", /Write it as the DNS does, with xn--$/],
    ['"a b"', /with a space or an invisible character/],
  ];
  for (const [host, expected] of table) {
    const [said, ...more] = refusals(`{ host: ${host} }`);
    assert.match(said, /^3:4[0-9] policy_bad_value "host" names/, host);
    assert.match(said, expected, host);
    assert.deepEqual(more, []);
  }
});

Deno.test("schemes, ports and keys of url are checked", () => {
  const table: [string, RegExp][] = [
    ["{}", /^3:34 policy_bad_value "url" has no part/],
    ["{ scheme: 'https://' }", /^3:44 policy_bad_value "scheme" names .* \| Write its name alone: https$/],
    ["{ port: '443' }", /^3:42 policy_wrong_type "port" is the text "443" \| Write the number: 443$/],
    ["{ port: all }", /Write a number, or port: any$/],
    ["{ port: 0 }", /"port" is the number 0 \| Write at least 1/],
    ["{ port: 65536 }", /Write at most 65535/],
    ["{ hosts: a.example }", /unknown key "hosts" in url \| Did you mean "host"\?/],
    ["{ path: /x }", /unknown key "path" in url/],
    ["https://example.com", /^3:34 policy_wrong_type/],
  ];
  for (const [value, expected] of table) assert.match(refusals(value)[0], expected, value);
});

Deno.test('"**" with url or argv is refused: most texts are neither', () => {
  const said = (check: string) => ruleComplaints(`  - { deny: t, args: { "**": ${check} } }`)[0];
  assert.match(
    said("{ url: { host: public } }"),
    /policy_bad_value "\*\*" with url: it looks at text anywhere/,
  );
  assert.match(
    said("{ argv: { program: rm } }"),
    /policy_bad_value "\*\*" with argv: it looks at text anywhere/,
  );
});

Deno.test("an allow of every host is warned of, and one that never allows", () => {
  const said = (effect: string, url: string) =>
    ruleComplaints(`  - { ${effect}: t, others: none, args: { x: { url: ${url} } } }`);
  assert.match(said("allow", "{ scheme: https }")[0], /open_host the rule "rule-1" takes URLs of any host/);
  assert.match(
    said("allow", "{ scheme: file }")[0],
    /dead_rule .* "file" have no host \| For files, use "under"/,
  );
  assert.deepEqual(said("allow", "{ host: public }"), []);
  assert.deepEqual(ruleComplaints("  - { deny: t, args: { x: { url: { scheme: file } } } }"), []);
});

Deno.test("what url cannot see is noted once in a policy, and is no warning", () => {
  const loaded = loadDocument(
    `version: 1
rules:
  - { deny: a, args: { x: { url: { host: "*.internal" } } } }
  - { allow: b, others: none, args: { x: { url: { host: public } } } }
  - { allow: c, others: none, args: { x: { url: { host: public } } } }
`,
    "p.yaml",
  );
  assert.ok(loaded.kind === "ok");
  assert.deepEqual(loaded.warnings, []);
  assert.deepEqual(loaded.notes.map(({ code, severity, at }) => `${code} ${severity} ${at.line}`), [
    "blind_spot note 4",
  ]);
  assert.match(loaded.notes[0].message, /private address.*redirects/);
});
