/** The command line: words become a command, errors become a message and an exit status. */

import { Command, CommanderError, Option } from "commander";
import { formatPosition, LilithError } from "../errors.ts";
import { version } from "../version.ts";
import { exitStatus, statusOf } from "./exit_status.ts";
import { StderrWriter } from "./stderr_writer.ts";

/** Runs one command line; gives the exit status. Never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.done;
  const stderr = new StderrWriter();
  const say = (text: string) => stderr.write(text);
  const program = commandLine((result) => status = result, say);
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    return reportFailure(error, say);
  } finally {
    await stderr.flush(stderrFlushMs);
  }
}

/** How long our words may take on a standard error that nobody reads; the exit status must come all the same. */
const stderrFlushMs = 1000;

function commandLine(finish: (status: number) => void, say: (text: string) => void): Command {
  const program = new Command("lilith-zero")
    .description(
      "A security proxy for MCP: stands between an AI agent and a tool server, judges every message " +
        "by a policy, records it, and takes the server down with itself.",
    )
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeErr: say,
      outputError: (text, write) => write(`lilith-zero: ${text}`),
    })
    .showHelpAfterError("(add --help to see what there is)");

  program.command("run")
    .summary("run a tool server behind the proxy")
    .description(
      "Starts COMMAND as an MCP server (stdio) and speaks MCP on our own standard input and output. " +
        "Put it into your client's configuration in front of the server's own command.",
    )
    .argument("<command...>", "the server's command and its arguments; a -- before it is optional")
    .option(
      "-p, --policy <file>",
      "what is allowed; may be given several times, then the strictest verdict wins",
      collect,
    )
    .option("-a, --audit <file>", "append a record of every message to this file (JSON lines, mode 0600)")
    .addOption(
      new Option(
        "--containment <level>",
        "`process` keeps to process groups even where namespaces are to be had",
      )
        .choices(["best", "process"]).default("best"),
    )
    .passThroughOptions()
    .addHelpText("after", runExamples)
    .action(
      async (
        command: string[],
        options: { policy?: string[]; audit?: string; containment: "best" | "process" },
      ) => {
        const { run } = await import("./run.ts");
        finish(
          await run({
            policies: options.policy ?? [],
            audit: options.audit,
            command,
            containment: options.containment,
          }),
        );
      },
    );

  const policy = program.command("policy").summary("work on policy files").description(
    "Work on policy files.",
  )
    .helpCommand(false);
  policy.command("check")
    .summary("report errors and run the examples")
    .description(
      "Reports what is wrong in policy files, with file:line:column, and runs the examples in them. " +
        "Exit status: 0 in order, 1 an example failed, 3 a policy is wrong.",
    )
    .argument("<file...>", "policy files")
    .option("--json", "print the findings as JSON", false)
    .action(async (files: string[], options: { json: boolean }) => {
      const { policyCheck } = await import("./policy_check.ts");
      finish(await policyCheck(files, options));
    });

  const audit = program.command("audit").summary("work on audit logs").description("Work on audit logs.")
    .helpCommand(false);
  audit.command("verify")
    .summary("find changed, missing or reordered lines")
    .description(
      "Checks the chain of hashes in an audit log and names the first line that does not fit. " +
        "Exit status: 0 intact, 1 not intact, 3 the file cannot be read.",
    )
    .argument("<file>", "an audit log")
    .option("--json", "print the findings as JSON", false)
    .action(async (file: string, options: { json: boolean }) => {
      const { auditVerify } = await import("./audit_verify.ts");
      finish(await auditVerify(file, options));
    });
  return program;
}

const runExamples = `
Examples:
  lilith-zero run -p policy.yaml -a audit.jsonl -- \\
    npx -y @modelcontextprotocol/server-filesystem /tmp
  lilith-zero run -p company.yaml -p project.yaml -- python3 server.py

Without --policy every tool call is denied; without --audit nothing is recorded.
Exit status: 0 when the client ended the session, else the server's own
(128 + n where signal n ended it); 2 usage, 3 policy or configuration,
126 and 127 a command that cannot be run.`;

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...before ?? [], value];
}

/** Says what went wrong on standard error; gives the exit status for it. */
function reportFailure(error: unknown, say: (text: string) => void): number {
  if (error instanceof CommanderError) {
    // It has printed its message; asking for help or the version is no failure.
    return error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
  }
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
