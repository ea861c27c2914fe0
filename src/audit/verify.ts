/**
 * Whether an audit log is as it was written: every line unchanged, none missing, none added, each session in order.
 *
 * It reads once from front to back. What it holds grows with the number of sessions, not with the length of the log.
 */

import { hash } from "node:crypto";
import { auditAnchorLinesMax, recordLineBytesMax } from "../limits.ts";
import { AnchorWindow } from "./anchor_window.ts";
import { anchorOf, readSeal } from "./log_line.ts";
import { readLogLines } from "./log_lines.ts";

/** What is wrong with a line. */
export type FaultKind =
  /** Its content does not match its hash, or the record after it was written after another one. */
  | "changed"
  /** Records are missing before it. */
  | "missing"
  /** It stands before a record that was written earlier. */
  | "reordered"
  /** It stands there for the second time. */
  | "repeated"
  /** It is no line of this log. */
  | "foreign"
  /** It is the beginning of a record whose end is not there. */
  | "cut_off";

export interface Fault {
  readonly kind: FaultKind;
  /** From 1. */
  readonly line: number;
  /** What was expected there and what was found, for people. */
  readonly detail: string;
}

/** Something to know about a log that is no fault of it. */
export interface Remark {
  readonly kind: "no_end" | "continues" | "torn";
  readonly line: number;
  readonly detail: string;
}

export interface Verification {
  readonly lines: number;
  readonly sessions: number;
  /** In the order of the lines, the first {@linkcode faultsMax} of them; empty: the log is intact. */
  readonly faults: readonly Fault[];
  /** All of them. */
  readonly faultCount: number;
  readonly remarks: readonly Remark[];
}

/** More faults than these are counted, not listed: one cut can bring thousands, and the first tells the most. */
export const faultsMax = 100;

/** What an unsigned chain cannot show, whatever the result. */
export const limitsOfProof: readonly string[] = [
  "Whoever can write the file can write a whole new chain: it is not signed.",
  "Lines cut off at the end leave no trace, but that the last session has no end record.",
  "A whole session leaves no trace either, unless a later one began right behind a line of it.",
  "The order of lines of different sessions is not chained, but for the first line of each session.",
];

/**
 * Verifies the log whose bytes `chunks` brings, split anywhere.
 *
 * ```ts
 * import { appendRecord, emptyAnchor, startChain } from "./record.ts";
 * import { verifyLog } from "./verify.ts";
 *
 * const body = { kind: "event", name: "stopping", detail: "SIGTERM" } as const;
 * const { line } = appendRecord(startChain("example", emptyAnchor), body, 0);
 * console.assert(verifyLog([line]).faults.length === 0);
 * line[line.indexOf(0x53)]++; // the S of SIGTERM
 * console.assert(verifyLog([line]).faults[0].kind === "changed");
 * ```
 */
export function verifyLog(chunks: Iterable<Uint8Array>): Verification {
  const verifier = new Verifier();
  for (const line of readLogLines(chunks, recordLineBytesMax)) {
    verifier.take(line.bytes, line.isWhole, line.isTooLong);
  }
  return verifier.conclude();
}

/** The chain of one session as far as it was read. */
interface SessionChain {
  /** Number of the record that must come next. */
  next: number;
  /** Hash of the last record. */
  last: string;
  /** A hash that would do as well: of a changed line, what it says of itself and what it really has. */
  lastToo: string;
  lastLine: number;
  /** Records that were expected and have not come: they may stand further down. */
  gaps: Gap[];
  ended: boolean;
}

interface Gap {
  first: number;
  last: number;
  readonly fault: MutableFault;
}

interface MutableFault {
  kind: FaultKind;
  line: number;
  detail: string;
}

/** An unfinished line: a fault, unless the next session says that it found it so. */
interface Torn {
  readonly sha256: string;
  readonly fault: MutableFault;
}

/** What a line says of itself. */
interface Entry {
  readonly session: string;
  readonly sequence: number;
  readonly kind: string;
  readonly previous: string;
  readonly tornSha256: string | undefined;
}

