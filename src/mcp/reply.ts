/** The messages that the proxy writes itself: errors, and the tool result that tells a model it was denied. */

/** JSON-RPC error codes of the proxy. Outside −32768 … −32000, which JSON-RPC and MCP keep for themselves. */
export const replyCodes = {
  denied: 403,
  tooLarge: 413,
  limited: 429,
  serverGone: 503,
  parseError: -32700,
  invalidRequest: -32600,
  /** An error of ours. JSON-RPC 2.0 §5.1. */
  internal: -32603,
  /** The server answered with something that is no answer; to the agent that is an internal error too. */
  badAnswer: -32603,
} as const;

export type ReplyCode = (typeof replyCodes)[keyof typeof replyCodes];

/** What stands in `_meta` of a denial, or in `data` of an error. */
export interface DenialDetails {
  /** Why: `rule`, `default`, `limit`, `malformed` … */
  readonly code: string;
  readonly rule?: string;
  readonly reason: string;
  /** Names the record in the audit log. */
  readonly decision?: string;
  readonly retryAfterMs?: number;
}

const encoder = new TextEncoder();

/**
 * A JSON-RPC error as one line. `id` is JSON text as the peer spelt it.
 *
 * ```ts
 * import { errorReply } from "./reply.ts";
 *
 * const line = new TextDecoder().decode(errorReply("7", -32600, '"method" is missing'));
 * console.assert(line === '{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"\\"method\\" is missing"}}\n');
 * ```
 */
export function errorReply(id: string, code: ReplyCode, message: string, data?: DenialDetails): Uint8Array {
  const error = JSON.stringify({ code, message, ...(data === undefined ? {} : { data }) });
  return encoder.encode(`{"jsonrpc":"2.0","id":${id},"error":${error}}\n`);
}

/**
 * A tool result that says why the call did not happen. Models read it and go on, where a protocol error ends their
 * turn in many clients. `stateless`: the revision that asks for `resultType` in every result (2026-07-28).
 */
export function deniedToolResult(
  id: string,
  text: string,
  details: DenialDetails,
  options: { readonly stateless: boolean },
): Uint8Array {
  const result = JSON.stringify({
    content: [{ type: "text", text }],
    isError: true,
    ...(options.stateless ? { resultType: "complete" } : {}),
    _meta: details,
  });
  return encoder.encode(`{"jsonrpc":"2.0","id":${id},"result":${result}}\n`);
}
