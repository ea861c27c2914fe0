/** What a message asks for in the words of MCP: the thing that a policy judges. */

import { Buffer } from "node:buffer";
import {
  decodeString,
  isJsonObject,
  type JsonValue,
  readJson,
  TooManyValuesError,
} from "../wire/json_value.ts";
import { ProtocolKeys } from "./folded_key.ts";
import type { Notification, Request, Value } from "./message.ts";

/** *downstream*: the agent's side. *upstream*: the server's side. */
export type Side = "downstream" | "upstream";

/** What an operation is aimed at. `method` where it is nothing more special. */
export type TargetKind = "tool" | "resource" | "prompt" | "method";

export interface Operation {
  /** Who asks. */
  readonly from: Side;
  /** The method as decoded from JSON, for example `tools/call`. */
  readonly method: string;
  readonly target: TargetKind;
  /** The tool's or prompt's name, the resource's URI, else the method again. */
  readonly name: string;
  /**
   * What a rule's `args` look at: `params.arguments` of a tool call or prompt, `params` of everything else.
   * `undefined` where the message has none. It may be of any JSON type: a peer may send an array for an object.
   * Parsed at the first look and kept.
   */
  readonly arguments: JsonValue | undefined;
  /**
   * The JSON text of the arguments where all of it is ASCII: enough to tell that something is *not* in them, without
   * parsing. (What JSON escapes shows as a backslash.) Absent where it is not, or only the value is known.
   */
  readonly argumentsSource?: AsciiSource | undefined;
  /** The protocol's own housekeeping (initialize, ping, lists …): passes unless a rule denies it. */
  readonly housekeeping: boolean;
  /** It comes with another operation of the same message: it passes unless a rule denies it, and no limit counts it. */
  readonly accompanies?: boolean;
}

/** ASCII text that lies in bytes, and is made into strings piece by piece: one of mebibytes would be a burden. */
export interface AsciiSource {
  readonly length: number;
  /** The characters `[start, end)`. */
  slice(start: number, end: number): string;
}

/** An operation that was read from a message, with the place of its arguments in the message's bytes. */
export interface ReadOperation extends Operation {
  readonly argumentsValue: Value | undefined;
}

/** Why a message cannot be judged: its target has no name, or its method could be mistaken for one that has a target. */
export interface UnnamedTarget {
  readonly kind: "unnamed_target";
  readonly reason: string;
}

interface TargetRule {
  readonly target: "tool" | "resource" | "prompt";
  /** The member of `params` that names the target. */
  readonly namedBy: "name" | "uri";
  /** Whether `params.arguments` is what the caller chose, rather than `params`. */
  readonly hasArguments: boolean;
}

/** Methods whose target is more than the method. MCP 2024-11-05 … 2026-07-28, server features. */
const targets: ReadonlyMap<string, TargetRule> = new Map([
  ["tools/call", { target: "tool", namedBy: "name", hasArguments: true }],
  ["prompts/get", { target: "prompt", namedBy: "name", hasArguments: true }],
  ["resources/read", { target: "resource", namedBy: "uri", hasArguments: false }],
  ["resources/subscribe", { target: "resource", namedBy: "uri", hasArguments: false }],
  ["resources/unsubscribe", { target: "resource", namedBy: "uri", hasArguments: false }],
]);

/** What a request or notification of `from` with this method is aimed at. */
export function targetKindOf(method: string, from: Side): TargetKind {
  return from === "downstream" ? targets.get(method)?.target ?? "method" : "method";
}

/** These, and the methods by which a client names a target besides (`accompanying.ts`, `task.ts`). */
const methodsWithTarget = new ProtocolKeys([
  ...targets.keys(),
  "completion/complete",
  "subscriptions/listen",
  "tasks/get",
  "tasks/result",
  "tasks/update",
  "tasks/cancel",
]);

/** Methods by which a server asks for something that is looked at more closely. */
const methodsOfServers = new ProtocolKeys([
  "elicitation/create",
  "notifications/tasks",
  "notifications/tasks/status",
]);

/** Methods that only keep the conversation going or say what there is. */
const housekeepingMethods: ReadonlySet<string> = new Set([
  "initialize",
  "notifications/initialized",
  "ping",
  "server/discover",
  "notifications/cancelled",
  "notifications/progress",
  "logging/setLevel",
  // The answer to a `subscriptions/listen`, without which the client waits (2026-07-28).
  "notifications/subscriptions/acknowledged",
]);

/** `tools/list`, `resources/templates/list`, `roots/list` …, and `notifications/tools/list_changed` and its kin. */
export function isHousekeeping(method: string): boolean {
  return housekeepingMethods.has(method) || listMethod.test(method) || listChanged.test(method);
}
const listMethod = /^[a-z]+(?:\/templates)?\/list$/;
const listChanged = /^notifications\/[a-z]+\/list_changed$/;

/**
 * Names what a request or notification asks for. A `tools/call` without an id is still a call: servers execute it.
 * A target without a name is refused, because a server may find a name where we see none; and so is a method that
 * some reader takes for one with a target (`tools/call` and a NUL behind it): its target would go unseen.
 */
