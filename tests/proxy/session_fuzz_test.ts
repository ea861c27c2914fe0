import assert from "node:assert/strict";
import { receive } from "../../src/proxy/session.ts";
import { conversations } from "../corpus/conversations.ts";
import { sessionCanaries } from "../fuzz/session_canaries.ts";
import { fuzzSession, sessionCanaryTextsMax } from "../fuzz/session_fuzz.ts";
import { findBreach, recordsOf } from "../support/breaches.ts";
import { ByteSession } from "../support/byte_session.ts";
import { encode } from "../wire/support/bytes.ts";

Deno.test("whatever comes, the session does not throw, records every message, and forwards nothing that it would refuse", () => {
  const { texts, accepted, disagreement } = fuzzSession(receive, 1, 1500);
  assert.equal(disagreement?.what, undefined);
  assert.ok(accepted > texts / 2, `something was forwarded in ${accepted} of ${texts}`);
});

Deno.test("the conversations of the corpus pass as they are, with nothing refused", () => {
  for (const [i, lines] of conversations.entries()) {
    const session = new ByteSession();
    for (const line of lines) {
      session.push(line.startsWith(">") ? "downstream" : "upstream", encode(`${line.slice(1)}\n`));
    }
    assert.equal(findBreach(session), undefined);
    const refused = recordsOf(session).filter(({ kind, code }) => kind === "refused" && code !== "cancelled");
    assert.deepEqual(
      refused.map(({ reason }) => reason),
      i === 1 ? ["a late answer to a request that was cancelled"] : [],
    );
  }
});

for (const { name, make } of sessionCanaries) {
  Deno.test(`the fuzzer notices a session that ${name}`, () => {
    assert.notEqual(fuzzSession(make(), 1, sessionCanaryTextsMax).disagreement, undefined);
  });
}
