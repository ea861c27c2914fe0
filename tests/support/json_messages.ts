/** Messages in every spelling that JSON leaves open: white space, order, numbers, escapes, members that nobody knows. */

import fc from "fast-check";

/** White space within a line, but for the carriage return, which may stand at its end alone. */
const space = fc.string({ unit: fc.constantFrom(" ", "\t"), maxLength: 2 });

const number = fc.tuple(
  fc.constantFrom("", "-"),
  fc.constantFrom("0", "7", "42", "9007199254740993", "12345678901234567890"),
  fc.constantFrom("", ".0", ".250", ".10000000000000000000001"),
  fc.constantFrom("", "e0", "E+05", "e-400", "e400"),
).map((parts) => parts.join(""));

/** Characters of values in one of their spellings. Lone surrogates are not among them: a request must not hold one. */
const character = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "é",
    "€",
    "😀",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\x7f",
    "\u0085",
    " ",
    "/",
    "{",
    "]",
    ":",
  ),
  fc.constantFrom(
    "\\u0061",
    "\\u00E9",
    "\\ud83d\\ude00",
    "\\n",
    "\\u000A",
    '\\"',
    "\\\\",
    "\\/",
    "\\u0000",
    "\\r",
    "\\t",
  ),
  fc.constantFrom(60, 255, 256, 300).map((length) => "x".repeat(length)),
);
const string = fc.array(character, { maxLength: 4 }).map((characters) => `"${characters.join("")}"`);

/** Keys that stand for nothing, none twice in one object: what two parsers could read differently is refused. */
const key = fc.constantFrom(
  "k",
  "k1",
  "k2",
  "kü",
  "k😀",
  'k\\"',
  "k\\\\",
  "k\\n",
  "k.x",
  "k.__proto__",
  "",
  "constructor",
  "k\u2028",
);

const { value, members } = fc.letrec<{ value: string; members: string[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false"),
    number,
    string,
    fc.tuple(space, fc.array(spaced(tie("value")), { maxLength: 4 })).map(([s, all]) =>
      `[${all.join(",") || s}]`
    ),
    tie("members").map((all) => `{${all.join(",")}}`),
  ),
  members: fc.uniqueArray(fc.tuple(key, spaced(tie("value"))), { maxLength: 4, selector: ([key]) => key })
    .chain((all) => fc.tuple(...all.map(([key, value]) => space.map((s) => `${s}"${key}"${s}:${value}`)))),
}));

/** A value of any kind, as JSON text. */
export const jsonText: fc.Arbitrary<string> = value;

function spaced(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(space, text, space).map((parts) => parts.join(""));
}

/** An object of these members and some that nobody knows, in any order. */
function objectOf(known: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const own = Object.entries(known).map(([name, text]) => spaced(text).map((value) => `"${name}":${value}`));
  return fc.tuple(members, ...own)
    .chain(([unknown, ...own]) => fc.tuple(space, shuffled([...own, ...unknown]), space))
    .map(([before, all, behind]) => `{${before}${all.join(",")}${behind}}`);
}

function shuffled<T>(all: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...all], { minLength: all.length });
}

const version = fc.constantFrom('"2.0"', '"2.\\u0030"', '"\\u0032.0"');
const literal = (text: string) => fc.constant(text);

/** A request of either side that an open policy lets pass. */
export function requestText(id: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const call = objectOf({
    name: fc.constantFrom('"echo"', '"ech\\u006f"', '"a tool"'),
    arguments: objectOf({}),
  });
  const shapes: readonly [method: string, params: fc.Arbitrary<string>][] = [
    ['"tools/call"', call],
    ['"vendor/do"', objectOf({})],
    ['"ping"', objectOf({})],
  ];
  return fc.oneof(
    ...shapes.map(([method, params]) => objectOf({ jsonrpc: version, id, method: literal(method), params })),
    objectOf({ jsonrpc: version, id, method: literal('"vendor/bare"') }),
  );
}

export const notificationText: fc.Arbitrary<string> = objectOf({
  jsonrpc: version,
  method: fc.constantFrom('"notifications/message"', '"vendor/said"'),
  params: objectOf({}),
});

/** A result or an error. */
export function answerText(id: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    objectOf({ jsonrpc: version, id, result: objectOf({}) }),
    objectOf({
      jsonrpc: version,
      id,
      result: objectOf({ content: fc.array(value, { maxLength: 3 }).map((all) => `[${all}]`) }),
    }),
    objectOf({ jsonrpc: version, id, error: objectOf({ code: literal("-32000"), message: string }) }),
  );
}
