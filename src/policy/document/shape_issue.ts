/** What the schema found wrong, in the words of the policy language and at its place in the text. */

import type { TextPosition } from "../../errors.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { checkShape, type ShapeIssue, type Shapes } from "./schema.ts";
import { nearest } from "./suggest.ts";
import { type Part, type Words, wordsAt } from "./vocabulary.ts";
import { entryOf, nodeAt, plainValue, type YamlNode } from "./yaml_tree.ts";

/** Reads one part, which messages call `name`; `undefined` where the report now says what is wrong with it. */
export function readShape<P extends Part>(
  part: P,
  name: string,
  node: YamlNode,
  report: Report,
): Shapes[P] | undefined {
  const checked = checkShape(part, plainValue(node));
  if (checked.kind === "ok") return checked.shape;
  for (const issue of checked.issues) reportIssue(issue, [], { part, name, node, report });
  return undefined;
}

interface Context {
  readonly part: Part;
  readonly name: string;
  readonly node: YamlNode;
  readonly report: Report;
}

type Path = readonly PropertyKey[];

function reportIssue(issue: ShapeIssue, base: Path, context: Context): void {
  const path = [...base, ...issue.path];
  const at = placeOf(context.node, path);
  const { report } = context;
  switch (issue.code) {
    case "unrecognized_keys":
      for (const key of issue.keys) reportKey(key, path, context);
      return;
    case "invalid_union":
      return reportUnion(issue, path, context);
    case "invalid_type":
      return reportType([issue.expected], path, context);
    case "invalid_value":
      return reportValue(issue.values, path, context);
    case "too_small": {
      const least = `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
      if (issue.origin === "string") {
        return report.error("policy_bad_value", at, `${subject(path, context)} is an empty text`);
      }
      if (issue.origin === "array") {
        return report.error(
          "policy_bad_value",
          at,
          `${subject(path, context)} is an empty list`,
          "Write at least one",
        );
      }
      return report.error(
        "policy_bad_value",
        at,
        `${subject(path, context)} is ${seen(context, path)}`,
        `Write ${least}`,
      );
    }
    case "too_big": {
      const unit = issue.origin === "string" ? " characters" : "";
      const what = issue.origin === "string" ? "is too long" : `is ${seen(context, path)}`;
      return report.error(
        "policy_bad_value",
        at,
        `${subject(path, context)} ${what}`,
        `Write at most ${issue.maximum}${unit}`,
      );
    }
    case "custom": {
      const hint = issue.params?.hint;
      const what = `${subject(path, context)}: ${issue.message}`;
      return report.error("policy_bad_value", at, what, typeof hint === "string" ? hint : undefined);
    }
    default:
      return report.error("policy_bad_value", at, `${subject(path, context)}: ${issue.message}`);
  }
}

/** The place of a value, or of the map in which it is missing. */
function placeOf(root: YamlNode, path: Path): TextPosition {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== undefined) return node.at;
  }
  return root.at;
}

function reportKey(key: string, path: Path, context: Context): void {
  const { report, part, node } = context;
  const map = nodeAt(node, path);
  const at = (map && entryOf(map, key)?.keyAt) ?? placeOf(node, path);
  const words = wordsAt(part, path);
  const later = words?.later && ownValue(words.later, key);
  if (later !== undefined) {
    return report.error(
      "policy_not_yet",
      at,
      `not yet: ${quote(key)} (${later})`,
      "Take it out; this version cannot enforce it",
    );
  }
  const what = `unknown key ${quote(key)}${words === undefined ? "" : ` in ${words.what}`}`;
  report.error("policy_unknown_key", at, what, words && keyHint(key, words));
}

function keyHint(key: string, words: Words): string {
  if (words.outside?.keys.includes(key) === true) return `It belongs to ${words.outside.of}`;
  const meant = (words.meant && ownValue(words.meant, key.toLowerCase())) ?? nearest(key, words.known);
  return meant === undefined
    ? `The keys of ${words.what} are ${words.known.join(", ")}`
    : `Did you mean ${quote(meant)}?`;
}

function ownValue(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Of a union's branches only the one that fits the type of what was written is worth talking about. */
function reportUnion(issue: ShapeIssue & { code: "invalid_union" }, path: Path, context: Context): void {
  const expected: string[] = [];
  const values: (string | number | bigint | boolean | symbol | null | undefined)[] = [];
  let fitting: readonly ShapeIssue[] | undefined;
  const visit = (branches: readonly (readonly ShapeIssue[])[]) => {
    for (const branch of branches) {
      const root = branch.find((inner) => inner.path.length === 0);
      if (root?.code === "invalid_type") expected.push(root.expected);
      else if (root?.code === "invalid_union" && branch.length === 1) visit(root.errors);
      else if (root?.code === "invalid_value" && typeof valueAt(context, path) !== "string") {
        values.push(...root.values);
      } else fitting ??= branch;
    }
  };
  visit(issue.errors);
  if (fitting === undefined) {
    return reportType(values.length > 0 ? ["string", ...expected] : expected, path, context);
  }
  for (const inner of fitting) reportIssue(inner, path, context);
}

function reportType(expected: readonly string[], path: Path, context: Context): void {
  const { report, node } = context;
  const found = nodeAt(node, path);
  const at = placeOf(node, path);
  const wanted = wantedWords(expected);
  if (found === undefined) {
    const hint = path.at(-1) === "version" ? "Begin the file with the line version: 1" : `It is ${wanted}`;
    return report.error("policy_wrong_type", at, `the key ${quote(String(path.at(-1)))} is missing`, hint);
  }
  const what = `${subject(path, context)} is ${seen(context, path)}, where ${wanted} is expected`;
  const hint = path.length === 0 && context.part === "policy"
    ? "A policy begins with the line version: 1"
    : typeHint(found, expected, { path, part: context.part });
  report.error("policy_wrong_type", at, what, hint);
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  null: "null",
  array: "a list",
  object: "a map",
  record: "a map",
};

function wantedWords(expected: readonly string[]): string {
  return joinWords([...new Set(expected.map((type) => typeWords[type] ?? type))]);
}

/** `a`, `a or b`, `a, b or c`. */
function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** What a map at that place looks like. */
function mapHint(path: Path, part: Part): string | undefined {
  if (path.length === 0 && part === "rule") return "A rule begins with what it does: - allow: read_file";
  switch (path.at(-1)) {
    case "call":
      return "Write call: { tool: read_file, arguments: { path: /tmp/a } }";
    case "url":
      return "Write url: { scheme: https, host: example.org }";
    case "argv":
      return "Write argv: { program: ls, flags: [-l] }";
    case "server":
      return "Write server: { memory: 512MiB }";
    default:
      return undefined;
  }
}

function typeHint(
  found: YamlNode,
  expected: readonly string[],
  { path, part }: { readonly path: Path; readonly part: Part },
): string | undefined {
  if (found.kind !== "map" && expected.every((type) => type === "object")) return mapHint(path, part);
  if (found.kind === "map" && expected.every((type) => type === "array")) {
    return "Write a list: each element begins with a dash and a space";
  }
  if (found.kind !== "scalar") return undefined;
  if (found.source === "" && found.value === null) return "Nothing stands behind the colon";
  if (expected.every((type) => type === "array") && found.value !== null) {
    return `Write a list: [${found.quoted ? JSON.stringify(found.value) : found.source}]`;
  }
  if (expected.includes("string") && typeof found.value !== "string") {
    return `Put it in quotes if it is text: ${JSON.stringify(found.source)}`;
  }
  if (expected.includes("boolean") && typeof found.value === "string") {
    if (/^(y|yes|on)$/i.test(found.value)) return "Write true: in YAML 1.2 yes and on are text";
    if (/^(n|no|off)$/i.test(found.value)) return "Write false: in YAML 1.2 no and off are text";
  }
  if (expected.includes("number") || expected.includes("int")) {
    if (
      typeof found.value === "string" && found.value !== "" &&
      Number.isFinite(Number(found.value.replaceAll("_", "")))
    ) {
      return `Write the number as in JSON: ${Number(found.value.replaceAll("_", ""))}`;
    }
  }
  return undefined;
}

function reportValue(values: readonly unknown[], path: Path, context: Context): void {
  const { report, node } = context;
  const at = placeOf(node, path);
  const found = nodeAt(node, path);
  const words = values.map(String);
  if (found === undefined) {
    return reportType([typeof values[0]], path, context);
  }
  if (found.kind !== "scalar" || (typeof found.value !== typeof values[0])) {
    // Quotes would not help what can only be one of few words.
    if (found.kind !== "scalar" || found.source === "" || typeof values[0] !== "string") {
      return reportType([typeof values[0]], path, context);
    }
    const what = `${subject(path, context)} is ${seen(context, path)}`;
    return report.error("policy_wrong_type", at, what, `It can be ${joinWords(words)}`);
  }
  const meant = typeof found.value === "string" ? nearest(found.value, words) : undefined;
  const hint = meant === undefined ? `It can be ${joinWords(words)}` : `Did you mean ${quote(meant)}?`;
  report.error("policy_bad_value", at, `${subject(path, context)} is ${seen(context, path)}`, hint);
}

/** What a message calls a value: its key, or the element of a list. */
function subject(path: Path, context: Context): string {
  const last = path.at(-1);
  if (last === undefined) return context.name;
  if (typeof last === "number") return `element ${last + 1} of ${subject(path.slice(0, -1), context)}`;
  return quote(String(last));
}

function valueAt(context: Context, path: Path): unknown {
  const node = nodeAt(context.node, path);
  return node?.kind === "scalar" ? node.value : undefined;
}

function seen(context: Context, path: Path): string {
  const node = nodeAt(context.node, path);
  return node === undefined ? "nothing" : describeNode(node);
}

/** What stands in the text, as a message says it: `the text "x"`, `the number 5`, `a list`. */
export function describeNode(node: YamlNode): string {
  switch (node.kind) {
    case "list":
      return "a list";
    case "map":
      return "a map";
    case "scalar":
      if (typeof node.value === "string") return `the text ${quote(node.value)}`;
      if (typeof node.value === "number") return `the number ${node.source}`;
      return node.value === null && node.source === "" ? "empty" : String(node.value);
  }
}
