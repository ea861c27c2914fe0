/**
 * The check `argv`: whether a value is one plain command, with the flags and operands that it may have.
 *
 * To allow, the whole command must be spelt out by the rule: the program, each flag, each operand. To deny, it is enough
 * that the program is one of the rule's, one of the flags could be there, and one of the operands could pass.
 */

import type { JsonValue } from "../../wire/json_value.ts";
import type { Answer, Strictness } from "../answer.ts";
import { quote } from "../sentence.ts";
import { couldBeFlag, findFlag, type FlagRule, isListed, isValue } from "./flag_rule.ts";
import { readCommand } from "./read_command.ts";

/** What a command must be; `C` are the checks of operands. */
export interface ArgvRule<C> {
  /** The first words, one of these sequences: `[["ls"], ["git", "status"]]`; an empty one where no program is named. */
  readonly programs: readonly (readonly string[])[];
  /** Absent: none to an allow; a deny does not ask. */
  readonly flags?: readonly FlagRule[];
  /** Absent: none to an allow; a deny does not ask. */
  readonly operands?: "none" | OperandRule<C>;
}

export interface OperandRule<C> {
  readonly checks: readonly C[];
  /** How many there must be to an allow. */
  readonly atLeast: number;
}

/** What each operand of a command must pass. */
export function operandChecks<C>({ operands }: ArgvRule<C>): readonly C[] {
  return operands === undefined || operands === "none" ? [] : operands.checks;
}

/** What the operand checks say of one word. */
export type AnswerOperand = (word: string) => Answer;

/** Unknown where the value is no command that every shell reads alike. */
export function answerArgv<C>(
  rule: ArgvRule<C>,
  value: JsonValue,
  strictness: Strictness,
  answerOperand: AnswerOperand,
): Answer {
  const reading = readCommand(value);
  if (reading.kind === "unknown") return "unknown";
  if (strictness === "deny") return answerDeny(rule, reading.words, answerOperand);
  let answer: Answer = "no";
  for (const program of rule.programs) {
    const sorted = sortWords(rule, program, reading.words);
    const one = sorted.kind === "refused" ? sorted.answer : answerAll(sorted.operands, answerOperand);
    if (one === "yes") return "yes";
    if (one === "unknown") answer = "unknown";
  }
  return answer;
}

function answerAll(operands: readonly string[], answerOperand: AnswerOperand): Answer {
  let answer: Answer = "yes";
  for (const operand of operands) {
    const one = answerOperand(operand);
    if (one === "no") return "no";
    if (one === "unknown") answer = "unknown";
  }
  return answer;
}

/** The operands of a command whose program and flags are in order. */
type Sorted =
  | { readonly kind: "sorted"; readonly operands: readonly string[] }
  | { readonly kind: "refused"; readonly answer: "no" | "unknown"; readonly why: string };

function sortWords<C>(rule: ArgvRule<C>, program: readonly string[], words: readonly string[]): Sorted {
  if (!startsWith(words, program)) {
    return refuse("no", `it begins with ${quote(words.slice(0, program.length).join(" "))}`);
  }
  const flags = rule.flags ?? [];
  const operands: string[] = [];
  let ended = false;
  for (let index = program.length; index < words.length; index++) {
    const word = words[index];
    if (ended || word === "-" || !word.startsWith("-")) {
      operands.push(word);
      continue;
    }
    if (word === "--") {
      if (!isListed(flags, word)) return refuse("no", 'it may not have "--"');
      ended = true;
      continue;
    }
    const use = findFlag(flags, word);
    if (use === undefined) return refuse("no", `it may not have the flag ${quote(word)}`);
    // GNU programs take it for a flag, those of POSIX and BSD for an operand (POSIX.1-2024, XBD 12.2, guideline 9).
    if (operands.length > 0) return refuse("unknown", `the flag ${quote(word)} stands behind an operand`);
    if (use.kind === "alone") continue;
    const value = words[++index];
    if (value === undefined) return refuse("no", `the flag ${quote(word)} has no value`);
    if (value.startsWith("-")) {
      return refuse("unknown", `${quote(value)} could be a flag, or the value of ${quote(word)}`);
    }
    if (!use.globs.some((glob) => isValue(glob, value))) {
      return refuse("no", `the flag ${quote(word)} may not have the value ${quote(value)}`);
    }
  }
  const wanted = rule.operands;
  if (wanted === undefined || wanted === "none") {
    return operands.length === 0
      ? { kind: "sorted", operands }
      : refuse("no", `it may have no operands, and ${quote(operands[0])} is one`);
  }
  if (operands.length < wanted.atLeast) return refuse("no", `it needs ${count(wanted.atLeast)}`);
  return { kind: "sorted", operands };
}

function refuse(answer: "no" | "unknown", why: string): Sorted {
  return { kind: "refused", answer, why };
}

