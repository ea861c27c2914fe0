/** The check `argv` read straight from its description. */

import type { ArgvRule } from "../../../src/policy/argv/answer_argv.ts";
import type { FlagRule } from "../../../src/policy/argv/flag_rule.ts";
import type { JsonValue } from "../../../src/wire/json_value.ts";

/** −1 no, 0 unknown, 1 yes. */
type Tri = -1 | 0 | 1;

const letters = "abcdefghijklmnopqrstuvwxyz";
const plain = `${letters}${letters.toUpperCase()}0123456789_./+`;

/** `answer` is what the operand checks say of one word. */
export function naiveArgvAnswer<C>(
  rule: ArgvRule<C>,
  value: JsonValue,
  mode: "allow" | "deny",
  answer: (word: string) => Tri,
): Tri {
  const words = typeof value === "string" ? value.split(" ") : value;
  if (!Array.isArray(words) || value === "") return 0;
  if (!words.every((word) => typeof word === "string" && isPlainWord(word))) return 0;
  const said = rule.programs.map((program) =>
    mode === "allow"
      ? answerAllow(rule, program, words as string[], answer)
      : answerDeny(rule, program, words as string[], answer)
  );
  return Math.max(-1, ...said) as Tri;
}

function isPlainWord(word: string): boolean {
  const [name, ...values] = word.split("=");
  const only = (text: string, set: string) => [...text].every((character) => set.includes(character));
  if (values.length > 1) return false;
  if (values.length === 1 && !only(values[0], `${plain}:@-`)) return false;
  if (word.startsWith("--")) {
    if (name === "--") return values.length === 0;
    return only(name.slice(2), `${plain.replace(/[./+]/g, "")}-`) && !/^--[-_]/.test(name);
  }
  if (values.length > 0 || word === "") return false;
  if (word.startsWith("-")) {
    return only(word.slice(1), `${plain.replace(".", "")}@-`) && !word.startsWith("-@");
  }
  return only(word[0], plain) && only(word, `${plain}:@-`);
}

function globFits(glob: string, text: string): boolean {
  const parts = glob.split(/(\*\*|\*|\?)/).map((part) => {
    if (part === "**") return "[^]*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : part.replace(/[.+/-]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "u").test(text);
}

/** How many words a flag takes, itself included; undefined where it is not one that may be there. */
function flagLength(flags: readonly FlagRule[], words: readonly string[]): 1 | 2 | undefined {
  const [word] = words;
  for (const { flag, value } of flags) {
    if (value === undefined && word === flag) return 1;
    if (
      value?.behind === "=" && word.startsWith(`${flag}=`) &&
      globFits(value.glob, word.slice(flag.length + 1))
    ) {
      return 1;
    }
    if (
      value?.behind === "" && word.length > 2 && word.startsWith(flag) && globFits(value.glob, word.slice(2))
    ) {
      return 1;
    }
  }
  if (flags.some(({ flag, value }) => value?.behind === " " && word === flag)) return 2;
  const cluster = /^-([A-Za-z0-9]+)([A-Za-z0-9])$/.exec(word);
  if (cluster === null) return undefined;
  const alone = (letter: string) =>
    flags.some(({ flag, value }) => flag === `-${letter}` && value === undefined);
  if (![...cluster[1]].every(alone)) return undefined;
  return flagLength(flags, [`-${cluster[2]}`]);
}

function answerAllow<C>(
  { flags = [], operands = "none" }: ArgvRule<C>,
  program: readonly string[],
  all: readonly string[],
  answer: (word: string) => Tri,
): Tri {
  if (all.slice(0, program.length).join(" ") !== program.join(" ")) return -1;
  let words = all.slice(program.length);
  const found: string[] = [];
  while (words.length > 0) {
    const [word] = words;
    if (word === "--") {
      if (flagLength(flags, words) === undefined) return -1;
      found.push(...words.slice(1));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      found.push(word);
      words = words.slice(1);
      continue;
    }
    const length = flagLength(flags, words);
    if (length === undefined) return -1;
    if (found.length > 0) return 0;
    if (length === 2) {
      if (words.length < 2) return -1;
      if (words[1].startsWith("-")) return 0;
      const name = `-${word.startsWith("--") ? word.slice(1) : word.at(-1)}`;
      const fits = flags.some(({ flag, value }) =>
        value?.behind === " " && (flag === word || flag === name) && globFits(value.glob, words[1])
      );
      if (!fits) return -1;
    }
    words = words.slice(length);
  }
  if (operands === "none") return found.length === 0 ? 1 : -1;
  if (found.length < operands.atLeast) return -1;
  return Math.min(1, ...found.map(answer)) as Tri;
}

function answerDeny<C>(
  { flags, operands }: ArgvRule<C>,
  program: readonly string[],
  words: readonly string[],
  answer: (word: string) => Tri,
): Tri {
  const bare = (word: string) =>
    word.toLowerCase().split("/").at(-1)!.replace(/\.(exe|com|cmd|bat|ps1)$/, "");
  let rest = words;
  if (program.length > 0) {
    if (words.length === 0 || bare(words[0]) !== bare(program[0])) return -1;
    rest = words.slice(1);
    let from = 0;
    for (const wanted of program.slice(1)) {
      const at = rest.slice(from).findIndex((word) => word.toLowerCase() === wanted.toLowerCase());
      if (at < 0) return -1;
      from += at + 1;
    }
  }
  if (flags !== undefined && !rest.some((word) => flags.some((flag) => couldBe(flag, word)))) return -1;
  if (operands === undefined) return 1;
  const found = rest.flatMap((word) => {
    if (word === "--") return [];
    if (word === "-" || !word.startsWith("-")) return [word];
    if (word.includes("=")) return [word.split("=")[1]];
    return word.startsWith("--") || word.length < 3 ? [] : [word.slice(2)];
  });
  if (operands === "none") return found.length === 0 ? 1 : -1;
  return Math.max(-1, ...found.map(answer)) as Tri;
}

function couldBe({ flag, value }: FlagRule, word: string): boolean {
  const [name, given] = word.split("=");
  if (value?.behind === "=" && name === flag && given !== undefined) return globFits(value.glob, given);
  if (name === flag) return true;
  if (flag === "--" || !word.startsWith("-") || name === "-" || name === "--") return false;
  if (flag.startsWith("--")) return name.startsWith("--") && flag.startsWith(name);
  if (word.startsWith("--")) return false;
  return flag.length === 2 ? word.slice(1).includes(flag[1]) : word.startsWith(flag);
}
