import assert from "node:assert/strict";
import { soundSession } from "../fuzz/exchange.ts";
import { exchangeCanaries } from "../fuzz/exchange_canaries.ts";
import { exchangeCanaryTextsMax, fuzzExchanges } from "../fuzz/exchange_fuzz.ts";

Deno.test("whatever an agent, a server and a person say while things wait, the session keeps its promises", () => {
  const { texts, accepted, disagreement } = fuzzExchanges(soundSession, 1, 400);
  assert.equal(disagreement?.what, undefined);
  assert.ok(accepted > texts / 2, `messages were forwarded in ${accepted} of ${texts}`);
});

for (const { name, make } of exchangeCanaries) {
  Deno.test(`the fuzzer notices a session that ${name}`, () => {
    assert.notEqual(fuzzExchanges(make(), 1, exchangeCanaryTextsMax).disagreement, undefined);
  });
}
