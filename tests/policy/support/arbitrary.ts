/** Random policies, operations and disks. Small alphabets on purpose: what never meets never disagrees. */

import fc from "fast-check";
import type { Operation } from "../../../src/mcp/operation.ts";
import type { Check, Literal, PolicyDocument, Quota, Rate, Rule, Scope } from "../../../src/policy/rule.ts";
import type { ArgvRule } from "../../../src/policy/argv/answer_argv.ts";
import { readFlagRule } from "../../../src/policy/argv/flag_rule.ts";
import type { UrlRule } from "../../../src/policy/url/answer_url.ts";
import { type HostRule, readHostRule } from "../../../src/policy/url/host_rule.ts";
import type { JsonValue } from "../../../src/wire/json_value.ts";
import { at, document, number, rule } from "./build.ts";
import { FakeDisk } from "./fake_disk.ts";
import { json } from "./json.ts";

/** What stands on every disk of these tests. */
export function disk(): FakeDisk {
  return new FakeDisk({
    "/tmp": "directory",
    "/tmp/a": "file",
    "/tmp/dir": "directory",
    "/tmp/out": { link: "/etc" },
    "/tmp/in": { link: "/tmp/dir" },
    "/tmp/gone": { link: "/nowhere/x" },
    "/etc": "directory",
    "/etc/passwd": "file",
    "/private": "locked",
    "/var": "directory",
    "/var/tmp": { link: "/tmp" },
    "/wd": "directory",
    "/wd/lilith": "directory",
    "/wd/lilith/policy.yaml": "file",
    "/wd/here": { link: "/wd/lilith" },
    "/wd/notes": "file",
  });
}

export const ownFile = "/wd/lilith/policy.yaml";

const toolNames = ["read", "Read", "ｒead", "write", "list_dir", "r%65ad", "move_file", ""];
const toolGlobs = ["*", "read", "re*", "*_dir", "?ead", "write", "WRITE", "*d*r*"];
const uris = [
  "file:///tmp/a",
  "file:///tmp/../etc/passwd",
  "file:///tmp/%2e%2e/etc/passwd",
  "FILE:/etc/passwd",
  "file://localhost/etc/passwd",
  "file:///wd/lilith/policy.yaml",
  "test://x/1",
];
const uriGlobs = [
  "*",
  "file:///tmp/*",
  "file:///etc/*",
  "test://*",
  "file:///tmp/../etc/passwd",
  "file:///tmp/?",
];
const methods = [
  "tools/call",
  "resources/read",
  "prompts/get",
  "sampling/createMessage",
  "ping",
  "tools/list",
];
const methodGlobs = ["*", "tools/call", "sampling/*", "ping", "*/list", "PING"];
const housekeeping = ["ping", "tools/list"];

