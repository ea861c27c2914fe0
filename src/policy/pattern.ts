/**
 * Patterns of a policy: RE2 syntax, and time linear in the text, so that neither the author of a policy nor the agent
 * that chooses the text can write a denial of service. V8's own engine backtracks and is never used on them.
 */

import { LilithError } from "../errors.ts";
import { operandChecks } from "./argv/answer_argv.ts";
import { findPiece } from "./pattern_position.ts";
import type { Check, PolicyDocument } from "./rule.ts";
import { quote } from "./sentence.ts";

/** One compiled pattern. */
export interface Pattern {
  /** Whether the whole text is a match. */
  matches(text: string): boolean;
  /** Whether there is a match anywhere in the text. */
  finds(text: string): boolean;
}

/** Turns the text of a pattern into a {@linkcode Pattern}. */
export interface PatternEngine {
  /** Throws `policy_bad_value`, without a position, where the text is no pattern of this engine. */
  compile(source: string): Pattern;
}

/** Whether any rule of these policies needs the engine, which costs some milliseconds to load. */
export function usesPatterns(documents: readonly PolicyDocument[]): boolean {
  return documents.some((document) =>
    document.rules.some((rule) =>
      rule.schema !== undefined || rule.args.some((argument) => argument.checks.some(isPattern))
    )
  );
}

function isPattern(check: Check): boolean {
  if (check.kind === "argv") return operandChecks(check.rule).some(isPattern);
  return check.kind === "matches" || check.kind === "finds";
}

/**
 * Loads the engine.
 *
 * ```ts
 * import { loadPatternEngine } from "./pattern.ts";
 *
 * const engine = await loadPatternEngine();
 * console.assert(engine.compile("^(a+)+$").finds("aaaa!") === false);
 * ```
 */
export async function loadPatternEngine(): Promise<PatternEngine> {
  const { RE2JS } = await import("re2js");
  return {
    compile(source) {
      let compiled: InstanceType<typeof RE2JS>;
      try {
        compiled = RE2JS.compile(source);
      } catch (cause) {
        const { found, hint } = explainRefusal(cause);
        const place = placeOf(source, cause);
        throw new LilithError("policy_bad_value", {
          message: `Cannot use the pattern ${quote(source)}: ${found}${place}`,
          hint,
          cause,
        });
      }
      return {
        matches: (text) => compiled.testExact(text),
        finds: (text) => compiled.test(text),
      };
    },
  };
}

interface Refusal {
  readonly found: string;
  readonly hint: string;
}

/** What people bring from backtracking engines, and what to write instead. First hit wins. */
const refusals: readonly (Refusal & { readonly said: RegExp })[] = [
  {
    said: /`\(\?[=!]/,
    found: "it looks ahead, which has no linear-time form",
    hint: "Give the argument two checks, or put what must not be there into a deny rule",
  },
  {
    said: /`\(\?<[=!]/,
    found: "it looks behind, which has no linear-time form",
    hint: "Match what stands before as part of the pattern, or put what must not be there into a deny rule",
  },
  {
    said: /`\\(?:[1-9]|k)/,
    found: "it refers back to a group, which has no linear-time form",
    hint: "Spell the alternatives out, as in (aa|bb)",
  },
  {
    said: /`\(\?>|`[*+?}]\+`/,
    found: "it has an atomic group or a possessive repeat",
    hint: "Leave it out: this engine never backtracks, so the plain form is as fast",
  },
  {
    said: /`\(\?(?:\(|&|R|\d)/,
    found: "it has a condition or calls itself, which has no linear-time form",
    hint: "Spell the alternatives out, as in (ab|cd)",
  },
  {
    said: /`\(\?#/,
    found: "it has a comment",
    hint: "Write the comment behind a # of the YAML",
  },
  {
    said: /`\(\?\|/,
    found: "it has a branch reset",
    hint: "Write (?: instead: nothing is captured here",
  },
  {
    said: /`\\[hRX]`/,
    found: "it has a class that RE2 does not know",
    hint: "Write \\h as [\\t ], \\R as (?:\\r\\n|[\\n\\r]), \\X as .",
  },
  {
    said: /`\\G`/,
    found: "it has \\G",
    hint: "Use \\A for the beginning of the text",
  },
  {
    said: /invalid repeat count/,
    found: "it repeats something more than 1000 times",
    hint: "Use *, + or a smaller count here, and max_length for the length",
  },
  {
    said: /`\\Z`/,
    found: "it has \\Z",
    hint: "Use \\z, or `matches`, which is always about the whole text",
  },
  {
    said: /`\\u`/,
    found: "it has \\u",
    hint: "Write the character itself, or \\x{2028} for U+2028",
  },
  {
    said: /`\(\?x/,
    found: "it has the flag x",
    hint: "Write it without spaces and comments",
  },
  {
    said: /missing argument to repetition operator: `\*`/,
    found: "there is nothing before a *",
    hint: "A pattern is no glob: write .* for any text",
  },
];

/** Where the engine stumbled, to be read behind what it found; empty where it cannot be told, or it is the whole. */
function placeOf(source: string, cause: unknown): string {
  const { input, error } = cause as { readonly input?: unknown; readonly error?: unknown };
  if (typeof input !== "string" || input === source) return "";
  const isCalledTwice = error === "duplicate capture group name";
  const piece = isCalledTwice ? `<${input}>` : input;
  const at = findPiece(source, piece, isCalledTwice || error === "invalid repeat count");
  if (at === undefined) return "";
  return ` (character ${at + 1}: ${quote(source.slice(at, at + placeCharactersMax))})`;
}

/** Enough to find the place again. */
const placeCharactersMax = 16;

function explainRefusal(cause: unknown): Refusal {
  const said = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, "") : "";
  for (const refusal of refusals) {
    if (refusal.said.test(said)) return refusal;
  }
  return {
    found: said === "" ? "the pattern engine failed on it" : said,
    hint: "Patterns are in RE2 syntax; a special character is taken literally behind a backslash",
  };
}
