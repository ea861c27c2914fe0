import assert from "node:assert/strict";
import { dropEscapes, visibleText } from "../../src/audit/terminal_text.ts";

Deno.test("dropEscapes() takes every sequence that a terminal would obey", () => {
  for (
    const [text, plain] of [
      ["\x1b[31mred\x1b[0m", "red"],
      ["\x1b[38;5;196mred\x1b[m", "red"],
      ["\x1b[2J\x1b[1;1Hhome", "home"],
      ["\x1b[?1049hother screen", "other screen"],
      ["\x1b]0;title\x07text", "text"],
      ["\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"],
      ["\x1b]52;c;bHM=\x07text", "text"],
      ["\x1bPdevice\x1b\\text", "text"],
      ["\x1b(B\x1bctext", "text"],
      // What has no end is text, but for its beginning.
      ["\x1b]0;title", "0;title"],
      ["\x1b[31", "31"],
      ["\x1b", "\x1b"],
      ["plain [31m", "plain [31m"],
    ]
  ) assert.equal(dropEscapes(text), plain, JSON.stringify(text));
});

Deno.test("dropEscapes() is linear in texts of beginnings without an end", () => {
  // Were each of them searched to the end of the text, this would take minutes.
  for (const piece of ["\x1b", "\x1b[", "\x1b[0;", "\x1b]0;", "\x1b]0;x\x1b", "\x1bP", "\x1b "]) {
    dropEscapes(piece.repeat(200_000));
  }
});

Deno.test("visibleText() leaves no character that moves the cursor, hides or turns the text", () => {
  assert.equal(visibleText("a\tb é 日本\u3000語 👩\u200d💻"), "a\tb é 日本\u3000語 👩\u200d💻");
  for (
    const c of [
      "\0",
      "\b",
      "\x07",
      "\r",
      "\n",
      "\x1b",
      "\x7f",
      "\x9b",
      "\u2028",
      "\u202e",
      "\u2066",
      "\ufeff",
    ]
  ) {
    assert.equal(visibleText(`a${c}b`), "a\ufffdb", JSON.stringify(c));
  }
});
