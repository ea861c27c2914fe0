/**
 * Variables: `vars:` of a policy, and `${name}` in its texts. Values are put in after the YAML was read, so that none of
 * them can become a key, a list or a second rule; where a text is a pattern, a value stands for itself and nothing else.
 */

import { variableNameCharactersMax, variablesMax } from "../../limits.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { describeNode } from "./shape_issue.ts";
import { isVariableName, variableProblem } from "./variable_names.ts";
import { entryOf, type YamlEntry, type YamlNode } from "./yaml_tree.ts";
import { Substitution, type Variable } from "./substitution.ts";

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
