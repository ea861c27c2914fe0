import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { passOnStderr } from "../../src/cli/server_stderr.ts";
import { StderrWriter } from "../../src/cli/stderr_writer.ts";
import { stderrBytesPerSecondMax, stderrLineBytesMax } from "../../src/limits.ts";
import { anything } from "../audit/generators.ts";

/** Passes on what `source` gets, by a clock that the test holds; gives what arrived when all of it has. */
function passOn(source: PassThrough, clock = { nowMs: 0 }): Promise<string> {
  let text = "";
  const writer = new StderrWriter((bytes) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  });
  return passOnStderr(source, writer, () => clock.nowMs).then(() => writer.flush(10_000)).then(() => text);
}

/** What comes out where the bytes come in these pieces. */
async function passOnPieces(pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const source = new PassThrough();
  const passed = passOn(source);
  for (const piece of pieces) source.write(piece);
  source.end();
  return await passed;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("passOnStderr() passes on what comes, and settles when the server has written its last", async () => {
  assert.equal(await passOnPieces(["first\n", "last\n"]), "first\nlast\n");
  assert.equal(await passOnPieces([]), "");
  assert.equal(await passOnPieces(["a\n\nno line feed"]), "a\n\nno line feed\n");
});

Deno.test("passOnStderr() shows a line only when it has ended, whatever comes in how many pieces", async () => {
  const source = new PassThrough();
  let text = "";
  const writer = new StderrWriter((bytes) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  });
  const passed = passOnStderr(source, writer, () => 0);
  source.write("one\ntoken: ghp_abcdefghijkl");
  await settled();
  assert.equal(text, "one\n");
  source.write("mnopqrstuvwxyz0123456789\n");
  await settled();
  assert.equal(text, "one\ntoken: ‹github_token›\n");
  source.end();
  await passed;
});

Deno.test("any split of the bytes gives the same text, and no planted secret survives in it", async () => {
  const filler = fc.string({
    unit: fc.constantFrom("a", "é", "😀", " ", "\r", "\n", "=", "\x1b[31m"),
    maxLength: 8,
  });
  const parts = fc.array(fc.tuple(filler, anything), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(parts, fc.array(fc.nat(400), { maxLength: 6 }), async (planted, cuts) => {
      // Between them what would end a word, so that each is one for itself.
      const text = planted.map(([before, { text }]) => `${before}\n${text}\n`).join("");
      const bytes = new TextEncoder().encode(text);
      const whole = await passOnPieces([bytes]);
      const offsets = [
        0,
        ...cuts.map((at) => Math.min(at, bytes.length)).toSorted((a, b) => a - b),
        bytes.length,
      ];
      assert.equal(await passOnPieces(offsets.slice(1).map((end, i) => bytes.slice(offsets[i], end))), whole);
      assert.equal(await passOnPieces(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
      for (const [, { text }] of planted) {
        // A key comes in many lines: each of them.
        for (const piece of text.split(/\r?\n/)) assert.ok(!whole.includes(piece), whole);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("passOnStderr() drops whole lines over the rate, says how many bytes, and goes on in the next second", async () => {
  const source = new PassThrough();
  const clock = { nowMs: 0 };
  const passed = passOn(source, clock);
  const line = "x".repeat(1023) + "\n";
  const room = stderrBytesPerSecondMax / line.length;
  for (let i = 0; i < room + 2; i++) {
    source.write(line);
    if (i % 100 === 0) await settled(); // written, so that there is room for what follows
  }
  while (source.readableLength > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  clock.nowMs = 1000;
  source.end("next second\n");
  const report = "lilith-zero: 2048 bytes of the server's standard error were dropped (over the rate)\n";
  assert.equal(await passed, line.repeat(room) + report + "next second\n");
});

Deno.test("passOnStderr() says at the end what was dropped last, and shows no key whose beginning was", async () => {
  const source = new PassThrough();
  const clock = { nowMs: 0 };
  const passed = passOn(source, clock);
  const key = [
    "-----BEGIN PRIVATE KEY-----",
    "MIIEpAIBAAKCAQEA".repeat(4),
    "AAEC",
    "-----END PRIVATE KEY-----",
  ];
  for (let i = 0; i < 4; i++) source.write("x".repeat(stderrLineBytesMax - 1) + "\n");
  source.write(`${key[0]}\n`);
  while (source.readableLength > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  clock.nowMs = 1000;
  source.end(`${key.slice(1).join("\n")}\nafter\n`);
  const [, report] = (await passed).split("lilith-zero: ");
  assert.equal(report, "28 bytes of the server's standard error were dropped (over the rate)\nafter\n");
});

Deno.test("passOnStderr() shows the beginning of a line over its bound, and says so before it ends", async () => {
  const long = "word ".repeat(20_000);
  const text = await passOnPieces([long.slice(0, 50_000), long.slice(50_000), "\nnext\n"]);
  assert.equal(
    text.replace(/(word )+/, "WORDS"),
    `lilith-zero: a line of the server's standard error is longer than ${stderrLineBytesMax} bytes: its beginning is shown when it ends\n` +
      "WORDS… (the beginning of a line of 100000 bytes)\nnext\n",
  );
  assert.ok(text.match(/(word )+/)![0].length > 2000);
});

Deno.test("passOnStderr() rests between two reads of a flood, and goes on reading", async () => {
  for (const unit of ["x", "\n"]) { // a line that never ends, and lines by the hundred thousand
    const source = new PassThrough();
    const passed = passOn(source);
    source.write(unit.repeat(stderrBytesPerSecondMax + 1));
    assert.equal(source.isPaused(), true);
    for (let i = 0; i < 20; i++) source.write("y".repeat(1000) + unit);
    source.end();
    assert.match(await passed, unit === "x" ? /line of 282165 bytes/ : /: 20021 bytes .* were dropped/);
  }
});
