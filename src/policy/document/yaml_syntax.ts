/** What the YAML parser found wrong, in words that name the way out. */

import { type Document, isCollection, isScalar, visit, type YAMLError } from "yaml";
import type { TextPosition } from "../../errors.ts";
import { boundSentence, quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";

/** Reports one error per line, for one slip brings several. */
export function reportSyntax(
  document: Document,
  text: string,
  place: (offset: number) => TextPosition,
  report: Report,
): void {
  // `**: …` is read as an alias named `*:`; what the parser then misses is not what the author must be told.
  const stars = document.warnings.filter((warning) => warning.code === "BAD_ALIAS");
  const toldLines = new Set<number>();
  for (const problem of [...stars, ...document.errors]) {
    const offset = startOf(problem, document, text);
    const at = place(offset);
    if (toldLines.has(at.line)) continue;
    toldLines.add(at.line);
    const { what, hint } = syntaxWords(problem, text, offset);
    report.error("policy_syntax", at, what, hint);
  }
  const version = document.directives?.yaml;
  if (version?.explicit === true && version.version !== "1.2") {
    report.error(
      "policy_syntax",
      place(0),
      `a file of YAML ${version.version}`,
      "Policies are YAML 1.2: leave the %YAML line out",
    );
  }
}

/** Where the slip is, which is not where the parser noticed it: what is not closed is told at its beginning. */
function startOf(problem: YAMLError, document: Document, text: string): number {
  const offset = problem.pos[0];
  if (problem.code === "BAD_ALIAS") return startOfWord(text, offset);
  if (!isUnclosed(problem)) {
    const content = offset + (/^(?: *(?:#[^\n]*)?\n)* */.exec(text.slice(offset))?.[0].length ?? 0);
    return content < text.length ? content : offset;
  }
  let start: number | undefined;
  visit(document, {
    Node(_, node) {
      if (!node.range) return;
      const [from, to] = node.range;
      if (from >= offset || to < offset - 1 || !(isScalar(node) || isCollection(node))) return;
      const closer = closers[text[from]];
      if (closer !== undefined && (to === from + 1 || text[to - 1] !== closer)) start = from;
    },
  });
  return start ?? offset;
}

const closers: Readonly<Record<string, string>> = { "'": "'", '"': '"', "[": "]", "{": "}" };

function isUnclosed({ message }: YAMLError): boolean {
  return /^(Missing closing|Flow (map|sequence) .*end with)/.test(message);
}

function startOfWord(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && !/[\s,[{]/.test(text[start - 1])) start--;
  return start;
}

function syntaxWords(problem: YAMLError, text: string, offset: number): { what: string; hint?: string } {
  if (text.slice(offset - 1, offset + 1) === "${") {
    const variable = /^\$\{\w*\}/.exec(text.slice(offset - 1, offset + 80))?.[0] ?? "${root}";
    return { what: "a variable without quotes", hint: `Inside { } and [ ] put it in quotes: "${variable}"` };
  }
  switch (problem.code) {
    case "TAB_AS_INDENT":
      return { what: "a tab at the start of the line", hint: "YAML is indented with spaces" };
    case "BAD_ALIAS":
      return aliasWords(/^[^\s,\]}]*/.exec(text.slice(offset, offset + 80))![0].replace(/:$/, ""));
    case "BAD_DQ_ESCAPE":
      return {
        what: `in double quotes, an escape that YAML does not know`,
        hint: "Write patterns in single quotes: '\\d+'",
      };
    case "BAD_SCALAR_START":
      return { what: `text that begins with ${quote(text[offset] ?? "")}`, hint: "Put it in quotes" };
    case "MISSING_CHAR":
      if (isUnclosed(problem)) return unclosedWords(text[offset]);
      if (problem.message.startsWith("Missing ,")) {
        return {
          what: "two values without a comma between them",
          hint: "Put a comma between them, or quotes around one text that holds both",
        };
      }
      return {
        what: "a line that belongs to no item of the list above it",
        hint: "Indent it as the other keys of its item are, or begin a new item with a dash",
      };
    case "MULTILINE_IMPLICIT_KEY":
      return {
        what: "a line that is no key with a value",
        hint: "A key has a colon and a space behind it: version: 1",
      };
    case "BLOCK_AS_IMPLICIT_KEY":
      if (!/^[^\n]*: /.test(text.slice(offset))) {
        return {
          what: "a value that has keys below it",
          hint: "A key has a value or keys below it, not both: is the next line indented too far?",
        };
      }
      return { what: 'a second ": " on one line', hint: 'Put text that holds ": " in quotes' };
    case "MULTIPLE_DOCS":
      return {
        what: "a second document (---)",
        hint: "One file holds one policy; --policy may be given several times",
      };
    case "RESOURCE_EXHAUSTION":
      return { what: "values nested too deeply to be read", hint: "No key of a policy needs that" };
    case "BAD_INDENT":
    case "UNEXPECTED_TOKEN":
      if (isUnclosed(problem)) return unclosedWords(text[offset]);
      if (problem.message.startsWith("All mapping items")) {
        return {
          what: "a key that begins in another column than those before it",
          hint: "Keys of one map begin in the same column",
        };
      }
      return {
        what: lowerFirst(problem.message),
        hint: lineStartsWithTab(text, offset)
          ? "The line begins with a tab; YAML is indented with spaces"
          : "Is the line indented as its neighbours are? Keys of one map begin in the same column",
      };
    default:
      // Some of the parser's sentences quote a word of the file, however long it is.
      return { what: boundSentence(lowerFirst(problem.message)) };
  }
}

function unclosedWords(opening: string | undefined): { what: string; hint: string } {
  switch (opening) {
    case "[":
      return { what: "a list that is not closed", hint: "The [ that opens it needs a ] that closes it" };
    case "{":
      return { what: "a map that is not closed", hint: "The { that opens it needs a } that closes it" };
    default:
      return { what: "a text that is not closed", hint: "The quote that opens it needs one that closes it" };
  }
}

/** An unquoted star, as a policy author must see it. */
export function aliasWords(word: string): { what: string; hint: string } {
  return {
    what: `${quote(word)} without quotes is a YAML alias`,
    hint: `Quote the star: ${JSON.stringify(word)}`,
  };
}

function lineStartsWithTab(text: string, offset: number): boolean {
  return /^[ ]*\t/.test(text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset + 1));
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
