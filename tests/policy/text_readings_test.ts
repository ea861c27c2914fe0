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

Deno.test("percentDecodings() decodes as decodeURIComponent() does, and is unsound where that throws", () => {
  const bytes = fc.constantFrom(
    "41",
    "2f",
    "7F",
    "80",
    "c3",
    "A9",
    "a9",
    "ef",
    "BF",
    "bd",
    "ed",
    "a0",
    "f0",
    "9f",
    "98",
    "ff",
  );
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 6 }), (run) => {
      const text = run.map((byte) => `%${byte}`).join("");
      let decoded: string | undefined;
      try {
        decoded = decodeURIComponent(text);
      } catch {
        decoded = undefined;
      }
      const { texts, sound } = percentDecodings(text);
      assert.equal(sound, decoded !== undefined, text);
      const raw = Uint8Array.from(run, (byte) => Number.parseInt(byte, 16));
      assert.equal(texts[1], decoded ?? new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw), text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("textReadings() begins with the text itself and has nothing twice", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("%", "2", "5", "e", "é", "e\u0301", "ｅ", "ﬁ") }),
      (text) => {
        const readings = textReadings(text) ?? [];
        assert.equal(readings[0], text);
        assert.equal(new Set(readings).size, readings.length);
        for (const form of ["NFC", "NFKC"]) assert.ok(readings.includes(text.normalize(form)));
      },
    ),
  );
});

Deno.test("textReadings() decodes what decoding and normalizing bring to light", () => {
  assert.ok(textReadings("%EF%BD%81")?.includes("a"));
  assert.ok(textReadings("％61")?.includes("a"));
});

Deno.test("textReadings() also stops where a C library stops reading", () => {
  for (const text of ["rm\0", "rm\0.txt", "rm%00.txt", "rm%2500", "ｒｍ\0é"]) {
    assert.ok(textReadings(text)?.includes("rm"), JSON.stringify(text));
  }
});

/** The longest run of combining marks in any text that is normalized while `act` runs. */
function longestRunNormalized(act: () => void): number {
  const { normalize } = String.prototype;
  let longest = 0;
  String.prototype.normalize = function (this: string, form?: string): string {
    for (const [run] of this.matchAll(/[\p{M}\uff9e\uff9f]+/gu)) longest = Math.max(longest, run.length);
    return normalize.call(this, form);
  };
  try {
    act();
  } finally {
    String.prototype.normalize = normalize;
  }
  return longest;
}

Deno.test("marks by the thousand behind one character, which take time with their square to normalize, are not normalized", () => {
  const marks = "\u0301\u0316".repeat(100);
  const hidden = [marks, "%CC%81%CC%96".repeat(100), "\uff9e\u0316".repeat(100), "%EF%BE%9E".repeat(100)];
  const longest = longestRunNormalized(() => {
    for (const text of hidden) {
      assert.equal(textReadings(`a${text}`), undefined);
      foldText(`a${text}`);
      foldArgumentName(`a${text}`);
    }
  });
  assert.ok(longest <= 30, `normalized ${longest} marks`);
  // As many as any language has are ordinary text.
  assert.ok(textReadings(`A${"\u0301".repeat(30)}`) !== undefined);
  assert.equal(foldText("E\u0301"), "é");
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
