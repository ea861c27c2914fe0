/**
 * What a server asks of the agent inside an answer: `inputRequests` of a result or of a task, and the pages that an
 * error wants the person to open. MCP 2026-07-28, basic/patterns/mrtr; the tasks extension; MCP 2025-11-25,
 * client/elicitation.
 */

import { inputRequestsMax, methodBytesMax } from "../limits.ts";
import { arrayElements, objectMembers } from "../wire/json_spans.ts";
import { decodeString } from "../wire/json_value.ts";
import type { ErrorAnswer, Members, Notification, Result, Value } from "./message.ts";
import { paramsKeys } from "./members.ts";
import { findAmbiguity, ObjectReader } from "./object_reader.ts";
import { readAskedOperation, type ReadOperation } from "./operation.ts";
import { resultParts } from "./result_parts.ts";

type Asked = readonly ReadOperation[] | string | undefined;

/** What a server's result asks for; undefined where it asks for nothing, a reason where it cannot be told for certain. */
export function readInputRequests(message: Result): Asked {
  if (message.members.size === 0) return undefined;
  return readParts(message.frame.buffer, resultParts(message));
}

const taskReader = new ObjectReader("params", ["inputRequests", "error", "result", "task"]);

/** Whether a method is that of a notification of a task's state, in any revision. */
export function isTaskNotification(method: string): boolean {
  return method.startsWith("notifications/tasks");
}

/** {@linkcode readInputRequests} of a notification of a task's state, which holds all that `tasks/get` would have answered. */
export function readTaskNotification(message: Notification): Asked {
  if (!isTaskNotification(message.method) || message.params === undefined) return undefined;
  const { buffer } = message.frame;
  const members = taskReader.read(buffer, message.params);
  if (typeof members === "string") return members;
  return readParts(buffer, resultParts({ frame: message.frame, members }));
}

function readParts(buffer: Uint8Array, parts: readonly Members[] | string): Asked {
  if (typeof parts === "string") return parts;
  let operations: readonly ReadOperation[] | undefined;
  for (const part of parts) {
    const requests = part.get("inputRequests");
    // A task that failed holds the error that the call would have been answered with (tasks extension).
    const error = part.get("error");
    for (
      const asked of [
        requests === undefined ? undefined : readRequests(buffer, requests),
        error?.kind === "object" ? readErrorPages(buffer, error) : undefined,
      ]
    ) {
      if (asked === undefined) continue;
      if (typeof asked === "string") return asked;
      operations = operations === undefined ? asked : [...operations, ...asked];
    }
  }
  return operations;
}

const requestReader = new ObjectReader("inputRequests", ["method", "params"], ["id", "jsonrpc"]);

function readRequests(buffer: Uint8Array, requests: Value): readonly ReadOperation[] | string {
  if (requests.kind !== "object") return '"inputRequests" is not an object';
  const ambiguity = findAmbiguity(buffer, requests);
  if (ambiguity !== undefined) return `in "inputRequests", ${ambiguity}`;
  const entries = objectMembers(buffer, requests.start, requests.end);
  if (entries.length > inputRequestsMax) return `more than ${inputRequestsMax} "inputRequests"`;
  const operations: ReadOperation[] = [];
  for (const entry of entries) {
    const operation = readRequest(buffer, entry);
    if (typeof operation === "string") return operation;
    operations.push(operation);
  }
  return operations;
}

/** One entry, held to all that a request of the server's own would be held to. */
function readRequest(buffer: Uint8Array, entry: Value): ReadOperation | string {
  const members = requestReader.read(buffer, entry);
  if (typeof members === "string") return members;
  const method = members.get("method");
  if (method?.kind !== "string") return 'an entry of "inputRequests" without a string "method"';
  if (method.end - method.start > methodBytesMax) return `"method" is longer than ${methodBytesMax} bytes`;
  return readAsked(buffer, decodeString(buffer, method.start, method.end), members.get("params"));
}

const paramsReader = new ObjectReader("params", paramsKeys);

function readAsked(buffer: Uint8Array, method: string, params: Value | undefined): ReadOperation | string {
  const members = params === undefined ? undefined : paramsReader.read(buffer, params);
  return typeof members === "string" ? members : readAskedOperation(buffer, method, params);
}

// ——— The pages that an error wants to be opened first: MCP 2025-11-25, client/elicitation, error -32042 ———

const errorReader = new ObjectReader("error", ["data"], ["code", "message"]);
const dataReader = new ObjectReader("data", ["elicitations"]);

/** The same for a server's error; whatever its code, because what a client goes by may be the data alone. */
export function readElicitations({ frame: { buffer }, error }: ErrorAnswer): Asked {
  return readErrorPages(buffer, error);
}

function readErrorPages(buffer: Uint8Array, error: Value): Asked {
  const members = errorReader.read(buffer, error);
  if (typeof members === "string") return members;
  const data = members.get("data");
  if (data?.kind !== "object") return undefined;
  const dataMembers = dataReader.read(buffer, data);
  if (typeof dataMembers === "string") return dataMembers;
  const elicitations = dataMembers.get("elicitations");
  if (elicitations === undefined) return undefined;
  if (elicitations.kind !== "array") return '"elicitations" is not an array';
  const ambiguity = findAmbiguity(buffer, elicitations);
  if (ambiguity !== undefined) return `in "elicitations", ${ambiguity}`;
  const elements = arrayElements(buffer, elicitations.start, elicitations.end);
  if (elements.length > inputRequestsMax) return `more than ${inputRequestsMax} "elicitations"`;
  const operations: ReadOperation[] = [];
  for (const element of elements) {
    const operation = readAsked(buffer, "elicitation/create", element);
    if (typeof operation === "string") return operation;
    operations.push(operation);
  }
  return operations;
}
