/**
 * The policy language as a JSON Schema (draft 7), for editors: made from the shapes that the loader itself checks by, with
 * the words of this file. What an editor marks is wrong; what it does not mark may still be (`policy check` says).
 */

import * as z from "zod/mini";
import { variableCharactersMax, variableNameCharactersMax, variablesMax } from "../../limits.ts";
import { partSchemas } from "./schema.ts";

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  readonly [key: string]: unknown;
}

/**
 * The schema of a policy file. The same bytes from the same version: `policies/policy.schema.json` is what it gives.
 *
 * ```ts
 * import { policyJsonSchema } from "./json_schema.ts";
 *
 * console.assert(policyJsonSchema().$schema === "http://json-schema.org/draft-07/schema#");
 * ```
 */
export function policyJsonSchema(): JsonSchema {
  const policy = shapeOf("policy");
  const rule = shapeOf("rule");
  const argument = shapeOf("argument");
  const example = shapeOf("example");
  put(policy, "rules", { type: "array", items: ref("rule") });
  put(policy, "examples", { type: "array", items: ref("example") });
  put(policy, "vars", variables);
  for (const key of ["memory", "file_size"]) put(propertyOf(policy, "server"), key, size);
  for (const key of ["cpu_time", "stop_timeout"]) put(propertyOf(policy, "server"), key, duration);
  put(policy, "max_message", size);
  put(rule, "args", { type: "object", minProperties: 1, additionalProperties: ref("argument") });
  put(rule, "to", { anyOf: [{ type: "string", pattern: rate }, ref("quota")] });
  put(rule, "until", { type: "string", pattern: moment });
  if (hasProperty(rule, "for")) put(rule, "for", duration);
  if (hasProperty(rule, "max_result")) put(rule, "max_result", size);
  for (const effect of effects) put(rule, effect, ref("scope"));
  const checks = branchWith(argument, "matches");
  for (const key of ["equals", "present"]) delete propertyOf(checks, key).default;
  const scope = shapeOf("rule").properties.allow as MutableSchema;
  Object.assign(branchWith(scope, "tools"), { minProperties: 1 });
  Object.assign(branchWith(propertyOf(example, "expect"), "deny"), { minProperties: 1, maxProperties: 1 });
  Object.assign(rule, {
    oneOf: effects.map((effect) => ({ required: [effect] })),
    dependencies: { limit: ["to"], to: ["limit"], burst: ["limit"] },
  });
  Object.assign(checks, { minProperties: 1 });
  // Checks as of an argument, and how many words there must be.
  const operands = structuredClone(argument);
  branchWith(operands, "matches").properties.at_least = {
    type: "integer",
    minimum: 1,
  } as unknown as MutableSchema;
  put(propertyOf(checks, "argv"), "operands", ref("operands"));
  const schema: MutableSchema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A policy of Lilith Zero",
    ...policy,
    properties: policy.properties,
    definitions: { rule, scope, argument, operands, quota: shapeOf("quota"), example },
  };
  describe(schema, "policy");
  describe(rule, "rule");
  describe(scope, "scope");
  describe(argument, "check");
  describe(operands, "check");
  describe(schema.definitions!.quota as MutableSchema, "quota");
  describe(example, "example");
  return schema;
}

const effects = ["allow", "deny", "ask", "limit"];

/** Where a variable is put in, anything may come of it. */
const orVariable = (pattern: string) => `${pattern}|\\$\\{`;
const rate = orVariable("^[0-9]+ calls?[ ]?/[ ]?(second|minute|hour|day)$");
const moment = orVariable("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?$");
const size = {
  type: ["string", "number"],
  pattern: orVariable("^[0-9]+(\\.[0-9]+)? ?(B|KiB|MiB|GiB|TiB)?$"),
};
const duration = { type: "string", pattern: orVariable("^[0-9]+(\\.[0-9]+)? ?(ms|s|m|h)$") };
const variables = {
  type: "object",
  maxProperties: variablesMax,
  propertyNames: { pattern: `^[A-Za-z_][A-Za-z0-9_]{0,${variableNameCharactersMax - 1}}$` },
  additionalProperties: { type: ["string", "null"], maxLength: variableCharactersMax },
};

