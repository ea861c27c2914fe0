import assert from "node:assert/strict";
import { progressTokenBytesMax } from "../../src/limits.ts";
import { createsTask, reportedProgress, requestedProgress } from "../../src/mcp/progress.ts";
import { messageOf } from "../support/lines.ts";

function requested(params: string): string | undefined {
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"method":"x","params":${params}}`);
  assert.equal(message.kind, "request");
  return message.kind === "request" ? requestedProgress(message)?.key : undefined;
}

function reported(params: string): string | undefined {
  const message = messageOf(`{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`);
  assert.equal(message.kind, "notification");
  return message.kind === "notification" ? reportedProgress(message)?.key : undefined;
}

function isTask(result: string): boolean {
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
  assert.equal(message.kind, "result");
  return message.kind === "result" && createsTask(message);
}

Deno.test("a progress token is a string or a whole number, falsy ones too", () => {
  for (const [token, key] of [["0", "n0"], ['""', "s"], ['"a\\u0062"', "sab"], ["7", "n7"], ["7.0", "n7"]]) {
    assert.equal(requested(`{"_meta":{"other":{"progressToken":1},"progressToken":${token}}}`), key);
    assert.equal(reported(`{"progress":1,"progressToken":${token}}`), key);
  }
});

Deno.test("what is no token, or longer than its bound, is none", () => {
  const long = JSON.stringify("x".repeat(progressTokenBytesMax));
  for (const token of ["null", "true", "1.5", "9007199254740993", "{}", "[1]", long]) {
    assert.equal(requested(`{"_meta":{"progressToken":${token}}}`), undefined, token);
    assert.equal(reported(`{"progressToken":${token}}`), undefined, token);
  }
});

Deno.test("a token stands directly in _meta of a request, and directly in params of a notification", () => {
  for (const params of ['{"progressToken":1}', '{"_meta":[]}', '{"_meta":null}', '{"_meta":{}}', "{}"]) {
    assert.equal(requested(params), undefined, params);
  }
  assert.equal(reported('{"_meta":{"progressToken":1}}'), undefined);
});

Deno.test("createsTask() knows the results of both revisions that begin a task", () => {
  assert.ok(isTask('{"task":{"taskId":"t","status":"working"}}'));
  assert.ok(isTask('{"resultType":"task","taskId":"t"}'));
  for (
    const result of [
      "{}",
      '{"task":"t"}',
      '{"resultType":"complete"}',
      '{"structuredContent":{"task":{}}}',
    ]
  ) {
    assert.ok(!isTask(result), result);
  }
});