const texts = [
  "/tmp/a",
  "/tmp",
  "/tmpx",
  "/tmp/",
  "/tmp/dir/new",
  "/tmp/../etc/passwd",
  "/tmp/dir/../a",
  "/tmp/out/passwd",
  "/tmp/out/../tmp/a",
  "/tmp/in/x",
  "/tmp/gone",
  "/tmp/none/../a",
  "/var/tmp/a",
  "/etc/passwd",
  "/ETC/passwd",
  "/private/x",
  "%2ftmp%2fa",
  "/tmp/%2e%2e/etc/passwd",
  "/tmp/%252e%252e/etc/passwd",
  "/tmp/%25252525",
  "/tmp/%ff",
  "..",
  "notes",
  "lilith/policy.yaml",
  "here/policy.yaml",
  "~/lilith/policy.yaml",
  "file:///wd/lilith/policy.yaml",
  "file:///tmp/a",
  "FILE://localhost/tmp/%2e%2e/etc/passwd",
  "file://host/tmp/a",
  "file:/etc/passwd?q#f",
  "file:tmp/a",
  "file:///tmp%2fa",
  "/tmp/a:b",
  "/tmp/PROGRA~1",
  "/tmp/a.",
  "/tmp／a",
  "/tmp/\u202ea",
  "／etc／passwd",
  " /etc/passwd ",
  "'/tmp/a'",
  "\\tmp\\a",
  "C:/tmp",
  "$HOME/x",
  "//host/share",
  "",
  "~",
  "a\u0000b",
  "two\nlines",
  "rw",
  "RW",
  "ｒｗ",
  "r%77",
  "%EF%BD%92w",
  "cafe\u0301",
  "caf\u00e9",
  "5",
  "\u212a",
];
export const urls: readonly string[] = [
  "https://example.com/",
  "HTTPS://API.Example.com:443/x?y@z",
  "https://api.example.com./a/@b",
  "https://api.example.com:8443",
  "http://example.com:80/",
  "ws://a.b.example.org/x",
  "ftp://example.com",
  "postgres://example.com/db",
  "postgres://example.com:5432/db",
  "https://m\u00fcnchen.de/",
  "https://xn--mnchen-3ya.de/",
  "https://M\u00dcNCHEN.de/",
  "https://stra\u00dfe.de/",
  "https://example.com@localhost/",
  "https://example.com#@localhost/",
  "https://example.com?%2540localhost",
  "https://example.com\\@localhost/",
  "https:example.com",
  "//example.com/",
  "https:///example.com",
  "https://example.com:/",
  "https://example.com:080/",
  "https://example.com:99999/",
  "https://localhost/",
  "http://10.1.2.3/",
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f.0.0.1/",
  "http://127.0.0.1./",
  "http://8.8.8.8/",
  "http://[::1]/",
  "http://[0:0::1]:80/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:a01:203]/",
  "http://[fe80::1%25eth0]/",
  "https://ex\uff0eample.com/",
  "https://a_b.example.org/",
  "https://a..example.org/",
  "https://example.com/a b",
  "file:///tmp/a",
  "mailto:a@example.com",
];
export const commands: readonly string[] = [
  "ls",
  "ls /tmp",
  "ls -l /tmp/a",
  "ls -la /tmp/a /tmp/dir",
  "ls -al /etc",
  "ls /tmp/../etc",
  "ls /tmp/out",
  "ls -x /tmp",
  "ls --color=auto /tmp",
  "ls --color=a/b /tmp",
  "ls --color /tmp",
  "ls --col=auto",
  "ls -n 5 /tmp",
  "ls -n /tmp/a",
  "ls -ln 5",
  "ls -nl 5",
  "ls -n -l",
  "ls -n",
  "ls -n5 /tmp",
  "ls /tmp -l",
  "ls -- -l",
  "ls -l -- /tmp/a",
  "ls -",
  "ls  /tmp",
  "ls /tmp ",
  "ls /tmp;id",
  "ls $HOME",
  "ls '/tmp'",
  "LS.exe /tmp",
  "/bin/ls /etc",
  "git status",
  "git -C /tmp status -l",
  "git",
  "A=b ls",
  "cat /etc/passwd",
  "-l /tmp",
  "ls --I=/etc -I/etc",
];
export const commandLists: readonly string[] = [
  '["ls"]',
  '["ls","-l","/tmp"]',
  '["ls","/tmp /etc"]',
  '["ls",5]',
  '["-l"]',
  '["cat","/etc/passwd"]',
];
const keys = ["path", "path", "list", "n", "Path", "PATH\u0000", "n", "N", "extra", "path/x"];
const numbers = [
  "5",
  "5.0",
  "5e0",
  "6",
  "-1",
  "0",
  "-0",
  "1e400",
  "9007199254740993",
  "9007199254740992",
  "5.00000000000000000001",
  "0.1",
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...texts) },
  { weight: 2, arbitrary: fc.constantFrom(...urls) },
  { weight: 2, arbitrary: fc.constantFrom(...commands) },
);
const selector = fc.constantFrom(
  "path",
  "path",
  "n",
  "n",
  "mode",
  "**",
  "path.path",
  "path[*]",
  "list[*].path",
  "list[*].n",
  "list[*]",
  "list.path[*]",
  '"path/x"."n"',
);

