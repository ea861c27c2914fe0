import assert from "node:assert/strict";
import { quoteOf } from "../../src/client/conversation.ts";

Deno.test("quoteOf() shows a server's words on one line that moves no cursor and turns no text round", () => {
  assert.equal(
    quoteOf('a\n"b"\x1b[2J\x9b\u202e\u2028\u2029\u200b\ud800'),
    '"a\\n\\"b\\"\\u001b[2J\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"',
  );
  assert.equal(quoteOf("x".repeat(1000)).length < 200, true);
});
