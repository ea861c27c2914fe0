import assert from "node:assert/strict";
import { announcedLists, listChanged } from "../../src/mcp/list_changes.ts";
import type { Result } from "../../src/mcp/message.ts";
import { messageOf } from "../support/lines.ts";

function listsOf(result: string): readonly string[] {
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
  assert.equal(message.kind, "result");
  return announcedLists(message as Result);
}

Deno.test("announcedLists() gives the lists of which a server says that they may change", () => {
  const capabilities =
    '{"capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"prompts":{"listChanged":true}}}';
  assert.deepEqual(listsOf(capabilities), ["tools", "prompts"]);
});

Deno.test("announcedLists() gives none where that cannot be told for certain", () => {
  for (
    const result of [
      "{}",
      '{"capabilities":null}',
      '{"capabilities":{"tools":true}}',
      '{"capabilities":{"tools":{"listChanged":false}}}',
      '{"capabilities":{"tools":{"listChanged":"true"}}}',
      '{"capabilities":{"tools":{"listChanged":true,"listChanged":false}}}',
      '{"capabilities":{"tools":{"listChanged":true},"tools":{}}}',
      '{"capabilities":{"tool":{"listChanged":true}}}',
    ]
  ) assert.deepEqual(listsOf(result), [], result);
});

Deno.test("listChanged() is the notification of MCP, as one line", () => {
  const line = new TextDecoder().decode(listChanged("tools"));
  assert.equal(line, '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n');
});
