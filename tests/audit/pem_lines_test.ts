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
});

Deno.test("take() holds full lines of base64 behind a gap for a block whose first line went by unseen", () => {
  const pem = new PemLines();
  pem.skip();
  assert.deepEqual(outside(["", full, "AAEC", end, full], pem), ["", undefined, undefined, undefined, full]);
  pem.skip();
  assert.deepEqual(outside(["a line", full], pem), ["a line", full]);
});

Deno.test("take() holds the rest of a body that other lines interrupt, up to its end or too many of them", () => {
  assert.deepEqual(outside([begin, full, "GET /", "", full, "AAEC", end, full]), [
    begin,
    ...[undefined, "GET /", "", undefined, undefined, undefined],
    full,
  ]);
  assert.deepEqual(outside([begin, `12:00 ${full}`, "12:00 GET /", `12:00 ${full}`]).slice(1), [
    undefined,
    "12:00 GET /",
    undefined,
  ]);
  assert.deepEqual(outside([begin, full, `12:00 ${end}`, full]).slice(2), [`12:00 ${end}`, full]);
  const others = Array<string>(40).fill("ready to serve");
  assert.deepEqual(outside([begin, full, ...others, full]).slice(2), [...others, full]);
});

Deno.test("take() knows a full line by its 40 characters, a plus at its end among them", () => {
  const narrow = "A".repeat(39) + "+";
  assert.deepEqual(outside([begin, narrow, `${begin}`]), [begin, undefined, begin]);
  assert.deepEqual(outside([begin, `"${narrow}\\r\\n" +`]), [begin, undefined]);
  assert.deepEqual(outside([begin, `12:00 ${narrow}`]), [begin, undefined]);
});

Deno.test("take() reads a line once, whatever it is made of", () => {
  // Tried in every division, one of these lines takes longer than anybody waits.
  for (const run of ["+", "A", "A+", "\\n", " ", '"', "=", "+\\n", ", "]) {
    for (const head of ["", "A".repeat(40)]) {
      const line = head + run.repeat(64 * 1024 / run.length) + "!";
      for (const before of [[begin], [begin, full], [begin, full, "GET /"]]) {
        assert.equal(outside([...before, line]).at(-1), line);
      }
    }
  }
});
