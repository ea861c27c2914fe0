import assert from "node:assert/strict";
import fc from "fast-check";
import { KeywordAutomaton } from "../../src/audit/keyword_automaton.ts";

/** Every end of a word in the text, as `place:word`. */
function find(words: readonly string[], text: string): string[] {
  const automaton = new KeywordAutomaton(words);
  const { next, symbols, firstEnding } = automaton;
  const found: string[] = [];
  let state = 0;
  for (let i = 0; i < text.length; i++) {
    state = next[(state << 6) | symbols[text.charCodeAt(i)]];
    if (state < firstEnding) continue;
    for (const word of automaton.endings(state)) found.push(`${i}:${words[word]}`);
  }
  return found.sort();
}

function findNaively(words: readonly string[], text: string): string[] {
  const lower = text.toLowerCase();
  const found: string[] = [];
  for (let i = 0; i < text.length; i++) {
    for (const word of words) if (lower.slice(0, i + 1).endsWith(word)) found.push(`${i}:${word}`);
  }
  return found.sort();
}

Deno.test("KeywordAutomaton sees words that overlap and words inside words, whatever their case", () => {
  assert.deepEqual(find(["he", "she", "his", "hers"], "uSHERs"), ["3:he", "3:she", "5:hers"]);
});

Deno.test("KeywordAutomaton sees exactly what a search for each word by itself sees", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "_", "-"), minLength: 1, maxLength: 4 });
  const text = fc.string({ unit: fc.constantFrom("a", "A", "b", "B", "_", "-", "x", " "), maxLength: 40 });
  fc.assert(fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 8 }), text, (words, text) => {
    assert.deepEqual(find(words, text), findNaively(words, text));
  }));
});

Deno.test("KeywordAutomaton takes interchangeable characters for each other", () => {
  const { next, symbols, firstEnding } = new KeywordAutomaton(["a_b"], "_-");
  for (const [text, isSeen] of [["a_b", true], ["A-B", true], ["a b", false], ["ab", false]] as const) {
    let state = 0;
    for (const c of text) state = next[(state << 6) | symbols[c.charCodeAt(0)]];
    assert.equal(state >= firstEnding, isSeen, text);
  }
});

Deno.test("KeywordAutomaton refuses an alphabet that does not fit its table", () => {
  const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i).toLowerCase()).join("");
  assert.throws(() => new KeywordAutomaton([letters]), /more than 63 symbols are too many/);
});
