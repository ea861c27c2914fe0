/** What schemas say, with three answers: how parts come together to a whole. */

import type { Answer } from "../answer.ts";
import { quote } from "../sentence.ts";

/** What a schema says of a value, and for what is no yes the place and the keyword. */
export interface SchemaVerdict {
  readonly answer: Answer;
  /** `"required" at /a/0`; empty with a yes. */
  readonly why: string;
}

export const yes: SchemaVerdict = { answer: "yes", why: "" };

export function why(keyword: string, path: string): string {
  return `${keyword} at ${path === "" ? "the arguments themselves" : quote(path)}`;
}

export function no(keyword: string, path: string): SchemaVerdict {
  return { answer: "no", why: why(keyword, path) };
}

export function unknown(keyword: string, path: string): SchemaVerdict {
  return { answer: "unknown", why: why(keyword, path) };
}

export function both(left: SchemaVerdict, right: SchemaVerdict): SchemaVerdict {
  if (left.answer === "no" || right.answer === "yes") return left;
  if (right.answer === "no" || left.answer === "yes") return right;
  return left;
}

export function all<T>(parts: readonly T[], judge: (part: T, i: number) => SchemaVerdict): SchemaVerdict {
  let verdict = yes;
  for (const [i, part] of parts.entries()) {
    verdict = both(verdict, judge(part, i));
    if (verdict.answer === "no") break;
  }
  return verdict;
}

export function conjunction(answers: readonly Answer[]): Answer {
  return answers.includes("no") ? "no" : answers.includes("unknown") ? "unknown" : "yes";
}

export function anyOf(answers: readonly Answer[]): Answer {
  return answers.includes("yes") ? "yes" : answers.includes("unknown") ? "unknown" : "no";
}

export function oneOf(answers: readonly Answer[]): Answer {
  const sure = answers.filter((answer) => answer === "yes").length;
  if (sure > 1) return "no";
  if (answers.includes("unknown")) return "unknown";
  return sure === 1 ? "yes" : "no";
}

export function opposite(answer: Answer): Answer {
  return answer === "unknown" ? answer : answer === "yes" ? "no" : "yes";
}
