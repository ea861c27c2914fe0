/** What a rule says of one argument: a selector and the checks on what it selects. */

import type { TextPosition } from "../../errors.ts";
import type { ArgumentRule, Check, Literal } from "../rule.ts";
import { parseSelector } from "../selector.ts";
import { quote } from "../sentence.ts";
import { findGlobProblem } from "../text_glob.ts";
import { findWindowsAmbiguity, findWindowsTrouble, isDrivePath } from "../windows_path.ts";
import type { Report } from "./diagnostic.ts";
import { warnOfLookAlikes } from "./look_alike.ts";
import { readArgvCheck } from "./read_argv_check.ts";
import { readUrlCheck } from "./read_url_check.ts";
import { describeNode, readShape } from "./shape_issue.ts";
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from "./yaml_tree.ts";

/** Selects any string, key or spelt number, anywhere in the arguments. */
const anywhere = "**";

/** Reads one entry of `args`; `undefined` where the report now says what is wrong with it. */
export function readArgument(entry: YamlEntry, report: Report): ArgumentRule | undefined {
  const { key, keyAt, value } = entry;
  if (!checkSelector(entry, report)) return undefined;
  const name = key === anywhere ? quote(key) : `the argument ${quote(key)}`;
  if (value.kind === "scalar" && value.source === "" && value.value === null) {
    report.error(
      "policy_wrong_type",
      keyAt,
      `${name} has no check`,
      "Write a value, a list of values or checks; null if null is meant",
    );
    return undefined;
  }
  const checks = readAllChecks(name, value, keyAt, report);
  if (checks === undefined) return undefined;
  if (key === anywhere && !checkAnywhere(checks, keyAt, report)) return undefined;
  warnOfLookAlikes(value, report);
  return { selector: key, checks, at: keyAt };
}

function readAllChecks(
  name: string,
  node: YamlNode,
  at: TextPosition,
  report: Report,
): Check[] | undefined {
  if (readShape("argument", name, node, report) === undefined) return undefined;
  const checks = readChecks(name, node, at, report);
  return checks !== undefined && checkTogether(name, node, at, report) ? checks : undefined;
}

/** What stands below `operands`: each is a word, so its checks are about text. */
function readOperandChecks(name: string, node: YamlNode, report: Report): Check[] | undefined {
  const checks = readAllChecks(name, node, node.at, report);
  return checks !== undefined && checkOperands(checks, node.at, report) ? checks : undefined;
}

/** The error stands where the selector goes wrong, as far as its characters stand in the text as they are. */
function checkSelector({ key, keyAt, keyTextAt }: YamlEntry, report: Report): boolean {
  const parsed = parseSelector(key);
  if (parsed.kind !== "problem") return true;
  const at = keyTextAt === undefined ? keyAt : { ...keyTextAt, column: keyTextAt.column + parsed.offset };
  report.error("policy_bad_value", parsed.offset === 0 ? keyAt : at, parsed.what, parsed.hint);
  return false;
}

function readChecks(name: string, node: YamlNode, at: TextPosition, report: Report): Check[] | undefined {
  switch (node.kind) {
    case "scalar":
      return [{ kind: "equals", value: toLiteral(node) }];
    case "list":
      return [{ kind: "one_of", values: toLiterals(node.items) }];
    case "map":
      if (node.entries.length === 0) {
        report.error(
          "policy_bad_value",
          at,
          `${name} has no check`,
          "Write one, for example { max_length: 200 }",
        );
        return undefined;
      }
      return readCheckMap(node, report);
  }
}

function readCheckMap(map: YamlMap, report: Report): Check[] | undefined {
  const checks: Check[] = [];
  for (const { key, value } of map.entries) {
    const check = toCheck(key, value, report);
    if (check === undefined) return undefined;
    checks.push(check);
  }
  return checks;
}

/** The schema has seen the types; what is left is what the values say. */
function toCheck(key: string, node: YamlNode, report: Report): Check | undefined {
  const scalar = node.kind === "scalar" ? node.value : undefined;
  switch (key) {
    case "matches":
    case "finds":
      return { kind: key, pattern: String(scalar), at: node.at };
    case "glob": {
      const globs = readGlobs(node, report);
      return globs && { kind: "glob", globs };
    }
    case "under": {
      const roots = readRoots(node, report);
      return roots && { kind: "under", roots };
    }
    case "url":
      return readUrlCheck(node, report);
    case "argv":
      return readArgvCheck(node, report, readOperandChecks);
    case "equals":
      return { kind: "equals", value: toLiteral(node as YamlScalar) };
    case "one_of":
      return { kind: "one_of", values: toLiterals(node.kind === "list" ? node.items : [node]) };
    case "min":
    case "max":
      return { kind: key, bound: Number(scalar) };
    case "max_length":
      return { kind: "max_length", length: Number(scalar) };
    case "present":
      return { kind: "present", present: scalar === true };
    default:
      throw new TypeError(`the schema lets a check pass that nobody reads: ${key}`);
  }
}

function toLiterals(nodes: readonly YamlNode[]): Literal[] {
  return nodes.map((node) => toLiteral(node as YamlScalar));
}

function toLiteral({ value, source }: YamlScalar): Literal {
  return typeof value === "number" ? { kind: "number", source, value } : value;
}

function readGlobs(node: YamlNode, report: Report): string[] | undefined {
  const globs: string[] = [];
  for (const item of node.kind === "list" ? node.items : [node]) {
    const written = item.kind === "scalar" ? String(item.value) : "";
    const problem = findGlobProblem(written);
    if (problem !== undefined) {
      report.error("policy_bad_value", item.at, `the glob ${quote(written)} ${problem.what}`, problem.hint);
      return undefined;
    }
    globs.push(written);
  }
  return globs;
}

