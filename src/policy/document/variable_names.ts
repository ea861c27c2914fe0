/** What a variable may be called, and what it may be. Apart from the rest, so that a start without a policy loads no schema. */

import { variableCharactersMax, variableNameCharactersMax } from "../../limits.ts";

const nameGrammar = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a text can be the name of a variable. */
export function isVariableName(name: string): boolean {
  return nameGrammar.test(name) && name.length <= variableNameCharactersMax;
}

/** What is wrong with a value; undefined where nothing is. */
export function variableProblem(value: string): { what: string; hint: string } | undefined {
  // A shell makes this of a variable that is not set, and "/srv/${tenant}" would be all tenants.
  if (value === "") {
    return {
      what: "is empty",
      hint: "What is built from it would cover more: write a text without the variable",
    };
  }
  if (value.length > variableCharactersMax) {
    return { what: "is too long", hint: `A value has at most ${variableCharactersMax} characters` };
  }
  if (/\p{C}|[\u2028\u2029]/u.test(value)) {
    return { what: "holds a character that cannot be seen", hint: "A value is one line of plain text" };
  }
  return undefined;
}
