/** What is wrong, or only odd, in a policy file: collected while it is read, and printed as compilers print it. */

import { type ErrorCode, formatPosition, LilithError, type TextPosition } from "../../errors.ts";
import { policyErrorsMax } from "../../limits.ts";

/** The closed set of oddities that do not stop a policy from being loaded. */
export type WarningCode =
  /** It can never decide anything. */
  | "dead_rule"
  /** A pattern that no text has, or that every text has. */
  | "empty_pattern"
  | "full_pattern"
  /** Checks that no value passes together. */
  | "contradiction"
  /** Two rules that say the same. */
  | "duplicate_rule"
  /** A directory that is not there. */
  | "missing_directory"
  /** The server has nothing of that name. */
  | "unknown_name"
  /** The tool takes no such argument. */
  | "unknown_argument"
  /** The argument is of a type that the check never says yes of. */
  | "argument_type"
  /** A tool of the server's that no rule is about. */
  | "unmentioned_tool"
  /** A variable that no text names. */
  | "unused_variable"
  /** Its `until` has passed. */
  | "ended_rule"
  /** Its checks never matter, because another rule allows the same without them. */
  | "idle_check"
  /** It counts beyond one process, so that a start needs a state file (a note). */
  | "needs_state"
  /** It waits for a label that no rule gives. */
  | "unset_label"
  /** There are too many rules to look for dead rules and idle checks. */
  | "not_compared"
  /** A path, URL or command may be passed in an argument that no rule looks at. */
  | "unchecked_argument"
  /** A pattern that allows more than it seems to: `finds`, or `matches` for a path. */
  | "loose_host"
  | "loose_pattern"
  /** `matches` in a deny, where only the whole text is looked at. */
  | "tight_pattern"
  /** A check on URLs that takes every host. */
  | "open_host"
  /** A command that can run any other command. */
  | "runs_others"
  /** What a check cannot see (a note). */
  | "blind_spot"
  /** A star in a value that is compared as it stands. */
  | "starred_value"
  | "check_as_argument"
  /** Text here, a boolean or another number in YAML 1.1. */
  | "look_alike"
  /** A name that looks like a regular expression, like a misspelt method, or like a method where a tool is named. */
  | "odd_name";

/** Something that the author should look at. */
export interface Diagnostic {
  /** A note is for whoever checks a policy; it is not repeated at every start. */
  readonly severity: "warning" | "note";
  readonly code: WarningCode;
  readonly message: string;
  readonly hint?: string;
  readonly at: TextPosition;
}

/** Gathers everything that is to be said of one file, so that an author sees all of it at once. */
export class Report {
  readonly #errors: LilithError[] = [];
  readonly #warnings: Diagnostic[] = [];
  readonly #notes: Diagnostic[] = [];
  readonly #said = new Set<string>();
  #unsaid = 0;

  constructor(readonly file: string) {}

  get failed(): boolean {
    return this.#errors.length > 0;
  }

