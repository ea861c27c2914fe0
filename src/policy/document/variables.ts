/**
 * Variables: `vars:` of a policy, and `${name}` in its texts. Values are put in after the YAML was read, so that none of
 * them can become a key, a list or a second rule; where a text is a pattern, a value stands for itself and nothing else.
 */

import { policyBytesMax, variableNameCharactersMax, variablesMax } from "../../limits.ts";
import type { TextPosition } from "../../errors.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { describeNode } from "./shape_issue.ts";
import { nearest } from "./suggest.ts";
import { isVariableName, variableProblem } from "./variable_names.ts";
import { entryOf, type YamlEntry, type YamlNode, type YamlScalar } from "./yaml_tree.ts";

/** A variable that a policy declares. */
interface Variable {
  readonly at: TextPosition;
  /** Undefined where it has neither a value of its own nor one that was given. */
  readonly value: string | undefined;
  isUsed: boolean;
}

/** The variables of one policy, and what came of them. */
export interface ReadVariables {
  /** The policy with every value put in. */
  readonly root: YamlNode;
  /** All that it declares, by name; those without a value are errors by now. */
  readonly values: ReadonlyMap<string, string | undefined>;
}

/** Reads `vars:` and puts the values in; `given` holds those of the command line. */
export function applyVariables(
  root: YamlNode,
  given: ReadonlyMap<string, string>,
  report: Report,
): ReadVariables {
  const variables = readDeclarations(root, given, report);
  const applied = root.kind === "map" ? new Substitution(variables, report).apply(root.entries, root) : root;
  for (const [name, { isUsed, at }] of variables) {
    if (isUsed || report.failed) continue;
    report.warning(
      "unused_variable",
      at,
      `the variable ${quote(name)} is used nowhere`,
      `Write \${${name}} in a text of a rule, of server or of an example, or take it out`,
    );
  }
  return { root: applied, values: new Map([...variables].map(([name, { value }]) => [name, value])) };
}

function readDeclarations(
  root: YamlNode,
  given: ReadonlyMap<string, string>,
  report: Report,
): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  const entry = entryOf(root, "vars");
  if (entry === undefined) return variables;
  const { value: node, keyAt } = entry;
  if (node.kind !== "map") {
    report.error(
      "policy_wrong_type",
      node.kind === "scalar" && node.source === "" ? keyAt : node.at,
      `"vars" is ${describeNode(node)}, where a map is expected`,
      "Write vars: { root: /tmp }, or null for a value that must be given with --var",
    );
    return variables;
  }
  if (node.entries.length > variablesMax) {
    report.error("policy_too_large", keyAt, `more than ${variablesMax} variables`);
    return variables;
  }
  for (const declared of node.entries) {
    const { key, keyAt } = declared;
    if (!isVariableName(key)) {
      report.error(
        "policy_bad_value",
        keyAt,
        `the name ${quote(key)} of a variable`,
        `A name has letters, digits and _, begins with no digit, and has at most ${variableNameCharactersMax}`,
      );
      continue;
    }
    const value = valueOf(declared, given.get(key), report);
    variables.set(key, { at: keyAt, value, isUsed: false });
  }
  return variables;
}

function valueOf({ key, keyAt, value: node }: YamlEntry, given: string | undefined, report: Report) {
  if (node.kind !== "scalar" || (typeof node.value !== "string" && node.value !== null)) {
    const hint = node.kind === "scalar"
      ? `Put it in quotes if it is text: ${JSON.stringify(node.source)}`
      : "A value is text, or null for one that must be given with --var";
    report.error(
      "policy_wrong_type",
      node.at,
      `the variable ${quote(key)} is ${describeNode(node)}, where text is expected`,
      hint,
    );
    return undefined;
  }
  if (given !== undefined) return given;
  if (node.value === null) {
    report.error(
      "policy_bad_value",
      keyAt,
      `the variable ${quote(key)} has no value`,
      `Give it: --var ${key}=…`,
    );
    return undefined;
  }
  const problem = variableProblem(node.value);
  if (problem !== undefined) {
    report.error("policy_bad_value", node.at, `the variable ${quote(key)} ${problem.what}`, problem.hint);
    return undefined;
  }
  return node.value;
}

/** What a value must not be taken for where it is put in. */
type Place =
  /** Text that stands for itself. */
  | "text"
  /** A regular expression: the value is escaped. */
  | "pattern"
  /** A glob, which has no escapes: the value must not hold a star. */
  | "glob";

const sections: ReadonlySet<string> = new Set(["rules", "server", "examples"]);
const effects: ReadonlySet<string> = new Set(["allow", "deny", "ask", "limit"]);

/** `$${` or `${name}`, or a `${` that is neither. */
const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

class Substitution {
  #charactersLeft = policyBytesMax;

  constructor(readonly variables: ReadonlyMap<string, Variable>, readonly report: Report) {}

