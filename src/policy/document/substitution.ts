/** Values of variables, put into the texts of a policy: where a value would be more than text there, it is refused. */

import { policyBytesMax } from "../../limits.ts";
import type { TextPosition } from "../../errors.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { nearest } from "./suggest.ts";
import type { YamlEntry, YamlNode, YamlScalar } from "./yaml_tree.ts";

/** A variable that a policy declares. */
export interface Variable {
  readonly at: TextPosition;
  /** Undefined where it has neither a value of its own nor one that was given. */
  readonly value: string | undefined;
  isUsed: boolean;
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

/** Puts the values of variables into the texts of one policy. */
export class Substitution {
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
