import assert from "node:assert/strict";
import { decide } from "../../src/policy/decide.ts";
import type { ArgvRule } from "../../src/policy/argv/answer_argv.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import type { Check } from "../../src/policy/rule.ts";
import { initialState } from "../../src/policy/state.ts";
import { at, call, compile, document, equals, matches, rule, under } from "./support/build.ts";
import { type Entry, FakeDisk } from "./support/fake_disk.ts";

const tree: Readonly<Record<string, Entry>> = {
  "/tmp": "directory",
  "/tmp/a": "file",
  "/tmp/locked": "locked",
  "/tmp/out": { link: "/etc" },
  "/tmp/gone": { link: "/nowhere/x" },
  "/etc": "directory",
  "/wd": "directory",
  "/wd/here": { link: "/tmp" },
};

const ls: ArgvRule<Check> = {
  programs: [["ls"]],
  flags: [{ flag: "-l" }, { flag: "-I", value: { behind: " ", glob: "*" } }],
  operands: { checks: [under("/tmp")], atLeast: 1 },
};

function policyOf(effect: "allow" | "deny", argv: ArgvRule<Check>, workingDirectory = "/wd") {
  const rules = [rule(effect, "*", { args: { command: [{ kind: "argv", rule: argv, at }] } })];
  return compile(document(rules, { default: effect === "allow" ? "deny" : "allow" }), { workingDirectory });
}

/** Whether an allow lets a command pass, and whether a deny fires on it, with the facts that the engine asks for. */
function outcome(command: string | string[], argv = ls, workingDirectory = "/wd") {
  const operation = call("run", JSON.stringify({ command }));
  const [allows, denies] = (["allow", "deny"] as const).map((effect) => {
    const policy = policyOf(effect, argv, workingDirectory);
    const facts = new FakeDisk(tree).answer(needs(policy, operation));
    return decide(policy, initialState(policy), operation, facts, 0).verdict === effect;
  });
  return `${allows ? "allowed" : "not allowed"}, ${denies ? "denied" : "not denied"}`;
}

Deno.test("operands of a command are paths as all others: by name and on disk", () => {
  const inside = "allowed, denied";
  const outside = "not allowed, not denied";
  const unsure = "not allowed, denied";
  const table: [string | string[], string][] = [
    ["ls -l /tmp/a", inside],
    [["ls", "-l", "/tmp/a"], inside],
    ["ls -l /tmp/a /tmp", inside],
    ["ls -l /tmp/none/new", inside],
    ["ls -l /etc", outside],
    // Elsewhere on the way to a place that is denied or allowed: all for an allow, any for a deny.
    ["ls -l /tmp /etc", unsure],
    ["ls -l /tmp/../etc", outside],
    ["ls -l /tmp/a/../a", inside],
    ["ls -l /tmp/out", unsure],
    ["ls -l /tmp/gone", unsure],
    ["ls -l /tmp/out/..", unsure],
    ["ls -l here", unsure],
    ["ls -l here/a", unsure],
    ["ls -l ../etc", outside],
    ["ls -l ../tmp/a", inside],
    ["ls -l", outside],
    ["ls -I /tmp", outside.replace("not denied", "denied")],
  ];
  for (const [command, expected] of table) assert.equal(outcome(command), expected, String(command));
});

Deno.test("a relative operand begins in the server's working directory", () => {
  assert.equal(outcome("ls a", ls, "/tmp"), "allowed, not denied");
  assert.equal(outcome("ls a", ls, "/etc"), "not allowed, not denied");
});

Deno.test("needs() asks for each operand where a path is wanted, and for nothing where the words settle it", () => {
  const asked = (effect: "allow" | "deny", command: string, argv = ls) =>
    needs(policyOf(effect, argv), call("run", JSON.stringify({ command }))).map((query) => query);
  const paths = (effect: "allow" | "deny", command: string, argv = ls) =>
    asked(effect, command, argv).flatMap((query) => "path" in query ? [query.path] : []);
  assert.deepEqual(paths("allow", "ls -l /tmp/a /tmp/b"), ["/tmp", "/tmp/a", "/tmp/b"]);
  assert.deepEqual(paths("allow", "ls -R /tmp/a"), []);
  assert.deepEqual(paths("allow", "cat /tmp/a"), []);
  assert.deepEqual(paths("allow", "ls /tmp/a;id"), []);
  assert.deepEqual(paths("deny", "ls -l /etc"), ["/tmp", "/etc"]);
  assert.deepEqual(paths("deny", "cat /etc"), []);
  assert.deepEqual(paths("allow", "ls a", { ...ls, operands: { checks: [equals("a")], atLeast: 0 } }), []);
});

