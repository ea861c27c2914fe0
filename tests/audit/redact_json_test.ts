import assert from "node:assert/strict";
import fc from "fast-check";
import { redactJson } from "../../src/audit/redact.ts";
import { maskJson } from "../../src/audit/redact_json.ts";
import { MaskTally } from "../../src/audit/mask_tally.ts";
import { recordMaskedEntriesMax } from "../../src/limits.ts";
import { anything, cardDigits, password, secretName } from "./generators.ts";

const encoder = new TextEncoder();

function redact(json: string) {
  const bytes = encoder.encode(`##${json}##`);
  return redactJson(bytes, 2, bytes.length - 2);
}

function masks(cases: Readonly<Record<string, string>>): void {
  for (const [json, expected] of Object.entries(cases)) assert.equal(redact(json).json, expected, json);
}

Deno.test("redactJson() gives back the very text where nothing is found, number spellings and white space included", () => {
  const texts = [
    '{ "a" : 1.0, "b":[1e3,-0,9007199254740993 ],"ü":"\\n\\"x\\"\\/" , "c":null}',
    "1",
    '"x"',
    "[]",
    "true",
  ];
  for (const text of texts) assert.deepEqual(redact(text), { json: text, masked: [] });
});

Deno.test("redactJson() masks string values, keys and numbers, and says where", () => {
  const { json, masked } = redact('{"to":["a@b.de","x"],"n":4111111111111111,"a@b.de":{"k":1.50},"r":1e3}');
  assert.equal(json, '{"to":["‹email›","x"],"n":"‹card›","‹email›":{"k":1.50},"r":1e3}');
  assert.deepEqual(masked, [
    { kind: "email", path: "/to/0", count: 1 },
    { kind: "card", path: "/n", count: 1 },
    { kind: "email", path: "/‹email›", count: 1 },
  ]);
});

Deno.test("redactJson() looks at strings as they are meant, not as they are spelt", () => {
  masks({
    '{"a":"b\\u0040c.de"}': '{"a":"‹email›"}',
    '{"p\\u0061ssword":"x"}': '{"p\\u0061ssword":"‹secret›"}',
    '"\\nAKIAIOSFODNN7EXAMPLE\\n"': '"\\n‹aws_key›\\n"',
    '"0351\\/1234567 x"': '"‹phone› x"',
    '"1\\/\\/0abcdefghijABCDEFGHIJ012345"': '"‹google_key›"',
    '"\\ud83d\\ude00 a@b.de \\ud800"': JSON.stringify("😀 ‹email› \ud800"),
  });
});

Deno.test("redactJson() masks a telling key's value whole: text, number, list or object; null and the empty string stay", () => {
  masks({
    '{"password":"a b","pin":1}': '{"password":"‹secret›","pin":1}',
    '{"api_key":12,"token":true}': '{"api_key":"‹secret›","token":"‹secret›"}',
    '{"credentials":{"user":"bob","x":["}",{"y":"\\"]"}]},"n":1}': '{"credentials":"‹secret›","n":1}',
    '{"cookie":["a","b"]}': '{"cookie":"‹secret›"}',
    '{"secret":null,"token":"","auth":[]}': '{"secret":null,"token":"","auth":"‹secret›"}',
    '{"headers":{"X-Api-Key":"k","Accept":"x"}}': '{"headers":{"X-Api-Key":"‹secret›","Accept":"x"}}',
    '{"max_tokens":5,"nextPageToken":"x","author":"y"}': '{"max_tokens":5,"nextPageToken":"x","author":"y"}',
  });
});

