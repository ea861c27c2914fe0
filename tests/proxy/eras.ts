/** The same conversation in each era: how a request says which one it belongs to. */

import { call } from "./support.ts";

export interface Era {
  readonly name: string;
  /** `params._meta` of each request; undefined where there is none. */
  readonly meta: object | undefined;
  readonly isStateless: boolean;
}

const stateless = (version: string): Era => ({
  name: version,
  meta: {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
  },
  isStateless: true,
});

export const eras: readonly Era[] = [
  { name: "handshake", meta: undefined, isStateless: false },
  { name: "handshake with a progress token", meta: { progressToken: 0 }, isStateless: false },
  stateless("2026-07-28"),
  stateless("2099-01-01"),
];

/** A request of that era. */
export function requestIn(era: Era, id: number | string, method: string, params: object = {}): object {
  return {
    jsonrpc: "2.0",
    id,
    method,
    params: era.meta === undefined ? params : { ...params, _meta: era.meta },
  };
}

export function callIn(era: Era, id: number | string, name: string, args: object = {}): object {
  return era.meta === undefined
    ? call(id, name, args)
    : requestIn(era, id, "tools/call", { name, arguments: args });
}
