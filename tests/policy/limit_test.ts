import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bucket, bucketOf, charge, fullLevel, waitMs } from "../../src/policy/limit.ts";

const bucket = (calls: number, perMs: number, burst: number): Bucket =>
  bucketOf("1/pace", { calls, perMs, burst })!;

Deno.test("a full bucket lets its burst through at once and then refills evenly", () => {
  const twoASecond = bucket(2, 1_000, 3);
  let level = fullLevel(twoASecond);
  for (let call = 0; call < 3; call++) {
    assert.equal(waitMs(twoASecond, level, 5_000, 1), 0);
    level = charge(twoASecond, level, 5_000, 1);
  }
  assert.equal(waitMs(twoASecond, level, 5_000, 1), 500);
  assert.equal(waitMs(twoASecond, level, 5_499, 1), 1);
  assert.equal(waitMs(twoASecond, level, 5_500, 1), 0);
  assert.deepEqual(charge(twoASecond, level, 5_750, 1), { tokens: 0.5, atMs: 5_750 });
});

Deno.test("a bucket holds no more than its burst, however long nobody called", () => {
  const slow = bucket(1, 1_000, 2);
  const level = charge(slow, fullLevel(slow), 0, 1);
  assert.deepEqual(charge(slow, level, 1e15, 1), { tokens: 1, atMs: 1e15 });
});

Deno.test("a clock that goes back refills nothing and breaks nothing", () => {
  const slow = bucket(1, 1_000, 1);
  const level = charge(slow, fullLevel(slow), 10_000, 1);
  assert.equal(waitMs(slow, level, 4_000, 1), 7_000);
  assert.deepEqual(charge(slow, level, 4_000, 1), { tokens: 0, atMs: 10_000 });
  assert.equal(waitMs(slow, charge(slow, level, 4_000, 1), 11_000, 1), 0);
});

Deno.test("who waits as long as it was told has its token, and not a millisecond earlier", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.constantFrom(1_000, 60_000, 3_600_000, 86_400_000),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 30 }),
      (calls, perMs, burst, waits) => {
        const rate = bucket(calls, perMs, burst);
        let level = fullLevel(rate);
        let nowMs = 1_700_000_000_000;
        for (const passedMs of waits) {
          nowMs += passedMs;
          const wait = waitMs(rate, level, nowMs, 1);
          if (wait > 0) {
            assert.ok(waitMs(rate, level, nowMs + wait - 1, 1) === 1);
            nowMs += wait;
          }
          assert.equal(waitMs(rate, level, nowMs, 1), 0);
          level = charge(rate, level, nowMs, 1);
          assert.ok(level.tokens >= 0 && level.tokens <= burst);
        }
      },
    ),
  );
});

Deno.test("no window of time sees more calls than its burst and its refill", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 }),
      (calls, burst, waits) => {
        const rate = bucket(calls, 1_000, burst);
        let level = fullLevel(rate);
        let nowMs = 0;
        let passed = 0;
        for (const passedMs of waits) {
          nowMs += passedMs;
          if (waitMs(rate, level, nowMs, 1) > 0) continue;
          level = charge(rate, level, nowMs, 1);
          passed++;
        }
        assert.ok(passed <= burst + calls * nowMs / 1_000);
      },
    ),
  );
});

Deno.test("bucketOf() refuses a rate that would never have room or cannot be kept exactly", () => {
  for (
    const rate of [
      { calls: 0, perMs: 1_000, burst: 1 },
      { calls: 1, perMs: 0, burst: 1 },
      { calls: 1, perMs: 1_000, burst: 0 },
      { calls: 0.5, perMs: 1_000, burst: 1 },
      { calls: Infinity, perMs: 1_000, burst: 1 },
      { calls: NaN, perMs: 1_000, burst: 1 },
      { calls: 1, perMs: 86_400_000, burst: 2 ** 30 },
    ]
  ) {
    assert.equal(bucketOf("x", rate), undefined, JSON.stringify(rate));
  }
});
