/** Texts that are in order but hold keys that stand twice or lone surrogates: how deep, and where. */

export interface FindingCase {
  readonly name: string;
  /** The text; `¦` marks the place that is to be reported and is no part of it. */
  readonly marked: string;
  /** Depth of the object that holds it; 0 where nothing is to be found. */
  readonly depth: number;
}

export const duplicates: readonly FindingCase[] = [
  { name: "no key twice", marked: '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', depth: 0 },
  { name: "keys that differ in case", marked: '{"a":1,"A":2}', depth: 0 },
  { name: "keys that are alike but for normalisation", marked: '{"\u00e9":1,"e\u0301":2}', depth: 0 },
  { name: "a key that is the beginning of another", marked: '{"a":1,"ab":2,"abc":3}', depth: 0 },
  { name: "a key and its escape's spelling", marked: '{"a":1,"\\\\u0061":2}', depth: 0 },
  { name: "a key like a string value", marked: '{"a":"b","b":"a"}', depth: 0 },
  { name: "an empty key once", marked: '{"":1,"a":2}', depth: 0 },
  { name: "lone surrogates that differ", marked: '{"\\ud800":1,"\\ud801":2}', depth: 0 },
  { name: "a pair and its lead alone", marked: '{"\\ud83d\\ude00":1,"\\ud83d":2}', depth: 0 },

  { name: "a key twice in the envelope", marked: '{"id":1,"¦id":2}', depth: 1 },
  { name: "a key twice with another between", marked: '{"id":1,"x":{"id":3},"¦id":2}', depth: 1 },
  { name: "an empty key twice", marked: '{"":1,"¦":2}', depth: 1 },
  { name: "a key three times", marked: '{"a":1,"¦a":2,"a":3}', depth: 1 },
  { name: "a key twice in params", marked: '{"params":{"name":1,"¦name":2}}', depth: 2 },
  {
    name: "a key twice in an object inside params",
    marked: '{"params":{"arguments":{"p":1,"¦p":2}}}',
    depth: 3,
  },
  { name: "a key twice in an object inside an array", marked: '{"a":[[{"p":1,"¦p":2}]]}', depth: 4 },
  { name: "a key twice in the first element of a batch", marked: '[{"p":1,"¦p":2}]', depth: 2 },

  { name: "an escaped letter", marked: '{"name":1,"¦na\\u006de":2}', depth: 1 },
  { name: "an escaped letter first", marked: '{"na\\u006De":1,"¦name":2}', depth: 1 },
  { name: "two escapes in two spellings", marked: '{"\\u006eame":1,"¦\\u006Eame":2}', depth: 1 },
  { name: "an escaped slash", marked: '{"a/b":1,"¦a\\/b":2}', depth: 1 },
  { name: "an escaped line feed, two spellings", marked: '{"\\n":1,"¦\\u000a":2}', depth: 1 },
  { name: "an escaped quote, two spellings", marked: '{"\\"":1,"¦\\u0022":2}', depth: 1 },
  { name: "an escaped backslash, two spellings", marked: '{"\\\\":1,"¦\\u005c":2}', depth: 1 },
  { name: "two bytes of UTF-8 and their escape", marked: '{"é":1,"¦\\u00e9":2}', depth: 1 },
  { name: "three bytes of UTF-8 and their escape", marked: '{"€":1,"¦\\u20AC":2}', depth: 1 },
  { name: "four bytes of UTF-8 and their escaped pair", marked: '{"😀":1,"¦\\ud83d\\ude00":2}', depth: 1 },
  {
    name: "the last character of all and its escaped pair",
    marked: '{"\u{10ffff}":1,"¦\\udbff\\udfff":2}',
    depth: 1,
  },
  { name: "a NUL twice", marked: '{"\\u0000":1,"¦\\u0000":2}', depth: 1 },
  { name: "lone surrogates that are equal", marked: '{"\\ud800":1,"¦\\uD800":2}', depth: 1 },

  { name: "the outer of two, the inner closing first", marked: '{"a":{"b":1,"b":2},"¦a":3}', depth: 1 },
  {
    name: "the shallower of two, the deeper first",
    marked: '{"x":{"y":{"b":1,"b":2}},"z":{"c":1,"¦c":2}}',
    depth: 2,
  },
  { name: "the first of two at one depth", marked: '{"x":{"b":1,"¦b":2},"z":{"c":1,"c":2}}', depth: 2 },

  { name: "nine keys, so that the table is used, none twice", marked: many(9), depth: 0 },
  { name: "a key twice among nine", marked: many(8, '"¦k3":0'), depth: 1 },
  { name: "a key twice among nine, escaped", marked: many(8, '"¦k\\u0033":0'), depth: 1 },
  { name: "a key twice among three hundred", marked: many(300, '"¦k299":0'), depth: 1 },
  {
    name: "a key twice in a large object inside a large one",
    marked: many(20, `"in":${many(20, '"¦k7":0')}`),
    depth: 2,
  },
  {
    name: "a key of the outer large object in the inner one",
    marked: many(20, `"in":${many(20)}`),
    depth: 0,
  },
  {
    name: "long keys that differ in their last byte",
    marked: `{"${"x".repeat(400)}a":1,"${"x".repeat(400)}b":2}`,
    depth: 0,
  },
  { name: "long keys that are equal", marked: `{"${"x".repeat(400)}":1,"¦${"x".repeat(400)}":2}`, depth: 1 },
];

