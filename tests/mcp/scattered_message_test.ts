import assert from "node:assert/strict";
import { ScatteredMessage } from "../../src/mcp/scattered_message.ts";
import { frameOf } from "../support/lines.ts";

/** What is told at each line; `.` where nothing is. */
function follow(text: string, scattered = new ScatteredMessage()): string {
  return text.split("\n").map((line) => {
    const head = scattered.add(frameOf(line));
    return head === undefined ? "." : `${head.idSource}${head.looksLike === "request" ? "?" : ""}`;
  }).join(" ");
}

Deno.test("add() tells at the last line of a pretty-printed message whose it is, wherever the id stands", () => {
  assert.equal(follow(JSON.stringify({ jsonrpc: "2.0", id: 7, result: {} }, null, 2)), ". . . . 7");
  assert.equal(
    follow(JSON.stringify({ result: { a: { id: 3 } }, id: "x" }, null, "\t")),
    '. . . . . . . "x"',
  );
  assert.equal(follow(JSON.stringify({ id: 7, method: "ping" }, null, 2)), ". . . 7?");
  const long = { result: { content: Array.from({ length: 2000 }, (_, i) => ({ id: i })) }, id: 9 };
  assert.match(follow(JSON.stringify(long, null, 2)), /^[. ]+ 9$/);
  assert.match(follow(JSON.stringify({ ...long, id: 1, jsonrpc: "2.0" }, null, 2)), /^[. ]+ 1$/);
});

Deno.test("add() follows one message behind the other, and CR does not hide an end", () => {
  const scattered = new ScatteredMessage();
  assert.equal(follow('{\r\n  "id": 1,\r\n  "result": {}\r\n}\r', scattered), ". . . 1");
  assert.equal(follow('{\n  "id": 2,\n  "result": {}\n}', scattered), ". . . 2");
});

Deno.test("add() tells nothing of lines that do not begin with a brace alone, nor across a message", () => {
  assert.equal(follow('  "id": 1,\n}'), ". .");
  assert.equal(follow('config = {\n  "id": 1\n}'), ". . .");
  const scattered = new ScatteredMessage();
  assert.equal(follow('{\n  "id": 1,', scattered), ". .");
  scattered.clear();
  assert.equal(follow('  "result": {}\n}', scattered), ". .");
});

Deno.test("add() begins anew at a brace alone that is not indented, and tells of what has no id", () => {
  assert.equal(follow('{\n  "id": 1,\n{\n  "id": 2,\n  "result": {}\n}'), ". . . . . 2");
  assert.equal(follow('{\n  "level": "info"\n}'), ". . undefined");
});
