/**
 * One line of bytes → a message. Nothing is decoded but the envelope and the names of what lies directly in it; the
 * bytes stay as they came. JSON-RPC 2.0 §4, §5; MCP 2025-11-25, basic.
 */

import { idBytesMax, methodBytesMax } from "../limits.ts";
import type { FrameSpan } from "../wire/frame.ts";
import type { JsonScanner } from "../wire/json.ts";
import { decodeString } from "../wire/json_value.ts";
import { ProtocolKeys } from "./folded_key.ts";
import { type MessageHead, readEnds } from "./message_head.ts";
import { noMembers } from "./member_list.ts";
import { paramsReader, resultReader, valueOf } from "./members.ts";
import type {
  Batch,
  ErrorAnswer,
  Malformed,
  Message,
  Notification,
  Oddity,
  Request,
  Result,
  Value,
} from "./message.ts";
import { type MessageId, readMessageId } from "./message_id.ts";

/**
 * Reads one frame. The scanner is lent: its state is overwritten.
 *
 * A request is held to more than an answer: keys that stand twice and escaped lone surrogates are refused anywhere in
 * it, because servers resolve them differently and the policy must see what the server will see. In an answer they are
 * refused in the envelope and directly in `result` / `error`, and noted deeper down, since real servers emit them.
 */
export function readMessage(scanner: JsonScanner, frame: FrameSpan): Message | Malformed | Batch {
  const { buffer, start, end } = frame;
  const refusal = scanner.scan(buffer, start, end);
  if (refusal !== undefined) {
    if (!looksLikeJson(buffer, start)) return malformed(frame, -32700, refusal.message, { chatter: true });
    return malformed(frame, -32700, refusal.message, detailsOf(readEnds(frame)));
  }
  const { rootKind } = scanner;
  if (rootKind === "array") {
    return { kind: "batch", frame, array: { start: scanner.rootStart, end: scanner.rootEnd, kind: "array" } };
  }
  if (rootKind !== "object") {
    return malformed(frame, -32600, `not a JSON-RPC message: a bare ${rootKind}`, { chatter: true });
  }
  const envelope = readEnvelope(scanner, buffer);
  if (typeof envelope === "string") return malformed(frame, -32600, envelope, detailsOf(readEnds(frame)));
  const message = fromEnvelope(scanner, frame, envelope);
  return typeof message === "string" ? malformedEnvelope(scanner, frame, envelope, message) : message;
}

/** The envelope's members by their index in the scanner; -1 for those that are not there. */
interface Envelope {
  jsonrpc: number;
  id: number;
  method: number;
  params: number;
  result: number;
  error: number;
}

const envelopeKeyNames = ["jsonrpc", "id", "method", "params", "result", "error"] as const;
const envelopeKeys = new ProtocolKeys(envelopeKeyNames);

/** Finds the envelope's members; a reason where they are ambiguous. */
function readEnvelope(scanner: JsonScanner, buffer: Uint8Array): Envelope | string {
  if (scanner.duplicateDepth === 1) return "a key of the message stands twice";
  if (scanner.surrogateDepth === 1) return "a lone surrogate in the envelope of the message";
  if (scanner.keyEscapeDepth === 1) return needlessEscape;
  const found: Envelope = { jsonrpc: -1, id: -1, method: -1, params: -1, result: -1, error: -1 };
  const { memberCount } = scanner;
  for (let i = 0; i < memberCount; i++) {
    if (scanner.memberParent(i) >= 0) continue;
    const key = envelopeKey(scanner, i, buffer);
    if (key !== undefined) {
      found[key] = i;
      continue;
    }
    const obstacle = envelopeKeys.obstacle(scanner.keyText(i, buffer));
    if (obstacle !== undefined) return obstacle;
  }
  return found;
}

/** Some engines take such a key for another one; see `JsonScanner.keyEscapeDepth`. */
const needlessEscape = "a key with a letter spelt as \\uXXXX";

/** Which of the envelope's keys member `i` has: told without making a string of it. */
function envelopeKey(scanner: JsonScanner, i: number, buffer: Uint8Array): keyof Envelope | undefined {
  for (const key of envelopeKeyNames) if (scanner.keyIs(i, key, buffer)) return key;
  return undefined;
}

