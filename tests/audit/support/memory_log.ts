/** Audit logs in memory, as a session that decides would write them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { appendRecord, type Chain, emptyAnchor, startChain } from "../../../src/audit/record.ts";
import type { DecisionRecord, RecordBody } from "../../../src/audit/record_body.ts";
import { readRecorded, type Recorded } from "../../../src/audit/recorded.ts";
import { Replay, type Replayed } from "../../../src/audit/replay.ts";
import { isHousekeeping, type Operation, targetKindOf } from "../../../src/mcp/operation.ts";
import type { CompiledPolicy } from "../../../src/policy/compiled.ts";
import type { PolicyDocument } from "../../../src/policy/rule.ts";
import type { Facts } from "../../../src/policy/facts.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../../../src/wire/json_value.ts";
import { anyOperation } from "../../policy/support/arbitrary.ts";

/** A log in memory: what a session that decides by `policy` writes. */
export class MemoryLog {
  readonly lines: Uint8Array[] = [];
  #chain: Chain;

  constructor(
    session = "one",
    directory = "/wd",
    vars: PolicyDocument["vars"] = undefined,
    namedDirectories: readonly string[] = [],
  ) {
    this.#chain = startChain(session, emptyAnchor);
    this.write({
      kind: "start",
      lilith: "0",
      platform: "linux",
      policies: [{ name: "team", file: "team.yaml", sha256: "0".repeat(64), mode: "enforce", vars }],
      server: { command: "x", args: [], directory, namedDirectories },
      containment: { level: "process", mechanism: "x" },
      writableByServer: [],
      masks: [],
    }, 0);
  }

  write(body: RecordBody, nowMs: number): void {
    const { line, chain } = appendRecord(this.#chain, body, nowMs);
    this.#chain = chain;
    this.lines.push(line.slice(0, -1));
  }

  decided(
    operation: Operation,
    decision: DecisionRecord["decision"],
    facts: Facts,
    nowMs: number,
    json = write(operation.arguments),
    consent: DecisionRecord["consent"] = undefined,
  ) {
    const bytes = json === undefined ? undefined : new TextEncoder().encode(json);
    this.write({
      kind: "decision",
      call: 1,
      from: operation.from === "downstream" ? "agent" : "server",
      type: "request",
      id: "1",
      method: operation.method,
      target: operation.target,
      name: operation.name,
      decision,
      facts,
      consent,
      shared: facts.shared,
      surface: facts.surface,
      ...(bytes === undefined ? {} : { arguments: { bytes, start: 0, end: bytes.length } }),
      bytes: 1,
    }, nowMs);
  }

  /** `policies`: those that it is replayed under; that of this log has a hash of zeros. */
  replay(
    compiled: CompiledPolicy,
    policies: readonly Pick<PolicyDocument, "sha256" | "vars">[] = [],
  ): readonly Replayed[] {
    const replay = new Replay({ compile: () => compiled, directory: "/wd", policies });
    const all: Replayed[] = [];
    this.read((recorded, line) => all.push(...replay.take(recorded, line)));
    return [...all, ...replay.end()];
  }

  read(visit: (recorded: Recorded, line: number) => void): void {
    this.lines.forEach((line, index) => {
      const recorded = readRecorded(line);
      assert.ok(recorded !== undefined, new TextDecoder().decode(line));
      visit(recorded, index + 1);
    });
  }
}

export function write(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (isJsonNumber(value)) return value.source;
  if (isJsonArray(value)) return `[${value.map(write).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(",")}}`;
}

/** As the proxy names it; the generator does not care which side may ask for what. */
const asRead = anyOperation.map((operation): Operation => ({
  ...operation,
  from: operation.target === "method" ? operation.from : "downstream",
  housekeeping: operation.target === "method" && isHousekeeping(operation.method),
})).filter(({ method, from, target }) => targetKindOf(method, from) === target);

/** Calls, and how much later each is made. */
export const anySteps = fc.array(
  fc.record({ operation: asRead, passedMs: fc.constantFrom(0, 0, 1, 500, 8_571, 60_000) }),
  { minLength: 1, maxLength: 6 },
);
