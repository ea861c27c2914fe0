import assert from "node:assert/strict";
import { hasBatches, negotiatedRevision } from "../../src/mcp/revision.ts";
import { messageOf } from "../support/lines.ts";

function revisionIn(result: string): string | undefined {
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
  assert.equal(message.kind, "result");
  return message.kind === "result" ? negotiatedRevision(message) : undefined;
}

Deno.test("hasBatches() says yes for 2025-03-26 alone, and no before anything was settled", () => {
  const revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "", undefined];
  assert.deepEqual(revisions.filter(hasBatches), ["2025-03-26"]);
});

Deno.test("negotiatedRevision() is the result's protocolVersion, where it is a string", () => {
  assert.equal(
    revisionIn('{"capabilities":{"protocolVersion":"x"},"protocolVersion":"2025-03-26"}'),
    "2025-03-26",
  );
  for (
    const result of [
      "{}",
      '{"protocolVersion":20250326}',
      '{"protocolVersion":null}',
    ]
  ) {
    assert.equal(revisionIn(result), undefined, result);
  }
});