export const surrogates: readonly FindingCase[] = [
  { name: "no escapes", marked: '{"a":"b"}', depth: 0 },
  { name: "a pair", marked: '{"a":"\\ud83d\\ude00"}', depth: 0 },
  { name: "the lowest pair", marked: '["\\ud800\\udc00"]', depth: 0 },
  { name: "the highest pair", marked: '["\\udbff\\udfff"]', depth: 0 },
  { name: "code units beside the surrogates", marked: '["\\ud7ff\\ue000"]', depth: 0 },
  { name: "two pairs", marked: '["\\ud83d\\ude00\\ud83d\\ude00"]', depth: 0 },
  { name: "an escaped backslash before the letters of one", marked: '["\\\\ud800"]', depth: 0 },

  { name: "a lead at the end of a string", marked: '{"a":"x¦\\ud800"}', depth: 1 },
  { name: "a lead before a character", marked: '{"a":"¦\\udbffx"}', depth: 1 },
  { name: "a lead before another escape", marked: '{"a":"¦\\ud800\\n"}', depth: 1 },
  { name: "a lead before an escape that is no trail", marked: '{"a":"¦\\ud800\\u0041"}', depth: 1 },
  { name: "a trail alone", marked: '{"a":"¦\\udc00"}', depth: 1 },
  { name: "the last trail alone", marked: '{"a":"¦\\udfff"}', depth: 1 },
  { name: "a trail before a lead", marked: '{"a":"¦\\ude00\\ud83d"}', depth: 1 },
  { name: "two leads and a trail", marked: '{"a":"¦\\ud83d\\ud83d\\ude00"}', depth: 1 },
  { name: "a pair and a trail", marked: '{"a":"\\ud83d\\ude00¦\\ude00"}', depth: 1 },
  { name: "a lead behind a long plain run", marked: `{"a":"${"x".repeat(600)}¦\\ud800"}`, depth: 1 },
  { name: "one in a key of the envelope", marked: '{"¦\\ud800":1}', depth: 1 },
  { name: "one in a key of params", marked: '{"params":{"¦\\ud800":1}}', depth: 2 },
  { name: "one in a value of params", marked: '{"params":{"a":"¦\\ud800"}}', depth: 2 },
  { name: "one in an array inside params", marked: '{"params":{"a":["¦\\ud800"]}}', depth: 3 },
  { name: "one in an array at the root", marked: '["¦\\ud800"]', depth: 1 },
  { name: "one in a string that is the text, as if at depth 1", marked: '"¦\\ud800"', depth: 1 },
  {
    name: "the shallower of two, the deeper first",
    marked: '{"a":{"b":"\\ud800"},"c":"¦\\udc00"}',
    depth: 1,
  },
  { name: "the first of two at one depth", marked: '{"a":"¦\\ud800","c":"\\udc00"}', depth: 1 },
];

function many(count: number, last?: string): string {
  const members = Array.from({ length: count }, (_, i) => `"k${i}":${i}`);
  return `{${[...members, ...(last === undefined ? [] : [last])].join(",")}}`;
}
