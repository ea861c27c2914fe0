/** What can be told of a message of which only the first bytes were kept: whose answer to send, no more. */

import { type MessageId, readMessageId } from "./message_id.ts";

/** What stood in the head of an oversize message. */
export interface MessageHead {
  /** The id as spelt, to answer with; undefined where it lies further back, or is no string or number. */
  readonly idSource: string | undefined;
  /** The same as an id of an answer. */
  readonly id: MessageId | undefined;
  /** What it is by the keys that were seen: those of a request, or those of an answer. */
  readonly looksLike: "request" | "answer" | "unknown";
}

/** Walks the members of the outermost object as far as the bytes reach. Lenient: the message is refused anyway. */
export function readHead(head: Uint8Array): MessageHead {
  const text = new TextDecoder("utf-8", { fatal: false }).decode(head);
  let idSource: string | undefined;
  let looksLike: MessageHead["looksLike"] = "unknown";
  let at = skipSpace(text, 0);
  if (text[at] !== "{") return { idSource, id: undefined, looksLike };
  at++;
  while (at < text.length) {
    at = skipSpace(text, at);
    if (text[at] !== '"') break;
    const keyEnd = stringEnd(text, at);
    if (keyEnd === undefined) break;
    const key = text.slice(at + 1, keyEnd - 1);
    at = skipSpace(text, keyEnd);
    if (text[at] !== ":") break;
    const valueStart = skipSpace(text, at + 1);
    const valueEnd = endOfValue(text, valueStart);
    if (key === "method" || key === "params") looksLike = "request";
    if (key === "result" || key === "error") looksLike = "answer";
    if (valueEnd === undefined) break;
    if (key === "id") idSource = answerable(text.slice(valueStart, valueEnd).trimEnd());
    at = skipSpace(text, valueEnd);
    if (text[at] !== ",") break;
    at++;
  }
  if (idSource === undefined) return { idSource, id: undefined, looksLike };
  const bytes = new TextEncoder().encode(idSource);
  return { idSource, id: readMessageId(bytes, 0, bytes.length), looksLike };
}

/** A string or number that is whole JSON by itself. */
function answerable(source: string): string | undefined {
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
