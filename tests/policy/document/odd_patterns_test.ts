import assert from "node:assert/strict";
import { findOddPatterns } from "../../../src/policy/document/odd_patterns.ts";
import { load } from "./load.ts";

async function oddities(rule: string): Promise<string[]> {
  const found = await findOddPatterns(load(`version: 1\nrules:\n  - ${rule}\n`));
  return found.map(({ code, at, message, hint }) => `${at.line}:${at.column} ${code} ${message} | ${hint}`);
}

Deno.test("patterns that are true of no text or of every text are told at their place", async () => {
  assert.deepEqual(await oddities("{ id: r, allow: a, args: { x: { matches: 'a^' } } }"), [
    '3:46 empty_pattern matches "a^" is true of no text | ' +
    'So the rule "r" never applies; ^ stands for the beginning of a text and $ for its end',
  ]);
  assert.deepEqual(await oddities("{ id: r, deny: a, args: { x: { finds: 'a*' } } }"), [
    '3:43 full_pattern finds "a*" is true of every text | ' +
    'It only says that "x" is a text: bound it with max_length, or write what is meant',
  ]);
  assert.deepEqual(await oddities("{ id: r, allow: a, args: { x: { matches: '.*' } } }"), [
    '3:46 full_pattern matches ".*" is true of every text without a line feed | ' +
    "Write what is meant, or bound it with max_length",
  ]);
  assert.deepEqual(await oddities("{ allow: a, args: { x: { matches: 'a+' } } }"), []);
});

Deno.test("values of which none passes the other checks are told", async () => {
  assert.deepEqual(await oddities("{ id: r, allow: a, args: { x: { one_of: [ab, cd], matches: 'x+' } } }"), [
    '3:32 contradiction no value of "x" passes all checks, so the rule "r" never applies | ' +
    "one_of and matches exclude each other",
  ]);
  const never = [
    "{ equals: abc, max_length: 2 }",
    "{ one_of: [1, 2], min: 3 }",
    "{ equals: a, one_of: [b, c] }",
    "{ equals: 5, finds: '5' }",
  ];
  for (const checks of never) {
    assert.equal((await oddities(`{ allow: a, args: { x: ${checks} } }`)).length, 1, checks);
  }
  assert.deepEqual(await oddities("{ id: r, allow: a, args: { x: { min: 1, under: /tmp } } }"), [
    '3:32 contradiction no value of "x" passes all checks, so the rule "r" never applies | ' +
    "min is about numbers, and under about texts",
  ]);
  const possible = [
    "{ one_of: [ab, xx], matches: 'x+' }",
    "{ one_of: [1, 2], min: 2, max: 3 }",
    "{ equals: a, present: true }",
  ];
  for (const checks of possible) {
    assert.deepEqual(await oddities(`{ allow: a, args: { x: ${checks} } }`), [], checks);
  }
});