class Verifier {
  readonly #chains = new Map<string, SessionChain>();
  readonly #anchors = new AnchorWindow(auditAnchorLinesMax);
  readonly #remarks: Remark[] = [];
  #faults: MutableFault[] = [];
  #faultCount = 0;
  #torn: Torn | undefined;
  /** Whether the line before was unfinished. */
  #isBehindTorn = false;
  /** Hashes of a changed line that may have been the first of its session. */
  #changedFirst: readonly string[] = [];
  #lines = 0;

  take(line: Uint8Array, isWhole: boolean, isTooLong: boolean): void {
    const number = ++this.#lines;
    if (isTooLong) {
      this.#fault("foreign", `it is longer than any record (${recordLineBytesMax} bytes)`);
      this.#anchors.add("");
      return;
    }
    const entry = readEntry(line);
    if (!isWhole || entry === undefined) {
      this.#takeUnreadable(line, isWhole);
    } else {
      this.#isBehindTorn = false;
      this.#takeEntry(line, entry, number);
    }
    this.#anchors.add(anchorOf(line));
  }

  conclude(): Verification {
    for (const [session, chain] of this.#chains) {
      if (chain.ended) continue;
      const detail = `session ${session} has no end record: it was killed, still runs, or was cut off`;
      this.#remarks.push({ kind: "no_end", line: chain.lastLine, detail });
    }
    return {
      lines: this.#lines,
      sessions: this.#chains.size,
      faults: this.#faults.toSorted((a, b) => a.line - b.line),
      faultCount: this.#faultCount,
      remarks: this.#remarks.toSorted((a, b) => a.line - b.line),
    };
  }

  #takeUnreadable(line: Uint8Array, isWhole: boolean): void {
    if (!isWhole && (looksCutOff(line) || readSeal(line) !== undefined)) {
      this.#fault("cut_off", "the file ends within it: its end was cut off, or is still being written");
    } else if (line.length === 0 && this.#isBehindTorn) {
      // Two sessions that begin at the same moment may both end the unfinished line that they found.
    } else if (!looksCutOff(line)) {
      this.#fault("foreign", "it is no record of an audit log");
    } else {
      const fault = this.#fault("cut_off", "it is the beginning of a record, and its end is not there");
      this.#torn = { sha256: hash("sha256", line, "hex"), fault };
      this.#isBehindTorn = true;
    }
  }

  #takeEntry(line: Uint8Array, entry: Entry, number: number): void {
    const seal = readSeal(line);
    const sum = seal === undefined ? "" : hash("sha256", seal.content, "hex");
    const claimed = seal?.claimed ?? "";
    const isChanged = sum !== claimed || seal === undefined;
    if (isChanged) {
      this.#fault(
        "changed",
        line.at(-1) === carriageReturn
          ? "a carriage return stands before its line feed: some program has changed the line ends"
          : `its content has the hash ${short(sum)}, the line says ${short(claimed)}`,
      );
    }
    const chain = this.#chains.get(entry.session);
    if (chain !== undefined) return this.#continue(chain, entry, { sum, claimed, isChanged, number });
    // A changed line may bear a changed name: it founds no session, but the next record may say that it was the first.
    if (isChanged) this.#changedFirst = entry.sequence === 0 ? [sum, claimed] : [];
    else this.#begin(entry, sum, number);
  }

  #begin(entry: Entry, sum: string, number: number): void {
    const { session, sequence, previous } = entry;
    const chain: SessionChain = {
      next: sequence + 1,
      last: sum,
      lastToo: sum,
      lastLine: number,
      gaps: [],
      ended: entry.kind === "end",
    };
    this.#chains.set(session, chain);
    if (sequence === 1 && this.#changedFirst.includes(previous)) return;
    if (sequence > 0) {
      const detail = `session ${session} begins here with record ${sequence}; records 0 to ${
        sequence - 1
      } are missing`;
      chain.gaps.push({ first: 0, last: sequence - 1, fault: this.#fault("missing", detail) });
      return;
    }
    this.#excuseTorn(entry);
    if (this.#anchors.has(previous)) return;
    if (number === 1) {
      const detail = "the log goes on from another file, or lines before it were removed";
      this.#remarks.push({ kind: "continues", line: number, detail });
      return;
    }
    const detail = `session ${session} began behind a line with the hash ${
      short(previous)
    }, which is not there`;
    this.#fault("missing", detail);
  }

  /** The session that found an unfinished line before it vouches for it: nobody has changed it since. */
  #excuseTorn(entry: Entry): void {
    if (this.#torn === undefined || entry.tornSha256 !== this.#torn.sha256) return;
    const { fault } = this.#torn;
    this.#torn = undefined;
    this.#faults = this.#faults.filter((other) => other !== fault);
    this.#faultCount--;
    const detail = "an unfinished line: its writer died or could not write on; the next session found it so";
    this.#remarks.push({ kind: "torn", line: fault.line, detail });
  }

  #continue(
    chain: SessionChain,
    entry: Entry,
    { sum, claimed, isChanged, number }: { sum: string; claimed: string; isChanged: boolean; number: number },
  ): void {
    const { session, sequence, previous } = entry;
    if (sequence < chain.next) {
      if (!isChanged) this.#takeEarlier(chain, entry, number);
      return;
    }
    if (sequence > chain.next) {
      // The number of a changed line may be what was changed.
      if (isChanged) return;
      const detail = `record ${sequence} of session ${session}; ${
        recordsTo(chain.next, sequence - 1)
      } missing before it`;
      const fault = this.#fault("missing", detail);
      if (chain.gaps.length < gapsMax) chain.gaps.push({ first: chain.next, last: sequence - 1, fault });
    } else if (previous !== chain.last && previous !== chain.lastToo && !isChanged) {
      this.#fault(
        "changed",
        `record ${sequence} of session ${session} was written behind another line (${
          short(previous)
        }) than this one ` +
          `(${short(chain.last)})`,
        chain.lastLine,
      );
    } else if (chain.ended && !isChanged) {
      this.#fault("foreign", `session ${session} has ended before it`);
    }
    chain.next = sequence + 1;
    chain.last = sum;
    chain.lastToo = claimed;
    chain.lastLine = number;
    chain.ended ||= entry.kind === "end";
  }

  /** A record that should have come before: late, or for the second time. */
  #takeEarlier(chain: SessionChain, { session, sequence }: Entry, number: number): void {
    const gap = chain.gaps.find(({ first, last }) => sequence >= first && sequence <= last);
    if (gap === undefined) {
      this.#fault("repeated", `record ${sequence} of session ${session} has been there before`);
      return;
    }
    gap.fault.kind = "reordered";
    gap.fault.detail += `; record ${sequence} stands in line ${number} instead`;
    // What remains of the gap on either side of the record.
    const rest = [{ ...gap, last: sequence - 1 }, { ...gap, first: sequence + 1 }];
    chain.gaps = chain.gaps.filter((other) => other !== gap)
      .concat(rest.filter(({ first, last }) => first <= last));
  }

  #fault(kind: FaultKind, detail: string, line = this.#lines): MutableFault {
    const fault = { kind, line, detail };
    this.#faultCount++;
    if (this.#faults.length < faultsMax) this.#faults.push(fault);
    return fault;
  }
}