Deno.test("redactJson() knows lists of names and values, in either order, and command lines", () => {
  masks({
    '[{"name":"API_KEY","value":"x"},{"name":"HOME","value":"/h"}]':
      '[{"name":"API_KEY","value":"‹secret›"},{"name":"HOME","value":"/h"}]',
    '{"value":"x","key":"Authorization"}': '{"value":"‹secret›","key":"Authorization"}',
    '["login","--password","x","--user","bob"]': '["login","--password","‹secret›","--user","bob"]',
    '["--token=abc",1]': '["--token=‹secret›",1]',
    '["--token",1,"x"]': '["--token",1,"x"]',
    '[["X-Api-Key","x"],["Accept","y"]]': '[["X-Api-Key","‹secret›"],["Accept","y"]]',
    '{"key":"Cookie","values":["a","b"]}': '{"key":"Cookie","values":"‹secret›"}',
    '["token","b","c"]': '["token","b","c"]',
  });
});

Deno.test("redactJson() takes what a key says of its value: telephone and social security numbers without any shape", () => {
  masks({
    '{"phone":5551234567,"Tel":"4123456","id":5551234567}':
      '{"phone":"‹phone›","Tel":"‹phone›","id":5551234567}',
    '{"ssn":"078051120","SSN":78051120}': '{"ssn":"‹ssn›","SSN":78051120}',
    '{"mobileNumber":["20304050","x"]}': '{"mobileNumber":["‹phone›","x"]}',
  });
});

Deno.test("redactJson() masks numbers that spell a card's in any notation, and leaves fractions", () => {
  masks({
    "[4111111111111111]": '["‹card›"]',
    "[-4111111111111111]": '["‹card›"]',
    "[4.111111111111111e15]": '["‹card›"]',
    "[4111111111111111.0]": '["‹card›"]',
    "[6250000000000000005]": '["‹card›"]',
    "[0.4111111111111111,1790000000123]": "[0.4111111111111111,1790000000123]",
  });
});

Deno.test("redactJson() masks inside strings that are JSON themselves, up to three deep, and leaves their numbers alone", () => {
  const wrap = (value: unknown) => JSON.stringify({ x: JSON.stringify(value) });
  masks({
    [wrap({ api_key: "z", n: 1 })]: wrap({ api_key: "‹secret›", n: 1 }),
    '"{\\"a\\":\\"b\\\\u0040c.de\\",\\"n\\":1.0}"': '"{\\"a\\":\\"‹email›\\",\\"n\\":1.0}"',
    '"[1, 2,  {\\"a\\": \\"b\\"}]"': '"[1, 2,  {\\"a\\": \\"b\\"}]"',
    '"{not json: password=x}"': '"{not json: password=‹secret›}"',
  });
  const deep = (inner: string) => JSON.stringify("[".repeat(50_000) + inner + "]".repeat(50_000));
  assert.equal(redact(deep('"password=x"')).json, deep('"password=‹secret›"'));
});

Deno.test("redactJson() puts out one line, whatever stands between the tokens", () => {
  masks({ '{\n\t"a" : [ 1 ,\r\n "x" ]\n}': '{"a":[1,"x"]}' });
});

Deno.test("redactJson() keeps keys apart that look the same once masked", () => {
  const { json } = redact('{"a@b.de":1,"c@d.de":2,"‹email›":3}');
  assert.equal(json, '{"‹email›":1,"‹email› 2":2,"‹email› 3":3}');
});

Deno.test("redactJson() names so many places and no more, but counts what it masked elsewhere", () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, "a@b.de"]));
  const { masked } = redact(JSON.stringify(many));
  assert.equal(masked.length, recordMaskedEntriesMax + 1);
  assert.equal(masked.reduce((sum, { count }) => sum + count, 0), 500);
  assert.deepEqual(masked.at(-1), { kind: "email", path: "…", count: 500 - recordMaskedEntriesMax });
});

Deno.test("redactJson() cuts long keys in the places that it names, and masks them there too", () => {
  const { masked } = redact(JSON.stringify({ ["x/".repeat(200)]: { "a@b.de": "10.0.0.1" } }));
  for (const { path } of masked) assert.ok(path.length < 160 && !path.includes("a@b"), path);
});

Deno.test("redactJson() throws on what is no JSON instead of reading for ever", () => {
  for (const text of ["{", "[", '{"a"', '{"password":', '"\\u0040', "[}", "{]", '{"token":}', '{"a@b.de"']) {
    assert.throws(() => maskJson(text, "", new MaskTally()), Error, text);
  }
});

