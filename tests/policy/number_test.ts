import assert from "node:assert/strict";
import fc from "fast-check";
import { compareDecimals, compareNumbers, policyNumber } from "../../src/policy/number.ts";

Deno.test("compareDecimals() compares spelt numbers exactly", () => {
  const ascending = [
    ["-1e9", "-1000000000.0"],
    ["-2"],
    ["-1.5", "-15e-1"],
    ["-1e-400"],
    ["0", "-0", "0.000", "0e99"],
    ["1e-400"],
    ["0.1", "1e-1", "0.10"],
    ["0.1000000000000000055511151231257827"],
    ["1", "1.0", "1e0", "10e-1", "0.01e+2"],
    ["9"],
    ["10", "1E1", "1.0e+1"],
    ["9007199254740992"],
    ["9007199254740993"],
    ["1e400"],
  ];
  ascending.forEach((left, leftRank) => {
    ascending.forEach((right, rightRank) => {
      for (const a of left) {
        for (const b of right) {
          assert.equal(compareDecimals(a, b), Math.sign(leftRank - rightRank), `${a} ? ${b}`);
        }
      }
    });
  });
});

Deno.test("compareDecimals() agrees with doubles on every two doubles", () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      (left, right) => {
        assert.equal(compareDecimals(String(left), String(right)), left < right ? -1 : left > right ? 1 : 0);
      },
    ),
  );
});

Deno.test("compareDecimals() refuses what is no number", () => {
  for (const source of ["", "x", "1.", ".5", "1e", "Infinity", "--1"]) {
    assert.throws(() => compareDecimals(source, "1"), RangeError, source);
  }
});

Deno.test("compareNumbers() gives both orders where a double cannot tell", () => {
  const number = { source: "9007199254740993", value: 9007199254740993 };
  assert.deepEqual(compareNumbers(number, policyNumber(2 ** 53)), { asDouble: 0, exactly: 1 });
  assert.deepEqual(compareNumbers(policyNumber(0.1), { source: "1e-1", value: 0.1 }), {
    asDouble: 0,
    exactly: 0,
  });
});

Deno.test("compareNumbers() knows nothing of numbers beyond the doubles", () => {
  assert.equal(compareNumbers({ source: "1e400", value: Infinity }, policyNumber(1)), undefined);
  assert.equal(compareNumbers(policyNumber(1), { source: "-1e400", value: -Infinity }), undefined);
});
