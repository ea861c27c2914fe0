/**
 * A policy held against what a server says that it offers: names that it does not have, arguments that its tools do not
 * take, tools that no rule speaks of. What a server lists can change, so these are warnings.
 */

import type { JsonObject, JsonValue } from "../../wire/json_value.ts";
import { isJsonArray, isJsonObject } from "../../wire/json_value.ts";
import { matchesGlob } from "../glob.ts";
import { resolveReference } from "../json_schema/reference.ts";
import type { ArgumentRule, Check, PolicyDocument, Rule, Scope } from "../rule.ts";
import { parseSelector, type SelectorStep } from "../selector.ts";
import { quote } from "../sentence.ts";
import { type Diagnostic, Report } from "./diagnostic.ts";
import { placeOfName } from "./read_scope.ts";
import { nearest } from "./suggest.ts";

/** What the server said; see client/server_survey.ts. */
export interface ServerOffer {
  readonly tools: readonly OfferedItem[];
  readonly prompts: readonly OfferedItem[];
  readonly resources: readonly OfferedItem[];
  readonly resourceTemplates: readonly OfferedItem[];
}

export interface OfferedItem {
  readonly name: string;
  readonly value: JsonObject;
}

/** All that is odd about a policy for this server, in the order of the text. */
export function findServerOddities(document: PolicyDocument, offer: ServerOffer): readonly Diagnostic[] {
  const report = new Report(document.file);
  for (const rule of document.rules) {
    for (const kind of ["tools", "prompts", "resources"] as const) {
      warnOfUnknownNames(rule, kind, offer, report);
    }
    const tools = offer.tools.filter(({ name }) => coversTool(rule.scope, name));
    if (tools.length === 0) continue;
    for (const argument of rule.args) warnOfUnknownArgument(rule, argument, tools, report);
  }
  warnOfUnmentioned(document, offer, report);
  return report.warnings();
}

function coversTool(scope: Scope, name: string): boolean {
  return scope.tools.some((glob) => matchesGlob(glob, name)) ||
    scope.methods.some((glob) => matchesGlob(glob, "tools/call"));
}

type Kind = "tools" | "prompts" | "resources";
const nouns: Readonly<Record<Kind, string>> = { tools: "tool", prompts: "prompt", resources: "resource" };

function warnOfUnknownNames(rule: Rule, kind: Kind, offer: ServerOffer, report: Report): void {
  const names = offer[kind].map(({ name }) => name);
  for (const glob of rule.scope[kind]) {
    if (names.some((name) => matchesGlob(glob, name))) continue;
    if (kind === "resources" && offer.resourceTemplates.some(({ name }) => mayName(name, glob))) continue;
    const isName = !/[*?]/.test(glob);
    const meant = nearest(glob.replace(/[*?]/g, ""), names);
    const known = names.length <= 12 ? names.join(", ") : `${names.slice(0, 12).join(", ")} …`;
    report.warning(
      "unknown_name",
      placeOfName(rule.scope, kind, glob) ?? rule.at,
      isName
        ? `the server has no ${nouns[kind]} ${quote(glob)}`
        : `the server has no ${nouns[kind]} that ${quote(glob)} covers`,
      meant !== undefined && meant !== glob
        ? `Did you mean ${quote(meant)}?`
        : names.length === 0
        ? `It has no ${kind}`
        : `It has ${quoteEach(known)}`,
    );
  }
}

/** Names of a server's as a person may see them. */
function quoteEach(list: string): string {
  return quote(list).slice(1, -1);
}

/** Whether some URI of a template could be what a rule names, as far as their beginnings tell. */
function mayName(template: string, glob: string): boolean {
  const head = template.split("{", 1)[0];
  const begin = glob.split(/[*?]/, 1)[0];
  return begin.startsWith(head) || (begin !== glob && head.startsWith(begin));
}

/** What a schema says of one place in the arguments. */
type Found =
  | { readonly kind: "there"; readonly schema: JsonObject }
  /** It names others, and not this one. */
  | { readonly kind: "missing"; readonly others: readonly string[] }
  /** It says nothing. */
  | { readonly kind: "open" };

