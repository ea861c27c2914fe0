import assert from "node:assert/strict";
import { FrameReader } from "../../src/wire/frame.ts";
import { frameCanaries } from "../fuzz/frame_canaries.ts";
import { frameCanaryTextsMax, fuzzFrames } from "../fuzz/frame_fuzz.ts";

Deno.test("however a stream is cut, its frames are those that a reader of the whole finds, heads and tails too", () => {
  const { texts, accepted, disagreement } = fuzzFrames((options) => new FrameReader(options), 1, 3000);
  assert.equal(disagreement?.what, undefined);
  assert.ok(accepted > texts / 2, `${accepted} of ${texts} have a line feed`);
});

for (const { name, make } of frameCanaries) {
  Deno.test(`the fuzzer notices a frame reader that ${name}`, () => {
    assert.notEqual(fuzzFrames(make(), 1, frameCanaryTextsMax).disagreement, undefined);
  });
}
