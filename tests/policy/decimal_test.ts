import assert from "node:assert/strict";
import fc from "fast-check";
import { readUnits, writeUnits } from "../../src/policy/decimal.ts";

function units(source: string): bigint {
  const read = readUnits(source);
  assert.equal(read.kind, "units", source);
  return (read as { units: bigint }).units;
}

Deno.test("sums of decimals lose nothing", () => {
  assert.equal(writeUnits(units("0.1") + units("0.2")), "0.3");
  assert.equal(writeUnits(units("9007199254740993") + units("0.000001")), "9007199254740993.000001");
  assert.equal(writeUnits(Array.from({ length: 1_000 }, () => units("0.001")).reduce((a, b) => a + b)), "1");
});

Deno.test("a number means the same in every spelling", () => {
  for (const source of ["1500", "1500.0", "1.5e3", "15E+2", "150000e-2", "01500"]) {
    assert.equal(writeUnits(units(source)), "1500", source);
  }
  for (const source of ["0", "-0", "0.0", "-0e5", "0e400"]) assert.equal(units(source), 0n, source);
});

Deno.test("readUnits() tells what is negative, and what has more places than it keeps", () => {
  assert.equal(readUnits("-0.01").kind, "negative");
  assert.equal(readUnits("1e29").kind, "units");
  assert.equal(readUnits("1e30").kind, "too_long");
  assert.equal(readUnits("1e-30").kind, "units");
  assert.equal(readUnits("1e-31").kind, "too_long");
  assert.equal(readUnits("1e400").kind, "too_long");
  assert.equal(readUnits("1e99999999999999999999").kind, "too_long");
  assert.equal(readUnits(`1${"0".repeat(100_000)}`).kind, "too_long");
  assert.equal(readUnits(`1.${"0".repeat(100_000)}`).kind, "units");
});

Deno.test("what is written is read as the same", () => {
  const whole = fc.bigInt({ min: 0n, max: 10n ** 60n - 1n });
  fc.assert(fc.property(whole, (some) => {
    assert.equal(units(writeUnits(some)), some);
  }));
});
