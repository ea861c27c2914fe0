import assert from "node:assert/strict";
import fc from "fast-check";
import { JsonScanner } from "../../src/wire/json.ts";
import { jsonSeeds } from "../corpus/json/all.ts";
import { encode } from "./support/bytes.ts";
import { findDisagreement } from "./support/disagreement.ts";

const scanner = new JsonScanner();

/** White space as JSON has it, but for the carriage return. */
const space = fc.string({ unit: fc.constantFrom(" ", "\t", "\n"), maxLength: 2 });

/** A character of a string, in one of its spellings. */
const character = fc.oneof(
  fc.constantFrom("a", "b", "é", "€", "😀", "\u2028", "\ufeff", "\x7f", " ", "/"),
  fc.constantFrom("\\u0061", "\\u00e9", "\\ud83d\\ude00", "\\n", "\\u000A", '\\"', "\\\\", "\\/", "\\u0000"),
  fc.constantFrom("\\ud800", "\\udc00"),
  fc.constantFrom(60, 255, 256, 257, 300).map((length) => "x".repeat(length)),
);
const string = fc.array(character, { maxLength: 5 }).map((characters) => `"${characters.join("")}"`);
const key = fc.oneof(
  fc.constantFrom('"a"', '"\\u0061"', '"b"', '"method"', '"me\\u0074hod"', '""', '"__proto__"'),
  string,
);
const number = fc.tuple(
  fc.constantFrom("", "-"),
  fc.oneof(fc.nat().map(String), fc.constantFrom("0", "9007199254740993")),
  fc.constantFrom("", ".0", ".250"),
  fc.constantFrom("", "e0", "E+05", "e-400", "e400"),
).map((parts) => parts.join(""));

/** JSON in any spelling, with keys that stand twice and lone surrogates now and then. */
const { text } = fc.letrec<{ text: string; value: string; member: string }>((tie) => ({
  text: fc.tuple(space, tie("value"), space).map((parts) => parts.join("")),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false"),
    number,
    string,
    fc.tuple(space, fc.array(tie("text"), { maxLength: 5 })).map(([s, texts]) => `[${texts.join(",") || s}]`),
    fc.tuple(space, fc.array(tie("member"), { maxLength: 12 })).map(([s, texts]) =>
      `{${texts.join(",") || s}}`
    ),
  ),
  member: fc.tuple(space, key, space, tie("text")).map(([a, key, b, text]) => `${a}${key}${b}:${text}`),
}));

Deno.test("on JSON in any spelling the scanner and its helpers find what JSON.parse and a naive reader find", () => {
  fc.assert(
    fc.property(text, fc.constantFrom("", "\r"), (text, end) => {
      const bytes = encode(text + end);
      assert.equal(findDisagreement(scanner, bytes), undefined);
      assert.equal(scanner.scan(bytes, 0, bytes.length), undefined);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("on changed texts of the corpus the scanner accepts what JSON.parse accepts, but for what it refuses on purpose", () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.uint8Array({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.constantFrom(...jsonSeeds), fc.array(change, { maxLength: 3 }), (seed, changes) => {
      assert.equal(findDisagreement(scanner, changes.reduce(applyChange, seed)), undefined);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("on arbitrary bytes the scanner accepts what JSON.parse accepts", () => {
  const tokens = fc.array(fc.constantFrom(...'{}[],:"\\0123.eE+-tfn u\r\n\x00\xff\xc3\xa9'), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 20 }), tokens.map(latin1)), (bytes) => {
      assert.equal(findDisagreement(scanner, bytes), undefined);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("a scanner gives the same answer whatever it scanned before", () => {
  const used = new JsonScanner();
  for (const seed of jsonSeeds) {
    used.scan(seed, 0, seed.length);
    assert.deepEqual(outcome(used, seed), outcome(new JsonScanner(), seed));
  }
});

function outcome(scanner: JsonScanner, bytes: Uint8Array): unknown[] {
  return [
    scanner.scan(bytes, 0, bytes.length),
    scanner.rootKind,
    scanner.memberCount,
    scanner.duplicateDepth,
    scanner.duplicateOffset,
    scanner.surrogateDepth,
    scanner.surrogateOffset,
  ];
}

/** Replaces `count` bytes somewhere by others. */
function applyChange(bytes: Uint8Array, [at, count, others]: [number, number, Uint8Array]): Uint8Array {
  const start = at % (bytes.length + 1);
  return Uint8Array.from([...bytes.subarray(0, start), ...others, ...bytes.subarray(start + count)]);
}

function latin1(characters: readonly string[]): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
