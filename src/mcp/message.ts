/**
 * The JSON-RPC 2.0 envelope: one line of bytes becomes a request, a notification, a result, an error, or something
 * that is refused with a reason. Nothing is decoded but the envelope and the names of what lies directly in it; the
 * bytes stay as they came. JSON-RPC 2.0 §4, §5; MCP 2025-11-25, basic.
 */

import type { FrameSpan } from "../wire/frame.ts";
import type { JsonKind, JsonScanner } from "../wire/json.ts";
import { decodeString } from "../wire/json_value.ts";
import { idBytesMax, memberCountMax, methodBytesMax } from "../limits.ts";
import { ProtocolKeys } from "./folded_key.ts";
import { type MessageId, readAnswerId, readRequestId } from "./message_id.ts";

/** A value inside the message's bytes: `buffer[start, end)`. */
export interface Value {
  readonly start: number;
  readonly end: number;
  readonly kind: JsonKind;
}

/** The members of `params`, or those of `result` that the proxy interprets, by their decoded keys. */
export type Members = ReadonlyMap<string, Value>;

interface Framed {
  /** The message as it came, without its line feed: `buffer[start, end)`, and `buffer[end]` is that line feed. */
  readonly frame: FrameSpan;
}

export interface Request extends Framed {
  readonly kind: "request";
  readonly id: MessageId;
  readonly method: string;
  /** `params` as a whole; undefined where the message has none. */
  readonly params: Value | undefined;
  readonly members: Members;
}

export interface Notification extends Framed {
  readonly kind: "notification";
  readonly method: string;
  readonly params: Value | undefined;
  readonly members: Members;
}

export interface Result extends Framed {
  readonly kind: "result";
  readonly id: MessageId;
  readonly result: Value;
  readonly members: Members;
  readonly oddities: readonly Oddity[];
}

export interface ErrorAnswer extends Framed {
  readonly kind: "error";
  /** Undefined for `null` and for ids that no request can have. */
  readonly id: MessageId | undefined;
  readonly error: Value;
  readonly oddities: readonly Oddity[];
}

/** What real servers do deep inside results, and what is forwarded but noted. */
export type Oddity = "duplicate_key" | "lone_surrogate";

/** Something that is not a message, and why. Never forwarded. */
export interface Malformed extends Framed {
  readonly kind: "malformed";
  /** -32700 where it is not JSON, -32600 where it is not JSON-RPC. */
  readonly code: -32700 | -32600;
  readonly reason: string;
  /** The id to answer with: its JSON text, or `null` where none could be read. JSON-RPC 2.0 §5. */
  readonly replyId: string;
  /** The id of the request that it would have answered, had it been in order. */
  readonly answers: MessageId | undefined;
  /** A text line of a chatty server, rather than JSON gone wrong. */
  readonly chatter: boolean;
}

/** A line longer than the bound; only its head was kept. */
export interface Oversize {
  readonly kind: "oversize";
  readonly bytes: number;
  readonly head: Uint8Array;
}

export type Message = Request | Notification | Result | ErrorAnswer;
export type Incoming = Message | Malformed | Oversize;

const envelopeKeyNames = ["jsonrpc", "id", "method", "params", "result", "error"] as const;
const envelopeKeys = new ProtocolKeys(envelopeKeyNames);

/** Keys directly in `params` by which servers act: a near miss of one of these is refused. */
const paramsKeys = new ProtocolKeys([
  "name",
  "arguments",
  "uri",
  "cursor",
  "level",
  "ref",
  "argument",
  "requestId",
  "progressToken",
  "task",
  "_meta",
  "protocolVersion",
  "capabilities",
  "inputResponses",
  "requestState",
]);

/** Keys directly in `result` that the proxy itself reads. */
const resultKeys = [
  "tools",
  "prompts",
  "resources",
  "resourceTemplates",
  "nextCursor",
  "isError",
  "_meta",
] as const;
const resultKeySet: ReadonlySet<string> = new Set(resultKeys);
const foldedResultKeys = new ProtocolKeys(resultKeys);

/**
 * Reads one frame. The scanner is lent: its state is overwritten.
 *
 * A request is held to more than an answer: keys that stand twice and escaped lone surrogates are refused anywhere in
 * it, because servers resolve them differently and the policy must see what the server will see. In an answer they are
 * refused in the envelope and directly in `result` / `error`, and noted deeper down, since real servers emit them.
 */