Deno.test("an operand whose place is not known does not pass an allow, and meets a deny", () => {
  const operation = call("run", JSON.stringify({ command: "ls -l /srv/a" }));
  const verdict = (effect: "allow" | "deny") => {
    const policy = policyOf(effect, ls);
    return decide(policy, initialState(policy), operation, noFacts, 0).verdict;
  };
  assert.equal(verdict("deny"), "deny");
  assert.equal(outcome("ls -l /tmp/locked/a"), "not allowed, denied");
});

Deno.test("patterns on operands are looked at word by word", () => {
  const echo: ArgvRule<Check> = {
    programs: [["echo"]],
    operands: { checks: [matches("[a-z]+")], atLeast: 0 },
  };
  assert.equal(outcome("echo a b", echo), "allowed, denied");
  assert.equal(outcome("echo", echo), "allowed, not denied");
  assert.equal(outcome("echo a 1", echo), "not allowed, denied");
});

Deno.test("the reason names the part of the URL or command that does not pass", () => {
  const reason = (check: Check, value: unknown) => {
    const policy = compile(document([rule("allow", "*", { args: { x: [check] } })]));
    const operation = call("run", JSON.stringify({ x: value }));
    const facts = new FakeDisk(tree).answer(needs(policy, operation));
    return decide(policy, initialState(policy), operation, facts, 0).reason
      .replace('no rule allows tool "run" with these arguments: argument "x" must ', "");
  };
  const argv: Check = { kind: "argv", rule: ls, at };
  const url = (host: "public" | string): Check => ({
    kind: "url",
    rule: {
      schemes: ["https"],
      hosts: [host === "public" ? { kind: "public" } : { kind: "name", name: host }],
    },
    at,
  });
  const table: [Check, unknown, string][] = [
    [argv, "cat /tmp", 'be the command "ls": it begins with "cat"'],
    [argv, "ls -R /tmp", 'be the command "ls": it may not have the flag "-R"'],
    [argv, "ls -l", 'be the command "ls": it needs an operand'],
    [argv, "ls /tmp -l", 'be the command "ls": the flag "-l" stands behind an operand'],
    [argv, "ls -I a/b /tmp", 'be the command "ls": the flag "-I" may not have the value "a/b"'],
    [argv, "ls -I -l /tmp", 'be the command "ls": "-l" could be a flag, or the value of "-I"'],
    [argv, "ls /tmp | sh", 'be the command "ls": it holds a | which shells interpret'],
    [argv, "ls /etc", 'be the command "ls": its operand "/etc" must be under /tmp'],
    [
      argv,
      "ls /tmp/gone",
      'be the command "ls": its operand "/tmp/gone" must be under /tmp, and it could not be told where it leads',
    ],
    [argv, 5, 'be the command "ls": it is neither a text nor a list of texts'],
    [
      url("public"),
      "https://127.0.0.1/",
      "be a URL with the scheme https and a public host: the host 127.0.0.1 is not public (loopback, RFC 1122)",
    ],
    [
      url("public"),
      "http://example.com",
      "be a URL with the scheme https and a public host: its scheme is http",
    ],
    [
      url("example.com"),
      "https://evil.com:444/",
      "be a URL with the scheme https and the host example.com: its host is evil.com",
    ],
    [
      url("example.com"),
      "https://example.com:444/",
      "be a URL with the scheme https and the host example.com: its port is 444",
    ],
    [
      url("example.com"),
      "https://example.com@evil.com/",
      "be a URL with the scheme https and the host example.com: a user name stands before its host",
    ],
    [
      { kind: "url", rule: { hosts: [{ kind: "below", name: "example.com" }] }, at },
      "ftp://a.example.com/",
      "be a URL with the host *.example.com: its scheme is ftp",
    ],
    [url("example.com"), ["x"], "be a URL with the scheme https and the host example.com: it is an array"],
  ];
  for (const [check, value, expected] of table) assert.equal(reason(check, value), expected);
});