function fromEnvelope(scanner: JsonScanner, frame: FrameSpan, envelope: Envelope): Message | string {
  if (envelope.jsonrpc < 0) return '"jsonrpc" is missing';
  if (!isVersion2(frame.buffer, valueOf(scanner, envelope.jsonrpc))) return '"jsonrpc" is not "2.0"';
  const id = envelope.id < 0 ? undefined : valueOf(scanner, envelope.id);
  if (id !== undefined && id.end - id.start > idBytesMax) return `"id" is longer than ${idBytesMax} bytes`;
  if (envelope.method < 0) return fromAnswer(scanner, frame, envelope, id);
  if (envelope.result >= 0 || envelope.error >= 0) return '"method" together with "result" or "error"';
  return fromRequest(scanner, frame, envelope, id);
}

/** Whether a value is the string `2.0`, however it is spelt. */
function isVersion2(buffer: Uint8Array, value: Value): boolean {
  return value.kind === "string" && decodeString(buffer, value.start, value.end) === "2.0";
}

function fromRequest(
  scanner: JsonScanner,
  frame: FrameSpan,
  envelope: Envelope,
  idValue: Value | undefined,
): Request | Notification | string {
  const { buffer } = frame;
  // Servers take the first or the last of two keys, and drop or keep a lone surrogate: nobody can judge such a request.
  if (scanner.duplicateDepth > 0) return "a key stands twice in one object";
  if (scanner.surrogateDepth > 0) return "a lone surrogate (\\uD800 to \\uDFFF without its partner)";
  if (scanner.keyEscapeDepth > 0) return needlessEscape;
  const methodValue = valueOf(scanner, envelope.method);
  if (methodValue.kind !== "string") return '"method" is not a string';
  if (methodValue.end - methodValue.start > methodBytesMax) {
    return `"method" is longer than ${methodBytesMax} bytes`;
  }
  const method = decodeString(buffer, methodValue.start, methodValue.end);
  const params = envelope.params < 0 ? undefined : valueOf(scanner, envelope.params);
  if (params !== undefined && params.kind !== "object") return '"params" is not an object';
  const members = params === undefined ? noMembers : paramsReader.read(scanner, envelope.params, buffer);
  if (typeof members === "string") return members;
  const { isAscii, isPlain } = scanner;
  if (idValue === undefined) {
    return { kind: "notification", isAscii, isPlain, frame, method, params, members };
  }
  const id = readMessageId(buffer, idValue.start, idValue.end);
  if (id === undefined) return '"id" is neither a string nor a whole number within ±(2^53 − 1)';
  return { kind: "request", isAscii, isPlain, frame, id, method, params, members };
}

function fromAnswer(
  scanner: JsonScanner,
  frame: FrameSpan,
  envelope: Envelope,
  idValue: Value | undefined,
): Result | ErrorAnswer | string {
  if (envelope.result >= 0 && envelope.error >= 0) return 'both "result" and "error"';
  if (envelope.result < 0 && envelope.error < 0) return 'none of "method", "result" and "error"';
  if (scanner.duplicateDepth === 2) return "a key stands twice directly in the answer";
  if (scanner.surrogateDepth === 2) return "a lone surrogate directly in the answer";
  if (scanner.keyEscapeDepth === 2) return needlessEscape;
  const oddities = scanner.duplicateDepth + scanner.surrogateDepth === 0 ? noOddities : odditiesOf(scanner);
  const id = idValue === undefined ? undefined : readMessageId(frame.buffer, idValue.start, idValue.end);
  const { isPlain } = scanner;
  if (envelope.error >= 0) {
    const error = valueOf(scanner, envelope.error);
    return findFault(scanner, frame.buffer, envelope.error) ??
      { kind: "error", frame, id, isPlain, error, oddities };
  }
  if (id === undefined) return 'a "result" whose "id" is no request\'s';
  const result = valueOf(scanner, envelope.result);
  // Schema of MCP, all revisions: `Result` is an object. Clients drop anything else and wait on.
  if (result.kind !== "object") return '"result" is not an object';
  const members = resultReader.read(scanner, envelope.result, frame.buffer);
  return typeof members === "string"
    ? members
    : { kind: "result", frame, id, isPlain, result, members, oddities };
}