export function readMessage(scanner: JsonScanner, frame: FrameSpan): Message | Malformed {
  const { buffer, start, end } = frame;
  const refusal = scanner.scan(buffer, start, end);
  if (refusal !== undefined) {
    return malformed(frame, -32700, refusal.message, { chatter: !looksLikeJson(buffer, start) });
  }
  if (scanner.rootKind !== "object") {
    const seen = scanner.rootKind === "array" ? "a batch (an array)" : `a bare ${scanner.rootKind}`;
    return malformed(frame, -32600, `not a JSON-RPC message: ${seen}`, {
      chatter: scanner.rootKind !== "array",
    });
  }
  const envelope = readEnvelope(scanner, buffer);
  if (typeof envelope === "string") return malformed(frame, -32600, envelope, {});
  return fromEnvelope(scanner, frame, envelope);
}

interface Envelope {
  jsonrpc: number;
  id: number;
  method: number;
  params: number;
  result: number;
  error: number;
}

/** Which of the envelope's keys member `i` has: told without making a string of it. */
function envelopeKey(scanner: JsonScanner, i: number, buffer: Uint8Array): keyof Envelope | undefined {
  for (const key of envelopeKeyNames) if (scanner.keyIs(i, key, buffer)) return key;
  return undefined;
}

/** Finds the envelope's members by index; a reason where they are ambiguous. */
function readEnvelope(scanner: JsonScanner, buffer: Uint8Array): Envelope | string {
  if (scanner.duplicateDepth === 1) return "a key of the message stands twice";
  if (scanner.surrogateDepth === 1) return "a lone surrogate in the envelope of the message";
  const found: Envelope = { jsonrpc: -1, id: -1, method: -1, params: -1, result: -1, error: -1 };
  for (let i = 0; i < scanner.memberCount; i++) {
    if (scanner.memberParent(i) >= 0) continue;
    const key = envelopeKey(scanner, i, buffer);
    if (key !== undefined) {
      found[key] = i;
      continue;
    }
    const meant = envelopeKeys.mistakenFor(scanner.keyText(i, buffer));
    if (meant !== undefined) return `a key that some readers take for "${meant}"`;
  }
  return found;
}

function fromEnvelope(scanner: JsonScanner, frame: FrameSpan, envelope: Envelope): Message | Malformed {
  const { buffer } = frame;
  const value = (i: number): Value => ({
    start: scanner.valueStart(i),
    end: scanner.valueEnd(i),
    kind: scanner.valueKind(i),
  });
  const idValue = envelope.id < 0 ? undefined : value(envelope.id);
  const isRequest = envelope.method >= 0;
  const details: MalformedDetails = { replyId: replyIdOf(buffer, idValue) };
  if (idValue !== undefined && !isRequest) {
    details.answers = readAnswerId(buffer, idValue.start, idValue.end);
  }
  const refuse = (reason: string) => malformed(frame, -32600, reason, details);

  if (envelope.jsonrpc < 0) return refuse('"jsonrpc" is missing');
  const version = value(envelope.jsonrpc);
  if (version.kind !== "string" || decodeString(buffer, version.start, version.end) !== "2.0") {
    return refuse('"jsonrpc" is not "2.0"');
  }
  if (idValue !== undefined && idValue.end - idValue.start > idBytesMax) {
    return refuse(`"id" is longer than ${idBytesMax} bytes`);
  }
  if (isRequest) {
    if (envelope.result >= 0 || envelope.error >= 0) {
      return refuse('"method" together with "result" or "error"');
    }
    return fromRequest(scanner, frame, envelope, idValue, value, refuse);
  }
  return fromAnswer(scanner, frame, envelope, details.answers, value, refuse);
}

function fromRequest(
  scanner: JsonScanner,
  frame: FrameSpan,
  envelope: Envelope,
  idValue: Value | undefined,
  value: (i: number) => Value,
  refuse: (reason: string) => Malformed,
): Request | Notification | Malformed {
  const { buffer } = frame;
  // Servers take the first or the last of two keys, and drop or keep a lone surrogate: nobody can judge such a request.
  if (scanner.duplicateDepth > 0) return refuse("a key stands twice in one object");
  if (scanner.surrogateDepth > 0) return refuse("a lone surrogate (\\uD800 to \\uDFFF without its partner)");
  const methodValue = value(envelope.method);
  if (methodValue.kind !== "string") return refuse('"method" is not a string');
  if (methodValue.end - methodValue.start > methodBytesMax) {
    return refuse(`"method" is longer than ${methodBytesMax} bytes`);
  }
  const method = decodeString(buffer, methodValue.start, methodValue.end);
  const params = envelope.params < 0 ? undefined : value(envelope.params);
  if (params !== undefined && params.kind !== "object") return refuse('"params" is not an object');
  const members = params === undefined ? noMembers : paramsMembers(scanner, envelope.params, buffer);
  if (typeof members === "string") return refuse(members);
  if (idValue === undefined) return { kind: "notification", frame, method, params, members };
  const id = readRequestId(buffer, idValue.start, idValue.end);
  if (id === undefined) return refuse('"id" is neither a string nor a whole number within ±(2^53 − 1)');
  return { kind: "request", frame, id, method, params, members };
}