/** As zod writes them. */
interface MutableSchema {
  [key: string]: unknown;
  properties: Record<string, MutableSchema>;
  definitions?: Record<string, unknown>;
}

function ref(name: string): JsonSchema {
  return { $ref: `#/definitions/${name}` };
}

function shapeOf(part: keyof typeof partSchemas): MutableSchema {
  const made = z.toJSONSchema(partSchemas[part], { target: "draft-7", io: "input", unrepresentable: "any" });
  const { $schema: _, ...shape } = JSON.parse(
    JSON.stringify(made),
    // What zod says of every whole number, and nobody needs to read.
    (key, value) =>
      (key === "maximum" || key === "minimum") && Math.abs(value) === Number.MAX_SAFE_INTEGER
        ? undefined
        : value,
  );
  return shape as MutableSchema;
}

function hasProperty(schema: MutableSchema, key: string): boolean {
  return schema.properties?.[key] !== undefined;
}

function propertyOf(schema: MutableSchema, key: string): MutableSchema {
  const found = schema.properties?.[key];
  if (found === undefined) throw new TypeError(`the shapes have no ${key}`);
  return found;
}

function put(schema: MutableSchema, key: string, value: JsonSchema): void {
  propertyOf(schema, key);
  schema.properties[key] = structuredClone(value) as MutableSchema;
}

/** Of alternatives, the map that has a key. */
function branchWith(schema: MutableSchema, key: string): MutableSchema {
  if (hasProperty(schema, key)) return schema;
  for (const branch of (schema.anyOf ?? []) as MutableSchema[]) {
    if (hasProperty(branch, key)) return branch;
  }
  throw new TypeError(`the shapes have no map with ${key}`);
}

/** Gives every key below a place its words. Draft 7 ignores what stands beside `$ref`, hence `allOf`. */
function describe(schema: MutableSchema, place: string): void {
  for (const branch of (schema.anyOf ?? []) as MutableSchema[]) describe(branch, place);
  if (typeof schema.items === "object") describe(schema.items as MutableSchema, place);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const description = words[`${place}.${key}`];
    if (description === undefined) {
      throw new TypeError(`nothing is said of ${place}.${key}: say it below, and run the task schema`);
    }
    describe(property, inner[key] ?? key);
    schema.properties[key] = (property.$ref === undefined
      ? { description, ...property }
      : { description, allOf: [property] }) as MutableSchema;
  }
}

/** What the maps below some keys are called in the words. */
const inner: Readonly<Record<string, string>> = { after: "call" };

