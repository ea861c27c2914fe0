/**
 * A policy to begin with, for a server that was asked what it offers: everything is denied, and each tool stands there as
 * a comment with checks for its arguments. Whatever the server says of itself ends up in comments, which it cannot leave.
 */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../wire/json_value.ts";
import { policyBytesMax } from "../limits.ts";
import { builtInRuleIds } from "./built_in.ts";
import { argumentCheck } from "./draft_check.ts";

/** Something that the server lists. */
export interface DraftItem {
  readonly name: string;
  readonly value: JsonObject;
}

/** What the server said; see client/server_survey.ts. */
export interface DraftSource {
  readonly serverInfo: JsonValue | undefined;
  readonly tools: readonly DraftItem[];
  readonly prompts: readonly DraftItem[];
  readonly resources: readonly DraftItem[];
  readonly resourceTemplates: readonly DraftItem[];
}

/**
 * The text of the policy. It denies every tool, and passes `policy check` without a warning.
 *
 * ```ts
 * import { draftPolicy } from "./draft_policy.ts";
 *
 * const nothing = { prompts: [], resources: [], resourceTemplates: [] };
 * const text = draftPolicy({ serverInfo: undefined, tools: [{ name: "read", value: new Map() }], ...nothing });
 * console.assert(text.includes("# - id: read\n"));
 * ```
 */
export function draftPolicy(source: DraftSource): string {
  const info = isJsonObject(source.serverInfo) ? source.serverInfo : new Map<string, JsonValue>();
  const name = info.get("name");
  const called = typeof name === "string" && name !== "" ? comment(name, 60) : "the server";
  const release = info.get("version");
  return [
    `# A policy for ${called}${
      typeof release === "string" ? ` ${comment(release, 30)}` : ""
    }, begun from what it lists.`,
    "#",
    "# Everything is denied that no rule allows. To allow a tool, take the # away from its rule, give its arguments",
    "# the narrowest checks that the task allows, and say so in an example. Then: lilith-zero policy check FILE",
    "#",
    "# Lines with ## are the server's own words: claims, not facts.",
    "# Completion in an editor: lilith-zero policy schema > policy.schema.json, and as the first line of this file",
    "#   # yaml-language-server: $schema=policy.schema.json",
    "version: 1",
    "default: deny",
    "",
    "rules:",
    "  # Holds whatever is allowed below: a deny always wins.",
    "  - id: no-credentials",
    '    deny: "*"',
    "    args:",
    "      \"**\": { finds: '(^|/)\\.(ssh|aws|gnupg|kube|docker)(/|$)' }",
    "    reason: credentials are never part of the task",
    "",
    "  # - id: pace",
    '  #   limit: "*"',
    "  #   to: 60 calls/minute",
    ...draftTools(source.tools),
    ...draftNames("prompts", "Prompts", source.prompts),
    ...draftNames("resources", "Resources", [...source.resources, ...source.resourceTemplates.map(asGlob)]),
    "",
    "# How the server's process is kept.",
    "# server:",
    "#   memory: 512MiB",
    "#   pass_env: [PATH, HOME]",
    "",
    "examples:",
    ...draftExamples(source.tools),
    "",
  ].join("\n");
}

/** As many as fit into a policy with room for what is written into it afterwards. */
function draftTools(tools: readonly DraftItem[]): string[] {
  const lines: string[] = [];
  let bytesLeft = policyBytesMax / 2;
  for (const [index, tool] of tools.entries()) {
    const drafted = draftTool(tool);
    bytesLeft -= encoder.encode(drafted.join("\n")).length;
    if (bytesLeft < 0) {
      return [...lines, "", `  ## and ${tools.length - index} more, for which there is no room here`];
    }
    lines.push(...drafted);
  }
  return lines;
}
const encoder = new TextEncoder();

function draftTool({ name, value }: DraftItem): string[] {
  const exact = globFor(name);
  const lines = ["", `  ## ${comment(name, 100)}${titleOf(value)}`];
  for (const said of [firstWords(value.get("description")), hintsOf(value.get("annotations"))]) {
    if (said !== "") lines.push(`  ## ${said}`);
  }
  if (exact === undefined) {
    lines.push("  ## Its name is too long for a rule.");
    return lines;
  }
  if (exact !== name) lines.push("  ## Its name holds characters that a rule cannot: each ? stands for one.");
  const id = idFor(name);
  const head = id === undefined
    ? [`- allow: ${quoted(exact)}`]
    : [`- id: ${quoted(id)}`, `  allow: ${quoted(exact)}`];
  lines.push(...[...head, ...draftArguments(value.get("inputSchema"))].map((line) => `  # ${line}`));
  return lines;
}

/** Required arguments with a check each; the others as comments, because a rule that names one wants it present. */
function draftArguments(schema: JsonValue | undefined): string[] {
  const properties = isJsonObject(schema) ? schema.get("properties") : undefined;
  if (!isJsonObject(schema) || !isJsonObject(properties) || properties.size === 0) return ["  others: none"];
  const required = schema.get("required");
  const isRequired = (name: string) => isJsonArray(required) && required.includes(name);
  const named = [...properties].slice(0, argumentsShownMax);
  const lines = (names: readonly (readonly [string, JsonValue])[]) =>
    names.flatMap(([name, about]) => {
      const check = argumentCheck(name, isJsonObject(about) ? about : new Map(), schema);
      return check === undefined
        ? []
        : [`${quoted(check.selector)}: ${check.check}  # ${comment(check.about, 60)}`];
    });
  const needed = lines(named.filter(([name]) => isRequired(name)));
  const others = lines(named.filter(([name]) => !isRequired(name)));
  const more = properties.size - named.length;
  return [
    ...(needed.length === 0 ? [] : ["  args:", ...needed.map((line) => `    ${line}`)]),
    ...(others.length === 0 ? [] : [
      "  # Not required; a call without one that is named here does not pass:",
      ...others.map((line) => `  #   ${line}`),
    ]),
    ...(more > 0 ? [`  # and ${more} more`] : []),
    ...(others.length === 0 && more <= 0 ? ["  others: none"] : ["  # others: none"]),
  ];
}