const literal: fc.Arbitrary<Literal> = fc.oneof(
  text,
  fc.constantFrom(...numbers.filter((source) => source !== "1e400")).map(number),
  fc.constantFrom(true, false, null),
);

const hosts = [
  "example.com",
  "*.example.com",
  "*.example.org",
  "localhost",
  "10.0.0.0/8",
  "127.0.0.1",
  "::1",
  "xn--mnchen-3ya.de",
].map((host) => {
  const rule = readHostRule(host);
  if (rule.kind === "problem") throw new TypeError(host);
  return rule;
});
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof(fc.constant(undefined), arbitrary);
const given = <T extends object>(parts: T): T =>
  Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as T;

export const urlCheck: fc.Arbitrary<Check> = fc.record({
  schemes: optional(fc.subarray(["http", "https", "ws", "ftp", "postgres"], { minLength: 1, maxLength: 3 })),
  hosts: optional(
    fc.oneof(
      fc.constant<readonly HostRule[]>([{ kind: "public" }]),
      fc.subarray(hosts, { minLength: 1, maxLength: 3 }),
    ),
  ),
  ports: optional(
    fc.oneof(fc.constant("any" as const), fc.subarray([80, 443, 5432, 8443], { minLength: 1, maxLength: 2 })),
  ),
}).map((parts): Check => ({ kind: "url", rule: given(parts) as UrlRule, at }));

const flagRules = [
  "-l",
  "-a",
  "-n *",
  "-n?",
  "--color=*",
  "--color=a**",
  "--color=*b/**",
  "--color",
  "--",
  "-I",
  "--color *",
]
  .map((flag) => {
    const rule = readFlagRule(flag);
    if ("kind" in rule) throw new TypeError(flag);
    return rule;
  });

const operandCheck: fc.Arbitrary<Check> = fc.oneof(
  fc.constant<Check>({ kind: "under", roots: ["/tmp"] }),
  fc.constant<Check>({ kind: "under", roots: ["/etc", "/wd"] }),
  fc.constantFrom("/tmp", "status", "-l").map((value): Check => ({ kind: "equals", value })),
  fc.constant<Check>({ kind: "finds", pattern: "etc", at }),
  fc.constant<Check>({ kind: "max_length", length: 6 }),
);

export const argvCheck: fc.Arbitrary<Check> = fc.record({
  programs: fc.subarray<readonly string[]>([["ls"], ["ls"], ["git"], ["git", "status"], []], {
    minLength: 1,
    maxLength: 2,
  }),
  flags: optional(fc.subarray(flagRules, { maxLength: 4 })),
  operands: optional(
    fc.oneof(
      fc.constant("none" as const),
      fc.record({
        checks: fc.array(operandCheck, { minLength: 1, maxLength: 2 }),
        atLeast: fc.nat({ max: 2 }),
      }),
    ),
  ),
}).map((parts): Check => ({ kind: "argv", rule: given(parts) as ArgvRule<Check>, at }));

const check: fc.Arbitrary<Check> = fc.oneof(
  { weight: 9, arbitrary: plainCheck() },
  { weight: 2, arbitrary: urlCheck },
  { weight: 2, arbitrary: argvCheck },
);

function plainCheck(): fc.Arbitrary<Check> {
  return fc.oneof(
    literal.map((value): Check => ({ kind: "equals", value })),
    fc.array(literal, { maxLength: 3 }).map((values): Check => ({ kind: "one_of", values })),
    fc.constantFrom("/tmp/.*", "[a-z]+", "caf\u00e9", "rw|r", "[^.]*").map((pattern): Check => ({
      kind: "matches",
      pattern,
      at,
    })),
    fc.constantFrom("etc", "^/tmp", "w$", "[0-9]", "\\.\\.").map((pattern): Check => ({
      kind: "finds",
      pattern,
      at,
    })),
    fc.subarray(
      [
        "/tmp/*",
        "/tmp/**",
        "**",
        "*",
        "*.yaml",
        "**/passwd",
        "/etc/passwd",
        "?w",
        "..",
        "/TMP/?",
        "lilith/**",
      ],
      { minLength: 1, maxLength: 2 },
    ).map((globs): Check => ({ kind: "glob", globs })),
    fc.subarray(["/tmp", "/etc", "/wd", "/var/tmp", "/private/x", "/"], { minLength: 1, maxLength: 2 })
      .map((roots): Check => ({ kind: "under", roots })),
    fc.constantFrom(0, 5, 0.1, 9007199254740992).map((bound): Check => ({ kind: "min", bound })),
    fc.constantFrom(0, 5, 0.1, 9007199254740992).map((bound): Check => ({ kind: "max", bound })),
    fc.constantFrom(0, 2, 10).map((length): Check => ({ kind: "max_length", length })),
    fc.boolean().map((isPresent): Check => ({ kind: "present", present: isPresent })),
  );
}

