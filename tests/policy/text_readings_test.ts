import assert from "node:assert/strict";
import fc from "fast-check";
import {
  foldArgumentName,
  foldText,
  percentDecodings,
  textReadings,
} from "../../src/policy/text_readings.ts";

Deno.test("percentDecodings() decodes up to three times and says whether it could", () => {
  const cases: readonly (readonly [string, readonly string[], boolean])[] = [
    ["plain", ["plain"], true],
    ["100%", ["100%"], true],
    ["%zz%4", ["%zz%4"], true],
    ["%41", ["%41", "A"], true],
    ["%2541", ["%2541", "%41", "A"], true],
    ["%252541", ["%252541", "%2541", "%41", "A"], true],
    ["%25252541", ["%25252541", "%252541", "%2541", "%41"], false],
    ["%c3%A9", ["%c3%A9", "é"], true],
    ["%C3", ["%C3", "\ufffd"], false],
    ["%c0%af", ["%c0%af", "\ufffd\ufffd"], false],
    ["a+b", ["a+b"], true],
    ["%25", ["%25", "%"], true],
  ];
  for (const [text, texts, sound] of cases) assert.deepEqual(percentDecodings(text), { texts, sound }, text);
});

Deno.test("textReadings() begins with the text itself and has nothing twice", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("%", "2", "5", "e", "é", "e\u0301", "ｅ", "ﬁ") }),
      (text) => {
        const readings = textReadings(text);
        assert.equal(readings[0], text);
        assert.equal(new Set(readings).size, readings.length);
        for (const form of ["NFC", "NFKC"]) assert.ok(readings.includes(text.normalize(form)));
      },
    ),
  );
});

Deno.test("textReadings() decodes what decoding and normalizing bring to light", () => {
  assert.ok(textReadings("%EF%BD%81").includes("a"));
  assert.ok(textReadings("％61").includes("a"));
});

Deno.test("foldText() makes one of what differs in case or compatibility only", () => {
  for (
    const [left, right] of [
      ["READ", "read"],
      ["ｒｅａｄ", "Read"],
      ["\u017fet", "SET"],
      ["\u212aey", "key"],
      ["stra\u00dfe", "STRASSE"],
      ["\u03a3\u03c2\u03c3", "\u03c3\u03c3\u03c3"],
      ["ﬁle", "FILE"],
      ["f\u0131le", "file"],
    ]
  ) {
    assert.equal(foldText(left), foldText(right));
  }
  assert.notEqual(foldText("read"), foldText("reed"));
});

Deno.test("foldArgumentName() stops at a NUL", () => {
  assert.equal(foldArgumentName("Path\0x"), "path");
  assert.equal(foldArgumentName("\0path"), "");
});
