/**
 * Sentences that quote a text from outside cut it where it is long, and half a secret is known by no recogniser. So
 * the word in which the cut falls is left out: the record holds the whole text elsewhere, masked.
 */

import { recordTextCharactersMax } from "../limits.ts";

/** `sentence` without the words that a cut (`…"`, `" …`, or `…` at the end of a full sentence) has gone through. */
export function dropCutWords(sentence: string): string {
  let kept = "";
  let copied = 0;
  for (let mark = sentence.indexOf("…"); mark >= 0; mark = sentence.indexOf("…", mark + 1)) {
    const end = cutEnd(sentence, mark);
    if (end === undefined) continue;
    const start = cutStart(sentence, copied, end);
    kept += sentence.slice(copied, start);
    copied = end;
  }
  return copied === 0 ? sentence : kept + sentence.slice(copied);
}

/** Where what was cut ends, if the ellipsis at `mark` marks a cut of ours. */
function cutEnd(sentence: string, mark: number): number | undefined {
  if (sentence[mark + 1] === '"') return mark;
  if (sentence.startsWith('" ', mark - 2)) return mark - 2;
  const isFull = sentence.length >= recordTextCharactersMax - 1;
  return isFull && mark === sentence.length - 1 ? mark : undefined;
}

/** Where the words begin that may belong to a secret: the last, and the groups of digits in front of it. */
function cutStart(sentence: string, first: number, end: number): number {
  let start = wordStart(sentence, first, end);
  while (start > first && sentence[start - 1] === " ") {
    const before = wordStart(sentence, first, start - 1);
    if (!/\d/.test(sentence.slice(before, start - 1))) break;
    start = before;
  }
  return start;
}

function wordStart(sentence: string, first: number, end: number): number {
  let start = end;
  while (start > first && !' "/'.includes(sentence[start - 1])) start--;
  return start;
}
