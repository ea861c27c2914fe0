/** Messages of one kind, for readers that take no other. */

import assert from "node:assert/strict";
import type { ErrorAnswer, Notification, Request, Result } from "../../src/mcp/message.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { messageOf } from "../support/lines.ts";

/** `params` as a value or as JSON text. */
export function requestOf(method: string, params?: object | string): Request {
  const text = typeof params === "string" ? params : JSON.stringify(params);
  const rest = text === undefined ? "" : `,"params":${text}`;
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(method)}${rest}}`);
  assert.equal(message.kind, "request", JSON.stringify(message));
  return message as Request;
}

export function notificationOf(method: string, params: object): Notification {
  const message = messageOf({ jsonrpc: "2.0", method, params });
  assert.equal(message.kind, "notification");
  return message as Notification;
}

export function resultOf(result: object | string): Result {
  const text = typeof result === "string" ? result : JSON.stringify(result);
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"result":${text}}`);
  assert.equal(message.kind, "result", JSON.stringify(message));
  return message as Result;
}

export function errorOf(error: object | string): ErrorAnswer {
  const text = typeof error === "string" ? error : JSON.stringify(error);
  const message = messageOf(`{"jsonrpc":"2.0","id":1,"error":${text}}`);
  assert.equal(message.kind, "error", JSON.stringify(message));
  return message as ErrorAnswer;
}

/** What operations are aimed at, or the reason for which there are none. */
export function namesOf(operations: readonly Operation[] | string | undefined): unknown {
  return Array.isArray(operations)
    ? operations.map(({ target, name }: Operation) => `${target} ${name}`)
    : operations;
}

export function assertReason(read: unknown, about: RegExp): void {
  assert.equal(typeof read, "string", JSON.stringify(read));
  assert.match(read as string, about);
}
