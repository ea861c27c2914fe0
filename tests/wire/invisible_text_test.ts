import assert from "node:assert/strict";
import fc from "fast-check";
import { findInvisible, type InvisibleCounts } from "../../src/wire/invisible_text.ts";
import { JsonScanner } from "../../src/wire/json.ts";

const encoder = new TextEncoder();

/** The text as it stands in JSON, with everything but ASCII as it is, or all of that escaped. */
function find(text: string, spelling: "raw" | "escaped" = "raw"): InvisibleCounts | undefined {
  const json = JSON.stringify({ a: [text] });
  const spelt = spelling === "raw"
    ? json
    : json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const bytes = encoder.encode(spelt);
  return findInvisible(bytes, 0, bytes.length);
}

const hidden: readonly (readonly [string, InvisibleCounts])[] = [
  ["read\u200b it", { zero_width: 1 }],
  ["a\u2060\u2061\u2064b", { zero_width: 3 }],
  ["\ufeffa", { zero_width: 1 }],
  ["a\u200db", { zero_width: 1 }],
  ["a\u202eb\u202c", { bidi: 2 }],
  ["\u2066a\u2069", { bidi: 2 }],
  ["latin\u200e only", { bidi: 1 }],
  ["x\u{e0041}\u{e0042}", { tag: 2 }],
  ["\u{1f3f4}\u{e0073}\u{e0065}\u{e007f}", { tag: 3 }],
  ["a\ufe01\ufe02", { variation_selector: 2 }],
  ["a\u{e0100}\u{e0101}\u{e0102}", { variation_selector: 3 }],
  ["\u001b[31mred\u001b[0m", { terminal_escape: 2 }],
  ["\u009b31m", { terminal_escape: 1 }],
  ["a\bb\u0000", { control: 2 }],
  ["\u0085", { control: 1 }],
  ["می\u200c\u200cخواهم", { zero_width: 2 }],
];

const ordinary: readonly string[] = [
  "plain words, naïve “quotes” — and\ttabs\r\nand lines\f",
  "👩‍👩‍👧 👩🏽‍🚀 ❤️ ✔️ 🏳️‍🌈 1️⃣",
  "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
  "می‌خواهم",
  "क्‍ष",
  "שלום\u200f 123",
  "葛\u{e0100}城",
  "ไทย\u200bไทย",
  "日本語 한국어 Ελληνικά",
];

Deno.test("text that nobody sees is found and counted by kind, raw or escaped", () => {
  for (const [text, counts] of hidden) {
    assert.deepEqual(find(text), counts, JSON.stringify(text));
    assert.deepEqual(find(text, "escaped"), counts, JSON.stringify(text));
  }
});

Deno.test("what scripts and emoji need is ordinary", () => {
  for (const text of ordinary) {
    assert.equal(find(text), undefined, text);
    assert.equal(find(text, "escaped"), undefined, text);
  }
});

Deno.test("it is found in keys too, and where two keys are alike", () => {
  const bytes = encoder.encode('{"a\u200b":1,"a\u200b":2}');
  assert.deepEqual(findInvisible(bytes, 0, bytes.length), { zero_width: 2 });
});

Deno.test("the scanner does not find a text plain that holds a U+007F, wherever it stands", () => {
  const scanner = new JsonScanner();
  const isPlain = (text: string) => {
    const bytes = encoder.encode(JSON.stringify(text));
    assert.equal(scanner.scan(bytes, 0, bytes.length), undefined);
    return scanner.isPlain;
  };
  // Short runs are read byte by byte or by four, long ones by eight.
  for (const before of [0, 1, 2, 3, 4, 7, 8, 255, 256, 257, 258, 259, 260, 261, 262, 263, 264, 300]) {
    for (const behind of [0, 1, 4, 9]) {
      const [head, tail] = ["~".repeat(before), "x".repeat(behind)];
      assert.equal(isPlain(`${head}\u007f${tail}`), false, `${before}, ${behind}`);
      assert.equal(isPlain(`${head}${tail}`), true, `${before}, ${behind}`);
    }
  }
});

Deno.test("property: a text that the scanner finds plain hides nothing", () => {
  const scanner = new JsonScanner();
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string(),
    fc.constantFrom(...hidden.map(([text]) => text), ...ordinary),
  );
  fc.assert(fc.property(fc.array(piece), fc.boolean(), (pieces, isEscaped) => {
    const text = pieces.join("").toWellFormed();
    const json = JSON.stringify(text);
    const spelt = isEscaped
      ? json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      : json;
    const bytes = encoder.encode(spelt);
    assert.equal(scanner.scan(bytes, 0, bytes.length), undefined);
    if (scanner.isPlain) assert.equal(findInvisible(bytes, 0, bytes.length), undefined);
  }));
});