/** Directories as the kernel would name them: what is written is what is compared. */
function readRoots(node: YamlNode, report: Report): string[] | undefined {
  const roots: string[] = [];
  for (const item of node.kind === "list" ? node.items : [node]) {
    const written = item.kind === "scalar" ? String(item.value) : "";
    const problem = rootProblem(written);
    if (problem !== undefined) {
      report.error(
        "policy_bad_value",
        item.at,
        `"under" names ${describeNode(item)}${problem.what}`,
        problem.hint,
      );
      return undefined;
    }
    roots.push(isWholeDisk(written) ? written : written.replace(isDrivePath(written) ? /[\\/]$/ : /\/$/, ""));
  }
  return roots;
}

function isWholeDisk(root: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/])$/.test(root);
}

interface RootProblem {
  readonly what: string;
  readonly hint: string;
}

function rootProblem(root: string): RootProblem | undefined {
  const bad = (what: string, hint: string): RootProblem => ({ what, hint });
  if (root.startsWith("\\\\")) {
    return bad(", on another machine or a device", "Write a directory of this machine");
  }
  if (root.startsWith("file:")) return bad(", a URL", "Write the path alone");
  if (root.startsWith("~")) return bad("", "Write the home directory out: nothing expands ~ here");
  if (!root.startsWith("/") && !isDrivePath(root)) {
    return bad(", which is no absolute path", "A directory begins with /: relative to what would it be?");
  }
  if (root.includes("$")) {
    return bad("", "Write the directory out, or declare a variable: vars: { root: /tmp }, and ${root} here");
  }
  if (/[*?]/.test(root)) return bad("", "A directory already covers everything below it; it takes no glob");
  if (/\p{C}/u.test(root)) return bad(", with a character that cannot be seen", "Take it out");
  if (isWholeDisk(root)) return undefined;
  return isDrivePath(root)
    ? windowsRootProblem(root)
    : namesProblem(root.slice(1).replace(/\/$/, "").split("/"), "/");
}

function namesProblem(names: readonly string[], separator: string): RootProblem | undefined {
  if (names.some((name) => name === "." || name === "..")) {
    return { what: "", hint: "Write the directory without . and .." };
  }
  if (names.includes("")) {
    return { what: "", hint: `Write one ${separator} between names` };
  }
  return undefined;
}

function windowsRootProblem(root: string): RootProblem | undefined {
  const problem = namesProblem(root.slice(3).replace(/[\\/]$/, "").split(/[\\/]/), "\\");
  if (problem !== undefined) return problem;
  const why = findWindowsTrouble(root) ?? findWindowsAmbiguity(root);
  return why === undefined
    ? undefined
    : { what: `: ${why}`, hint: "Write the directory as the system lists it" };
}

/** Checks that cannot all hold. */
function checkTogether(name: string, node: YamlNode, at: TextPosition, report: Report): boolean {
  if (node.kind !== "map") return true;
  const value = (key: string): YamlNode | undefined => node.entries.find((entry) => entry.key === key)?.value;
  const number = (key: string): number | undefined => {
    const found = value(key);
    return found?.kind === "scalar" ? Number(found.value) : undefined;
  };
  const present = value("present");
  if (present?.kind === "scalar" && present.value === false && node.entries.length > 1) {
    report.error(
      "policy_bad_value",
      present.at,
      `${name} shall be absent and pass other checks`,
      "present: false stands alone",
    );
    return false;
  }
  const [min, max] = [number("min"), number("max")];
  if (min !== undefined && max !== undefined && min > max) {
    report.error(
      "policy_bad_value",
      at,
      `${name}: no number is at least ${min} and at most ${max}`,
      "Swap min and max",
    );
    return false;
  }
  return true;
}

/** `"**"` looks at text wherever it stands: a number is seen as it is spelt, and nothing is ever absent. */
function checkAnywhere(checks: readonly Check[], at: TextPosition, report: Report): boolean {
  return checkTexts(checks, ["min", "max", "present", "url", "argv"], at, report, {
    what: (seen) => `"**" with ${seen}: it looks at text anywhere`,
    hint: "Name the argument, or use finds, matches, glob, under, equals, one_of or max_length",
  });
}

/** A word of a command is text, is there, and is no command of its own. */
function checkOperands(checks: readonly Check[], at: TextPosition, report: Report): boolean {
  return checkTexts(checks, ["min", "max", "present", "argv"], at, report, {
    what: (seen) => `"operands" with ${seen}: each is a word, and a text`,
    hint:
      "Use under, glob, matches, finds, url, equals, one_of or max_length; at_least says how many there must be",
  });
}

/** Checks that are about texts alone: others would never hold, or always. */
function checkTexts(
  checks: readonly Check[],
  odd: readonly Check["kind"][],
  at: TextPosition,
  report: Report,
  words: { readonly what: (seen: string) => string; readonly hint: string },
): boolean {
  for (const check of checks) {
    if (odd.includes(check.kind)) {
      report.error("policy_bad_value", at, words.what(check.kind), words.hint);
      return false;
    }
    if (check.kind !== "equals" && check.kind !== "one_of") continue;
    const literals = check.kind === "equals" ? [check.value] : check.values;
    const literal = literals.find((one) => typeof one !== "string");
    if (literal === undefined) continue;
    const shown = literal !== null && typeof literal === "object" ? literal.source : String(literal);
    report.error("policy_bad_value", at, words.what(shown), `Put it in quotes: "${shown}"`);
    return false;
  }
  return true;
}