const argumentsShownMax = 100;

function titleOf(value: JsonObject): string {
  const annotations = value.get("annotations");
  const title = value.get("title") ?? (isJsonObject(annotations) ? annotations.get("title") : undefined);
  return typeof title === "string" && title.trim() !== "" ? `: ${comment(title, 80)}` : "";
}

/** The first sentence, or as much of it as fits on a line. */
function firstWords(description: JsonValue | undefined): string {
  if (typeof description !== "string") return "";
  const line = comment(description, 400);
  const sentence = /^.{10,}?[.!?](?= |$)/.exec(line)?.[0] ?? line;
  return comment(sentence, 100);
}

const hints: readonly (readonly [string, boolean, string])[] = [
  ["readOnlyHint", true, "it only reads"],
  ["readOnlyHint", false, "it changes things"],
  ["destructiveHint", true, "it may destroy something"],
  ["destructiveHint", false, "it destroys nothing"],
  ["idempotentHint", true, "doing it twice is as doing it once"],
  ["openWorldHint", true, "it reaches out into the world"],
  ["openWorldHint", false, "it stays in its own world"],
];

/** MCP 2025-11-25, schema, ToolAnnotations: hints, from a server that need not be trusted. */
function hintsOf(annotations: JsonValue | undefined): string {
  if (!isJsonObject(annotations)) return "";
  const said = hints.filter(([key, value]) => annotations.get(key) === value).map(([, , words]) => words);
  return said.length === 0 ? "" : `The server says: ${said.join(", ")}.`;
}

function draftNames(kind: "prompts" | "resources", title: string, items: readonly DraftItem[]): string[] {
  const names = [
    ...new Set(items.flatMap(({ name }) => (kind === "resources" ? uriFor(name) : globFor(name)) ?? [])),
  ];
  if (names.length === 0) return [];
  return [
    "",
    `  ## ${title}`,
    "  # - allow:",
    `  #     ${kind}:`,
    ...names.slice(0, namesShownMax).map((name) => `  #       - ${quoted(name)}`),
    ...(names.length > namesShownMax ? [`  #       # and ${names.length - namesShownMax} more`] : []),
  ];
}

const namesShownMax = 100;

/** RFC 6570: what stands in braces is filled in. */
function asGlob({ name, value }: DraftItem): DraftItem {
  return { name: name.replace(/\{[^{}]*\}/g, "*"), value };
}

function draftExamples(tools: readonly DraftItem[]): string[] {
  const first = tools.map(({ name }) => name).find((name) => globFor(name) === name) ?? "anything";
  const tool = quoted(first);
  return [
    `  - call: { tool: ${tool}, arguments: { path: /home/user/.ssh/id_ed25519 } }`,
    "    expect: { deny: no-credentials }",
    "  # What is expected once a tool is allowed: { allow: its id }.",
    `  - call: { tool: ${tool} }`,
    "    expect: { deny: default }",
  ];
}

/**
 * One line of text without anything that could end a comment, hide something in it or move a cursor. YAML 1.2.2, section
 * 5.4, line breaks, and those of YAML 1.1.
 */
function comment(text: string, charactersMax: number): string {
  const line = text.toWellFormed().replace(/[\p{Z}\t\n\r\v\f\u0085]+/gu, " ").replace(/\p{C}/gu, "\ufffd")
    .trim();
  const characters = [...line];
  return characters.length <= charactersMax ? line : `${characters.slice(0, charactersMax - 1).join("")}…`;
}

const namesCharactersMax = 200;

/** The name as a rule's scope can say it; undefined where it is too long. */
function globFor(name: string): string | undefined {
  if (name === "" || name.length > namesCharactersMax) return undefined;
  return name.toWellFormed().replace(/[{}|^$\\()[\]\s,*?"']|\p{C}|^!/gu, "?");
}

function uriFor(uri: string): string | undefined {
  if (uri === "" || uri.length > namesCharactersMax) return undefined;
  return uri.toWellFormed().replace(/[{}|^\\\s"$]|\p{C}|^!/gu, "?");
}

/** Other rules of the draft have these. */
const ownIds: ReadonlySet<string> = new Set(["no-credentials", "pace"]);

/** What rules without an id are called. */
const numbered = /^rule-[0-9]+$/;

function idFor(name: string): string | undefined {
  const isFree = !builtInRuleIds.has(name) && !ownIds.has(name) && !numbered.test(name);
  return /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/.test(name) && isFree ? name : undefined;
}

/** A word of YAML that is surely text: as it stands where nobody reads it otherwise, else in double quotes. */
function quoted(text: string): string {
  const isPlain = /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) &&
    !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text).replace(/[\u007f-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return /[\p{L}\p{N}]/u.test(unit) ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
