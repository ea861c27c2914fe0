/** What a consent is for: exactly this call. Its key, and its words for the person who is asked. */

import { createHash } from "node:crypto";
import { consentArgumentsCharactersMax } from "../limits.ts";
import type { Operation } from "../mcp/operation.ts";
import type { Asking } from "../policy/decision.ts";
import { quote, spellOut } from "../policy/sentence.ts";
import { canonicalJson } from "../wire/canonical_json.ts";
import { isJsonObject, type JsonValue } from "../wire/json_value.ts";

/** A call that a person is to be asked for. */
export interface ConsentCall {
  /**
   * 64 hex digits. Two calls have the same if and only if they go to the same server (its launch command), aim at the same
   * thing with the same arguments (the same JSON value: keys in any order, numbers by their value), under the same
   * policies, and the same rules ask.
   */
  readonly key: string;
  /** The launch command. */
  readonly server: string;
  readonly from: Operation["from"];
  readonly target: Operation["target"];
  readonly name: string;
  readonly method: string;
  /** The arguments as canonical JSON, `undefined` where the call has none; not masked. */
  readonly argumentsJson: string | undefined;
  readonly asks: readonly Asking[];
  /** The shortest of all rules that ask. */
  readonly approvedForMs: number;
}

/** Describes a call. `policies`: the digests of all policies in force. */
export function consentCall(
  server: string,
  policies: readonly string[],
  operation: Operation,
  asks: readonly Asking[],
): ConsentCall {
  const { from, target, name, method } = operation;
  const value = consentedArguments(operation);
  const argumentsJson = value === undefined ? undefined : canonicalJson(value);
  const rules = asks.map(({ key }) => key);
  const head = JSON.stringify(["consent 1", server, policies, from, method, target, name, rules]);
  const key = createHash("sha256").update(`${head}\n${argumentsJson ?? ""}`).digest("hex");
  const approvedForMs = Math.min(...asks.map((ask) => ask.approvedForMs));
  return { key, server, from, target, name, method, argumentsJson, asks, approvedForMs };
}

/** Where all of `params` counts as arguments, `_meta` is left out: it holds a progress token, new with every call. */
function consentedArguments({ target, arguments: value }: Operation): JsonValue | undefined {
  if (target === "tool" || target === "prompt" || !isJsonObject(value) || !value.has("_meta")) return value;
  return new Map([...value].filter(([key]) => key !== "_meta"));
}

/**
 * The question for a person. Nothing in it can hide, forge or run: what comes from outside stands on lines of its own,
 * indented as Markdown's code is, with everything that does not show, and all that Markdown or HTML would take for its own, spelt out.
 */
export function questionText(
  { server, from, target, name, method, argumentsJson, asks, approvedForMs }: ConsentCall,
): string {
  const what = from === "upstream"
    ? "A request of the server"
    : target === "tool"
    ? "A tool call"
    : "A request";
  const fields: (readonly [string, string])[] = [
    ["server", shown(server)],
    target === "method" ? ["method", quoted(method)] : [target, quoted(name)],
    ["arguments", argumentsJson === undefined ? "(none)" : shownArguments(argumentsJson)],
    ...asks.map((asking) => ["asked by", sayAsking(asking)] as const),
  ];
  return [
    `${what} waits for your consent. It has not happened yet.`,
    "",
    ...fields.map(([label, text]) => `    ${label.padEnd(11)}${text}`),
    "",
    `A yes holds for exactly this and nothing else, for ${duration(approvedForMs)}.`,
  ].join("\n");
}

/** The rule that asks, and its reason, where it has one of its own: what ours would say stands above it. */
export function sayAsking({ policy, rule, reason }: Pick<Asking, "policy" | "rule" | "reason">): string {
  const which = `rule ${shown(rule)} of policy ${shown(policy)}`;
  return reason.startsWith(`rule ${quote(rule)} wants a person to approve `)
    ? which
    : `${which}: ${shown(reason)}`;
}

function quoted(name: string): string {
  return shownArguments(JSON.stringify(name));
}

/** Arguments as a person can look at them: cut where they are long, and that is said with size and digest. */
export function shownArguments(json: string): string {
  const text = shown(json);
  if (text.length <= consentArgumentsCharactersMax) return text;
  const tail = Math.floor(consentArgumentsCharactersMax / 4);
  const head = consentArgumentsCharactersMax - tail;
  const digest = createHash("sha256").update(json).digest("hex");
  return `${cutHead(text, head)} [… CUT: ${
    text.length - head - tail
  } of ${text.length} characters are not shown here; ` +
    `SHA-256 ${digest} …] ${cutTail(text, tail)}`;
}

/** What does not show, and what Markdown, HTML or a terminal would act on, as JSON spells it: `\u200b`. */
export function shown(text: string): string {
  return spellOut(text, hidden);
}

/**
 * \p{C}: controls, format characters (bidi, zero-width, tags), lone surrogates, unassigned; \p{Z} but the space; what is
 * drawn as nothing (\p{DI}: fillers, variation selectors); marks on top of others (\p{M}, so that none covers the letter
 * before it); the signs that begin code, links and tags.
 */
const hidden = /\p{C}|(?! )\p{Z}|\p{DI}|\p{M}|[`<>]|\](?=\()/gu;

function cutHead(text: string, length: number): string {
  const head = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head;
}

function cutTail(text: string, length: number): string {
  const tail = text.slice(text.length - length);
  return /^[\udc00-\udfff]/.test(tail) ? tail.slice(1) : tail;
}

/** `10 minutes`, `90 seconds`, `250 ms`. */
export function duration(ms: number): string {
  for (const [unit, unitMs] of [["hour", 3_600_000], ["minute", 60_000], ["second", 1_000]] as const) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs} ${unit}${ms === unitMs ? "" : "s"}`;
  }
  return `${ms} ms`;
}