/** What an error lacks that JSON-RPC 2.0 §5.1 demands: clients drop one without a code or a message, and wait on. */
function findFault(scanner: JsonScanner, buffer: Uint8Array, error: number): string | undefined {
  if (valueOf(scanner, error).kind !== "object") return '"error" is not an object';
  let hasCode = false;
  let hasMessage = false;
  const { memberCount } = scanner;
  for (let i = error + 1; i < memberCount && scanner.memberParent(i) === error; i++) {
    if (scanner.keyIs(i, "code", buffer)) hasCode = isInteger(buffer, valueOf(scanner, i));
    else if (scanner.keyIs(i, "message", buffer)) hasMessage = scanner.valueKind(i) === "string";
  }
  if (!hasCode) return '"error" without a whole number as "code"';
  return hasMessage ? undefined : '"error" without a string as "message"';
}

function isInteger(buffer: Uint8Array, { start, end, kind }: Value): boolean {
  return kind === "number" && Number.isSafeInteger(Number(decodeUtf8(buffer.subarray(start, end))));
}

const noOddities: readonly Oddity[] = [];

function odditiesOf(scanner: JsonScanner): readonly Oddity[] {
  const oddities: Oddity[] = [];
  if (scanner.duplicateDepth > 0) oddities.push("duplicate_key");
  if (scanner.surrogateDepth > 0) oddities.push("lone_surrogate");
  return oddities;
}

/** What is JSON and no message: with the id to answer with, and the request that it may have been meant to answer. */
function malformedEnvelope(
  scanner: JsonScanner,
  frame: FrameSpan,
  envelope: Envelope,
  reason: string,
): Malformed {
  // A line of a log in JSON, which some servers write to their output: it has nothing of JSON-RPC, so its id is its own.
  const chatter = envelope.jsonrpc < 0 && envelope.method < 0 && envelope.result < 0 && envelope.error < 0;
  const asks = envelope.method >= 0 && envelope.result < 0 && envelope.error < 0;
  const id = envelope.id < 0 ? undefined : valueOf(scanner, envelope.id);
  if (id === undefined || id.end - id.start > idBytesMax) {
    return malformed(frame, -32600, reason, { asks, chatter });
  }
  return malformed(frame, -32600, reason, {
    replyId: replyIdOf(frame.buffer, id),
    answers: asks || chatter ? undefined : readMessageId(frame.buffer, id.start, id.end),
    asks,
    chatter,
  });
}

/** What was seen of a message that could not be read in order. */
function detailsOf({ idSource, id, looksLike }: MessageHead): MalformedDetails {
  const asks = looksLike === "request";
  return { replyId: idSource ?? "null", answers: asks ? undefined : id, asks };
}

/**
 * The last line of a message that was spread over many (`head`: what was seen of the whole), itself unreadable: with whom
 * it concerns.
 */
export function closeScattered(line: Malformed, head: MessageHead): Malformed {
  return malformed(line.frame, line.code, scattered, detailsOf(head));
}

const scattered = "a message spread over several lines, where one line is to hold one message";

interface MalformedDetails {
  readonly replyId?: string;
  readonly answers?: MessageId | undefined;
  readonly asks?: boolean;
  readonly chatter?: boolean;
}

function malformed(
  frame: FrameSpan,
  code: -32700 | -32600,
  reason: string,
  { replyId = "null", answers, asks = false, chatter = false }: MalformedDetails = {},
): Malformed {
  return { kind: "malformed", frame, code, reason, replyId, answers, asks, chatter };
}

/**
 * The id to put into an error answer: the sender's own spelling where it is a string or a number, so that even an
 * id that we refuse (1.5, 2^53 + 1) reaches the request it belongs to.
 */
function replyIdOf(buffer: Uint8Array, id: Value): string {
  if (id.kind !== "string" && id.kind !== "number") return "null";
  return decodeUtf8(buffer.subarray(id.start, id.end));
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Whether a line begins as a JSON object or array does, a byte order mark aside; banners and log lines of servers do not. */
function looksLikeJson(buffer: Uint8Array, start: number): boolean {
  let at = start;
  if (buffer[at] === 0xef && buffer[at + 1] === 0xbb && buffer[at + 2] === 0xbf) at += 3;
  while (buffer[at] === 0x20 || buffer[at] === 0x09) at++;
  return buffer[at] === 0x7b || buffer[at] === 0x5b;
}