const carriageReturn = 0x0d;

/** Gaps of one session that are remembered to tell a record that is late from one that is there twice. */
const gapsMax = 1000;

function recordsTo(first: number, last: number): string {
  return first === last ? `record ${first} is` : `records ${first} to ${last} are`;
}

function short(sum: string): string {
  return sum === "" ? "(none)" : sum.slice(0, 12) + "…";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What `line` says of itself; undefined where it is no record. */
function readEntry(line: Uint8Array): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(line));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { session, seq, kind, prev, torn } = value as Record<string, unknown>;
  // What is printed for people must hold no escape sequences, whoever wrote the file.
  if (typeof session !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(session)) return undefined;
  if (typeof kind !== "string" || typeof prev !== "string") return undefined;
  if (!Number.isSafeInteger(seq) || (seq as number) < 0) return undefined;
  const tornSha256 = (torn as { sha256?: unknown } | undefined)?.sha256;
  return {
    session,
    sequence: seq as number,
    kind,
    previous: prev,
    tornSha256: typeof tornSha256 === "string" ? tornSha256 : undefined,
  };
}

/** The beginning of every line: what is left of one that was not written to its end begins so too. */
const lineBegin = new TextEncoder().encode('{"v":1,"session":"');

function looksCutOff(line: Uint8Array): boolean {
  const length = Math.min(line.length, lineBegin.length);
  for (let i = 0; i < length; i++) if (line[i] !== lineBegin[i]) return false;
  return length > 0 && readSeal(line) === undefined;
}