const args = fc.uniqueArray(selector, { maxLength: 2 }).chain((selectors) =>
  fc.tuple(...selectors.map(() => fc.array(check, { minLength: 1, maxLength: 2 })))
    .map((checks) => Object.fromEntries(selectors.map((name, index) => [name, checks[index]])))
);

const scope: fc.Arbitrary<Partial<Scope>> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.subarray(toolGlobs, { minLength: 1, maxLength: 2 }).map((tools) => ({ tools })),
  },
  {
    weight: 2,
    arbitrary: fc.subarray(uriGlobs, { minLength: 1, maxLength: 2 }).map((resources) => ({ resources })),
  },
  {
    weight: 1,
    arbitrary: fc.subarray(toolGlobs, { minLength: 1, maxLength: 2 }).map((prompts) => ({ prompts })),
  },
  {
    weight: 2,
    arbitrary: fc.subarray(methodGlobs, { minLength: 1, maxLength: 2 }).map((some) => ({ methods: some })),
  },
);

function limitParts(effect: Rule["effect"], to: Rate, quota: Quota | null): Partial<Rule> {
  if (effect !== "limit") return {};
  return quota === null ? { to } : { quota };
}

/**
 * What allows gives labels, what denies waits for them, and what asks does one or the other. Mostly of all tools at once:
 * two calls must meet for a flow.
 */
function taintParts(effect: Rule["effect"], labels: readonly string[] | null): Partial<Rule> {
  if (labels === null || effect === "limit") return {};
  if (effect === "deny" || (effect === "ask" && labels.length > 1)) return { ifTainted: labels };
  return { taint: labels };
}

/** All labels that rules give and wait for. */
export const taintLabels = ["private", "untrusted"];

const labels = fc.constantFrom(["private"], ["private"], ["private"], ["untrusted"], taintLabels);

const quota: fc.Arbitrary<Quota> = fc.record({
  per: fc.constantFrom("session", "hour", "day" as const),
  max: fc.constantFrom(1, 2, 5, 10.5, 0.3),
  sum: fc.constantFrom("n", "path", "n", undefined),
}).map(({ per, max, sum }) => ({
  per: per as Quota["per"],
  max: sum === undefined ? Math.ceil(max) : max,
  ...(sum === undefined ? {} : { sum }),
}));

const anyRule: fc.Arbitrary<Rule> = fc.record({
  effect: fc.constantFrom("allow", "allow", "deny", "ask", "ask", "limit", "limit" as const),
  scope,
  args: fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: args }),
  others: fc.constantFrom("any", "any", "none" as const),
  mode: fc.constantFrom("enforce", "enforce", "enforce", "observe" as const),
  to: fc.record({
    calls: fc.constantFrom(1, 7, 60),
    perMs: fc.constantFrom(1_000, 60_000),
    burst: fc.constantFrom(1, 2, 3),
  }),
  quota: fc.option(quota, { freq: 2 }),
  taints: fc.option(labels, { freq: 2 }),
  // The clock of the tests stands near a million.
  untilMs: fc.constantFrom(undefined, undefined, undefined, undefined, 1, 1_000_000, 1_000_100, 1_060_000),
  isWide: fc.boolean(),
  isDeclared: fc.constantFrom(false, false, false, true),
}).map(({ effect, scope, args, others, mode, to, quota, taints, untilMs, isWide, isDeclared }) =>
  rule(effect as Rule["effect"], isWide && taints !== null ? { tools: ["*"] } : scope, {
    args: isWide && taints !== null ? {} : args,
    others: (isWide && taints !== null ? "any" : others) as Rule["others"],
    mode: mode as Rule["mode"],
    ...limitParts(effect as Rule["effect"], to, quota),
    ...taintParts(effect as Rule["effect"], taints),
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(isDeclared && (effect === "allow" || effect === "ask") ? { schema: "declared" as const } : {}),
  })
);

