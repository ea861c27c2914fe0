import assert from "node:assert/strict";
import { ruleOf, scopeOf } from "../support/policies.ts";
import { eras, requestIn } from "./eras.ts";
import { Conversation, forwardsIn, recordsIn, replyIn } from "./support.ts";

const readOnly = {
  rules: [
    ruleOf({
      effect: "allow",
      scope: scopeOf({
        tools: ["read"],
        prompts: ["hello"],
        resources: ["file:///tmp/*"],
        methods: ["tasks/*"],
      }),
    }),
  ],
};

function answer(result: string, method = "tools/list", params: object = {}) {
  const conversation = new Conversation(readOnly);
  conversation.agent(requestIn(eras[2], 1, method, params));
  return conversation.server(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
}

function shown(...args: Parameters<typeof answer>): unknown {
  const [line] = forwardsIn(answer(...args));
  return line === undefined ? undefined : /"result":(.*)}$/.exec(line)?.[1];
}

Deno.test("a list that was cut is not shared: its cacheScope becomes private, and nothing else changes", () => {
  const both = '"tools":[{"name":"read"},{"name":"write"}]';
  for (
    const [before, after] of [
      [
        `{"cacheScope" : "public", ${both},"ttlMs":1.0}`,
        `{"cacheScope" : "private", "tools":[{"name":"read"}],"ttlMs":1.0}`,
      ],
      [`{${both},"cacheScope":"publi\\u0063"}`, `{"tools":[{"name":"read"}],"cacheScope":"private"}`],
      [`{${both},"cacheScope":"everyone"}`, `{"tools":[{"name":"read"}],"cacheScope":"private"}`],
      [`{${both},"cacheScope":null}`, `{"tools":[{"name":"read"}],"cacheScope":"private"}`],
      [`{${both},"cacheScope":"private"}`, `{"tools":[{"name":"read"}],"cacheScope":"private"}`],
      [`{${both}}`, `{"tools":[{"name":"read"}]}`],
      [
        '{"tools":[{"name":"read"}],"cacheScope":"public"}',
        '{"tools":[{"name":"read"}],"cacheScope":"public"}',
      ],
    ]
  ) assert.equal(shown(before), after, before);
});

Deno.test("a list that was cut and may be kept for a time is made private where it does not say whose it is", () => {
  const both = '"tools":[{"name":"read"},{"name":"write"}]';
  for (
    const [before, after] of [
      [`{"ttlMs":5 ,${both}}`, '{"ttlMs":5,"cacheScope":"private" ,"tools":[{"name":"read"}]}'],
      [`{${both},"ttlMs":5}`, '{"tools":[{"name":"read"}],"ttlMs":5,"cacheScope":"private"}'],
      ['{"tools":[{"name":"read"}],"ttlMs":5}', '{"tools":[{"name":"read"}],"ttlMs":5}'],
      // The time of a task, not of the list in its result.
      [
        `{"taskId":"t","ttlMs":5,"result":{${both}}}`,
        '{"taskId":"t","ttlMs":5,"result":{"tools":[{"name":"read"}]}}',
      ],
    ]
  ) assert.equal(shown(before), after, before);
  const [record] = recordsIn(answer(`{"ttlMs":5,${both}}`));
  assert.equal((record.filtered as Record<string, unknown>).madePrivate, true);
});

Deno.test("that a list is no longer shared is recorded, with both digests", () => {
  const cut = (scope: string) =>
    recordsIn(answer(`{"tools":[{"name":"write"}],"cacheScope":"${scope}"}`))[0].filtered as Record<
      string,
      unknown
    >;
  assert.equal(cut("public").madePrivate, true);
  assert.notEqual(cut("public").before, cut("public").after);
  assert.equal("madePrivate" in cut("private"), false);
});

Deno.test("a near miss of cacheScope is refused", () => {
  assert.equal(replyIn(answer('{"tools":[{"name":"write"}],"CacheScope":"public"}')).error.code, -32603);
});

Deno.test("every list in a result is filtered, whatever it answers", () => {
  const all = '"prompts":[{"name":"hello"},{"name":"other"}],"tools":[{"name":"read"},{"name":"write"}],' +
    '"resources":[{"uri":"file:///etc/x"},{"uri":"file:///tmp/x"}],' +
    '"resourceTemplates":[{"uriTemplate":"file:///etc/{x}"},{"uriTemplate":"file:///tmp/{x}"}]';
  const left =
    '"prompts":[{"name":"hello"}],"tools":[{"name":"read"}],"resources":[{"uri":"file:///tmp/x"}],' +
    '"resourceTemplates":[{"uriTemplate":"file:///tmp/{x}"}]';
  for (const method of ["tools/list", "resources/templates/list", "ping", "tasks/result"]) {
    assert.equal(shown(`{${all}}`, method), `{${left}}`, method);
  }
  assert.equal(
    shown(`{"result":{${all}},"task":{${all}}}`, "tasks/get"),
    `{"result":{${left}},"task":{${left}}}`,
  );
});

Deno.test("a list of templates that is none becomes an error, and one without a certain name is cut", () => {
  const method = "resources/templates/list";
  assert.equal(replyIn(answer('{"resourceTemplates":{}}', method)).error.code, -32603);
  assert.equal(
    shown(
      '{"resourceTemplates":[{"uriTemplate":"file:///tmp/a","UriTemplate":"x:y"},{"uri":"file:///tmp/a"},' +
        '{"uriTempl\\u0061te":"file:///tmp/a"}]}',
      method,
    ),
    '{"resourceTemplates":[]}',
  );
});
