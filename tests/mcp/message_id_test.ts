import assert from "node:assert/strict";
import fc from "fast-check";
import { otherTypeKeys, readMessageId } from "../../src/mcp/message_id.ts";

function idOf(text: string) {
  const bytes = new TextEncoder().encode(`  ${text}  `);
  return readMessageId(bytes, 2, bytes.length - 2);
}

const otherKeysOf = (text: string) => otherTypeKeys(idOf(text)!);

Deno.test("ids are equal by type and exact value, and keep their spelling", () => {
  assert.deepEqual(idOf("7"), { source: "7", key: "n7" });
  assert.deepEqual(idOf('"7"'), { source: '"7"', key: "s7" });
  assert.deepEqual(idOf('"\\u0037"'), { source: '"\\u0037"', key: "s7" });
});

Deno.test("every spelling of one whole number is the same id", () => {
  for (
    const [value, ...spellings] of [
      ["1", "1.0", "1e0", "1E+0", "10e-1", "0.1e1", "1.000", "0.00100E3"],
      ["-12", "-12.000", "-1.2e1", "-120E-1"],
      ["10", "1E1", "10.0", "100e-1"],
      ["0", "-0", "0.0", "-0.0", "0e99999999999", "0E-99999999999", "-0e5"],
      ["9007199254740991", "9007199254740991.0", "9.007199254740991e15", "90071992547409910e-1"],
      ["1000000000000000", "1e15"],
    ]
  ) {
    for (const spelling of [value, ...spellings]) {
      assert.deepEqual(idOf(spelling), { source: spelling, key: `n${value}` });
    }
  }
});

Deno.test("what is not exactly one whole number within ±(2^53 − 1), or no string, is no id", () => {
  for (
    const text of [
      "1.5",
      "1e-1",
      "1.00000000000000000001",
      "9007199254740992",
      "9007199254740993",
      "-9007199254740992.0",
      "9007199254740992e0",
      "9007199254740991.5",
      "1e16",
      "1e400",
      "1e99999999999",
      "1e-99999999999",
      "null",
      "true",
      "{}",
      "[1]",
    ]
  ) assert.equal(idOf(text), undefined, text);
});

Deno.test("property: a number is an id exactly where it is a safe integer, however it is spelt", () => {
  const spelt = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 6 }));
  fc.assert(fc.property(spelt, ([value, shift]) => {
    const digits = String(Math.abs(value)).padStart(shift + 1, "0");
    const point = digits.length - shift;
    const sign = value < 0 ? "-" : "";
    const fraction = shift === 0 ? "" : `.${digits.slice(point)}`;
    const spelling = `${sign}${digits.slice(0, point)}${fraction}e${shift}`;
    assert.equal(idOf(spelling)?.key, `n${value === 0 ? 0 : value}`, spelling);
    assert.equal(idOf(`${sign}${digits}.5`), undefined);
  }));
});

Deno.test("otherTypeKeys() names the ids of the other type that a peer may have meant", () => {
  assert.deepEqual(otherKeysOf("7"), ["s7"]);
  assert.deepEqual(otherKeysOf("7.0"), ["s7", "s7.0"]);
  assert.deepEqual(otherKeysOf('"7"'), ["n7"]);
  assert.deepEqual(otherKeysOf('"7.0"'), ["n7"]);
  for (const text of ['"abc"', '"07"', '""', '" 7"', '"7.5"', '"9007199254740993"']) {
    assert.deepEqual(otherKeysOf(text), [], text);
  }
});
