/** The command line: words become a command, errors become a message and an exit status. */

import { formatPosition, LilithError } from "../errors.ts";
import { exitStatus, statusOf } from "./exit_status.ts";
import { readRunArguments, type RunOptions } from "./run_arguments.ts";
import { StderrWriter } from "./stderr_writer.ts";

/** Runs one command line; gives the exit status. Never throws. */
export async function main(args: readonly string[]): Promise<number> {
  const stderr = new StderrWriter();
  const say = (text: string) => stderr.write(text);
  try {
    const options = readRunArguments(args);
    if (options !== undefined) return await run(options);
    const { runCommandLine } = await import("./command_line.ts");
    return await runCommandLine(args, say, run);
  } catch (error) {
    return reportFailure(error, say);
  } finally {
    await stderr.flush(stderrFlushMs);
  }
}

async function run(options: RunOptions): Promise<number> {
  const { run } = await import("./run.ts");
  return await run(options);
}

/** How long our words may take on a standard error that nobody reads; the exit status must come all the same. */
const stderrFlushMs = 1000;

/** Says what went wrong on standard error; gives the exit status for it. */
function reportFailure(error: unknown, say: (text: string) => void): number {
  if (error instanceof LilithError) {
    const at = error.at === undefined ? "" : `${formatPosition(error.at)}: `;
    const hint = error.hint === undefined ? "" : `\n  hint: ${error.hint}`;
    say(`lilith-zero: ${at}${error.message}${hint}\n`);
    return statusOf(error.code);
  }
  const detail = error instanceof Error ? error.stack ?? error.message : String(error);
  say(`lilith-zero: internal error, please report it: ${detail}\n`);
  return exitStatus.internal;
}
