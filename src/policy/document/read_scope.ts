/** What a rule covers: names and globs of tools, resources, prompts and methods. */

import type { TextPosition } from "../../errors.ts";
import type { Scope } from "../rule.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { isKnownMethod, nearestMethod } from "./known_methods.ts";
import { entryOf, type YamlNode } from "./yaml_tree.ts";

type Kind = keyof Scope;

/** Reads the value of `allow`, `deny` or `limit`, whose shape is known to be right: a name, a list, or a map of them. */
export function readScope(node: YamlNode, effectAt: YamlNode["at"], report: Report): Scope {
  if (node.kind !== "map") {
    const scope = { tools: readNames("tools", node, report), resources: [], prompts: [], methods: [] };
    notePlaces(scope, (kind) => kind === "tools" ? node : undefined);
    return scope;
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
  const scope = {
    tools: names("tools"),
    resources: names("resources"),
    prompts: names("prompts"),
    methods: names("methods"),
  };
  notePlaces(scope, (kind) => entryOf(node, kind)?.value);
  return scope;
}

/** Where the names of a scope stand, for warnings about one of them; beside it, because nobody else asks. */
const places = new WeakMap<Scope, ReadonlyMap<string, TextPosition>>();

function notePlaces(scope: Scope, nodeOf: (kind: Kind) => YamlNode | undefined): void {
  const found = (Object.keys(scope) as Kind[]).flatMap((kind) => {
    const node = nodeOf(kind);
    const scalars = node === undefined ? [] : node.kind === "list" ? node.items : [node];
    return scalars.map((scalar): [string, TextPosition] => [
      `${kind} ${scalar.kind === "scalar" ? scalar.value : ""}`,
      scalar.at,
    ]);
  });
  places.set(scope, new Map(found));
}

/** Where a name of a scope stands in the text; undefined where the scope came from no text. */
export function placeOfName(scope: Scope, kind: Kind, name: string): TextPosition | undefined {
  return places.get(scope)?.get(`${kind} ${name}`);
}

function readNames(kind: Kind, node: YamlNode, report: Report): string[] {
  const scalars = node.kind === "list" ? node.items : [node];
  const names: string[] = [];
  for (const scalar of scalars) {
    if (scalar.kind !== "scalar" || typeof scalar.value !== "string") continue;
    const problem = nameProblem(kind, scalar.value);
    if (problem === undefined) warnOfOddName(kind, scalar.value, scalar.at, report);
    else report.error("policy_bad_value", scalar.at, problem.what, problem.hint);
    names.push(scalar.value);
  }
  return names;
}

const globHint = "Names are globs: * stands for any characters, ? for one, all else for itself";

/** Characters of other pattern languages. A `deny` that takes them for letters would deny nothing. */
const foreignPattern = /[{}|^$\\()[\]]/;
/** A URI has some of them (RFC 3986 §2.2). */
const foreignInUri = /[{}|^\\]/;

/** Why a policy cannot spell a name, if it cannot. */
export function nameProblem(kind: Kind, name: string): { what: string; hint: string } | undefined {
  if (name === "") return { what: "an empty name", hint: 'For all of them write "*"' };
  if (/\p{C}/u.test(name)) {
    return {
      what: `${quote(name)} holds a character that cannot be seen`,
      hint: "Take it out, or write ? for it",
    };
  }
  const foreign = (kind === "resources" ? foreignInUri : foreignPattern).exec(name)?.[0];
  if (foreign !== undefined) {
    return { what: `${quote(name)} holds ${quote(foreign)}, which is no glob`, hint: globHint };
  }
  // MCP 2025-11-25, server/tools: names have letters, digits, `_`, `-`, `.` and `/`. A comma or a space is a slip.
  if ((kind === "resources" ? /\s/ : /[\s,]/).test(name)) {
    const names = name.split(/[\s,]+/).filter((part) => part !== "").map(quoteGlob);
    return {
      what: `${quote(name)} is one name with a space or a comma in it`,
      hint: `For several names write a list: [${names.join(", ")}]; a space inside a name is written ?`,
    };
  }
  if (name.startsWith("!")) {
    return {
      what: `${quote(name)} begins with "!", which is no glob`,
      hint: "Write a deny rule for what is left out",
    };
  }
  return undefined;
}

function warnOfOddName(kind: Kind, name: string, at: TextPosition, report: Report): void {
  if (kind === "methods") {
    const meant = nearestMethod(name);
    if (meant === undefined) return;
    report.warning(
      "odd_name",
      at,
      `no revision of MCP has the method ${quote(name)}`,
      `Did you mean ${quote(meant)}?`,
    );
  } else if (kind === "tools" && isKnownMethod(name)) {
    // `deny: sampling/createMessage` would deny a tool of that name, which no server has.
    report.warning(
      "odd_name",
      at,
      `${quote(name)} names a tool here, and is a method of MCP`,
      `For the method write { methods: ${name} }`,
    );
  } else if (kind === "resources" && /^[^:*?/]*\//.test(name)) {
    // RFC 3986, 3: a URI begins with its scheme and a colon.
    report.warning(
      "odd_name",
      at,
      `${quote(name)} covers no resource: each has a URI, which begins with a scheme`,
      name.startsWith("/")
        ? `Did you mean ${JSON.stringify(`file://${name}`)}?`
        : "For example file:///srv/*",
    );
  } else if (kind !== "resources" && /(^|[^a-z0-9*?])\.\*|^\/.*\/$/i.test(name)) {
    // `fs.*` is a good glob; `write_.*` would cover no write_file, and `/write/` no tool at all.
    report.warning(
      "odd_name",
      at,
      `${quote(name)} looks like a regular expression, and is a glob`,
      globHint,
    );
  }
}

function quoteGlob(name: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(name) ? name : JSON.stringify(name);
}
