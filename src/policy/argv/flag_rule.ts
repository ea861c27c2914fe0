/** What a policy says of the flags of a command. */

import { matchesGlob } from "../glob.ts";
import { TextGlob } from "../text_glob.ts";

/** One flag, with the value that it may have. */
export interface FlagRule {
  /** `-l`, `--all`, `-name`; `--` for the end of flags. */
  readonly flag: string;
  readonly value?: {
    /** What stands between the flag and its value; `" "`: the value is the next word. */
    readonly behind: "=" | " " | "";
    /** `*` any run without a slash, `**` any run, `?` one character without a slash. */
    readonly glob: string;
  };
}

export interface FlagProblem {
  readonly kind: "problem";
  readonly what: string;
  readonly hint: string;
}

/** Reads an entry of `flags`: `-l`, `--all`, `"--color=*"`, `"-n *"` or `"-n*"`. */
export function readFlagRule(text: string): FlagRule | FlagProblem {
  const parts = /^(-[A-Za-z0-9_+][\w-]*|--(?:[A-Za-z0-9][\w-]*)?)(?:([= ])(.*))?$/s.exec(text);
  if (parts === null) return readAttached(text);
  const [, flag, behind, glob] = parts;
  if (behind === undefined) return { flag };
  if (flag === "--") return problem("", 'Write "--" alone: it ends the flags');
  if (behind === "=" && !flag.startsWith("--")) {
    return problem(", where a single dash takes no =", `Write "${flag} ${glob}" or "-${flag}=${glob}"`);
  }
  return checkGlob(glob) ?? { flag, value: { behind: behind as "=" | " ", glob } };
}

function readAttached(text: string): FlagRule | FlagProblem {
  const short = /^(-[A-Za-z0-9])([*?].*)$/s.exec(text);
  if (short !== null) {
    return checkGlob(short[2]) ?? { flag: short[1], value: { behind: "", glob: short[2] } };
  }
  if (!text.startsWith("-")) return problem("", `A flag begins with a dash: -${text.replace(/\W+/g, "")}`);
  return problem("", 'Write -l, --all, "--color=*" or "-n *"');
}

/** A value that holds what no readable command does would never be there. */
function checkGlob(glob: string): FlagProblem | undefined {
  if (/^[\w./+:@*?-]+$/.test(glob)) return undefined;
  return problem(
    glob === "" ? ", without a value" : ", with a value that no command may have",
    "The value is a glob of letters, digits and . / + : @ _ -",
  );
}

function problem(what: string, hint: string): FlagProblem {
  return { kind: "problem", what, hint };
}

/** As an author writes it. */
export function describeFlagRule({ flag, value }: FlagRule): string {
  return value === undefined ? flag : `${flag}${value.behind}${value.glob}`;
}

/** How a word is one of the flags: by itself, or with the next word as its value. */
export type FlagUse =
  | { readonly kind: "alone" }
  | { readonly kind: "next"; readonly globs: readonly string[] };

const alone: FlagUse = { kind: "alone" };

/** Which of the flags a word is, also several of one letter together; undefined for none of them. */
export function findFlag(rules: readonly FlagRule[], word: string): FlagUse | undefined {
  const whole = findWhole(rules, word);
  if (whole !== undefined || !/^-[A-Za-z0-9]{2,}$/.test(word)) return whole;
  for (const letter of word.slice(1, -1)) if (!isListed(rules, `-${letter}`)) return undefined;
  // Only the last may have a value: getopt(3) takes what stands behind any other for it.
  return findWhole(rules, `-${word.at(-1)}`);
}

function findWhole(rules: readonly FlagRule[], word: string): FlagUse | undefined {
  const globs: string[] = [];
  for (const { flag, value } of rules) {
    if (value === undefined) {
      if (word === flag) return alone;
    } else if (value.behind === " ") {
      if (word === flag) globs.push(value.glob);
    } else {
      const front = flag + value.behind;
      const rest = word.slice(front.length);
      const isThere = word.startsWith(front) && (rest !== "" || value.behind === "=");
      if (isThere && isValue(value.glob, rest)) return alone;
    }
  }
  return globs.length === 0 ? undefined : { kind: "next", globs };
}

/** Whether a flag is there by itself. */
export function isListed(rules: readonly FlagRule[], flag: string): boolean {
  return rules.some((rule) => rule.flag === flag && rule.value === undefined);
}

/** Whether a value is a match, as texts are of `glob`. */
export function isValue(glob: string, value: string): boolean {
  if (glob.includes("**")) return new TextGlob(glob).matches(value);
  // (Between slashes, the globs of names mean the same.)
  const globs = glob.split("/");
  const parts = value.split("/");
  return globs.length === parts.length && globs.every((one, index) => matchesGlob(one, parts[index]));
}

/** Whether a program could take a word for one of the flags, however it reads them: what a deny looks for. */
export function couldBeFlag(rules: readonly FlagRule[], word: string): boolean {
  if (!word.startsWith("-") || word === "-") return false;
  return rules.some(({ flag, value }) => {
    if (value?.behind === "=" && word.startsWith(`${flag}=`)) {
      // A value that stands in the word can be told; one that comes behind it could be anything.
      return isValue(value.glob, word.slice(flag.length + 1));
    }
    if (word === flag || word.startsWith(`${flag}=`)) return true;
    if (flag.startsWith("--")) {
      // getopt_long(3) takes any beginning that is the only one.
      const name = word.split("=")[0];
      return flag !== "--" && name.length > 2 && flag.startsWith(name);
    }
    // A letter among others, or with its value behind it.
    return flag.length === 2 ? /^-[^-]/.test(word) && word.includes(flag[1], 1) : word.startsWith(flag);
  });
}