function fromAnswer(
  scanner: JsonScanner,
  frame: FrameSpan,
  envelope: Envelope,
  id: MessageId | undefined,
  value: (i: number) => Value,
  refuse: (reason: string) => Malformed,
): Result | ErrorAnswer | Malformed {
  if (envelope.result >= 0 && envelope.error >= 0) return refuse('both "result" and "error"');
  if (envelope.result < 0 && envelope.error < 0) return refuse('none of "method", "result" and "error"');
  if (scanner.duplicateDepth === 2) return refuse("a key stands twice directly in the answer");
  if (scanner.surrogateDepth === 2) return refuse("a lone surrogate directly in the answer");
  const oddities: Oddity[] = [];
  if (scanner.duplicateDepth > 0) oddities.push("duplicate_key");
  if (scanner.surrogateDepth > 0) oddities.push("lone_surrogate");
  if (envelope.error >= 0) {
    const error = value(envelope.error);
    if (error.kind !== "object") return refuse('"error" is not an object');
    return { kind: "error", frame, id, error, oddities };
  }
  if (id === undefined) return refuse('a "result" whose "id" is no request\'s');
  const result = value(envelope.result);
  const members = result.kind === "object"
    ? resultMembers(scanner, envelope.result, frame.buffer)
    : noMembers;
  if (typeof members === "string") return refuse(members);
  return { kind: "result", frame, id, result, members, oddities };
}

const noMembers: Members = new Map();

/** Every member of `params` by its key; a reason where a key could be mistaken for a protocol key. */
function paramsMembers(scanner: JsonScanner, parent: number, buffer: Uint8Array): Members | string {
  const members = new Map<string, Value>();
  for (let i = parent + 1; i < scanner.memberCount; i++) {
    if (scanner.memberParent(i) !== parent) {
      if (scanner.memberParent(i) < 0) break;
      continue;
    }
    if (members.size >= memberCountMax) return `more than ${memberCountMax} members in "params"`;
    const key = scanner.keyText(i, buffer);
    const meant = paramsKeys.mistakenFor(key);
    if (meant !== undefined) return `a key in "params" that some readers take for "${meant}"`;
    members.set(key, memberValue(scanner, i));
  }
  return members;
}

/** Only what the proxy reads of a result: a result may hold any number of other members. */
function resultMembers(scanner: JsonScanner, parent: number, buffer: Uint8Array): Members | string {
  const members = new Map<string, Value>();
  for (let i = parent + 1; i < scanner.memberCount; i++) {
    if (scanner.memberParent(i) !== parent) {
      if (scanner.memberParent(i) < 0) break;
      continue;
    }
    const key = scanner.keyText(i, buffer);
    if (resultKeySet.has(key)) members.set(key, memberValue(scanner, i));
    const meant = foldedResultKeys.mistakenFor(key);
    if (meant !== undefined) return `a key in "result" that some readers take for "${meant}"`;
  }
  return members;
}

function memberValue(scanner: JsonScanner, i: number): Value {
  return { start: scanner.valueStart(i), end: scanner.valueEnd(i), kind: scanner.valueKind(i) };
}

interface MalformedDetails {
  replyId?: string;
  answers?: MessageId | undefined;
  chatter?: boolean;
}

function malformed(
  frame: FrameSpan,
  code: -32700 | -32600,
  reason: string,
  { replyId = "null", answers, chatter = false }: MalformedDetails,
): Malformed {
  return { kind: "malformed", frame, code, reason, replyId, answers, chatter };
}

/**
 * The id to put into an error answer: the sender's own spelling where it is a string or a number, so that even an
 * id that we refuse (1.5, 2^53 + 1) reaches the request it belongs to.
 */
function replyIdOf(buffer: Uint8Array, id: Value | undefined): string {
  if (id === undefined || (id.kind !== "string" && id.kind !== "number")) return "null";
  if (id.end - id.start > idBytesMax) return "null";
  return utf8.decode(buffer.subarray(id.start, id.end));
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Whether a line begins as a JSON object or array does; banners and log lines of servers do not. */
function looksLikeJson(buffer: Uint8Array, start: number): boolean {
  let at = start;
  while (buffer[at] === 0x20 || buffer[at] === 0x09) at++;
  return buffer[at] === 0x7b || buffer[at] === 0x5b;
}
