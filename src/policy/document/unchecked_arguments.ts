/**
 * Allow rules that let a path, a URL or a command through unseen. A policy does not know the arguments of a tool, so
 * this goes by the words in its name: a hint for the author, not a proof.
 */

import { matchesGlob } from "../glob.ts";
import type { Rule } from "../rule.ts";
import { parseSelector } from "../selector.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";

interface Danger {
  /** What the argument holds. */
  readonly what: string;
  /** Words in the names of tools that take such an argument. */
  readonly words: ReadonlySet<string>;
  /** Names of such arguments, without case and separators. */
  readonly names: ReadonlySet<string>;
  readonly example: string;
}

const dangers: readonly Danger[] = [
  {
    what: "path",
    words: new Set("file files directory directories dir folder folders path paths".split(" ")),
    names: new Set(
      "path paths file files filepath filename dir directory folder source destination src dst dest target root uri"
        .split(" "),
    ),
    example: "args: { path: { under: /tmp } }",
  },
  {
    what: "URL",
    words: new Set(
      "url urls uri fetch http https request download navigate browse crawl scrape webhook".split(" "),
    ),
    names: new Set("url urls uri href link endpoint address host hostname domain".split(" ")),
    example: "args: { url: { url: { host: api.example.com } } }",
  },
  {
    what: "command",
    words: new Set(
      "exec execute shell bash sh cmd command commands run terminal eval script sql powershell".split(" "),
    ),
    names: new Set("command commands cmd script code sql query args argv expression input".split(" ")),
    example: "args: { command: { argv: { program: git status } } }",
  },
];

/** One warning for each kind of argument that the rule leaves unseen. */
export function warnOfUncheckedArguments(rule: Rule, report: Report): void {
  if (rule.others === "none") return;
  const selectors = rule.args.map(({ selector }) => selector);
  if (selectors.includes("**")) return;
  const everyTool = rule.scope.tools.includes("*") ||
    rule.scope.methods.some((glob) => matchesGlob(glob, "tools/call"));
  if (everyTool && selectors.length === 0) {
    return report.warning(
      "unchecked_argument",
      rule.at,
      `the rule ${quote(rule.id)} allows every tool with any arguments`,
      "Name the tools, and the arguments that matter",
    );
  }
  const checked = new Set(
    selectors.map((selector) => checkedName(selector).toLowerCase().replace(/[^a-z]/g, "")),
  );
  for (const { what, words, names, example } of dangers) {
    if ([...names].some((name) => checked.has(name))) continue;
    const tools = rule.scope.tools.filter((tool) => wordsOf(tool).some((word) => words.has(word)));
    if (tools.length === 0) continue;
    report.warning(
      "unchecked_argument",
      rule.at,
      `the rule ${quote(rule.id)} seems to allow ${list(tools)} with any ${what}`,
      `Check the argument, for example ${example}; or close them all with others: none`,
    );
  }
}

/** The name at the end of a selector: `options.path` checks a path, `file.mode` does not. */
function checkedName(selector: string): string {
  const parsed = parseSelector(selector);
  const names = parsed.kind === "path" ? parsed.steps.filter((step) => step.kind === "member") : [];
  return names.at(-1)?.name ?? "";
}

/** `readTextFile`, `read_text_file` and `fs.read-text-file` → read, text, file. */
function wordsOf(name: string): string[] {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/);
}

function list(tools: readonly string[]): string {
  const shown = tools.slice(0, 3).map(quote).join(", ");
  return tools.length > 3 ? `${shown} and ${tools.length - 3} more` : shown;
}
