/** `lilith-zero policy suggest AUDIT.jsonl`: a deny-by-default policy from what was let through. */

import { basename } from "node:path";
import { readLogLines } from "../audit/log_lines.ts";
import { readRecorded } from "../audit/recorded.ts";
import { suggestPolicy } from "../audit/suggest.ts";
import { verifyLog } from "../audit/verify.ts";
import { recordLineBytesMax } from "../limits.ts";
import { readAuditFile } from "./audit_file.ts";
import { exitStatus } from "./exit_status.ts";

export interface SuggestOutput {
  out(text: string): void;
  err(text: string): void;
}

/** stdout carries no protocol in this command. */
const terminal: SuggestOutput = { out: (line) => console.log(line), err: (line) => console.error(line) };

/**
 * Prints the text of a policy. Exit status 0; 1 where nothing in the log was let through, so that there is nothing to
 * suggest (the policy denies everything then). Throws `audit_unreadable`.
 */
export function policySuggest(log: string, output: SuggestOutput = terminal): number {
  const { faultCount, faults } = readAuditFile(log, verifyLog);
  if (faultCount > 0) {
    output.err(
      `warning: ${log} is not intact (line ${faults[0].line}: ${faults[0].detail}); ` +
        `whoever changed it chooses what is suggested\n  hint: lilith-zero audit verify ${log}`,
    );
  }
  const { policy, calls } = suggestPolicy((visit) => {
    readAuditFile(log, (chunks) => {
      let line = 0;
      for (const { bytes, isTooLong } of readLogLines(chunks, recordLineBytesMax)) {
        line++;
        const recorded = isTooLong ? undefined : readRecorded(bytes);
        if (recorded !== undefined) visit(recorded, line);
      }
    });
  }, basename(log));
  output.out(policy.replace(/\n$/, ""));
  if (calls > 0) return exitStatus.done;
  output.err(`warning: nothing in ${log} was let through that a rule could allow`);
  return exitStatus.checkFailed;
}
