import assert from "node:assert/strict";
import { type ArchiveFile, writeTar } from "../../../scripts/package/tar.ts";

const file = (path: string, text: string, isExecutable = false): ArchiveFile => ({
  path,
  bytes: new TextEncoder().encode(text),
  isExecutable,
});

function archive(...files: ArchiveFile[]): Uint8Array {
  return new Uint8Array([...writeTar(files)].flatMap((part) => [...part]));
}

/** A text in a header, up to its NUL. */
const field = (bytes: Uint8Array, at: number, length: number) =>
  new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0.*$/s, "");

Deno.test("writeTar() writes name, mode, size and content of a file, and nobody as its owner", () => {
  const bytes = archive(file("folder/run", "hello\n", true));
  assert.equal(field(bytes, 0, 100), "folder/run");
  assert.equal(field(bytes, 100, 8), "0000755");
  assert.equal(field(bytes, 108, 8) + field(bytes, 116, 8), "00000000000000");
  assert.equal(parseInt(field(bytes, 124, 12), 8), 6);
  assert.equal(field(bytes, 257, 6), "ustar");
  assert.equal(field(bytes, 512, 512), "hello\n");
});

Deno.test("writeTar() sums up each header as the format says", () => {
  const bytes = archive(file("a", ""), file("b", "x"));
  for (const start of [0, 512]) {
    const header = bytes.slice(start, start + 512);
    const claimed = parseInt(field(header, 148, 8), 8);
    header.fill(0x20, 148, 156);
    assert.equal(header.reduce((sum, byte) => sum + byte, 0), claimed);
  }
});

Deno.test("writeTar() fills whole blocks and ends with two empty ones", () => {
  for (const length of [0, 1, 511, 512, 513]) {
    const bytes = archive(file("a", "x".repeat(length)));
    assert.equal(bytes.length, 512 + Math.ceil(length / 512) * 512 + 1024);
    assert.ok(bytes.subarray(-1024).every((byte) => byte === 0));
  }
});

Deno.test("writeTar() splits a path of more than 100 bytes at a slash, and refuses one that cannot be split", () => {
  const folder = "f".repeat(60);
  const bytes = archive(file(`${folder}/${folder}/a`, ""));
  assert.equal(field(bytes, 345, 155), folder);
  assert.equal(field(bytes, 0, 100), `${folder}/a`);
  assert.throws(() => archive(file("x".repeat(101), "")), RangeError);
  assert.throws(() => archive(file(`${"x".repeat(156)}/a`, "")), RangeError);
});
