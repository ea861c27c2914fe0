import assert from "node:assert/strict";
import { PemLines } from "../../src/audit/pem_lines.ts";

/** What of each line lies outside any block. */
function outside(lines: readonly string[], pem = new PemLines()): (string | undefined)[] {
  return lines.map((line) => pem.take(line));
}

const begin = "-----BEGIN RSA PRIVATE KEY-----";
const end = "-----END RSA PRIVATE KEY-----";
const full = "MIIEpAIBAAKCAQEA".repeat(4);

Deno.test("take() gives nothing of a block but its first line", () => {
  assert.deepEqual(outside(["before", begin, full, full, "AAEC==", end, "after"]), [
    "before",
    begin,
    ...[undefined, undefined, undefined, undefined],
    "after",
  ]);
});

Deno.test("take() knows headers, quotation marks, indents, and a logger's words before each line", () => {
  assert.deepEqual(
    outside([begin, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", "", full, end]).slice(1),
    [
      ...[undefined, undefined, undefined, undefined, undefined],
    ],
  );
  assert.deepEqual(
    outside([`  "${begin}\\n" +`, `  "${full}\\n" +`, '  "AAEC\\n" +', `  "${end}";`]).slice(1),
    [
      ...[undefined, undefined, undefined],
    ],
  );
  assert.deepEqual(outside([`12:00 key ${begin}`, `12:00 key ${full}`]).slice(1), [undefined]);
});

Deno.test("take() gives what stands behind a block's end, and follows the next block", () => {
  assert.deepEqual(outside([begin, full, `${end} and more ${begin}`, full, end]), [
    begin,
    undefined,
    ` and more ${begin}`,
    undefined,
    undefined,
  ]);
});

Deno.test("take() is not led on by a first line alone, nor by a block on one line", () => {
  assert.deepEqual(outside([begin, "ready", full]), [begin, "ready", full]);
  assert.deepEqual(outside([`expected ${begin}`, "Error: no key"]), [`expected ${begin}`, "Error: no key"]);
  assert.deepEqual(outside([`${begin}\\n${full}\\n${end}`, full]), [`${begin}\\n${full}\\n${end}`, full]);
  assert.deepEqual(outside([begin, full, "ready to serve", full]), [
    begin,
    undefined,
    "ready to serve",
    full,
  ]);
});

Deno.test("take() holds full lines of base64 behind a gap for a block whose first line went by unseen", () => {
  const pem = new PemLines();
  pem.skip();
  assert.deepEqual(outside(["", full, "AAEC", end, full], pem), ["", undefined, undefined, undefined, full]);
  pem.skip();
  assert.deepEqual(outside(["a line", full], pem), ["a line", full]);
});
