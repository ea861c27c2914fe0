import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSelector, parseSelector, type SelectorStep } from "../../src/policy/selector.ts";
import { foldArgumentName } from "../../src/policy/text_readings.ts";

const member = (name: string): SelectorStep => ({ kind: "member", name, foldedName: foldArgumentName(name) });
const elements: SelectorStep = { kind: "elements" };

Deno.test("parseSelector() reads names, members, elements and names in quotes", () => {
  const table: [string, SelectorStep[]][] = [
    ["path", [member("path")]],
    ["a-b c:$", [member("a-b c:$")]],
    ["__proto__", [member("__proto__")]],
    ["a.b.c", [member("a"), member("b"), member("c")]],
    ["edits[*].file", [member("edits"), elements, member("file")]],
    ["a[*][*]", [member("a"), elements, elements]],
    ['"a.b".c', [member("a.b"), member("c")]],
    ['a."[*]"[*]', [member("a"), member("[*]"), elements]],
    ['"**"', [member("**")]],
    ['""', [member("")]],
    ['"\\"\\\\\\u0041"', [member('"\\A')]],
  ];
  for (const [text, steps] of table) assert.deepEqual(parseSelector(text), { kind: "path", steps }, text);
  assert.deepEqual(parseSelector("**"), { kind: "everywhere" });
});

Deno.test("parseSelector() says where a selector goes wrong, and what to write", () => {
  const table: [string, number, RegExp][] = [
    ["", 0, /without a name/],
    ["*", 0, /For any value anywhere write "\*\*"/],
    [".a", 0, /no name here/],
    ["a.", 2, /no name here/],
    ["a..b", 2, /no name here/],
    ["a.*", 2, /a star for a name.*For the elements of a list write \[\*\]/],
    ["a.**", 2, /a star for a name.*for any value anywhere "\*\*"/],
    ["a*", 1, /a glob in a name/],
    ["a?", 1, /a glob in a name/],
    ["[*].a", 0, /begin with a name/],
    ["a.[*]", 2, /without a point before/],
    ["a[0]", 1, /one position of a list.*write \[\*\]/],
    ["a[-1].b", 1, /one position of a list/],
    ['a["b"]', 1, /a name in brackets.*Write a\.b/],
    ["a[]", 1, /a \[ that is not \[\*\]/],
    ["a[", 1, /a \[ that is not \[\*\]/],
    ["a]", 1, /a \] without/],
    ["a[*]b", 4, /no point between/],
    ['a"b"', 1, /no point between/],
    ['"a', 0, /not closed/],
    ['a."b\\"', 2, /not closed/],
    ['"\\x"', 0, /no JSON/],
    [`a${".b".repeat(32)}`, 65, /more than 32 steps/],
  ];
  for (const [text, offset, said] of table) {
    const parsed = parseSelector(text);
    assert.equal(parsed.kind, "problem", text);
    if (parsed.kind !== "problem") continue;
    assert.equal(parsed.offset, offset, text);
    assert.match(`${parsed.what} ${parsed.hint}`, said, text);
  }
});

Deno.test("parseSelector() reads what formatSelector() writes", () => {
  const anyStep = fc.oneof(fc.string({ unit: "grapheme" }).map(member), fc.constant(elements));
  fc.assert(
    fc.property(fc.string(), fc.array(anyStep, { maxLength: 6 }), (name, below) => {
      const steps = [member(name), ...below];
      assert.deepEqual(parseSelector(formatSelector(steps)), { kind: "path", steps });
    }),
  );
});