  apply(entries: readonly YamlEntry[], root: YamlNode): YamlNode {
    const applied = entries.map((entry) => {
      const { key, value } = entry;
      if (key === "vars") return entry;
      if (key === "rules" && value.kind === "list") {
        return { ...entry, value: { ...value, items: value.items.map((rule) => this.#rule(rule)) } };
      }
      if (sections.has(key)) return { ...entry, value: this.#node(value, "text", key === "server") };
      this.#refuseIn(value, key);
      return entry;
    });
    return { ...root, entries: applied } as YamlNode;
  }

  #rule(rule: YamlNode): YamlNode {
    if (rule.kind !== "map") return this.#node(rule, "text", true);
    const entries = rule.entries.map((entry): YamlEntry => {
      const { key, value } = entry;
      this.#refuseKey(entry);
      if (effects.has(key)) return { ...entry, value: this.#node(value, "glob", true) };
      if (key !== "args" || value.kind !== "map") return { ...entry, value: this.#node(value, "text", true) };
      const args = value.entries.map((argument): YamlEntry => {
        this.#refuseKey(argument);
        return { ...argument, value: this.#check(argument.value, "text") };
      });
      return { ...entry, value: { ...value, entries: args } };
    });
    return { ...rule, entries };
  }

  /** The checks of one argument, where the keys say what kind of text follows. */
  #check(node: YamlNode, place: Place): YamlNode {
    switch (node.kind) {
      case "scalar":
        return this.#scalar(node, place);
      case "list":
        return { ...node, items: node.items.map((item) => this.#check(item, place)) };
      case "map":
        return {
          ...node,
          entries: node.entries.map((entry): YamlEntry => {
            this.#refuseKey(entry);
            return { ...entry, value: this.#check(entry.value, placeBelow(entry.key, place)) };
          }),
        };
    }
  }

  /** `hasWords`: its keys are words of the language, and not somebody's data. */
  #node(node: YamlNode, place: Place, hasWords: boolean): YamlNode {
    switch (node.kind) {
      case "scalar":
        return this.#scalar(node, place);
      case "list":
        return { ...node, items: node.items.map((item) => this.#node(item, place, hasWords)) };
      case "map":
        return {
          ...node,
          entries: node.entries.map((entry): YamlEntry => {
            if (hasWords) this.#refuseKey(entry);
            return { ...entry, value: this.#node(entry.value, place, hasWords) };
          }),
        };
    }
  }

  #scalar(node: YamlScalar, place: Place): YamlScalar {
    if (typeof node.value !== "string" || !node.value.includes("${")) return node;
    const written = node.value;
    const value = written.replace(reference, (found, name: string | undefined, index: number) => {
      if (found === "$${") return "${";
      return this.#valueFor(name, place, placeIn(node, index)) ?? found;
    });
    this.#charactersLeft -= value.length;
    if (this.#charactersLeft < 0) {
      this.report.error(
        "policy_too_large",
        node.at,
        `more than ${policyBytesMax} characters with all variables put in`,
      );
      return node;
    }
    // (Quoted: what a value looks like to a reader of YAML no longer matters.)
    return { ...node, value, source: value, quoted: true };
  }

  #valueFor(name: string | undefined, place: Place, at: TextPosition): string | undefined {
    if (name === undefined) {
      const hint = "A variable is written ${name}; for the two characters themselves write $${";
      this.report.error("policy_bad_value", at, 'a "${" that begins no variable', hint);
      return undefined;
    }
    const variable = this.variables.get(name);
    if (variable === undefined) {
      this.report.error(
        "policy_bad_value",
        at,
        `no variable is called ${quote(name)}`,
        this.#unknownHint(name),
      );
      return undefined;
    }
    variable.isUsed = true;
    const { value } = variable;
    if (value === undefined) return undefined; // told where it is declared
    if (place === "pattern") return escapePattern(value);
    if (place === "glob" && /[*?]/.test(value)) {
      this.report.error(
        "policy_bad_value",
        at,
        `the variable ${quote(name)} is ${quote(value)}, and here a * or ? would be a glob`,
        "A value stands for itself: write the glob into the policy",
      );
      return undefined;
    }
    return value;
  }

  #unknownHint(name: string): string {
    const meant = nearest(name, [...this.variables.keys()]);
    if (meant !== undefined) return `Did you mean \${${meant}}?`;
    return `Declare it under vars (${name}: its value, or null), or write $\${${name}} for the text itself`;
  }

  #refuseKey({ key, keyAt }: YamlEntry): void {
    if (!key.includes("${")) return;
    this.report.error(
      "policy_bad_value",
      keyAt,
      `a variable in the key ${quote(key)}`,
      "Variables stand in values alone",
    );
  }

  /** Whatever else a policy says is no text to put something into. */
  #refuseIn(node: YamlNode, key: string): void {
    if (node.kind !== "scalar" || typeof node.value !== "string" || !node.value.includes("${")) return;
    this.report.error(
      "policy_bad_value",
      node.at,
      `a variable in ${quote(key)}`,
      "Variables stand below rules, server and examples",
    );
  }
}

function placeBelow(key: string, place: Place): Place {
  switch (key) {
    case "matches":
    case "finds":
      return "pattern";
    case "glob":
    case "url":
    case "argv":
      return "glob";
    case "equals":
    case "one_of":
    case "under":
      return "text";
    default:
      return place;
  }
}

/** RE2 takes a backslash before any ASCII punctuation for the character itself (re2/syntax, "Escape sequences"). */
function escapePattern(text: string): string {
  return text.replace(/[!-/:-@[-^`{-~]/g, "\\$&");
}

/** Where in the file the `index`th character of a text stands; its beginning where escapes or line ends lie between. */
function placeIn({ at, value, source, quoted }: YamlScalar, index: number): TextPosition {
  if (value !== source || source.includes("\n")) return at;
  return { ...at, column: at.column + index + (quoted ? 1 : 0) };
}
