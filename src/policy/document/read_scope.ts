/** What a rule covers: names and globs of tools, resources, prompts and methods. */

import type { Report } from "./diagnostic.ts";
import { quote } from "../sentence.ts";
import { nearestMethod } from "./known_methods.ts";
import type { Scope } from "../rule.ts";
import { entryOf, type YamlNode, type YamlScalar } from "./yaml_text.ts";

type Kind = keyof Scope;

/** Reads the value of `allow`, `deny` or `limit`, whose shape is known to be right: a name, a list, or a map of them. */
export function readScope(node: YamlNode, effectAt: YamlNode["at"], report: Report): Scope {
  if (node.kind !== "map") {
    return { tools: readNames("tools", node, report), resources: [], prompts: [], methods: [] };
  }
  if (node.entries.length === 0) {
    report.error(
      "policy_bad_value",
      effectAt,
      "a rule that covers nothing",
      'Name tools, or "*" for all of them',
    );
  }
  const names = (kind: Kind) => {
    const value = entryOf(node, kind)?.value;
    return value === undefined ? [] : readNames(kind, value, report);
  };
  return {
    tools: names("tools"),
    resources: names("resources"),
    prompts: names("prompts"),
    methods: names("methods"),
  };
}

function readNames(kind: Kind, node: YamlNode, report: Report): string[] {
  const scalars = node.kind === "list" ? node.items : [node];
  const names: string[] = [];
  for (const scalar of scalars) {
    if (scalar.kind !== "scalar" || typeof scalar.value !== "string") continue;
    checkName(kind, scalar, scalar.value, report);
    names.push(scalar.value);
  }
  return names;
}

/** Characters of other pattern languages. A `deny` that takes them for letters would deny nothing. */
const foreignPattern = /[{}|^$\\()]/;

function checkName(kind: Kind, { at }: YamlScalar, name: string, report: Report): void {
  const hint = "Names are globs: * stands for any characters, ? for one, all else for itself";
  if (name === "") return report.error("policy_bad_value", at, "an empty name", 'For all of them write "*"');
  if (/\p{C}/u.test(name)) {
    return report.error("policy_bad_value", at, `${quote(name)} holds a character that cannot be seen`);
  }
  // MCP 2025-11-25, server/tools: names have letters, digits, `_`, `-`, `.` and `/`. A comma or a space is a slip.
  if (/[\s,]/.test(name)) {
    const parts = name.split(/[\s,]+/).filter((part) => part !== "");
    return report.error(
      "policy_bad_value",
      at,
      `${quote(name)} is one name with a space or a comma in it`,
      parts.length > 1
        ? `For several names write a list: [${parts.map(quoteGlob).join(", ")}]`
        : "Take the space out",
    );
  }
  const foreign = foreignPattern.exec(name)?.[0];
  if (foreign !== undefined) {
    return report.error(
      "policy_bad_value",
      at,
      `${quote(name)} holds ${quote(foreign)}, which is no glob`,
      hint,
    );
  }
  if (name.startsWith("!")) {
    return report.error(
      "policy_bad_value",
      at,
      `${quote(name)} begins with "!", which is no glob`,
      "Write a deny rule for what is left out",
    );
  }
  if (kind === "tools" || kind === "prompts") {
    if (/[[\]]/.test(name)) {
      return report.error("policy_bad_value", at, `${quote(name)} holds a bracket, which is no glob`, hint);
    }
    if (/(^|[^a-z0-9*?])\.\*/i.test(name)) {
      report.warning(
        "odd_name",
        at,
        `${quote(name)} looks like a regular expression; as a glob its dot is a dot`,
        hint,
      );
    }
  }
  if (kind === "methods") {
    const meant = nearestMethod(name);
    if (meant !== undefined) {
      report.warning(
        "odd_name",
        at,
        `no revision of MCP has the method ${quote(name)}`,
        `Did you mean ${quote(meant)}?`,
      );
    }
  }
}

function quoteGlob(name: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(name) ? name : JSON.stringify(name);
}
