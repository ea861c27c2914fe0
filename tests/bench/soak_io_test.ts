import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { output } from "./programs.ts";
import { expectedOf, idOf, outcomeOf, requestLine } from "./soak_traffic.ts";

const soak = fileURLToPath(new URL("soak.ts", import.meta.url));

Deno.test("soak.ts sends its mixture through the program, loses nothing and verifies the log", async () => {
  const result = await output([Deno.execPath(), "run", "-A", "--no-prompt", soak, "--messages", "4000"]);
  // Whether so short a run ends with the memory that it began with says nothing: a program is still warming up.
  assert.match(
    result?.stdout ?? "",
    /^4000 messages in \d+ s, none lost; log verified; memory [\d.]+ MiB/,
    result?.stderr,
  );
});

Deno.test("soak.ts refuses a number of messages that is none", async () => {
  for (const messages of ["0", "999", "many"]) {
    const result = await output([Deno.execPath(), "run", "-A", "--no-prompt", soak, "--messages", messages]);
    assert.equal(result?.code, 2);
    assert.match(result?.stderr ?? "", /^Cannot send/);
  }
});

Deno.test("the soak's requests take every way through the proxy, and no two have one id", () => {
  const numbers = Array.from({ length: 1000 }, (_, number) => number);
  assert.equal(new Set(numbers.map(idOf)).size, numbers.length);
  assert.deepEqual(
    [...new Set(numbers.map(expectedOf))].sort(),
    ["denied", "error", "result", "short_list", "tool_error"],
  );
  for (const number of numbers) assert.equal(JSON.parse(requestLine(number)).id, idOf(number));
});

Deno.test("outcomeOf() tells a denial from a tool's own error, and a list that was cut from a whole one", () => {
  const content = [{ type: "text", text: "x" }];
  assert.equal(outcomeOf({ id: 1, result: { content } }), "result");
  assert.equal(outcomeOf({ id: 1, result: { content, isError: true } }), "tool_error");
  assert.equal(outcomeOf({ id: 1, result: { content, isError: true, _meta: { rule: "r" } } }), "denied");
  assert.equal(outcomeOf({ id: 1, error: { code: 403 } }), "denied");
  assert.equal(outcomeOf({ id: 1, error: { code: -32000 } }), "error");
  assert.equal(outcomeOf({ id: 1, result: { tools: [1, 2, 3] } }), "short_list");
  assert.equal(outcomeOf({ id: 1, result: { tools: [1, 2, 3, 4, 5] } }), undefined);
});
