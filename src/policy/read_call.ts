/** A call as a person writes it on a command line: the shape of an example's `call`, or a whole JSON-RPC message. */

import type { Operation } from "../mcp/operation.ts";
import { JsonScanner } from "../wire/json.ts";
import { type JsonMember, objectMembers } from "../wire/json_spans.ts";
import { decodeString } from "../wire/json_value.ts";
import { readExampleOperations, readLineOperations, type WrittenCall } from "./examples.ts";
import { quote } from "./sentence.ts";

/** What the call comes to: its operation and what accompanies it, or why the proxy would refuse the message. */
export type ReadCall =
  | { readonly kind: "call"; readonly operations: readonly [Operation, ...Operation[]] }
  | { readonly kind: "refused"; readonly reason: string }
  /** It is no call at all; `hint` says how one looks. */
  | { readonly kind: "unreadable"; readonly reason: string; readonly hint: string };

const kinds = ["tool", "resource", "prompt", "method"] as const;
const shape = `For example '{"tool":"read_file","arguments":{"path":"/tmp/a"}}'`;

/**
 * Reads a call from JSON text. `from`: who sends it, where it does not say so itself (`"from":"server"`).
 *
 * ```ts
 * import { readCall } from "./read_call.ts";
 *
 * const call = readCall('{"tool":"read_file","arguments":{"path":"/tmp/a"}}', "downstream");
 * console.assert(call.kind === "call" && call.operations[0].name === "read_file");
 * ```
 */
export function readCall(text: string, from: Operation["from"]): ReadCall {
  const bytes = new TextEncoder().encode(text);
  const scanner = new JsonScanner();
  const refusal = scanner.scan(bytes, 0, bytes.length);
  if (refusal !== undefined) return unreadable(`it is no JSON: ${refusal.message}`);
  const { rootKind, rootStart, rootEnd } = scanner;
  if (rootKind !== "object") return unreadable(`it is no JSON object but ${describe(rootKind)}`);
  const members = objectMembers(bytes, rootStart, rootEnd);
  if (members.some(({ key }) => key === "jsonrpc")) return asCall(readLineOperations(text, from));
  const written = readWritten(members, bytes, from);
  return "kind" in written ? written : asCall(readExampleOperations(written));
}

function asCall(read: readonly [Operation, ...Operation[]] | string): ReadCall {
  return typeof read === "string" ? { kind: "refused", reason: read } : { kind: "call", operations: read };
}

function readWritten(
  members: readonly JsonMember[],
  bytes: Uint8Array,
  from: Operation["from"],
): WrittenCall | Extract<ReadCall, { kind: "unreadable" }> {
  const twice = members.find(({ key }, index) => members.findIndex((one) => one.key === key) < index);
  if (twice !== undefined) return unreadable(`${quote(twice.key)} stands twice in it`);
  const known: readonly string[] = [...kinds, "arguments", "from"];
  const odd = members.find(({ key }) => !known.includes(key));
  if (odd !== undefined) return unreadable(`${quote(odd.key)} is no part of a call`);
  const targets = kinds.filter((kind) => members.some(({ key }) => key === kind));
  if (targets.length !== 1) {
    return unreadable(
      targets.length === 0
        ? "it names no tool, resource, prompt or method"
        : `it names a ${targets[0]} and a ${targets[1]}`,
    );
  }
  const [target] = targets;
  const named = members.find(({ key }) => key === target)!;
  if (named.kind !== "string") return unreadable(`its ${target} is no text`);
  const sender = members.find(({ key }) => key === "from");
  const sentBy = sender?.kind === "string" ? decodeString(bytes, sender.start, sender.end) : undefined;
  if (sender !== undefined && sentBy !== "server" && sentBy !== "agent") {
    return unreadable(`its "from" is neither "agent" nor "server"`);
  }
  const args = members.find(({ key }) => key === "arguments");
  return {
    target,
    name: decodeString(bytes, named.start, named.end),
    from: sentBy === undefined ? from : sentBy === "server" ? "upstream" : "downstream",
    ...(args === undefined
      ? {}
      : { argumentsJson: new TextDecoder().decode(bytes.subarray(args.start, args.end)) }),
  };
}

function unreadable(reason: string): Extract<ReadCall, { kind: "unreadable" }> {
  return { kind: "unreadable", reason, hint: shape };
}

function describe(kind: string): string {
  return kind === "array" ? "an array" : `a ${kind}`;
}
