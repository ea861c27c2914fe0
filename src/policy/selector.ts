/**
 * Selectors: which values of a call's arguments a rule is about. `path` is an argument, `options.depth` a member of one,
 * `edits[*].file` a member of every element of a list, `"**"` any text anywhere.
 */

import { selectorStepsMax } from "../limits.ts";
import { quote } from "./sentence.ts";
import { foldArgumentName } from "./text_readings.ts";

/** One step down into a value. */
export type SelectorStep =
  | {
    readonly kind: "member";
    readonly name: string;
    /** As the most lenient decoder compares it: see {@linkcode foldArgumentName}. */
    readonly foldedName: string;
  }
  /** `[*]`: every element of a list. */
  | { readonly kind: "elements" };

/** What a selector says. The first step of a path is always a name: that of an argument. */
export type ParsedSelector =
  | { readonly kind: "everywhere" }
  | { readonly kind: "path"; readonly steps: readonly SelectorStep[] }
  | {
    readonly kind: "problem";
    /** Where in the text, from 0. */
    readonly offset: number;
    readonly what: string;
    readonly hint: string;
  };

/**
 * Reads a selector: names with points between them, each with any number of `[*]` behind it. A name with one of
 * `. [ ] * ? "` in it stands in double quotes, written as in JSON.
 *
 * ```ts
 * import { parseSelector } from "./selector.ts";
 *
 * const selector = parseSelector('edits[*]."file.name"');
 * console.assert(selector.kind === "path" && selector.steps.length === 3);
 * console.assert(parseSelector("edits[0]").kind === "problem");
 * ```
 */
export function parseSelector(text: string): ParsedSelector {
  if (text === "**") return { kind: "everywhere" };
  if (text === "") return problem(0, "an argument without a name", "Name the argument");
  if (text === "*") return problem(0, 'the selector "*"', 'For any value anywhere write "**"');
  const steps: SelectorStep[] = [];
  let at = 0;
  for (;;) {
    const name = readName(text, at);
    if (name.kind === "problem") return name;
    steps.push({ kind: "member", name: name.name, foldedName: foldArgumentName(name.name) });
    at = name.end;
    while (text.startsWith("[*]", at)) {
      steps.push({ kind: "elements" });
      at += 3;
    }
    if (steps.length > selectorStepsMax) {
      return problem(at, `${selects(text)} more than ${selectorStepsMax} steps`, 'Use "**"');
    }
    if (at === text.length) return { kind: "path", steps };
    if (text[at] !== ".") return explainRest(text, at);
    at++;
  }
}

/** The path as it is written, names in quotes where they need them. */
export function formatSelector(steps: readonly SelectorStep[]): string {
  return steps.map((step, index) => {
    if (step.kind === "elements") return "[*]";
    const name = step.name === "" || special.test(step.name) ? JSON.stringify(step.name) : step.name;
    return index === 0 ? name : `.${name}`;
  }).join("");
}

type Name =
  | { readonly kind: "name"; readonly name: string; readonly end: number }
  | Extract<ParsedSelector, { kind: "problem" }>;

/** What ends a bare name, or would be taken for a glob. */
const special = /[.[\]*?"]/;

function readName(text: string, start: number): Name {
  if (text[start] === '"') return readQuotedName(text, start);
  let end = start;
  while (end < text.length && !special.test(text[end])) end++;
  if (end > start) return { kind: "name", name: text.slice(start, end), end };
  if (text[start] === "*") {
    return problem(
      start,
      `${selects(text)} a star for a name`,
      'For the elements of a list write [*], for any value anywhere "**", else name the member',
    );
  }
  if (text[start] === "[") {
    return problem(
      start,
      `${selects(text)} no name before [`,
      start === 0 ? "The arguments are an object: begin with a name" : "Write a[*], without a point before [",
    );
  }
  return problem(start, `${selects(text)} no name here`, "A point stands between two names: a.b");
}

function readQuotedName(text: string, start: number): Name {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  if (end >= text.length) {
    return problem(start, `${selects(text)} a quote that is not closed`, 'Write "a.b".c');
  }
  try {
    // (One string; an object would be another matter: see wire/json_value.ts.)
    return { kind: "name", name: JSON.parse(text.slice(start, end + 1)), end: end + 1 };
  } catch {
    return problem(
      start,
      `${selects(text)} a name in quotes that is no JSON`,
      'In quotes a " or \\ has a \\ before it',
    );
  }
}

/** What stands behind a name and is neither `[*]` nor a point. */
function explainRest(text: string, at: number): ParsedSelector {
  const rest = text.slice(at);
  if (/^\[-?[0-9]+\]/.test(rest)) {
    return problem(at, `${selects(text)} one position of a list`, "A check is about all elements: write [*]");
  }
  if (/^\[["']/.test(rest)) {
    return problem(at, `${selects(text)} a name in brackets`, 'Write a.b, or a."b" with quotes');
  }
  switch (text[at]) {
    case "[":
      return problem(at, `${selects(text)} a [ that is not [*]`, "For all elements of a list write [*]");
    case "]":
      return problem(at, `${selects(text)} a ] without [*`, "For all elements of a list write [*]");
    case "*":
    case "?":
      return problem(
        at,
        `${selects(text)} a glob in a name`,
        `Name each argument; a name that has a ${text[at]} in it stands in quotes: '"a${text[at]}"'`,
      );
    default:
      return problem(at, `${selects(text)} no point between two names`, "Write a.b");
  }
}

function selects(text: string): string {
  return `the selector ${quote(text)} has`;
}

function problem(
  offset: number,
  what: string,
  hint: string,
): Extract<ParsedSelector, { kind: "problem" }> {
  return { kind: "problem", offset, what, hint };
}
