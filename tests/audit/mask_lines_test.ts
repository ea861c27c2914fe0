import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { LineMasker } from "../../src/audit/mask_lines.ts";
import { redactText } from "../../src/audit/redact.ts";
import { oversizeHeadBytesMax } from "../../src/limits.ts";
import { anything } from "./generators.ts";

const encoder = new TextEncoder();
const mask = (line: string) => new LineMasker().mask(encoder.encode(line));
const token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";

Deno.test("mask() leaves an ordinary line as it is", () => {
  for (const line of ["", "listening on stdio", "\tindented, é 日本語 👩\u200d💻", "100 % done"]) {
    assert.deepEqual(mask(line), [line]);
  }
});

Deno.test("mask() masks what the audit log masks, behind colours too, and takes the colours away", () => {
  assert.deepEqual(mask(`token ${token}`), ["token ‹github_token›"]);
  assert.deepEqual(mask(`\x1b[32m${token}\x1b[0m ok`), ["‹github_token› ok"]);
  assert.deepEqual(mask("\x1b[1mpassword\x1b[0m=hunter22"), ["password=‹secret›"]);
});

Deno.test("mask() shows carriage returns as line ends, other control characters as U+FFFD, and bytes that are no UTF-8 too", () => {
  assert.deepEqual(mask("10 %\r20 %\rdone\r"), ["10 %", "20 %", "done"]);
  assert.deepEqual(mask("bell\x07 back\b turn\u202e"), ["bell\ufffd back\ufffd turn\ufffd"]);
  assert.deepEqual(new LineMasker().mask(Uint8Array.of(0x61, 0xff, 0x62)), ["a\ufffdb"]);
});

Deno.test("mask() lets nothing through of a key that comes line by line", () => {
  const masker = new LineMasker();
  const lines = [
    "-----BEGIN PRIVATE KEY-----",
    "MIIEpAIBAAKCAQEA".repeat(4),
    "AAEC",
    "-----END PRIVATE KEY-----",
    "x",
  ];
  assert.deepEqual(lines.flatMap((line) => masker.mask(encoder.encode(line))), ["‹private_key›", "x"]);
  const inCarriageReturns = new LineMasker().mask(encoder.encode(lines.join("\r")));
  assert.deepEqual(inCarriageReturns, ["‹private_key›", "x"]);
});

Deno.test("mask() hides every planted secret in whatever line that has no line feed", () => {
  fc.assert(
    fc.property(
      anything,
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("", "\x1b[31m"),
      ({ text }, before, colour) => {
        fc.pre(!/[\r\n]/.test(text + before));
        const shown = mask(`${before.replaceAll("\x1b", "")} ${colour}${text}`).join("\n");
        assert.ok(!shown.includes(text), shown);
      },
    ),
  );
});

Deno.test("maskHead() shows whole words of the beginning, and how long the line was", () => {
  const words = "word ".repeat(1000);
  const [shown] = new LineMasker().maskHead(encoder.encode(words.slice(0, oversizeHeadBytesMax)), 100_000);
  assert.match(shown, /^(word ){409}… \(the beginning of a line of 100000 bytes\)$/);
});

Deno.test("maskHead() shows nothing of a secret, wherever in the head or across its end it stands", () => {
  const secrets = [
    token,
    "4111 1111 1111 1111",
    "password=hunter22hunter22",
    `eyJhbGciOiJIUzI1NiJ9.${"eyJzdWIiOiIxMjM0NTYif".repeat(60)}.dozjgNryP4J3jVmNHl0w5N`,
    "x".repeat(3000) + "ada@example.com",
  ];
  for (const secret of secrets) {
    for (let at = 0; at < oversizeHeadBytesMax; at += 7) {
      const line = `${"- ".repeat(at / 2)}${secret} ${"- ".repeat(4000)}`;
      const [shown] = new LineMasker().maskHead(
        encoder.encode(line.slice(0, oversizeHeadBytesMax)),
        line.length,
      );
      assert.match(
        shown,
        /^(- )*(‹\w+›|password=‹secret›)?[- ]*… /,
        `${secret.slice(0, 30)} at ${at}: ${shown}`,
      );
    }
  }
});

Deno.test("maskHead() shows nothing of one endless word, and the last of several pieces only as far as any", () => {
  assert.deepEqual(new LineMasker().maskHead(encoder.encode("x".repeat(4096)), 70_000), [
    "… (the beginning of a line of 70000 bytes)",
  ]);
  assert.deepEqual(new LineMasker().maskHead(encoder.encode(`10 %\r20 % ${token.slice(0, 12)}`), 70_000), [
    "10 %",
    "… (the beginning of a line of 70000 bytes)",
  ]);
});

Deno.test("mask() agrees with redactText() on lines of plain text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab1 .@-:/=_é"), maxLength: 60 }), (line) => {
      assert.deepEqual(mask(line), [redactText(line).text]);
    }),
  );
});

Deno.test("behind lines that were not shown no piece of a key is", () => {
  const skipped = new LineMasker();
  skipped.skip();
  const cut = new LineMasker();
  cut.maskHead(encoder.encode("word ".repeat(800)), 100_000);
  const lines = ["MIIEpAIBAAKCAQEA".repeat(4), "AAEC", "-----END PRIVATE KEY-----", "x"];
  for (const masker of [skipped, cut]) {
    assert.deepEqual(lines.flatMap((line) => masker.mask(encoder.encode(line))), ["x"]);
  }
});

Deno.test("mask() hides a token with characters in it that nobody sees", () => {
  const token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
  const between = (text: string) => Buffer.from(token.slice(0, 8) + text + token.slice(8));
  const lines = [
    ...["\0", "\x0e", "\x7f", "\u009b31m", "\u009d0;title\u009c", "x\b"].map(between),
    Buffer.concat([Buffer.from(token.slice(0, 8)), Buffer.of(0xff), Buffer.from(token.slice(8))]),
    Buffer.from(token, "utf16le"),
    Buffer.from([...token].map((letter) => `${letter}\b${letter}`).join("")),
  ];
  for (const line of lines) {
    assert.deepEqual(new LineMasker().mask(line), ["‹github_token›"]);
    const words = Buffer.concat([line, Buffer.from(" word".repeat(800))]);
    assert.match(new LineMasker().maskHead(words, 100_000)[0], /^‹github_token› word/);
  }
  assert.deepEqual(new LineMasker().mask(Buffer.from(`a\0${token}\0b`)), ["a\ufffd‹github_token›\ufffdb"]);
  assert.deepEqual(new LineMasker().mask(Buffer.from("no\0secret")), ["no\ufffdsecret"]);
});
