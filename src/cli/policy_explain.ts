/** `lilith-zero policy explain -p FILE… CALL`: why a call would be allowed or not, rule by rule. */

import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { LilithError } from "../errors.ts";
import { policyBytesMax } from "../limits.ts";
import type { Operation } from "../mcp/operation.ts";
import { decideTogether } from "../policy/decide_together.ts";
import type { Decision } from "../policy/decision.ts";
import { answerByName, asDeclared } from "../policy/examples.ts";
import { explain, type Explanation } from "../policy/explain.ts";
import { type Facts, pathQueries } from "../policy/facts.ts";
import { needsOfAll } from "../policy/needs.ts";
import { readCall } from "../policy/read_call.ts";
import { initialState } from "../policy/state.ts";
import { openResolver } from "../supervisor/resolve.ts";
import { exitStatus } from "./exit_status.ts";
import { formatExplanation } from "./explain_text.ts";
import { compileFor, loadPolicies } from "./load_policies.ts";
import { mergeServerSettings } from "./server_settings.ts";
import { readVariables } from "./variables.ts";

export interface ExplainOptions {
  /** At least one. */
  readonly policies: readonly string[];
  /** `NAME=VALUE`, as they were given; left out: none. */
  readonly vars?: readonly string[];
  /** JSON, or `-` for standard input. */
  readonly call: string;
  /** The server's working directory; absent: the policy's, else ours. */
  readonly directory: string | undefined;
  /** The server sends it. */
  readonly fromServer: boolean;
  /** Look paths up; else everything exists and nothing is a link. */
  readonly disk: boolean;
  readonly json: boolean;
  /** Whether the text may be coloured. */
  readonly colour: boolean;
}

export interface ExplainOutput {
  out(text: string): void;
  err(text: string): void;
}

/** stdout carries no protocol in this command. */
const terminal: ExplainOutput = { out: (line) => console.log(line), err: (line) => console.error(line) };

/** What the command says of one message. */
export interface ExplainedMessage {
  /** The verdict on the message as a whole. */
  readonly decision: Decision;
  /** The operation, and each that accompanies it. */
  readonly explanations: readonly Explanation[];
}

/**
 * Explains one call, made at this moment in a new session. Exit status 0, whatever the verdict: it was asked for.
 * Throws `usage` for what is no call, and the loader's errors.
 */
export async function policyExplain(
  options: ExplainOptions,
  output: ExplainOutput = terminal,
): Promise<number> {
  const documents = await loadPolicies(
    options.policies,
    (finding) => output.err(finding),
    readVariables(options.vars ?? []),
  );
  const text = options.call === "-" ? await readStandardInput() : options.call;
  const call = readCall(text, options.fromServer ? "upstream" : "downstream");
  if (call.kind === "unreadable") {
    throw new LilithError("usage", {
      message: `Cannot explain the call: ${call.reason}`,
      hint: call.hint,
    });
  }
  if (call.kind === "refused") {
    if (options.json) {
      output.out(JSON.stringify({ verdict: "deny", code: "malformed", reason: call.reason }, null, 2));
    } else output.out(`refused before any rule: ${call.reason}`);
    return exitStatus.done;
  }
  const settings = mergeServerSettings(documents.map((document) => document.server));
  const directory = resolve(options.directory ?? settings.directory ?? Deno.cwd());
  const ownFiles = options.policies.map((path) => realpathSync(path));
  const policy = await compileFor(documents, ownFiles, { workingDirectory: directory });
  const found = lookUp(needsOfAll(policy, call.operations), directory, options.disk);
  const facts = asDeclared(policy, found);
  const [first, ...rest] = call.operations;
  const state = initialState(policy);
  const nowMs = Date.now();
  const { decision } = decideTogether(policy, state, first, rest, facts, nowMs);
  const explanations = call.operations.map((one: Operation) => explain(policy, state, one, facts, nowMs));
  if (options.json) output.out(JSON.stringify({ decision, explanations }, null, 2));
  else for (const line of formatExplanation({ decision, explanations }, options.colour)) output.out(line);
  return exitStatus.done;
}

function lookUp(queries: ReturnType<typeof needsOfAll>, directory: string, onDisk: boolean): Facts {
  if (queries.length === 0 || !onDisk) return answerByName(queries, directory);
  const resolvePath = openResolver(directory);
  return new Map(pathQueries(queries).map(({ path }) => [path, resolvePath(path)]));
}

/** At most as much as a policy may be long: a call is never longer. */
async function readStandardInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Deno.stdin.readable) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > policyBytesMax) {
      throw new LilithError("usage", {
        message: `Cannot explain the call: standard input has more than ${policyBytesMax} bytes`,
        hint: "Give one call, as JSON",
      });
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return new TextDecoder().decode(all);
}
