/** `--var NAME=VALUE`: values for the variables of policies. */

import { LilithError } from "../errors.ts";
import { isVariableName, variableProblem } from "../policy/document/variable_names.ts";
import { nearest } from "../policy/document/suggest.ts";

/** Values by name. */
export type GivenVariables = ReadonlyMap<string, string>;

/** Reads what was given. @throws {LilithError} `usage`. */
export function readVariables(given: readonly string[]): GivenVariables {
  const values = new Map<string, string>();
  for (const word of given) {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    if (at < 0 || !isVariableName(name)) {
      throw usage(
        `Cannot use --var ${JSON.stringify(word)}: ${at < 0 ? "it has no =" : "it begins with no name"}`,
        "Write --var NAME=VALUE; a name has letters, digits and _",
      );
    }
    if (values.has(name)) {
      throw usage(`Cannot use --var ${name}: it was given twice`, "Give each variable once");
    }
    const value = word.slice(at + 1);
    const problem = variableProblem(value);
    if (problem !== undefined) {
      throw usage(`Cannot use --var ${name}: its value ${problem.what}`, problem.hint);
    }
    values.set(name, value);
  }
  return values;
}

/** Refuses a value for which no policy has a variable: a slip in its name would leave the default in force. */
export function demandDeclared(given: GivenVariables, declared: readonly string[]): void {
  for (const name of given.keys()) {
    if (declared.includes(name)) continue;
    const meant = nearest(name, declared);
    const hint = meant !== undefined
      ? `Did you mean ${meant}?`
      : declared.length === 0
      ? "The policy declares none: vars: { NAME: default }"
      : `There are ${declared.join(", ")}`;
    throw usage(`Cannot use --var ${name}: no policy declares a variable of that name`, hint);
  }
}

function usage(message: string, hint: string): LilithError {
  return new LilithError("usage", { message, hint });
}
