/** A session with the odd server (fixtures/odd_server.mjs), cut into the parts that belong to each row of a table. */

import { fileURLToPath } from "node:url";
import { Buffer } from "node:buffer";
import { type Act, messageBytesMax } from "../../corpus/odd_servers.ts";
import { type Answer, readRecords, Run, Scratch } from "./program.ts";

export const oddServer = fileURLToPath(new URL("../fixtures/odd_server.mjs", import.meta.url));

export const oddPolicy = `version: 1\ndefault: allow\nmax_message: ${messageBytesMax}\n`;

/** What was seen of one row. */
export interface Seen {
  readonly agentGets: readonly string[];
  readonly serverGets: readonly string[];
  /** Filled in when the session has ended. */
  records: readonly string[];
}

/** One session: rows are played one behind the other, and what came of each is told at the end. */
export class OddSession {
  readonly #scratch: Scratch;
  readonly #run: Run;
  readonly #rows: { readonly seen: Seen; readonly mark: string | undefined }[] = [];
  #serverLines = 0;
  #marks = 0;

  private constructor(scratch: Scratch, run: Run) {
    this.#scratch = scratch;
    this.#run = run;
  }

  static async start(args: readonly string[] = []): Promise<OddSession> {
    const scratch = await Scratch.make();
    const policy = await scratch.write("policy.yaml", oddPolicy);
    const seen = await scratch.write("seen.txt", "");
    const words = [
      "run",
      "-p",
      policy,
      "-a",
      scratch.file("audit.jsonl"),
      ...args,
      "--",
      "node",
      oddServer,
      seen,
    ];
    return new OddSession(scratch, new Run(words));
  }

  /** The agent writes each part, and waits for what comes of it before the next. */
  async play(parts: readonly (Uint8Array | string)[]): Promise<Seen> {
    const agentGets: string[] = [];
    let mark = "";
    for (const part of parts) {
      await this.#run.write(part);
      mark = `mark ${++this.#marks}`;
      await this.#run.write({ jsonrpc: "2.0", id: mark, method: "ping" });
      const last = JSON.stringify({ jsonrpc: "2.0", id: mark, result: {} });
      for (let line = await this.#read(); line !== last; line = await this.#read()) agentGets.push(line);
    }
    return this.#keep(agentGets, mark);
  }

  /** The agent writes a part, and closes its end where the server does not (`serverEnds`); all that comes of it till the end. */
  async playLast(part: Uint8Array | string, serverEnds = false): Promise<Seen> {
    await this.#run.write(part);
    if (!serverEnds) await this.#run.closeInput();
    const agentGets: string[] = [];
    for (let line = await this.#run.readLine(); line !== undefined; line = await this.#run.readLine()) {
      agentGets.push(line);
    }
    return this.#keep(agentGets, undefined);
  }

  async #keep(agentGets: readonly string[], mark: string | undefined): Promise<Seen> {
    const lines = (await Deno.readTextFile(this.#scratch.file("seen.txt"))).split("\n").slice(0, -1);
    const seen = { agentGets, serverGets: lines.slice(this.#serverLines), records: [] };
    this.#serverLines = lines.length;
    this.#rows.push({ seen, mark });
    return seen;
  }

  async #read(): Promise<string> {
    const line = await this.#run.readLine();
    if (line === undefined) throw new Error(`the program ended; it said: ${await this.#run.stderr}`);
    return line;
  }

  /** Ends the session; gives the exit status and what was said on standard error. */
  async end(): Promise<{ readonly status: number; readonly says: readonly string[] }> {
    const { code, stderr } = await this.#run.finish();
    const records = await readRecords(this.#scratch.file("audit.jsonl"));
    await this.#scratch[Symbol.asyncDispose]();
    let at = 1; // behind the start of the session
    for (const { seen, mark } of this.#rows) {
      const end = mark === undefined ? records.length : outcomeOf(records, mark) + 1;
      seen.records = records.slice(at, end).filter((record) => !isMark(records, record)).map(describe);
      at = end;
    }
    return { status: code, says: stderr.split("\n").slice(0, -1) };
  }
}

/** Where the outcome of the ping with this id stands. */
function outcomeOf(records: readonly Answer[], mark: string): number {
  const { call } = records.find(({ kind, id }) => kind === "decision" && id === mark)!;
  return records.findIndex((record) => record.kind === "outcome" && record.call === call);
}

function isMark(records: readonly Answer[], { kind, call }: Answer): boolean {
  if (kind !== "decision" && kind !== "outcome") return false;
  const decision = records.find((record) => record.kind === "decision" && record.call === call)!;
  return String(decision.id).startsWith("mark ");
}

/** `outcome server result forward lone_surrogate` */
function describe({ kind, from, type, action, code, name, notes }: Answer): string {
  const words = kind === "event" ? [kind, name] : [kind, from, type, action, code, ...(notes ?? [])];
  return words.filter((word) => word !== undefined).join(" ");
}

/** The arguments by which the odd server is told what to do. */
export function argumentsFor(acts: readonly Act[]): { readonly acts: readonly object[] } {
  return {
    acts: acts.map((act) => {
      switch (act.kind) {
        case "write":
          return { bytes: base64(act.what), times: act.times };
        case "trickle":
          return { slowly: base64(act.what) };
        case "stderr":
          return { err: base64(act.what), times: act.times };
        case "answer":
          return { answer: true };
        case "close":
          return { close: true };
        case "exit":
          return { exit: act.status };
      }
    }),
  };
}

/** Rows in groups that share a session; those that want one of their own come last, one by one. */
export function groupRows<Row extends { readonly alone?: unknown }>(
  rows: readonly Row[],
  size: number,
): Row[][] {
  const shared = rows.filter(({ alone }) => alone === undefined);
  const groups: Row[][] = [];
  for (let at = 0; at < shared.length; at += size) groups.push(shared.slice(at, at + size));
  for (const row of rows) if (row.alone !== undefined) groups.push([row]);
  return groups;
}

export function base64(what: string | Uint8Array): string {
  return Buffer.from(what as string).toString("base64");
}
