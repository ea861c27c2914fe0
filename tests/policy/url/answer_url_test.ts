import assert from "node:assert/strict";
import fc from "fast-check";
import type { Answer } from "../../../src/policy/answer.ts";
import { answerUrl, type UrlRule } from "../../../src/policy/url/answer_url.ts";
import { readHostRule } from "../../../src/policy/url/host_rule.ts";
import { urlCheck, urls } from "../support/arbitrary.ts";
import { naiveUrlAnswer } from "../support/naive_url.ts";

const numberOf = { no: -1, unknown: 0, yes: 1 } as const;

Deno.test("a URL is judged as a naive reading of the description judges it", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      urlCheck,
      fc.constantFrom(...urls),
      fc.constantFrom("allow", "deny" as const),
      (check, text, mode) => {
        assert.ok(check.kind === "url");
        const strictness = mode as "allow" | "deny";
        const answer = answerUrl(check.rule, text, strictness);
        assert.equal(numberOf[answer], naiveUrlAnswer(check.rule, text, strictness), text);
        seen.add(`${strictness} ${answer}`);
      },
    ),
    { numRuns: 5_000 },
  );
  assert.equal(seen.size, 6);
});

function rule(parts: { scheme?: string[]; host?: string[] | "public"; port?: number[] | "any" }): UrlRule {
  const hosts = parts.host === "public" ? [{ kind: "public" as const }] : parts.host?.map((host) => {
    const read = readHostRule(host);
    assert.ok(read.kind !== "problem", host);
    return read;
  });
  return {
    ...(parts.scheme ? { schemes: parts.scheme } : {}),
    ...(hosts ? { hosts } : {}),
    ...(parts.port ? { ports: parts.port } : {}),
  };
}

function assertAnswers(
  one: UrlRule,
  expected: Readonly<Record<string, Answer>>,
  mode: "allow" | "deny",
): void {
  for (const [text, answer] of Object.entries(expected)) {
    assert.equal(answerUrl(one, text, mode), answer, `${mode}: ${text}`);
  }
}

Deno.test("an allow without scheme and port takes http and https at their own ports", () => {
  assertAnswers(rule({ host: ["api.example.com"] }), {
    "https://api.example.com": "yes",
    "http://api.example.com/": "yes",
    "https://api.example.com:443/": "yes",
    "http://api.example.com:443/": "no",
    "https://api.example.com:80/": "no",
    "https://api.example.com:22/": "no",
    "ws://api.example.com/": "no",
    "ftp://api.example.com/": "no",
    "gopher://api.example.com/": "no",
    "javascript://api.example.com/%0aalert(1)": "no",
  }, "allow");
});

Deno.test("a deny without scheme and port fires at any of them", () => {
  assertAnswers(rule({ host: ["*.internal"] }), {
    "https://db.internal": "yes",
    "gopher://db.internal:70/": "yes",
    "https://example.com": "no",
    "https://db.internal.example.com": "no",
    "https://user@example.com": "unknown",
    "db.internal": "unknown",
    "": "unknown",
  }, "deny");
});

Deno.test("a scheme and a port are those that the rule names", () => {
  assertAnswers(rule({ scheme: ["https"], port: [443, 8443] }), {
    "https://example.com": "yes",
    "HTTPS://example.com": "yes",
    "https://example.com:8443": "yes",
    "https://example.com:444": "no",
    "http://example.com:443": "no",
  }, "allow");
  assertAnswers(rule({ scheme: ["postgres"], port: [5432] }), {
    "postgres://db.example.com:5432/x": "yes",
    "postgres://db.example.com/x": "unknown",
    "postgres://db.example.com:22/x": "no",
  }, "allow");
  assertAnswers(rule({ scheme: ["postgres"] }), {
    "postgres://db.example.com/x": "yes",
    "postgres://db.example.com:5432/x": "no",
  }, "allow");
  assertAnswers(rule({ port: "any" }), { "http://example.com:22/": "yes" }, "allow");
});

Deno.test("a star covers every name below, and neither the name itself nor one that ends like it", () => {
  for (const mode of ["allow", "deny"] as const) {
    assertAnswers(rule({ host: ["*.example.org"] }), {
      "https://a.example.org": "yes",
      "https://a.b.example.org.": "yes",
      "https://A.EXAMPLE.ORG": "yes",
      "https://example.org": "no",
      "https://badexample.org": "no",
      "https://example.org.evil.com": "no",
      "https://evil.com/a.example.org": "no",
      "https://evil.com?a.example.org": "no",
      "https://evil.com#a.example.org": "no",
      "https://10.0.0.1": "no",
    }, mode);
  }
});

Deno.test("an address is compared as a number, and a deny sees the IPv4 address inside an IPv6 one", () => {
  const block = rule({ host: ["10.0.0.0/8", "2001:db8::/32"], port: "any" });
  assertAnswers(block, {
    "http://10.1.2.3:1/": "yes",
    "http://11.0.0.0/": "no",
    "http://[2001:DB8:0:0::1]/": "yes",
    "http://[2001:db9::1]/": "no",
    "http://[::ffff:10.1.2.3]/": "no",
    "http://10.1.2.3.example.com/": "no",
  }, "allow");
  assertAnswers(block, {
    "http://[::ffff:10.1.2.3]/": "yes",
    "http://[::ffff:a01:203]/": "yes",
    "http://[64:ff9b::10.1.2.3]/": "yes",
    "http://[2002:a01:203::1]/": "yes",
    "http://[::ffff:11.0.0.1]/": "no",
    "http://167838211/": "unknown",
  }, "deny");
});

Deno.test("a name is compared in A-labels", () => {
  const one = rule({ host: ["münchen.de"] });
  assert.deepEqual(one.hosts, [{ kind: "name", name: "xn--mnchen-3ya.de" }]);
  assertAnswers(one, {
    "https://münchen.de": "yes",
    "https://xn--mnchen-3ya.de": "yes",
    "https://XN--MNCHEN-3YA.DE": "yes",
    // Decomposed, in capitals: mapped by some readers and refused by others.
    "https://mu\u0308nchen.de": "unknown",
    "https://MÜNCHEN.de": "unknown",
    "https://munchen.de": "no",
    "https://аpple.com": "no",
  }, "allow");
  assertAnswers(rule({ host: ["apple.com"] }), { "https://аpple.com": "no" }, "allow");
});
