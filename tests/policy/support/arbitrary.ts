/** Random policies, operations and disks. Small alphabets on purpose: what never meets never disagrees. */

import fc from "fast-check";
import type { Operation } from "../../../src/mcp/operation.ts";
import type { Check, Literal, PolicyDocument, Rule, Scope } from "../../../src/policy/rule.ts";
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

const text = fc.constantFrom(...texts);
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

const check: fc.Arbitrary<Check> = fc.oneof(
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
  fc.subarray(["/tmp", "/etc", "/wd", "/var/tmp", "/private/x", "/"], { minLength: 1, maxLength: 2 })
    .map((roots): Check => ({ kind: "under", roots })),
  fc.constantFrom(0, 5, 0.1, 9007199254740992).map((bound): Check => ({ kind: "min", bound })),
  fc.constantFrom(0, 5, 0.1, 9007199254740992).map((bound): Check => ({ kind: "max", bound })),
  fc.constantFrom(0, 2, 10).map((length): Check => ({ kind: "max_length", length })),
  fc.boolean().map((isPresent): Check => ({ kind: "present", present: isPresent })),
);

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
  // The clock of the tests stands near a million.
  untilMs: fc.constantFrom(undefined, undefined, undefined, undefined, 1, 1_000_000, 1_000_100, 1_060_000),
}).map(({ effect, scope, args, others, mode, to, untilMs }) =>
  rule(effect as Rule["effect"], scope, {
    args,
    others: others as Rule["others"],
    mode: mode as Rule["mode"],
    ...(effect === "limit" ? { to } : {}),
    ...(untilMs === undefined ? {} : { untilMs }),
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
