/**
 * What can be told of a message that is refused unread, from its first and last bytes: whose answer to send, no more.
 * Some writers put the id first (`{"jsonrpc":"2.0","id":1,"result":…}`), and some last (`{"result":…,"id":1}`: the
 * TypeScript SDK).
 */

import { idBytesMax, oversizeHeadBytesMax, oversizeTailBytesMax } from "../limits.ts";
import type { FrameSpan } from "../wire/frame.ts";
import { type MessageId, readMessageId } from "./message_id.ts";

/** What stood at the two ends of a message. */
export interface MessageHead {
  /** The id as spelt, to answer with; undefined where it lies further inside, or is no string or number. */
  readonly idSource: string | undefined;
  /** The same as an id of an answer. */
  readonly id: MessageId | undefined;
  /** What it is by the keys that were seen: those of a request, or those of an answer. */
  readonly looksLike: "request" | "answer" | "unknown";
}

/**
 * Walks the members of the outermost object as far as the head reaches; an id that is not there may stand at the very
 * end, in `tail`. Lenient: the message is refused anyway.
 */
export function readHead(head: Uint8Array, tail?: Uint8Array): MessageHead {
  return readHeadText(decode(head), tail === undefined ? undefined : decode(tail));
}

/** {@linkcode readHead} of a message that is there as a whole. One that is shorter than a head has no end of its own. */
export function readEnds({ buffer, start, end }: FrameSpan): MessageHead {
  if (end - start <= oversizeHeadBytesMax) return readHead(buffer.subarray(start, end));
  const head = buffer.subarray(start, start + oversizeHeadBytesMax);
  return readHead(head, buffer.subarray(end - oversizeTailBytesMax, end));
}

/** {@linkcode readHead} of texts. */
export function readHeadText(head: string, tail: string | undefined): MessageHead {
  let idSource: string | undefined;
  let looksLike: MessageHead["looksLike"] = "unknown";
  let at = skipSpace(head, 0);
  if (head[at] !== "{") return { idSource, id: undefined, looksLike };
  at++;
  while (at < head.length) {
    at = skipSpace(head, at);
    if (head[at] !== '"') break;
    const keyEnd = stringEnd(head, at);
    if (keyEnd === undefined) break;
    const key = head.slice(at + 1, keyEnd - 1);
    at = skipSpace(head, keyEnd);
    if (head[at] !== ":") break;
    const valueStart = skipSpace(head, at + 1);
    const valueEnd = endOfValue(head, valueStart);
    if (key === "method" || key === "params") looksLike = "request";
    if (key === "result" || key === "error") looksLike = "answer";
    if (valueEnd === undefined) break;
    if (key === "id") idSource = answerable(head.slice(valueStart, valueEnd).trimEnd());
    at = skipSpace(head, valueEnd);
    if (head[at] !== ",") break;
    at++;
  }
  if (tail !== undefined) idSource ??= lastId(tail);
  if (idSource === undefined) return { idSource, id: undefined, looksLike };
  const bytes = new TextEncoder().encode(idSource);
  return { idSource, id: readMessageId(bytes, 0, bytes.length), looksLike };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes);
}

/**
 * The id at the end of the outermost object, at most the version behind it. In JSON it can be nothing else: a quotation
 * mark inside a string has a backslash before it, and behind an inner object there would be one more brace.
 */
function lastId(tail: string): string | undefined {
  const id = idAtEnd.exec(tail)?.[1];
  return id === undefined ? undefined : answerable(id);
}
const idAtEnd =
  /[{,][ \t\r\n]*"id"[ \t\r\n]*:[ \t\r\n]*(-?[0-9.]+|"(?:[^"\\]|\\.)*")[ \t\r\n]*(?:,[ \t\r\n]*"jsonrpc"[ \t\r\n]*:[ \t\r\n]*"2\.0"[ \t\r\n]*)?\}[ \t\r\n]*$/;

/** A string or number that is whole JSON by itself. */
function answerable(source: string): string | undefined {
  if (source.length > idBytesMax) return undefined;
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === "string" || typeof value === "number" ? source : undefined;
  } catch {
    return undefined;
  }
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && " \t\r\n".includes(text[at])) at++;
  return at;
}

/** Behind the closing quote; undefined where the text ends first. */
function stringEnd(text: string, at: number): number | undefined {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  }
  return undefined;
}

/** Behind the value that begins at `at`; undefined where the text ends first. */
function endOfValue(text: string, at: number): number | undefined {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      const end = stringEnd(text, i);
      if (end === undefined) return undefined;
      if (depth === 0) return end;
      i = end - 1;
    } else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && c === ",") return i;
  }
  return undefined;
}
