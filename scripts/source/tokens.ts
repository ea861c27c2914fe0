/**
 * TypeScript text → tokens: enough of a lexer to tell code from comments, strings and patterns. The layer check stands
 * on it. Where a text cannot be read for certain it throws: a check that guesses is no check.
 */

/** One token. A template literal gives one `template` token per literal part; what stands in `${ }` is code. */
export interface Token {
  readonly kind: "name" | "string" | "template" | "number" | "pattern" | "mark";
  /** A string's content as written between its quotes; every other token as written. */
  readonly text: string;
  /** Counts from 1. */
  readonly line: number;
}

/** A text that the lexer refuses, with the line where it lost its way. */
export class UnreadableSource extends Error {
  override readonly name = "UnreadableSource";
  readonly line: number;

  constructor(what: string, line: number) {
    super(what);
    this.line = line;
  }
}

/** Marks of more than one character that change what follows or precedes them; all others are read one by one. */
const longMarks = ["...", "?.", "=>", "++", "--"];

/** After these words an expression begins, hence `/` begins a pattern. */
const wordsBeforeExpression = new Set(
  "await case delete do else extends in instanceof new of return throw typeof void yield".split(" "),
);

/** After the bracket that closes one of these a statement begins. */
const wordsBeforeCondition = new Set(["if", "while", "for", "with"]);

const blank = /[\s\uFEFF]+/y;
const lineComment = /\/\/[^\n\r\u2028\u2029]*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const name = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200C\u200D]*/uy;
const number = /(?:\d\w*(?:\.\w*)?|\.\d\w*)(?:(?<=[eE])[+-]\d+)?/y;
const doubleQuoted = /"((?:[^"\\\n\r]|\\(?:\r\n|[\s\S]))*)"/y;
const singleQuoted = /'((?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*)'/y;
/** From a backquote or the bracket that closes `${ }`, to the next of them. */
const templatePart = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y;
const pattern = /\/(?:[^/\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+\/\p{ID_Continue}*/uy;

/**
 * The tokens of `text`, comments left out.
 *
 * Throws {@link UnreadableSource} for a string, pattern, template or comment without an end, for a name that is spelt
 * with an escape (`\u0044eno`), and for brackets that do not match.
 *
 * ```ts
 * import { tokenize } from "./tokens.ts";
 *
 * const texts = tokenize('fetch("a"); // fetch').map((token) => token.text);
 * console.assert(texts.join(" ") === "fetch ( a ) ;");
 * ```
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  /** Open brackets: for `(` whether it follows `if` and the like, for `${` where the template goes on. */
  const open: { mark: "(" | "[" | "{" | "${"; condition: boolean }[] = [];
  let conditionClosed = false;
  let line = 1;
  let at = 0;

  /** The match of `expression` at the current place, which is then behind us; null where there is none. */
  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at;
    const found = expression.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  const push = (kind: Token["kind"], value: string, whole = value): void => {
    tokens.push({ kind, text: value, line });
    line += countLines(whole);
  };
  const takeTemplatePart = (): void => {
    const part = take(templatePart);
    if (part === null) throw new UnreadableSource("a template literal without an end", line);
    push("template", part[0]);
    if (part[1] === "${") open.push({ mark: "${", condition: false });
  };

  while (at < text.length) {
    const skipped = take(blank) ?? take(lineComment) ?? take(blockComment);
    if (skipped !== null) {
      line += countLines(skipped[0]);
      continue;
    }
    const first = text[at];
    if (first === '"' || first === "'") {
      const string = take(first === '"' ? doubleQuoted : singleQuoted);
      if (string === null) throw new UnreadableSource("a string without an end", line);
      push("string", string[1], string[0]);
      continue;
    }
    if (first === "`") {
      at += 1;
      takeTemplatePart();
      continue;
    }
    if (first === "/" && text[at + 1] === "*") throw new UnreadableSource("a comment without an end", line);
    if (first === "/" && expressionBegins(tokens, conditionClosed)) {
      const found = take(pattern);
      if (found === null) throw new UnreadableSource("a pattern without an end", line);
      push("pattern", found[0]);
      continue;
    }
    if (first === "\\") throw new UnreadableSource("a name spelt with an escape", line);
    const word = take(name);
    if (word !== null) {
      push("name", word[0]);
      continue;
    }
    const digits = take(number);
    if (digits !== null) {
      push("number", digits[0]);
      continue;
    }

    const mark = longMarks.find((long) => text.startsWith(long, at)) ?? first;
    at += mark.length;
    conditionClosed = false;
    if (mark === "(" || mark === "[" || mark === "{") {
      const before = tokens.at(-1);
      open.push({ mark, condition: before?.kind === "name" && wordsBeforeCondition.has(before.text) });
    } else if (mark === ")" || mark === "]" || mark === "}") {
      const opened = open.pop();
      if (mark === "}" && opened?.mark === "${") {
        takeTemplatePart();
        continue;
      }
      if (opened === undefined || closing[opened.mark] !== mark) {
        throw new UnreadableSource(`"${mark}" closes nothing`, line);
      }
      conditionClosed = opened.condition;
    }
    push("mark", mark);
  }
  if (open.length > 0) throw new UnreadableSource(`"${open.at(-1)?.mark}" is never closed`, line);
  return tokens;
}

const closing = { "(": ")", "[": "]", "{": "}", "${": "}" } as const;

/** Whether a `/` after these tokens begins a pattern; otherwise it divides. */
function expressionBegins(tokens: readonly Token[], conditionClosed: boolean): boolean {
  const before = tokens.at(-1);
  if (before === undefined) return true;
  switch (before.kind) {
    case "name":
      return wordsBeforeExpression.has(before.text) && tokens.at(-2)?.text !== ".";
    case "number":
    case "string":
    case "pattern":
      return false;
    case "template":
      // A part that ends in "${" has an expression behind it, one that ends in a backquote is a value.
      return before.text.endsWith("${");
    case "mark":
      if (before.text === ")") return conditionClosed;
      if (before.text === "!") return !endsValue(tokens.at(-2)); // `x! / 2` and `!/a/.test(x)`
      return !["]", "++", "--"].includes(before.text);
  }
}

function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "name") return !wordsBeforeExpression.has(token.text);
  return token.text === ")" || token.text === "]";
}

function countLines(text: string): number {
  let lines = 0;
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) lines += 1;
  return lines;
}
