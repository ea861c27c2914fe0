import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDuration, parseRate, parseSize } from "../../../src/policy/document/quantity.ts";

const ok = <T>(value: T) => ({ kind: "ok", value });

Deno.test("parseSize() reads bytes, plain and in binary units", () => {
  assert.deepEqual(parseSize(0), ok(0));
  assert.deepEqual(parseSize("4096"), ok(4096));
  assert.deepEqual(parseSize("100B"), ok(100));
  assert.deepEqual(parseSize("64KiB"), ok(65536));
  assert.deepEqual(parseSize("512 MiB"), ok(512 * 2 ** 20));
  assert.deepEqual(parseSize("1.5GiB"), ok(1.5 * 2 ** 30));
});

Deno.test("parseSize() guesses no unit, but says which was meant", () => {
  const table: [string | number, string][] = [
    ["512MB", "Did you mean 512MiB?"],
    ["512M", "Did you mean 512MiB?"],
    ["2g", "Did you mean 2GiB?"],
    ["64kib", "Did you mean 64KiB?"],
    ["3 lumps", "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes"],
    ["-1MiB", "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes"],
    [-1, "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes"],
    ["0.1B", "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes"],
    ["99999999TiB", "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes"],
    ["", "A size is written 512MiB, 1GiB, 64KiB, or as a number of bytes"],
  ];
  for (const [written, hint] of table) {
    const read = parseSize(written);
    assert.equal(read.kind === "problem" && read.hint, hint, String(written));
  }
});

Deno.test("parseDuration() wants a unit and at least one millisecond", () => {
  assert.deepEqual(parseDuration("500ms"), ok(500));
  assert.deepEqual(parseDuration("5s"), ok(5000));
  assert.deepEqual(parseDuration("0.5s"), ok(500));
  assert.deepEqual(parseDuration("2m"), ok(120_000));
  assert.deepEqual(parseDuration("1h"), ok(3_600_000));
  for (const wrong of [5, "5", "5 minutes", "0s", "0.1ms", "1.0005s", "s", "-1s"]) {
    assert.equal(parseDuration(wrong).kind, "problem", String(wrong));
  }
});

Deno.test("parseRate() fills the bucket with the calls of one unit", () => {
  assert.deepEqual(parseRate("1 call/second"), ok({ calls: 1, perMs: 1000, burst: 1 }));
  assert.deepEqual(parseRate("60 calls/minute"), ok({ calls: 60, perMs: 60_000, burst: 60 }));
  assert.deepEqual(parseRate("10 calls / hour"), ok({ calls: 10, perMs: 3_600_000, burst: 10 }));
  assert.deepEqual(
    parseRate("1000000 calls/day"),
    ok({ calls: 1_000_000, perMs: 86_400_000, burst: 1_000_000 }),
  );
});

Deno.test("parseRate() says what was probably meant", () => {
  const table: [string, string][] = [
    ["60/min", 'Did you mean "60 calls/minute"?'],
    ["60 calls per minute", 'Did you mean "60 calls/minute"?'],
    ["5 requests/sec", 'Did you mean "5 calls/second"?'],
    ["5 calls/hours", 'Did you mean "5 calls/hour"?'],
    ["0 calls/minute", "To close something altogether, write deny"],
    [
      "1.5 calls/minute",
      "A limit is written 60 calls/minute: a whole number, per second, minute, hour or day",
    ],
    [
      "10000000 calls/day",
      "A limit is written 60 calls/minute: a whole number, per second, minute, hour or day",
    ],
    ["calls/minute", "A limit is written 60 calls/minute: a whole number, per second, minute, hour or day"],
  ];
  for (const [written, hint] of table) {
    const read = parseRate(written);
    assert.equal(read.kind === "problem" && read.hint, hint, written);
  }
});

Deno.test("what a size hint offers is itself a size", () => {
  fc.assert(fc.property(fc.nat(999), fc.constantFrom("k", "KB", "m", "mb", "GB", "tib"), (number, unit) => {
    const read = parseSize(`${number}${unit}`);
    const offered = read.kind === "problem" ? /^Did you mean (.*)\?$/.exec(read.hint)?.[1] : undefined;
    assert.equal(parseSize(offered ?? "").kind, "ok");
  }));
});
