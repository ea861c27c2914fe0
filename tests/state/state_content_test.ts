import assert from "node:assert/strict";
import fc from "fast-check";
import { stateBytesMax, stateEntriesMax } from "../../src/limits.ts";
import { decodeContent, encodeContent, type StateContent } from "../../src/state/state_content.ts";

const use = fc.record({
  policy: fc.string(),
  rule: fc.string(),
  used: fc.oneof(fc.nat().map(String), fc.constant("0.30")),
}, { noNullPrototype: true });

const contents: fc.Arbitrary<StateContent> = fc.record({
  sessions: fc.array(
    fc.record({
      client: fc.string(),
      seenMs: fc.nat(),
      taints: fc.array(fc.record({ label: fc.string(), by: fc.string() }, { noNullPrototype: true })),
      used: fc.array(use),
    }, { noNullPrototype: true }),
    { maxLength: 3 },
  ),
  windows: fc.array(fc.tuple(use, fc.string()).map(([one, window]) => ({ ...one, window })), {
    maxLength: 3,
  }),
  approvals: fc.array(
    fc.dictionary(fc.string().filter((name) => name !== "__proto__"), fc.string(), { noNullPrototype: true }),
    { maxLength: 3 },
  ),
}, { noNullPrototype: true });

Deno.test("decodeContent() reads what encodeContent() wrote", () => {
  fc.assert(fc.property(contents, (content) => {
    assert.deepEqual(decodeContent(encodeContent(content)), content);
  }));
});

const encoder = new TextEncoder();

for (
  const [what, text] of [
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["a missing section", '{"sessions":[],"windows":[]}'],
    ["a section too many", '{"sessions":[],"windows":[],"approvals":[],"more":[]}'],
    ["a section that is no list", '{"sessions":{},"windows":[],"approvals":[]}'],
    [
      "a use that is negative",
      '{"sessions":[],"windows":[{"policy":"p","rule":"r","window":"w","used":"-1"}],"approvals":[]}',
    ],
    [
      "a use that is a number",
      '{"sessions":[],"windows":[{"policy":"p","rule":"r","window":"w","used":1}],"approvals":[]}',
    ],
    [
      "a session without taints",
      '{"sessions":[{"client":"c","seenMs":1,"used":[]}],"windows":[],"approvals":[]}',
    ],
    ["an approval that is no object", '{"sessions":[],"windows":[],"approvals":[1]}'],
  ] as const
) {
  Deno.test(`decodeContent() refuses ${what}`, () => {
    assert.equal(decodeContent(encoder.encode(text)), undefined);
  });
}

Deno.test("encodeContent() refuses more entries than the file may hold", () => {
  const approvals = Array.from({ length: stateEntriesMax + 1 }, () => ({}));
  assert.throws(() => encodeContent({ sessions: [], windows: [], approvals }), /4097 approvals/);
});

Deno.test("encodeContent() refuses more bytes than the file may hold", () => {
  const approvals = [{ text: "x".repeat(stateBytesMax) }];
  assert.throws(() => encodeContent({ sessions: [], windows: [], approvals }), RangeError);
});
