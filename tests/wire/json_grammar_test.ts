import assert from "node:assert/strict";
import { JsonScanner } from "../../src/wire/json.ts";
import { jsonCases } from "../corpus/json/all.ts";
import type { JsonCase } from "../corpus/json/case.ts";
import { smuggling } from "../corpus/json/carriage_returns.ts";
import { concat, encode } from "./support/bytes.ts";

const scanner = new JsonScanner();

for (const { name, bytes, ours, because } of jsonCases) {
  const verb = ours === "accept" ? "accepts" : "refuses";
  Deno.test(`scan() ${verb} ${name}`, () => {
    const refusal = scanner.scan(withLineFeed(bytes), 0, bytes.length);
    assert.equal(refusal?.code ?? "accept", ours, `${because}; ${refusal?.message}`);
  });
}

Deno.test("the corpus says of every text what JSON.parse says, where readers have no choice", () => {
  for (const { name, bytes, readers, ours } of jsonCases) {
    if (readers === "either") continue;
    assert.equal(isParsed(bytes), readers === "accept", name);
    assert.equal(ours === "accept", readers === "accept", `${name}: the corpus contradicts itself`);
  }
});

Deno.test("no two cases of the corpus have one name", () => {
  const names = jsonCases.map(({ name, ours }) => `${ours === "accept" ? "accepts" : "refuses"} ${name}`);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

Deno.test("scan() gives the same verdict wherever the text lies in a larger one", () => {
  const before = encode('{"a":"');
  const behind = [
    "",
    "\n",
    "\r",
    " ",
    "0",
    ".5",
    "e5",
    '"',
    "}",
    "]",
    ",",
    ":1}",
    "\\",
    "x",
    "\u00e9",
    "\ud83d\ude00",
    "ue",
  ];
  for (const { name, bytes, ours } of shortCases()) {
    for (const suffix of behind) {
      const larger = concat([before, bytes, encode(suffix)]);
      const refusal = scanner.scan(larger, before.length, before.length + bytes.length);
      assert.equal(refusal?.code ?? "accept", ours, `${name}, before ${JSON.stringify(suffix)}`);
    }
  }
});

Deno.test("scan() gives the same verdict where the text's next bytes would continue it", () => {
  for (const { name, bytes } of shortCases()) {
    for (let end = 0; end < bytes.length; end++) {
      const inside = scanner.scan(bytes, 0, end);
      const alone = scanner.scan(bytes.slice(0, end), 0, end);
      assert.deepEqual(inside, alone, `the first ${end} bytes of ${name}`);
    }
  }
});

Deno.test("scan() counts a refusal's offset from the start of the text", () => {
  const bytes = encode('xxx{"a":tru}\n');
  assert.deepEqual(scanner.scan(bytes, 3, bytes.length - 1), {
    code: "syntax",
    offset: 5,
    message: '0x74 ("t") instead of a value at byte 5',
  });
});

Deno.test("scan() names what it saw and where", () => {
  const messages = new Map([
    ["", "the end of the text, no value, at byte 0"],
    ["\ufeff{}", "a byte order mark at byte 0"],
    ['{"a"', "the end of the text instead of a colon at byte 4"],
    ["[1;2]", '0x3B (";") instead of a comma or a closing bracket at byte 2'],
    ['{"a":1;}', '0x3B (";") instead of a comma or a closing brace at byte 6'],
    ["{a}", '0x61 ("a") instead of a key at byte 1'],
    ["[1.]", '0x5D ("]") instead of a digit at byte 3'],
    ["{} {}", '0x7B ("{") behind the end of the value at byte 3'],
    ["[\r]", "a raw carriage return inside the line at byte 1"],
    ["[\x01]", "control character 0x01 between tokens at byte 1"],
    ['"\x01"', "control character 0x01 inside a string at byte 1"],
    ['"a', "the end of the text inside a string at byte 2"],
    ['"\\q"', '0x71 ("q") behind a backslash at byte 1'],
    ['"\\', "the end of the text inside an escape at byte 1"],
    ['"\\u12', "\\u without four hexadecimal digits at byte 1"],
    ["[".repeat(129), "more than 128 arrays and objects inside each other at byte 128"],
  ]);
  for (const [text, message] of messages) {
    const bytes = encode(text);
    assert.equal(scanner.scan(bytes, 0, bytes.length)?.message, message);
  }
  assert.equal(
    scanner.scan(Uint8Array.of(0x22, 0xff, 0x22), 0, 3)?.message,
    "0xFF, which begins no valid UTF-8 character, at byte 1",
  );
});

Deno.test("a refusal never quotes more than one byte of the text", () => {
  for (const { bytes } of jsonCases) {
    const message = scanner.scan(bytes, 0, bytes.length)?.message ?? "";
    assert.ok(message.length < 100, message);
  }
});

Deno.test("the smuggling line is one call to JSON.parse and three lines to a reader in text mode", () => {
  assert.equal(JSON.parse(smuggling).params.name, "echo");
  const lines = smuggling.split(/\r\n|\r|\n/);
  assert.equal(lines.length, 3);
  assert.equal(JSON.parse(lines[1]).params.name, "delete_everything");
});

function shortCases(): JsonCase[] {
  return jsonCases.filter(({ bytes }) => bytes.length <= 64);
}

function withLineFeed(bytes: Uint8Array): Uint8Array {
  return concat([bytes, Uint8Array.of(0x0a)]);
}

function isParsed(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
