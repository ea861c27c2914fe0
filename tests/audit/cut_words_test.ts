import assert from "node:assert/strict";
import fc from "fast-check";
import { dropCutWords } from "../../src/audit/cut_words.ts";
import { redactSentence } from "../../src/audit/redact.ts";
import { recordTextCharactersMax } from "../../src/limits.ts";
import { anything } from "./generators.ts";

Deno.test("dropCutWords() leaves out the word that a cut went through", () => {
  assert.equal(dropCutWords('no rule allows tool "read ghp_abc…"'), 'no rule allows tool "read …"');
  assert.equal(dropCutWords('it wrote: "hello adalove" …'), 'it wrote: "hello " …');
  assert.equal(dropCutWords('names "/home/ada/gh…" and "/b/c…" here'), 'names "/home/ada/…" and "/b/…" here');
});

Deno.test("dropCutWords() leaves out the groups of digits in front of that word: together they may be one number", () => {
  assert.equal(dropCutWords('tool "pay 4111 1111 11…"'), 'tool "pay …"');
  assert.equal(dropCutWords('tool "call +49 30 12…"'), 'tool "call …"');
});

Deno.test("dropCutWords() leaves a sentence alone that was not cut", () => {
  for (const text of ["", "denied", "see the notes… and ask", "wait…", 'tool "a b"']) {
    assert.equal(dropCutWords(text), text);
  }
});

Deno.test("dropCutWords() takes an ellipsis at the end of the longest sentence there is for a cut", () => {
  const full = "a ".repeat(recordTextCharactersMax / 2 - 2) + "ab…";
  assert.equal(dropCutWords(full), full.slice(0, -3) + "…");
});

Deno.test("redactSentence() leaves nothing of anything planted, wherever a quotation of it is cut", () => {
  fc.assert(
    fc.property(anything, fc.nat(), fc.constantFrom('…"', '" …'), ({ text }, place, mark) => {
      // What is so short that no one could tell what it began: not asked for.
      const kept = 1 + place % text.length;
      const shown = redactSentence(`not allowed: "some words ${text.slice(0, kept)}${mark}`);
      for (const word of text.slice(0, kept).match(/[^\s/"]{6,}/g) ?? []) {
        if (!isMarkup(word)) assert.ok(!shown.includes(word), `${word} is left in ${shown}`);
      }
    }),
    { numRuns: 2000 },
  );
});

/** What stands around a secret and is none: a scheme, the host of a web hook, the first line of a PEM block. */
function isMarkup(word: string): boolean {
  return /^(?:https?:|hooks|services|postgres:|redis:|-----|PRIVATE|BEGIN|\S+:$|bearer|basic|authorization)/i
    .test(word);
}