/** A rule of one effect, with an id that no document below uses. */
export function anyRuleThat(effect: Rule["effect"]): fc.Arbitrary<Rule> {
  return anyRule.filter((one) => one.effect === effect).map((one) => ({ ...one, id: "added" }));
}

export const anyDocument: fc.Arbitrary<PolicyDocument> = fc.record({
  rules: fc.array(anyRule, { maxLength: 6 }),
  name: fc.constantFrom("team", "company"),
  mode: fc.constantFrom("enforce", "enforce", "enforce", "observe" as const),
  default: fc.constantFrom("deny", "allow" as const),
}).map(({ rules, mode, name, default: fallback }) =>
  document(rules.map((one, index) => ({ ...one, id: `${one.effect}-${index}` })), {
    name,
    mode: mode as PolicyDocument["mode"],
    default: fallback as PolicyDocument["default"],
  })
);

/** JSON text of arguments, so that number spellings stay and a failing case can be read. */
const leaf = fc.oneof(
  { weight: 6, arbitrary: text.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: fc.constantFrom(...numbers) },
  { weight: 1, arbitrary: fc.constantFrom("null", "true", "false", "[]", "{}") },
  { weight: 1, arbitrary: fc.constantFrom(...commandLists) },
);
const member = fc.oneof(
  { weight: 6, arbitrary: leaf },
  { weight: 1, arbitrary: fc.array(leaf, { maxLength: 2 }).map((all) => `[${all.join(",")}]`) },
  { weight: 1, arbitrary: anyObject(leaf) },
  // Deep enough for a path of three steps.
  { weight: 1, arbitrary: fc.array(anyObject(leaf), { maxLength: 3 }).map((all) => `[${all.join(",")}]`) },
  {
    weight: 1,
    arbitrary: anyObject(fc.array(leaf, { maxLength: 2 }).map((all) => `[${all.join(",")}]`)),
  },
);
function anyObject(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), value), {
    minLength: 1,
    maxLength: 2,
    selector: ([key]) => key,
  }).map((all) => `{${all.map(([key, one]) => `${JSON.stringify(key)}:${one}`).join(",")}}`);
}
const argumentsText: fc.Arbitrary<string | undefined> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.uniqueArray(
      fc.tuple(fc.constantFrom("path", "path", "path", "list", "n", "mode", ...keys), member),
      { maxLength: 3, selector: ([key]) => key },
    ).map((all) => `{${all.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`),
  },
  { weight: 1, arbitrary: member },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const target: fc.Arbitrary<Pick<Operation, "method" | "target" | "name" | "housekeeping">> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...toolNames).map((name) => ({
      method: "tools/call",
      target: "tool" as const,
      name,
      housekeeping: false,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...uris).map((name) => ({
      method: "resources/read",
      target: "resource" as const,
      name,
      housekeeping: false,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...toolNames).map((name) => ({
      method: "prompts/get",
      target: "prompt" as const,
      name,
      housekeeping: false,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...methods).map((method) => ({
      method,
      target: "method" as const,
      name: method,
      housekeeping: housekeeping.includes(method),
    })),
  },
);

export const anyOperation: fc.Arbitrary<Operation> = fc.record({
  target,
  from: fc.constantFrom("downstream", "upstream"),
  text: argumentsText,
}).map(({ target, from, text }): Operation => ({
  ...target,
  from: from as Operation["from"],
  arguments: text === undefined ? undefined : json(text) as JsonValue,
}));
