/** `lilith-zero audit verify FILE`: whether an audit log is as it was written. */

import { type Fault, type FaultKind, limitsOfProof, type Verification, verifyLog } from "../audit/verify.ts";
import { readAuditFile } from "./audit_file.ts";
import { exitStatus } from "./exit_status.ts";

/** Exit status: intact; not intact. A file that cannot be read is an error, and 3. */
export type VerifyStatus = 0 | 1;

export interface VerifyOptions {
  /** One JSON object instead of text for people. */
  readonly json: boolean;
}

/** stdout carries no protocol in this command. */
const terminal = (line: string): void => console.log(line);

/**
 * Verifies the log at `path` and says what it found, line by line, to `out`. Returns the exit status. Reads in constant
 * memory. Throws `audit_unreadable` where the file cannot be read.
 */
export function auditVerify(
  path: string,
  options: VerifyOptions,
  out: (line: string) => void = terminal,
): VerifyStatus {
  const result = readAuditFile(path, verifyLog);
  if (options.json) out(formatJson(path, result));
  else for (const line of formatText(path, result)) out(line);
  return result.faultCount === 0 ? exitStatus.done : exitStatus.checkFailed;
}

function formatText(path: string, result: Verification): string[] {
  const { lines, sessions, faults, faultCount, remarks } = result;
  const extent = `${count(lines, "line")}, ${count(sessions, "session")}`;
  const text = [faultCount === 0 ? `${path}: intact (${extent})` : `${path}: NOT intact (${extent})`];
  for (const fault of faults) text.push(`  line ${fault.line}: ${words[fault.kind]}: ${fault.detail}`);
  if (faultCount > faults.length) text.push(`  and ${faultCount - faults.length} more`);
  for (const { line, detail } of remarks.slice(0, remarksMax)) text.push(`  note: line ${line}: ${detail}`);
  if (remarks.length > remarksMax) text.push(`  note: and ${remarks.length - remarksMax} more like these`);
  text.push("What this cannot show:", ...limitsOfProof.map((limit) => `  - ${limit}`));
  return text;
}

const remarksMax = 20;

const words: Readonly<Record<FaultKind, string>> = {
  changed: "changed",
  missing: "missing",
  reordered: "out of order",
  repeated: "repeated",
  foreign: "foreign",
  cut_off: "cut off",
};

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function formatJson(path: string, result: Verification): string {
  const firstFault: Fault | null = result.faults[0] ?? null;
  return JSON.stringify({
    file: path,
    intact: result.faultCount === 0,
    firstFault,
    ...result,
    limitsOfProof,
  });
}