/** JSON values with something planted somewhere: in values, in keys, in numbers, in JSON inside strings. */
const planting = fc.tuple(fc.jsonValue({ maxDepth: 3 }), anything).chain(([value, { text }]) =>
  fc.constantFrom<unknown>(
    text,
    { a: [value, text] },
    { [text]: value },
    [{ deep: { deeper: [text, value] } }],
    { s: JSON.stringify({ [text]: text }) },
    `${text} and ${JSON.stringify(value)}`,
  ).map((planted) => ({ text, planted }))
);

/** Escapes every character, as some writers do. */
function escapeAll(json: string): string {
  return json.replaceAll(/"((?:[^"\\]|\\.)*)"/g, (literal) => {
    const text = JSON.parse(literal) as string;
    return `"${
      Array.from({ length: text.length }, (_, i) => "\\u" + text.charCodeAt(i).toString(16).padStart(4, "0"))
        .join("")
    }"`;
  });
}

Deno.test("redactJson() leaves nothing of anything planted, whatever JSON it stands in and however that is spelt", () => {
  fc.assert(
    fc.property(planting, fc.boolean(), ({ text, planted }, isEscaped) => {
      const json = JSON.stringify(planted);
      const { json: masked, masked: places } = redact(isEscaped ? escapeAll(json) : json);
      const end = text.slice(-6);
      for (const shown of [masked, JSON.stringify(JSON.parse(masked)), JSON.stringify(places)]) {
        assert.ok(!shown.includes(text) && !shown.includes(end), `${end} is left in ${shown}`);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("redactJson() leaves no card number that is sent as a number", () => {
  fc.assert(fc.property(cardDigits, (digits) => {
    assert.equal(redact(`{"n":[${digits}]}`).json, '{"n":["‹card›"]}');
  }));
});

Deno.test("redactJson() leaves nothing under a telling key", () => {
  fc.assert(fc.property(secretName, password, fc.jsonValue(), (name, value, other) => {
    assert.ok(!redact(JSON.stringify({ other, [name]: { value, other } })).json.includes(value));
    assert.ok(!redact(JSON.stringify([JSON.stringify({ [name]: value })])).json.includes(value));
  }));
});

Deno.test("redactJson() gives valid JSON of the same structure", () => {
  fc.assert(fc.property(planting, ({ planted }) => {
    const before: unknown = JSON.parse(JSON.stringify(planted));
    assertSameStructure(JSON.parse(redact(JSON.stringify(planted)).json), before);
  }));
});

/** The same but for strings, keys and what became a mask. */
function assertSameStructure(after: unknown, before: unknown): void {
  if (typeof after === "string") return;
  if (Array.isArray(before)) {
    assert.ok(Array.isArray(after) && after.length === before.length);
    return before.forEach((element, i) => assertSameStructure(after[i], element));
  }
  if (typeof before === "object" && before !== null) {
    assert.ok(typeof after === "object" && after !== null);
    const values = Object.values(before);
    assert.equal(Object.keys(after).length, values.length);
    // Keys that look like indexes move to the front when a mask makes them words.
    if (Object.keys(before).some((key) => /^\d+$/.test(key))) return;
    return Object.values(after).forEach((value, i) => assertSameStructure(value, values[i]));
  }
  assert.equal(after, before);
}

Deno.test("redactJson() finds the same on its short way, past the first look, as on its long one", () => {
  fc.assert(
    fc.property(planting, fc.boolean(), ({ planted }, isEscaped) => {
      const json = isEscaped ? escapeAll(JSON.stringify(planted)) : JSON.stringify(planted);
      const short = redact(json).json;
      const long = maskJson(json, "", new MaskTally());
      // The short way keeps the spelling of what it need not change, the long one writes it anew.
      assert.deepEqual(JSON.parse(short), JSON.parse(long));
    }),
    { numRuns: 1000 },
  );
});
