/** How the bytes are cut into chunks is the system's affair: it changes nothing of what a session does. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { frameBytesMax, nextConversation } from "../fuzz/session_fuzz.ts";
import { Random } from "../fuzz/random.ts";
import { ByteSession } from "../support/byte_session.ts";
import { concat, encode } from "../wire/support/bytes.ts";
import { split } from "../wire/support/naive_frames.ts";
import type { Line } from "../fuzz/session_fuzz.ts";

/** What a session comes to, given these chunks. */
function play(lines: readonly Line[], cut: (bytes: Uint8Array) => readonly Uint8Array[]): unknown[] {
  const session = new ByteSession({ frameBytesMax });
  for (const { side, bytes } of lines) for (const chunk of cut(bytes)) session.push(side, chunk);
  session.end("downstream");
  session.end("upstream");
  return session.happenings();
}

/** Lines of one side that follow each other, in one piece. */
function joined(lines: readonly Line[]): Line[] {
  const pieces: Line[] = [];
  for (const line of lines) {
    const last = pieces.at(-1);
    if (last?.side === line.side) {
      pieces[pieces.length - 1] = { side: line.side, bytes: concat([last.bytes, line.bytes]) };
    } else pieces.push(line);
  }
  return pieces;
}

/** Conversations with lines that are too long, with CR and byte order marks, and without a last line feed. */
const conversation = fc.integer().map((seed) => {
  const random = new Random(seed);
  return nextConversation(random).map(({ side, bytes }) => ({
    side,
    bytes: random.below(8) === 0 ? concat([encode("\ufeff"), bytes]) : bytes,
  }));
});

Deno.test("property: any split of the bytes gives the same effects of the whole session, to the byte", () => {
  fc.assert(
    fc.property(conversation, fc.array(fc.nat(400), { maxLength: 6 }), (lines, cuts) => {
      const whole = play(joined(lines), (bytes) => [bytes]);
      assert.ok(whole.length > 0);
      assert.deepEqual(play(joined(lines), (bytes) => split(bytes, cuts)), whole);
      assert.deepEqual(play(lines, (bytes) => [bytes]), whole);
      assert.deepEqual(play(lines, (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
    }),
    { numRuns: 150 },
  );
});

Deno.test("a line that is too long and a last line without a line feed are the same in any split", () => {
  const bytes = concat([
    encode(`{"jsonrpc":"2.0","id":1,"method":"${"x".repeat(500)}"}\r\n`),
    encode('{"jsonrpc":"2.0","id":2,"method":"ping"}'),
  ]);
  const line: Line = { side: "downstream", bytes };
  const whole = play([line], (bytes) => [bytes]);
  assert.match(JSON.stringify(whole), /too_large.*\\"id\\":2,\\"method\\":\\"ping\\"/s);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(play([line], (bytes) => split(bytes, [at])), whole);
  }
});