function count(operands: number): string {
  return operands === 1 ? "an operand" : `${operands} operands`;
}

function startsWith(words: readonly string[], program: readonly string[]): boolean {
  return program.every((word, index) => words[index] === word);
}

function answerDeny<C>(rule: ArgvRule<C>, words: readonly string[], answerOperand: AnswerOperand): Answer {
  let answer: Answer = "no";
  for (const rest of restsOf(rule.programs, words)) {
    const one = answerRest(rule, rest, answerOperand);
    if (one === "yes") return "yes";
    if (one === "unknown") answer = "unknown";
  }
  return answer;
}

function answerRest<C>(
  { flags, operands }: ArgvRule<C>,
  rest: readonly string[],
  answerOperand: AnswerOperand,
): Answer {
  if (flags !== undefined && !rest.some((word) => couldBeFlag(flags, word))) return "no";
  if (operands === undefined) return "yes";
  const candidates = candidatesOf(rest);
  if (operands === "none") return candidates.length === 0 ? "yes" : "no";
  let answer: Answer = "no";
  for (const word of candidates) {
    const one = answerOperand(word);
    if (one === "yes") return "yes";
    if (one === "unknown") answer = "unknown";
  }
  return answer;
}

/** The words behind the program, for each way in which the program could be one of these. */
function restsOf(
  programs: ArgvRule<unknown>["programs"],
  words: readonly string[],
): readonly (readonly string[])[] {
  const rests: (readonly string[])[] = [];
  if (programs.some((program) => program.length === 0)) rests.push(words);
  if (programs.some((program) => program.length > 0 && couldBeProgram(program, words))) {
    rests.push(words.slice(1));
  }
  return rests;
}

/** `/bin/rm`, `RM.EXE` and `rm` are one program; `git -C x push` is `git push`. */
function couldBeProgram(program: readonly string[], words: readonly string[]): boolean {
  if (words.length === 0 || programName(words[0]) !== programName(program[0])) return false;
  let next = 1;
  for (const word of words.slice(1)) {
    if (next < program.length && word.toLowerCase() === program[next].toLowerCase()) next++;
  }
  return next === program.length;
}

function programName(word: string): string {
  const name = word.slice(word.lastIndexOf("/") + 1).toLowerCase();
  return name.replace(/\.(?:exe|com|cmd|bat|ps1)$/, "");
}

/** Every word that could be an operand, and what stands inside a flag: any of it may be a file. */
function candidatesOf(words: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const word of words) {
    if (word === "--") continue;
    if (!word.startsWith("-") || word === "-") found.push(word);
    else if (word.includes("=")) found.push(word.slice(word.indexOf("=") + 1));
    else if (!word.startsWith("--") && word.length > 2) found.push(word.slice(2));
  }
  return found;
}

/** The words on which the operand checks of {@linkcode answerArgv} may be asked. */
export function operandsOf<C>(
  rule: ArgvRule<C>,
  value: JsonValue,
  strictness: Strictness,
): readonly string[] {
  const reading = readCommand(value);
  if (reading.kind === "unknown") return [];
  const { words } = reading;
  if (strictness === "deny") {
    return restsOf(rule.programs, words).flatMap(candidatesOf);
  }
  return rule.programs.flatMap((program) => {
    const sorted = sortWords(rule, program, words);
    return sorted.kind === "sorted" ? sorted.operands : [];
  });
}

/** Why an allow does not take a value: a sentence, or the operand that does not pass. */
export type ArgvObstacle = { readonly why: string } | { readonly operand: string };

/** Finds the {@linkcode ArgvObstacle}; undefined where the allow takes the value. */
export function findArgvObstacle<C>(
  rule: ArgvRule<C>,
  value: JsonValue,
  answerOperand: AnswerOperand,
): ArgvObstacle | undefined {
  const reading = readCommand(value);
  if (reading.kind === "unknown") return { why: reading.why };
  let first: ArgvObstacle | undefined;
  for (const program of rule.programs) {
    const sorted = sortWords(rule, program, reading.words);
    if (sorted.kind === "refused") {
      // What is said of a program that is there is worth more than that it is another.
      if (first === undefined || startsWith(reading.words, program)) first = { why: sorted.why };
      continue;
    }
    const operand = sorted.operands.find((word) => answerOperand(word) !== "yes");
    if (operand === undefined) return undefined;
    first = { operand };
  }
  return first;
}

/** What a command must be, to be read behind "must". */
export function describeArgvRule<C>({ programs }: ArgvRule<C>): string {
  const named = programs.filter((program) => program.length > 0).map((program) => quote(program.join(" ")));
  if (named.length === 0) return "be plain flags and operands";
  const shown = named.slice(0, 3);
  const left = named.length - shown.length;
  return `be the command ${left > 0 ? `${shown.join(", ")} or ${left} more` : shown.join(" or ")}`;
}
