import assert from "node:assert/strict";
import { readAccompanying } from "../../src/mcp/accompanying.ts";
import { accompanyingTargetsMax } from "../../src/limits.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { assertReason, namesOf, requestOf } from "./support.ts";

function read(method: string, params?: object | string) {
  return readAccompanying(requestOf(method, params));
}

Deno.test("nothing accompanies the messages that ask for one thing", () => {
  for (const method of ["tools/call", "tools/list", "initialize", "subscriptions/listen", "x/y"]) {
    assert.deepEqual(read(method, { name: "x", uri: "y", ref: 7, requestState: "s" }), [], method);
  }
});

Deno.test("a completion is about the prompt or the resource that it completes for", () => {
  const complete = (ref: unknown, rest: object = {}) => read("completion/complete", { ref, ...rest });
  assert.deepEqual(namesOf(complete({ type: "ref/prompt", name: "review" })), ["prompt review"]);
  assert.deepEqual(namesOf(complete({ type: "ref/prompt", name: "review", title: "x", uri: "y" })), [
    "prompt review",
  ]);
  assert.deepEqual(namesOf(complete({ type: "ref/resource", uri: "file:///{path}" })), [
    "resource file:///{path}",
  ]);
  const [operation] = complete({ type: "ref/resource", uri: "x:y" }) as Operation[];
  assert.equal(operation.housekeeping && operation.accompanies, true);
  assert.equal(operation.from, "downstream");
  assert.equal(operation.method, "completion/complete");
  assert.deepEqual(operation.arguments, new Map([["uri", "x:y"]]));
});

Deno.test("a completion's arguments are the prompt's, as far as they are typed", () => {
  const [operation] = read("completion/complete", {
    ref: { type: "ref/prompt", name: "review" },
    argument: { name: "path", value: "/et" },
    context: { arguments: { lang: "de", path: "old" } },
  }) as Operation[];
  assert.deepEqual(operation.arguments, new Map([["lang", "de"], ["path", "/et"]]));
});

Deno.test("a completion that could be for another thing is refused", () => {
  const about = [
    undefined,
    "{}",
    '{"ref":7}',
    '{"ref":{"type":"ref/prompt"}}',
    '{"ref":{"type":"ref/prompt","name":7}}',
    '{"ref":{"type":"ref/prompt","uri":"x"}}',
    '{"ref":{"type":"ref/resource","name":"x"}}',
    '{"ref":{"type":"ref/other","name":"x"}}',
    '{"ref":{"name":"x"}}',
    '{"ref":{"type":"ref/prompt","name":"x","Name":"y"}}',
    '{"ref":{"type":"ref/prompt","name":"x","TYPE":"ref/resource"}}',
    '{"ref":{"type":"ref/prompt","name":"x"},"context":{"arguments":[]}}',
    '{"ref":{"type":"ref/prompt","name":"x"},"context":{"Arguments":{}}}',
    '{"ref":{"type":"ref/prompt","name":"x"},"context":7}',
    '{"ref":{"type":"ref/prompt","name":"x"},"argument":{"Name":"y"}}',
  ];
  for (const params of about) assertReason(read("completion/complete", params), /./);
});

Deno.test("a subscription is about each resource that it names", () => {
  const listen = (filter: unknown) => read("subscriptions/listen", { notifications: filter });
  assert.deepEqual(
    namesOf(listen({ toolsListChanged: true, resourceSubscriptions: ["file:///a", "file:///b"] })),
    ["resource file:///a", "resource file:///b"],
  );
  assert.deepEqual(listen({ toolsListChanged: true }), []);
  assert.deepEqual(read("subscriptions/listen"), []);
  for (
    const filter of [
      7,
      [],
      { resourceSubscriptions: "file:///a" },
      { resourceSubscriptions: ["file:///a", 7] },
      { ResourceSubscriptions: ["file:///a"] },
      { toolslistchanged: true },
    ]
  ) assertReason(listen(filter), /./);
  assertReason(read("subscriptions/listen", { Notifications: {} }), /notifications/);
  const many = Array.from({ length: accompanyingTargetsMax + 1 }, (_, i) => `x:${i}`);
  assert.equal(
    (listen({ resourceSubscriptions: many.slice(1) }) as unknown[]).length,
    accompanyingTargetsMax,
  );
  assertReason(listen({ resourceSubscriptions: many }), /more than/);
});

Deno.test("roots in the answers that a request carries are about what they give to the server", () => {
  const answers = (inputResponses: unknown) => read("tools/call", { name: "x", inputResponses });
  assert.deepEqual(
    namesOf(answers({
      who: { action: "accept", content: { roots: "mine", Roots: 1 } },
      where: { roots: [{ uri: "file:///a", name: "a" }, { uri: "file:///b/" }] },
      model: { role: "assistant", content: { type: "text", text: "x" }, model: "m" },
    })),
    ["resource file:///a", "resource file:///a/", "resource file:///b/"],
  );
  assert.deepEqual(answers({}), []);
  for (
    const inputResponses of [
      7,
      null,
      [],
      { where: 7 },
      { where: { roots: {} } },
      { where: { Roots: [] } },
      { where: { roots: [{}] } },
      { where: { roots: [{ uri: 7 }] } },
      { where: { roots: [{ uri: "file:///a", URI: "file:///b" }] } },
      { where: { roots: ["file:///a"] } },
    ]
  ) assertReason(answers(inputResponses), /./);
});

Deno.test("a completion, or a subscription, that carries answers is about both", () => {
  assert.deepEqual(
    namesOf(read("completion/complete", {
      ref: { type: "ref/prompt", name: "review" },
      inputResponses: { where: { roots: [{ uri: "file:///a/" }] } },
    })),
    ["prompt review", "resource file:///a/"],
  );
});

Deno.test("a near miss of inputResponses is refused with the whole message", () => {
  assert.throws(() => requestOf("tools/call", { name: "x", InputResponses: {} }), /inputResponses/);
});