  /** `what` is the second half of the sentence "Cannot load policy …: ". */
  error(code: ErrorCode, at: TextPosition, what: string, hint?: string): void {
    // A value behind an alias is read at every place that names it, but it stands in the file once.
    if (!this.#firstTime(at, what)) return;
    if (this.#errors.length >= policyErrorsMax) {
      this.#unsaid++;
      return;
    }
    this.#errors.push(loadError(code, this.file, what, hint, at));
  }

  warning(code: WarningCode, at: TextPosition, message: string, hint?: string): void {
    if (!this.#firstTime(at, message)) return;
    this.#warnings.push({ severity: "warning", code, message, at, ...(hint === undefined ? {} : { hint }) });
  }

  note(code: WarningCode, at: TextPosition, message: string, hint: string): void {
    if (this.#firstTime(at, message)) this.#notes.push({ severity: "note", code, message, at, hint });
  }

  #firstTime(at: TextPosition, what: string): boolean {
    const key = `${at.line}:${at.column}:${what}`;
    if (this.#said.has(key)) return false;
    this.#said.add(key);
    return true;
  }

  /** All errors, in the order of the text. */
  errors(): readonly LilithError[] {
    const sorted = [...this.#errors].sort((a, b) => comparePositions(a.at, b.at));
    if (this.#unsaid === 0) return sorted;
    const last = sorted[sorted.length - 1]?.at;
    const what = `${this.#unsaid} more errors, not shown`;
    return [
      ...sorted,
      loadError("policy_syntax", this.file, what, "Correct those above and check again", last),
    ];
  }

  /** All warnings, in the order of the text. */
  warnings(): readonly Diagnostic[] {
    return [...this.#warnings].sort((a, b) => comparePositions(a.at, b.at));
  }

  /** All notes, in the order of the text. */
  notes(): readonly Diagnostic[] {
    return [...this.#notes].sort((a, b) => comparePositions(a.at, b.at));
  }
}

/** An error of the policy file as a whole, or at one place in it. */
export function loadError(
  code: ErrorCode,
  file: string,
  what: string,
  hint?: string,
  at?: TextPosition,
): LilithError {
  return new LilithError(code, {
    message: `${loadPrefix(file)}${what}`,
    ...(hint === undefined ? {} : { hint }),
    ...(at === undefined ? {} : { at }),
  });
}

function loadPrefix(file: string): string {
  return `Cannot load policy "${file}": `;
}

function comparePositions(a: TextPosition | undefined, b: TextPosition | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return a.line - b.line || a.column - b.column;
}

/** Columns of a line that are printed; a policy can be one line of a megabyte. */
const shownColumnsMax = 120;

/**
 * One error or warning as good compilers print it: place, sentence, the line with a caret below, hint.
 *
 * `text` is the file that `at` points into; without it, or without `at`, the line is left out. No line feed at the end.
 *
 * ```ts
 * import { formatDiagnostic } from "./diagnostic.ts";
 * import { LilithError } from "../../errors.ts";
 *
 * const error = new LilithError("policy_unknown_key", {
 *   message: 'Cannot load policy "team.yaml": unknown key "rule"',
 *   hint: 'Did you mean "rules"?',
 *   at: { file: "team.yaml", line: 2, column: 1 },
 * });
 * const shown = formatDiagnostic(error, "version: 1\nrule: []\n");
 * console.assert(shown.startsWith('team.yaml:2:1: error: unknown key "rule"\n'));
 * ```
 */
export function formatDiagnostic(
  diagnostic: Diagnostic | LilithError,
  text?: string,
  paint: DiagnosticPaint = plain,
): string {
  const { at, hint } = diagnostic;
  const severity = diagnostic instanceof LilithError ? "error" : diagnostic.severity;
  const shown = paint.severity(`${severity}:`, severity);
  if (at === undefined) return [`${shown} ${diagnostic.message}`, ...formatHint(hint, paint)].join("\n");
  // The place already names the file.
  const prefix = loadPrefix(at.file ?? "");
  const { message } = diagnostic;
  const sentence = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const line = text === undefined ? undefined : lineOf(text, at.line);
  return [
    `${paint.place(`${formatPosition(at)}:`)} ${shown} ${sentence}`,
    ...(line === undefined ? [] : formatLine(line, at, (mark) => paint.severity(mark, severity), paint)),
    ...formatHint(hint, paint),
  ].join("\n");
}

/** How the parts look on a terminal. */
export interface DiagnosticPaint {
  place(text: string): string;
  severity(text: string, severity: "error" | "warning" | "note"): string;
  /** What is not the message itself. */
  aside(text: string): string;
}

const plain: DiagnosticPaint = { place: (text) => text, severity: (text) => text, aside: (text) => text };

function formatHint(hint: string | undefined, paint: DiagnosticPaint): string[] {
  return hint === undefined ? [] : [`  ${paint.aside("hint:")} ${hint}`];
}

function lineOf(text: string, number: number): string | undefined {
  const start = text.startsWith("\ufeff") ? 1 : 0;
  return text.slice(start).split("\n")[number - 1]?.replace(/\r$/, "");
}

function formatLine(
  line: string,
  at: TextPosition,
  mark: (text: string) => string,
  paint: DiagnosticPaint,
): string[] {
  const gutter = `${at.line}`.padStart(5);
  const from = Math.max(0, at.column - 1 - shownColumnsMax / 2);
  const before = line.slice(from, at.column - 1);
  const shown = line.slice(from, from + shownColumnsMax);
  // A tab stays a tab, so that the mark stands below its characters whatever width the terminal gives it.
  const padding = before.replace(/[^\t]/gu, " ");
  const length = Math.min(wordLength(line, at.column), from + shownColumnsMax - at.column + 1);
  // One mark for one character, of which some have two units.
  const marks = "^".repeat(Math.max(1, [...line.slice(at.column - 1, at.column - 1 + length)].length));
  return [
    `${paint.aside(`${gutter} |`)} ${printable(shown)}`,
    `${paint.aside(`${" ".repeat(gutter.length)} |`)} ${padding}${mark(marks)}`,
  ];
}

/**
 * The column behind what a diagnostic speaks of, from 1: the key, the text with its quotes, the number that begins at `at`;
 * one further where it begins nothing of the kind, as inside a text.
 */
export function endColumn(text: string, at: TextPosition): number {
  return at.column + wordLength(lineOf(text, at.line) ?? "", at.column);
}

/** Units of the word that begins in a column. Inside flow collections a word ends at what closes or continues them. */
function wordLength(line: string, column: number): number {
  // What does not begin a word is a place inside a text.
  if (column > 1 && !/[\s,[{]/.test(line[column - 2] ?? "")) return 1;
  const rest = line.slice(column - 1);
  const word = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'|^(?:\$\{\w*\}|(?!: |:$| #|[,[\]{}]).)+/.exec(rest)?.[0]
    .trimEnd();
  return word === undefined || word === "" ? 1 : word.length;
}

/** The line is shown on a terminal: nothing in it may move the cursor or turn the text round. */
function printable(text: string): string {
  return text.replace(/(?!\t)[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