export function readOperation(message: Request | Notification, from: Side): ReadOperation | UnnamedTarget {
  const { method, members, params, isAscii, frame: { buffer } } = message;
  const rule = from === "downstream" ? targets.get(method) : undefined;
  if (rule === undefined) {
    const meant = (from === "downstream" ? methodsWithTarget : methodsOfServers).mistakenFor(method);
    if (meant !== undefined) {
      return { kind: "unnamed_target", reason: `a method that some readers take for "${meant}"` };
    }
    return new LazyOperation(from, method, "method", method, buffer, params, isAscii);
  }
  const named = members.get(rule.namedBy);
  if (named?.kind !== "string") {
    return { kind: "unnamed_target", reason: `${method} without a string "${rule.namedBy}"` };
  }
  const name = decodeString(buffer, named.start, named.end);
  const value = rule.hasArguments ? members.get("arguments") : params;
  return new LazyOperation(from, method, rule.target, name, buffer, value, isAscii);
}

/**
 * Names what a server asks for inside an answer, as the same request of its own would be named. A reason where it could
 * not be told for certain what is asked.
 */
export function readAskedOperation(
  buffer: Uint8Array,
  method: string,
  params: Value | undefined,
): ReadOperation | string {
  const meant = methodsOfServers.mistakenFor(method);
  if (meant !== undefined) return `a method that some readers take for "${meant}"`;
  return new LazyOperation("upstream", method, "method", method, buffer, params, false);
}

/** A resource that a client's message is about besides what it asks for; a rule's `args` see its `uri`. */
export function accompanyingResource(method: string, uri: string): Operation {
  return accompanying(method, "resource", uri, new Map([["uri", uri]]));
}

/** The same for a prompt, with its arguments as far as they are known. */
export function accompanyingPrompt(method: string, name: string, args: JsonValue): Operation {
  return accompanying(method, "prompt", name, args);
}

/** The same for the tool whose task a message is about; its arguments were judged when it was called. */
export function accompanyingTool(method: string, name: string): Operation {
  return accompanying(method, "tool", name, undefined);
}

function accompanying(
  method: string,
  target: TargetKind,
  name: string,
  args: JsonValue | undefined,
): Operation {
  return {
    from: "downstream",
    method,
    target,
    name,
    arguments: args,
    housekeeping: true,
    accompanies: true,
  };
}

/** Parses its arguments only when a rule looks at them: most calls are decided by their name. */
class LazyOperation implements ReadOperation {
  readonly housekeeping: boolean;
  #source: AsciiSource | undefined;
  #parsed: JsonValue | undefined;
  #isParsed = false;

  constructor(
    readonly from: Side,
    readonly method: string,
    readonly target: TargetKind,
    readonly name: string,
    readonly buffer: Uint8Array,
    readonly argumentsValue: Value | undefined,
    /** Whether the arguments are known to be ASCII. */
    readonly isAscii: boolean,
  ) {
    this.housekeeping = target === "method" && isHousekeeping(method);
  }

  get argumentsSource(): AsciiSource | undefined {
    const value = this.argumentsValue;
    if (value === undefined || !this.isAscii) return undefined;
    return this.#source ??= new AsciiSpan(this.buffer, value.start, value.end);
  }

  get arguments(): JsonValue | undefined {
    if (!this.#isParsed) {
      const value = this.argumentsValue;
      this.#parsed = value && readJson(this.buffer, value.start, value.end);
      this.#isParsed = true;
    }
    return this.#parsed;
  }
}

class AsciiSpan implements AsciiSource {
  readonly #bytes: Buffer;
  /** The whole, where it was asked for: several do. */
  #text: string | undefined;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  }

  get length(): number {
    return this.#bytes.length;
  }

  slice(start: number, end: number): string {
    if (start > 0 || end < this.#bytes.length) return this.#bytes.toString("latin1", start, end);
    return this.#text ??= this.#bytes.toString("latin1");
  }
}

/** A list whose elements are shown only if they could be used. */
export interface ListedTargets {
  readonly target: "tool" | "resource" | "prompt";
  /** The member of `result` that holds the list. */
  readonly listedIn: "tools" | "resources" | "prompts" | "resourceTemplates";
  readonly namedBy: "name" | "uri" | "uriTemplate";
  /** The method by which an element is used. */
  readonly usedBy: string;
}

const lists: ReadonlyMap<string, ListedTargets> = new Map([
  ["tools/list", { target: "tool", listedIn: "tools", namedBy: "name", usedBy: "tools/call" }],
  ["prompts/list", { target: "prompt", listedIn: "prompts", namedBy: "name", usedBy: "prompts/get" }],
  ["resources/list", { target: "resource", listedIn: "resources", namedBy: "uri", usedBy: "resources/read" }],
  ["resources/templates/list", {
    target: "resource",
    listedIn: "resourceTemplates",
    namedBy: "uriTemplate",
    usedBy: "resources/read",
  }],
]);

/** Every kind of list there is. */
export const everyList: readonly ListedTargets[] = [...lists.values()];

/** What the answer to `method` lists; undefined where it is no list of things to use. */
export function listedTargets(method: string): ListedTargets | undefined {
  return lists.get(method);
}

/** The id that a `notifications/cancelled` names, as a JSON value; undefined where there is none. */
export function cancelledId(message: Notification): Value | undefined {
  if (message.method !== "notifications/cancelled") return undefined;
  return message.members.get("requestId");
}

/** `params._meta` of a request as a value; undefined where it has none, it is no object, or too large to be read. */
export function readMeta(message: Request): JsonValue | undefined {
  const meta = message.members.get("_meta");
  if (meta === undefined) return undefined;
  try {
    const value = readJson(message.frame.buffer, meta.start, meta.end);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof TooManyValuesError) return undefined;
    throw error;
  }
}
