import assert from "node:assert/strict";
import { multibyteEnd, writeCodePoint } from "../../src/wire/utf8.ts";

Deno.test("multibyteEnd() agrees with the platform's decoder on every lead byte and every boundary behind it", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const seconds = [0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  const rest = [0x7f, 0x80, 0xbf, 0xc0];
  for (let lead = 0x80; lead < 0x100; lead++) {
    for (const second of seconds) {
      for (const third of rest) {
        for (const fourth of rest) {
          const bytes = Uint8Array.of(lead, second, third, fourth);
          const end = multibyteEnd(bytes, 0, 4);
          assert.equal(end, firstCharacterEnd(decoder, bytes), bytes.join());
        }
      }
    }
  }
});

Deno.test("multibyteEnd() takes no byte behind the end", () => {
  for (const character of ["é", "€", "😀"]) {
    const bytes = new TextEncoder().encode(character);
    for (let end = 1; end < bytes.length; end++) assert.equal(multibyteEnd(bytes, 0, end), -1);
    assert.equal(multibyteEnd(bytes, 0, bytes.length), bytes.length);
  }
});

Deno.test("writeCodePoint() writes what the platform's encoder writes", () => {
  const encoder = new TextEncoder();
  const target = new Uint8Array(8);
  for (const codePoint of [0, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
    const end = writeCodePoint(codePoint, target, 2);
    assert.deepEqual(target.slice(2, end), encoder.encode(String.fromCodePoint(codePoint)));
  }
});

Deno.test("writeCodePoint() writes a lone surrogate as three bytes that no valid text contains", () => {
  const target = new Uint8Array(3);
  for (const surrogate of [0xd800, 0xdbff, 0xdc00, 0xdfff]) {
    assert.equal(writeCodePoint(surrogate, target, 0), 3);
    assert.equal(multibyteEnd(target, 0, 3), -1);
  }
});

/** By trial: the shortest beginning of two to four bytes that is valid and one character. */
function firstCharacterEnd(decoder: TextDecoder, bytes: Uint8Array): number {
  for (let end = 2; end <= 4; end++) {
    try {
      if ([...decoder.decode(bytes.subarray(0, end))].length === 1) return end;
    } catch {
      // not UTF-8 up to here
    }
  }
  return -1;
}