/** By the map that a key stands in. */
const words: Readonly<Record<string, string>> = {
  "policy.version": "The version of the policy language: 1.",
  "policy.name": "What decisions and records call the policy; the file's name where it is left out.",
  "policy.mode": "enforce, or observe: everything is decided and recorded, and nothing is blocked.",
  "policy.default": "What happens to a call that no rule decides: deny where it is left out.",
  "policy.denials":
    "How a denied tool call is answered: tool_result, which a model reads and goes on, or protocol_error.",
  "policy.vars":
    "Variables with their defaults; null for one that must be given with --var NAME=VALUE. Written ${name} in texts of rules, server and examples; $${ is a literal ${.",
  "policy.rules":
    "The rules. Their order does not matter: deny, then limit, then ask, then allow, then default.",
  "policy.server": "How the server's process is kept.",
  "policy.audit": "What is recorded.",
  "policy.max_message": "The largest message that is let through, in bytes or as 1MiB.",
  "policy.lock": "required: the proxy refuses to start without --lock FILE.",
  "policy.invisible_text":
    "What happens to text that cannot be seen in descriptions and results: note (the default) or refuse.",
  "policy.examples": "Calls with the verdict that is expected; `policy check` runs them.",
  "server.memory": "Memory of each process, as 512MiB.",
  "server.processes": "Processes at one time.",
  "server.open_files": "Open files of each process.",
  "server.file_size": "The largest file that it may write, as 100MiB.",
  "server.cpu_time": "Processor time of each process, in whole seconds, as 60s.",
  "server.stop_timeout": "How long each step of stopping it waits for the next, as 2s.",
  "server.pass_env":
    "The environment variables that it gets; all, less ours and the loader's, where left out.",
  "server.directory": "Its working directory, absolute; that of the proxy where left out.",
  "server.containment": "The least containment: namespace refuses to start where there is only process.",
  "audit.mask": "all: personal data and secrets are masked before anything is written.",
  "rule.id": "What decisions and records call the rule; rule-N where it is left out.",
  "rule.allow": "Lets what it covers through, where every check says yes.",
  "rule.deny": "Denies what it covers, unless a check says no. Always wins.",
  "rule.ask": "Lets a person decide what it covers, where every check says yes.",
  "rule.limit": "Counts what it covers against `to`.",
  "rule.args":
    'Checks by argument: a name, a path such as a.b or list[*].name, or "**" for any text anywhere.',
  "rule.others": "none: arguments that are not named do not pass.",
  "rule.to": "A rate such as 60 calls/minute, or a quota: { calls: 100, per: session }.",
  "rule.burst": "How many calls may come at once; as many as the rate names where left out.",
  "rule.for": "How long an approval of the same call holds, as 10m.",
  "rule.taint": "Labels that the session gets when a call that the rule covers is let through.",
  "rule.if_tainted": "The rule holds only while the session has all of these labels.",
  "rule.schema": "declared: the arguments must satisfy the schema that the server declared for the tool.",
  "rule.max_result": "A larger result is replaced by an error, as 1MiB.",
  "rule.reason": "Said to the agent and in the log where the rule decides.",
  "rule.until": "When the rule ends, in UTC: 2026-12-31, through the end of that day, or 2026-12-31T18:00Z.",
  "rule.mode": "observe: what the rule alone would have done is recorded, and not done.",
  "scope.tools": "Tools, by name or glob.",
  "scope.resources": "Resources, by URI or glob.",
  "scope.prompts": "Prompts, by name or glob.",
  "scope.methods": "Methods of MCP in both directions, by name or glob.",
  "check.matches": "The whole text is a match of this pattern (RE2 syntax).",
  "check.finds": "The text holds a match of this pattern (RE2 syntax).",
  "check.glob":
    "The text is a match of this glob: * any run without /, ** any run, ? one character without /.",
  "check.under": "The path lies in this directory, by its name and on disk.",
  "check.url": "The text is a URL whose parts are these.",
  "check.argv": "The text is one command of these parts.",
  "check.equals": "The value is this one.",
  "check.one_of": "The value is one of these.",
  "check.min": "The number is at least this.",
  "check.max": "The number is at most this.",
  "check.max_length": "A text has at most so many characters, a list so many elements.",
  "check.at_least": "So many words must stand there that are no flags.",
  "check.present": "Whether the argument is there at all.",
  "url.scheme": "https, or a list of schemes.",
  "url.host": "A host, a glob such as *.example.org, a list of them, or public.",
  "url.port": "A port, or a list of them; the scheme's own where left out.",
  "argv.program": "The program, or a list of them.",
  "argv.flags": "The flags that may stand there.",
  "argv.operands": "A check that each word passes that is no flag.",
  "quota.calls": "So many calls.",
  "quota.sum": "The argument whose numbers are added up.",
  "quota.max": "What they may come to.",
  "quota.per": "Over a session, an hour or a day (UTC).",
  "example.call": "The call.",
  "example.after": "How often the same call, or which calls, were made before it.",
  "example.expect": "The verdict, or the verdict and the rule: { deny: rule-1 }.",
  "call.tool": "A tool's name.",
  "call.resource": "A resource's URI.",
  "call.prompt": "A prompt's name.",
  "call.method": "Any other method.",
  "call.arguments": "What it is called with.",
  "call.from": "Who sends it: agent, where left out, or server.",
  "expect.allow": "The rule that allows it, or default.",
  "expect.deny": "The rule that denies it, or default.",
  "expect.ask": "The rule that asks.",
  "expect.limit": "The limit without room.",
};
