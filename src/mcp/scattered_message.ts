/**
 * A message that its writer spread over many lines, as pretty printers do. On stdio every line is a message of its own
 * (MCP 2025-11-25, basic/transports, stdio: no embedded newlines), so each of them is refused, and nothing is put together
 * again. But somebody waits for the answer that it was, or for the answer to it: whose it is can be told at its end.
 */

import { oversizeHeadBytesMax, oversizeTailBytesMax } from "../limits.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { type MessageHead, readHeadText } from "./message_head.ts";

/** Follows the lines that are no messages. Holds a few KB at most, whatever comes. */
export class ScatteredMessage {
  #isOpen = false;
  #head = "";
  /** The end of what no longer fits into the head. */
  #tail: string | undefined;

  /**
   * Takes a line that is no message. Gives what can be told of the whole where the line is the last of one: it began with a
   * line of nothing but `{` and ends with one of `}`, not indented. Pretty printers indent all that is between.
   */
  add({ buffer, start, end }: FrameSpan): MessageHead | undefined {
    const first = buffer[start];
    if (!this.#isOpen && first !== OPEN_BRACE) return undefined;
    const isBare = isSpace(buffer, start + 1, end);
    if (first === OPEN_BRACE && isBare) {
      this.clear();
      this.#isOpen = true;
    }
    if (!this.#isOpen) return undefined;
    this.#keep(buffer, start, end);
    if (first !== CLOSE_BRACE || !isBare) return undefined;
    const head = readHeadText(this.#head, this.#tail);
    this.clear();
    return head;
  }

  /** A message has come in between: the lines so far were no part of one. */
  clear(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#head = "";
    this.#tail = undefined;
  }

  #keep(buffer: Uint8Array, start: number, end: number): void {
    const room = this.#tail === undefined ? oversizeHeadBytesMax - this.#head.length : 0;
    if (end - start < room) {
      this.#head += decode(buffer, start, end) + "\n";
      return;
    }
    if (room > 0) this.#head += decode(buffer, start, start + room);
    const from = Math.max(start, end - oversizeTailBytesMax);
    this.#tail = ((this.#tail ?? "") + decode(buffer, from, end) + "\n").slice(-oversizeTailBytesMax);
  }
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function isSpace(buffer: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (buffer[at] !== 0x20 && buffer[at] !== 0x09 && buffer[at] !== 0x0d) return false;
  }
  return true;
}

function decode(buffer: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(buffer.subarray(start, end));
}
