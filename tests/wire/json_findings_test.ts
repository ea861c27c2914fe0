import assert from "node:assert/strict";
import { JsonScanner } from "../../src/wire/json.ts";
import { duplicates, type FindingCase, surrogates } from "../corpus/json/findings.ts";
import { encode } from "./support/bytes.ts";

const scanner = new JsonScanner();

for (const { name, marked, depth } of duplicates) {
  const outcome = depth === 0 ? "finds no duplicate in" : `finds at depth ${depth} the duplicate in`;
  Deno.test(`scan() ${outcome} ${name}`, () => {
    scanUnmarked(marked);
    assert.equal(scanner.duplicateDepth, depth);
    assert.equal(scanner.duplicateOffset, offsetOfMark(marked));
  });
}

for (const { name, marked, depth } of surrogates) {
  const outcome = depth === 0
    ? "finds no lone surrogate in"
    : `finds at depth ${depth} the lone surrogate in`;
  Deno.test(`scan() ${outcome} ${name}`, () => {
    scanUnmarked(marked);
    assert.equal(scanner.surrogateDepth, depth);
    assert.equal(scanner.surrogateOffset, offsetOfMark(marked));
  });
}

Deno.test("what was found in one text is forgotten before the next", () => {
  scanUnmarked('{"a":"\\ud800","a":2}');
  assert.deepEqual([scanner.duplicateDepth, scanner.surrogateDepth, scanner.memberCount], [1, 1, 2]);
  scanUnmarked("1");
  assert.deepEqual(findings(), nothing);
});

Deno.test("nothing found in a text that is refused can be read off the scanner", () => {
  const text = encode('{"a":"\\ud800","a":{"b":1},"a":2} x');
  assert.equal(scanner.scan(text, 0, text.length)?.code, "trailing");
  assert.deepEqual(findings(), nothing);
});

Deno.test("release() forgets what the last scan found", () => {
  scanUnmarked('{"a":"\\ud800","a":2}');
  scanner.release();
  assert.deepEqual(findings(), nothing);
});

Deno.test("offsets of findings count from the start of the text", () => {
  const text = encode('[0,{"a":"\\udc00","a":2}]');
  assert.equal(scanner.scan(text, 3, text.length - 1), undefined);
  assert.equal(scanner.duplicateOffset, 15);
  assert.equal(scanner.surrogateOffset, 6);
});

const nothing = [0, -1, 0, -1, 0];

function findings(): number[] {
  return [
    scanner.duplicateDepth,
    scanner.duplicateOffset,
    scanner.surrogateDepth,
    scanner.surrogateOffset,
    scanner.memberCount,
  ];
}

function scanUnmarked(marked: FindingCase["marked"]): void {
  const bytes = encode(`${marked.replaceAll("¦", "")}\n`);
  assert.equal(scanner.scan(bytes, 0, bytes.length - 1), undefined);
}

function offsetOfMark(marked: string): number {
  return marked.includes("¦") ? encode(marked.slice(0, marked.indexOf("¦"))).length : -1;
}
