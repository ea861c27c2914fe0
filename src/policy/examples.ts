/** A policy tried on the examples that its author wrote into it. */

import { readAccompanying } from "../mcp/accompanying.ts";
import { readMessage } from "../mcp/read_message.ts";
import { type Operation, readOperation } from "../mcp/operation.ts";
import { JsonScanner } from "../wire/json.ts";
import { builtInRules } from "./built_in.ts";
import type { CompiledPolicy } from "./compiled.ts";
import type { Decision } from "./decision.ts";
import { decideTogether } from "./decide_together.ts";
import { type Facts, pathQueries, type Query, type Resolution, withConsents, withSurface } from "./facts.ts";
import { needsOfAll } from "./needs.ts";
import { normalizePath } from "./path.ts";
import type { Example, ExampleCall, PolicyDocument } from "./rule.ts";
import { advance, initialState, type PolicyState } from "./state.ts";

/** What became of the call of an example. */
export interface Outcome {
  readonly verdict: Example["expect"];
  /** The rule's id, `default`, or `malformed` for a message that no policy gets to see. */
  readonly rule: string;
  readonly reason: string;
  /** False: it is the outcome of a call before, so that the call itself was never made. */
  readonly isReached?: false;
}

export interface ExampleResult {
  /** Place in the document, from 1. */
  readonly number: number;
  readonly example: Example;
  readonly passed: boolean;
  readonly outcome: Outcome;
}

/**
 * Judges every example of the document, each in a session of its own; `policy` is the document compiled alone.
 *
 * Paths are taken as they are written: everything exists and nothing is a link. So a check gives the same result on
 * every machine, and says nothing of the links on any of them.
 */
export function runExamples(document: PolicyDocument, policy: CompiledPolicy): readonly ExampleResult[] {
  return document.examples.map((example, index) => {
    const outcome = judge(example, policy);
    const passed = outcome.isReached !== false && outcome.verdict === example.expect &&
      (example.expectRule === undefined || outcome.rule === example.expectRule);
    return { number: index + 1, example, passed, outcome };
  });
}

/** The clock stands still, so that calls made before are made at the same moment. */
const nowMs = 0;

function judge(example: Example, policy: CompiledPolicy): Outcome {
  const operations = readExampleOperations(example);
  if (typeof operations === "string") {
    // The proxy refuses such a message before any rule, so the verdict is as good as a rule's.
    return { verdict: "deny", rule: builtInRules.malformed, reason: operations };
  }
  let state = initialState(policy);
  for (const [index, call] of (example.afterCalls ?? []).entries()) {
    const made = letThrough(call, state, policy);
    if ("reason" in made) {
      const reason = `call ${index + 1} before it is not let through: ${made.reason}`;
      return { verdict: made.verdict, rule: made.rule, reason, isReached: false };
    }
    state = made;
  }
  const decide = (state: PolicyState): Decision => decideOn(operations, state, policy);
  for (let made = 0; made < (example.after ?? 0); made++) {
    const before = decide(state);
    // What is denied changes nothing, and would be denied again.
    if (before.action === "deny") break;
    state = advance(state, policy, before, nowMs);
  }
  const { verdict, rule, reason } = decide(state);
  return { verdict, rule, reason };
}

function decideOn(
  [first, ...rest]: readonly [Operation, ...Operation[]],
  state: PolicyState,
  policy: CompiledPolicy,
  consents?: ReadonlySet<string>,
): Decision {
  const facts = asDeclared(
    policy,
    answerByName(needsOfAll(policy, [first, ...rest]), policy.paths.workingDirectory),
  );
  const known = consents === undefined ? facts : withConsents(facts, consents);
  return decideTogether(policy, state, first, rest, known, nowMs).decision;
}

/** The state after a call, a person's yes included where it is asked for; its outcome where it does not pass. */
function letThrough(call: ExampleCall, state: PolicyState, policy: CompiledPolicy): PolicyState | Outcome {
  const operations = readExampleOperations(call);
  if (typeof operations === "string") {
    return { verdict: "deny", rule: builtInRules.malformed, reason: operations };
  }
  let decision = decideOn(operations, state, policy);
  if (decision.asks !== undefined) {
    decision = decideOn(operations, state, policy, new Set(decision.asks.map(({ key }) => key)));
  }
  if (decision.action === "deny") return decision;
  return advance(state, policy, decision, nowMs);
}

/** A call as people write it. */
export type WrittenCall = ExampleCall;

/** The example as the line that a peer would send, read by the same code as in the proxy; a reason where it is refused. */
export function readExampleOperations(example: WrittenCall): readonly [Operation, ...Operation[]] | string {
  return readLineOperations(exampleLine(example), example.from);
}

/** The operations of one line of JSON-RPC; a reason where it is refused. */
export function readLineOperations(
  text: string,
  from: Operation["from"],
): readonly [Operation, ...Operation[]] | string {
  const line = new TextEncoder().encode(`${text}\n`);
  const message = readMessage(new JsonScanner(), { buffer: line, start: 0, end: line.length - 1 });
  if (message.kind === "malformed") return message.reason;
  if (message.kind !== "request" && message.kind !== "notification") return "it is no request";
  const operation = readOperation(message, from);
  if ("kind" in operation) return operation.reason;
  const accompanying = from === "downstream" ? readAccompanying(message) : [];
  return typeof accompanying === "string" ? accompanying : [operation, ...accompanying];
}

function exampleLine(example: WrittenCall): string {
  const name = JSON.stringify(example.name);
  const args = example.argumentsJson;
  switch (example.target) {
    case "tool":
      return request("tools/call", `{"name":${name}${args === undefined ? "" : `,"arguments":${args}`}}`);
    case "prompt":
      return request("prompts/get", `{"name":${name}${args === undefined ? "" : `,"arguments":${args}`}}`);
    case "resource":
      return request("resources/read", args === undefined ? `{"uri":${name}}` : withUri(name, args));
    case "method":
      return request(example.name, args);
  }
}

/** The arguments of a resource are the other members of its params. */
function withUri(name: string, args: string): string {
  if (!args.startsWith("{") || args === "{}") return args === "{}" ? `{"uri":${name}}` : args;
  return `{"uri":${name},${args.slice(1)}`;
}

function request(method: string, params: string | undefined): string {
  const id = method.startsWith("notifications/") ? "" : `"id":1,`;
  const rest = params === undefined ? "" : `,"params":${params}`;
  return `{"jsonrpc":"2.0",${id}"method":${JSON.stringify(method)}${rest}}`;
}

/** Without a server nobody knows what it declares: arguments are taken to satisfy it, so that the rest of a rule shows. */
export function asDeclared({ trust }: CompiledPolicy, facts: Facts): Facts {
  if (trust === undefined) return facts;
  return withSurface(facts, { standing: "as_locked", schema: { answer: "yes", why: "" } });
}

/** Answers every question from the name alone, without a disk. */
export function answerByName(queries: readonly Query[], workingDirectory: string): Facts {
  return new Map(
    pathQueries(queries).map(({ path }): [string, Resolution] => {
      const absolute = path.startsWith("/") ? path : `${workingDirectory}/${path}`;
      return [path, { kind: "real", path: normalizePath(absolute) }];
    }),
  );
}