function warnOfUnknownArgument(
  rule: Rule,
  argument: ArgumentRule,
  tools: readonly OfferedItem[],
  report: Report,
): void {
  const selector = parseSelector(argument.selector);
  if (
    selector.kind !== "path" || argument.checks.some((check) => check.kind === "present" && !check.present)
  ) return;
  const found = tools.map((tool) => ({ tool, found: findIn(tool.value.get("inputSchema"), selector.steps) }));
  const missing = found.filter(({ found }) => found.kind === "missing");
  if (missing.length === found.length) {
    const others = [...new Set(missing.flatMap(({ found }) => found.kind === "missing" ? found.others : []))];
    const meant = nearest(lastName(selector.steps), others);
    report.warning(
      "unknown_argument",
      argument.at,
      `${quote(argument.selector)} is no argument of ${namesOf(tools)}`,
      meant !== undefined
        ? `Did you mean ${quote(meant)}?`
        : others.length === 0
        ? "It takes none"
        : `There are ${quoteEach(others.slice(0, 12).join(", "))}`,
    );
    return;
  }
  if (rule.effect === "allow" && missing.length > 0) {
    report.warning(
      "unknown_argument",
      argument.at,
      `${quote(argument.selector)} is no argument of ${
        namesOf(missing.map(({ tool }) => tool))
      }, so the rule ${quote(rule.id)} never allows it`,
      "Give it a rule of its own",
    );
  }
  for (const { tool, found: one } of found) {
    if (one.kind !== "there") continue;
    const odd = argument.checks.find((check) => !fits(check, one.schema));
    if (odd === undefined) continue;
    report.warning(
      "argument_type",
      argument.at,
      `${quote(argument.selector)} of the tool ${quote(tool.name)} is ${
        typesIn(one.schema).join(" or ")
      }, and ${quote(odd.kind)} is about ${wantedBy(odd)}`,
      "Such a check never says yes of it",
    );
    return;
  }
}

function lastName(steps: readonly SelectorStep[]): string {
  return steps.findLast((step) => step.kind === "member")?.name ?? "";
}

function namesOf(tools: readonly OfferedItem[]): string {
  const shown = tools.slice(0, 3).map(({ name }) => quote(name)).join(", ");
  const tool = tools.length === 1 ? "the tool" : "the tools";
  return tools.length > 3 ? `${tool} ${shown} and ${tools.length - 3} more` : `${tool} ${shown}`;
}

function findIn(whole: JsonValue | undefined, steps: readonly SelectorStep[]): Found {
  if (!isJsonObject(whole)) return { kind: "open" };
  let schema = whole;
  for (const step of steps) {
    schema = resolveReference(schema, whole);
    if (combines.some((key) => schema.has(key))) return { kind: "open" };
    const inner = step.kind === "elements" ? schema.get("items") : undefined;
    if (step.kind === "elements") {
      if (!isJsonObject(inner)) return { kind: "open" };
      schema = inner;
      continue;
    }
    const properties = schema.get("properties");
    if (!isJsonObject(properties)) return { kind: "open" };
    const named = properties.get(step.name);
    if (named === undefined) return { kind: "missing", others: [...properties.keys()] };
    if (!isJsonObject(named)) return { kind: "open" };
    schema = named;
  }
  return { kind: "there", schema: resolveReference(schema, whole) };
}

/** What says more of a value than its `properties`: nothing is concluded beside them. */
const combines = ["anyOf", "oneOf", "allOf", "if", "not", "patternProperties"];

/** The types that a schema names; empty where it names none, or leaves it to what it is combined of. */
function typesIn(schema: JsonObject): readonly string[] {
  if (combines.some((key) => schema.has(key))) return [];
  const type = schema.get("type");
  const types = isJsonArray(type) ? type : [type];
  return types.flatMap((one) => typeof one === "string" && known.has(one) ? [one] : []);
}
const known: ReadonlySet<string> = new Set([
  "string",
  "number",
  "integer",
  "boolean",
  "array",
  "object",
  "null",
]);

/** Whether a check can say yes of some value of the types; true wherever that is not sure. */
function fits(check: Check, schema: JsonObject): boolean {
  const types = typesIn(schema);
  const wanted = typesFor(check);
  return types.length === 0 || wanted === undefined || wanted.some((type) => types.includes(type));
}

function typesFor(check: Check): readonly string[] | undefined {
  switch (check.kind) {
    case "matches":
    case "finds":
    case "glob":
    case "under":
    case "url":
    case "argv":
      return ["string"];
    case "min":
    case "max":
      return ["number", "integer"];
    case "max_length":
      return ["string", "array"];
    case "equals":
    case "one_of":
    case "present":
      return undefined;
  }
}

function wantedBy(check: Check): string {
  const [first] = typesFor(check) ?? ["string"];
  return first === "string" ? (check.kind === "max_length" ? "texts and lists" : "texts") : "numbers";
}

function warnOfUnmentioned(document: PolicyDocument, { tools }: ServerOffer, report: Report): void {
  const left = tools.filter(({ name }) => !document.rules.some(({ scope }) => coversTool(scope, name)));
  if (left.length === 0) return;
  const shown = left.slice(0, 12).map(({ name }) => quote(name)).join(", ");
  const more = left.length > 12 ? ` and ${left.length - 12} more` : "";
  report.warning(
    "unmentioned_tool",
    { file: document.file, line: 1, column: 1 },
    `no rule speaks of the ${left.length === 1 ? "tool" : "tools"} ${shown}${more}`,
    document.default === "allow"
      ? "default: allow lets calls of them through"
      : "They are denied, because default is deny",
  );
}
