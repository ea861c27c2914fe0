import assert from "node:assert/strict";
import { Conversation, forwardsIn, recordsIn, replyIn } from "./support.ts";

const hidden = "\u{e0041}\u{e0042} \u001b[8m";
const sampling = (text: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: { type: "text", text } }], maxTokens: 1 },
});
const log = (text: string) => ({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: text },
});

Deno.test("what nobody sees in the server's requests and notifications passes, is counted in the record and told once", () => {
  const conversation = new Conversation({ default: "allow" });
  for (const message of [sampling(hidden), log(hidden), log(hidden)]) {
    const happenings = conversation.server(message);
    assert.deepEqual(forwardsIn(happenings).map((line) => JSON.parse(line)), [message]);
    assert.deepEqual(recordsIn(happenings).map(({ kind, invisible }) => [kind, invisible]), [
      ["decision", { tag: 2, terminal_escape: 1 }],
    ]);
  }
  const said = new Conversation({ default: "allow" });
  const all = [log(hidden), log(hidden)].flatMap((message) => said.server(message));
  assert.deepEqual(all.flatMap((one) => "say" in one ? [one.say] : []), [
    "The server's notifications/message holds text that nobody sees (tag: 2, terminal escape: 1, the first time)",
  ]);
});

Deno.test("a U+007F is seen among plain ASCII too", () => {
  const [record] = recordsIn(new Conversation({ default: "allow" }).server(log("a\u007fb")));
  assert.deepEqual(record.invisible, { control: 1 });
});

Deno.test("where a policy refuses such text, the server's request is answered with an error, its notification dropped", () => {
  const conversation = new Conversation({ default: "allow", invisibleText: "refuse" });
  const asked = conversation.server(sampling(hidden));
  assert.deepEqual(forwardsIn(asked), []);
  assert.deepEqual([replyIn(asked).id, replyIn(asked).error.data.code], [1, "invisible_text"]);
  assert.deepEqual(recordsIn(asked).map(({ kind, code }) => [kind, code]), [["refused", "invisible_text"]]);
  const told = conversation.server(log(hidden));
  assert.deepEqual(forwardsIn(told), []);
  assert.deepEqual(recordsIn(told).map(({ kind, code }) => [kind, code]), [["refused", "invisible_text"]]);
  assert.equal(forwardsIn(conversation.server({ ...sampling("plain — “words”"), id: 2 })).length, 1);
  assert.equal(forwardsIn(conversation.server(log("plain"))).length, 1);
});

Deno.test("what the agent sends is not looked at: it is the person's own text", () => {
  const conversation = new Conversation({ default: "allow", invisibleText: "refuse" });
  const happenings = conversation.agent({
    jsonrpc: "2.0",
    id: 1,
    method: "acme/query",
    params: { x: hidden },
  });
  assert.equal(forwardsIn(happenings).length, 1);
  assert.equal(recordsIn(happenings)[0].invisible, undefined);
});
