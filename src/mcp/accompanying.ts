/**
 * What a client's message asks for besides its main operation: what it completes for, what it subscribes to, what it
 * gives to the server in its answers. Each passes unless a rule denies it.
 */

import { accompanyingTargetsMax } from "../limits.ts";
import { arrayElements, objectMembers } from "../wire/json_spans.ts";
import { isJsonObject, type JsonValue, readJson, TooManyValuesError } from "../wire/json_value.ts";
import type { Members, Notification, Request, Value } from "./message.ts";
import { ObjectReader, textOf } from "./object_reader.ts";
import { accompanyingPrompt, accompanyingResource, type Operation } from "./operation.ts";
import { readRoots } from "./roots.ts";

type Asking = Request | Notification;

/**
 * The operations that accompany a client's message, besides those that only the session knows (tasks); none for most.
 * A reason where it cannot be told for certain what it asks for.
 */
export function readAccompanying(message: Asking): readonly Operation[] | string {
  const responses = message.members.get("inputResponses");
  const given = responses === undefined ? none : readInputResponses(message, responses);
  if (typeof given === "string") return given;
  const read = readers.get(message.method);
  if (read === undefined) return given;
  const asked = read(message);
  return typeof asked === "string" || given.length === 0 ? asked : [...asked, ...given];
}

const none: readonly Operation[] = [];

const readers: ReadonlyMap<string, (message: Asking) => readonly Operation[] | string> = new Map([
  ["completion/complete", readCompletion],
  ["subscriptions/listen", readSubscriptions],
]);

// ——— completion/complete: MCP 2024-11-05 … 2026-07-28, server/utilities/completion ———

const completionReader = new ObjectReader("params", ["ref", "argument", "context"]);
const referenceReader = new ObjectReader("ref", ["type", "name", "uri"]);
const argumentReader = new ObjectReader("argument", ["name", "value"]);
const contextReader = new ObjectReader("context", ["arguments"]);

/** The prompt or resource that it completes for. */
function readCompletion(message: Asking): readonly Operation[] | string {
  const { buffer } = message.frame;
  if (message.params === undefined) return 'completion/complete without a "ref"';
  const params = completionReader.read(buffer, message.params);
  if (typeof params === "string") return params;
  const ref = params.get("ref");
  if (ref === undefined) return 'completion/complete without a "ref"';
  const reference = referenceReader.read(buffer, ref);
  if (typeof reference === "string") return reference;
  const type = textOf(buffer, reference.get("type"));
  const name = textOf(buffer, reference.get("name"));
  const uri = textOf(buffer, reference.get("uri"));
  switch (type) {
    case "ref/prompt": {
      if (name === undefined) return 'a "ref" to a prompt without a string "name"';
      const args = readPromptArguments(buffer, params);
      return typeof args === "string" ? args : [accompanyingPrompt(message.method, name, args)];
    }
    case "ref/resource":
      return uri === undefined
        ? 'a "ref" to a resource without a string "uri"'
        : [accompanyingResource(message.method, uri)];
    default:
      return 'a "ref" that is neither a prompt nor a resource';
  }
}

/** The prompt's arguments as far as the completion tells them: those that are settled, and the one that is being typed. */
function readPromptArguments(buffer: Uint8Array, params: Members): ReadonlyMap<string, JsonValue> | string {
  const args = new Map<string, JsonValue>();
  const context = params.get("context");
  if (context !== undefined) {
    const members = contextReader.read(buffer, context);
    if (typeof members === "string") return members;
    const settled = members.get("arguments");
    const value = settled === undefined ? undefined : readBounded(buffer, settled);
    if (settled !== undefined && !isJsonObject(value)) return '"arguments" in "context" is not an object';
    if (isJsonObject(value)) { for (const [key, one] of value) args.set(key, one); }
  }
  const argument = params.get("argument");
  if (argument === undefined) return args;
  const members = argumentReader.read(buffer, argument);
  if (typeof members === "string") return members;
  const name = textOf(buffer, members.get("name"));
  const value = members.get("value");
  if (name !== undefined && value !== undefined) {
    const typed = readBounded(buffer, value);
    if (typed === undefined) return '"value" of the argument is too large';
    args.set(name, typed);
  }
  return args;
}

/** Undefined where the value is too large to be built. */
function readBounded(buffer: Uint8Array, { start, end }: Value): JsonValue | undefined {
  try {
    return readJson(buffer, start, end);
  } catch (error) {
    if (error instanceof TooManyValuesError) return undefined;
    throw error;
  }
}

// ——— subscriptions/listen: MCP 2026-07-28, basic/patterns/subscriptions ———

const listenReader = new ObjectReader("params", ["notifications"]);
/** `taskIds` is the tasks extension's. */
const filterReader = new ObjectReader("notifications", ["resourceSubscriptions", "taskIds"], [
  "toolsListChanged",
  "promptsListChanged",
  "resourcesListChanged",
]);

/** Each resource that is subscribed to. */
function readSubscriptions(message: Asking): readonly Operation[] | string {
  const uris = readFilter(message, "resourceSubscriptions");
  return typeof uris === "string" ? uris : uris.map((uri) => accompanyingResource(message.method, uri));
}

/** The tasks that a `subscriptions/listen` wants to hear of; a reason where they cannot be told. */
export function readSubscribedTasks(message: Asking): readonly string[] | string {
  return readFilter(message, "taskIds");
}

function readFilter(message: Asking, list: "resourceSubscriptions" | "taskIds"): readonly string[] | string {
  const { buffer } = message.frame;
  const params = message.params === undefined ? undefined : listenReader.read(buffer, message.params);
  if (typeof params === "string") return params;
  const filter = params?.get("notifications");
  if (filter === undefined) return [];
  const members = filterReader.read(buffer, filter);
  if (typeof members === "string") return members;
  const wanted = members.get(list);
  if (wanted === undefined) return [];
  if (wanted.kind !== "array") return `"${list}" is not an array`;
  const elements = arrayElements(buffer, wanted.start, wanted.end);
  if (elements.length > accompanyingTargetsMax) {
    return `more than ${accompanyingTargetsMax} elements in "${list}"`;
  }
  const texts: string[] = [];
  for (const element of elements) {
    const text = textOf(buffer, element);
    if (text === undefined) return `something in "${list}" that is not a string`;
    texts.push(text);
  }
  return texts;
}

// ——— inputResponses: MCP 2026-07-28, basic/patterns/mrtr ———

/** An answer to `roots/list`; the other answers give the server nothing that a rule could name. */
const responseReader = new ObjectReader("inputResponses", ["roots"]);

function readInputResponses({ frame: { buffer } }: Asking, responses: Value): readonly Operation[] | string {
  if (responses.kind !== "object") return '"inputResponses" is not an object';
  const operations: Operation[] = [];
  for (const response of objectMembers(buffer, responses.start, responses.end)) {
    const members = responseReader.read(buffer, response);
    if (typeof members === "string") return members;
    const roots = members.get("roots");
    if (roots === undefined) continue;
    const given = readRoots(buffer, roots);
    if (typeof given === "string") return given;
    operations.push(...given);
    if (operations.length > 2 * accompanyingTargetsMax) return `more than ${accompanyingTargetsMax} roots`;
  }
  return operations;
}
