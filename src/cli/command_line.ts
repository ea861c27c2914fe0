/** The command line as people write it: help, suggestions, every spelling of an option. */

import { Command, CommanderError, Help, InvalidArgumentError, Option } from "commander";
import { version } from "../version.ts";
import { exitStatus } from "./exit_status.ts";
import { helpTexts } from "./help_texts.ts";
import type { RunOptions } from "./run_arguments.ts";

/** Runs one command line; gives the exit status. What `run` is to do goes to `run`. */
export async function runCommandLine(
  args: readonly string[],
  say: (text: string) => void,
  run: (options: RunOptions) => Promise<number>,
): Promise<number> {
  let status: number = exitStatus.done;
  try {
    const { words, server } = splitServer(args);
    await commandLine((result) => status = result, say, run, server).parseAsync([...words], { from: "user" });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // It has printed its message; asking for help or the version is no failure.
    return error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
  }
}

/** `policy check FILE… --server -- COMMAND…`: what is behind the -- is a server's command, and no more files. */
function splitServer(
  args: readonly string[],
): { readonly words: readonly string[]; readonly server: readonly string[] } {
  const end = args.indexOf("--");
  const isCheck = args[0] === "policy" && args[1] === "check";
  if (!isCheck || end < 0 || !args.slice(0, end).includes("--server")) return { words: args, server: [] };
  return { words: args.slice(0, end), server: args.slice(end + 1) };
}

/** All commands: what each is called, takes and says of itself. `finish` is told the exit status of the one that ran. */
export function commandLine(
  finish: (status: number) => void,
  say: (text: string) => void,
  run: (options: RunOptions) => Promise<number>,
  server: readonly string[],
): Command {
  const program = new Command("lilith-zero")
    .description(
      "A security proxy for MCP: stands between an AI agent and a tool server, judges every message " +
        "by a policy, records it, and takes the server down with itself.",
    )
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand(false)
    .enablePositionalOptions()
    // That a switch is off where it is not given needs no words.
    .configureHelp({
      optionDescription: (option) =>
        option.defaultValue === false ? option.description : new Help().optionDescription(option),
    })
    .exitOverride()
    .configureOutput({
      writeErr: say,
      outputError: (text, write) => write(`lilith-zero: ${text}`),
    })
    .showHelpAfterError("(add --help to see what there is)")
    .addHelpText("after", helpTexts.program);

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
    .option(
      "--var <name=value>",
      "a value for a variable of the policies; may be given several times",
      collect,
    )
    .option("-a, --audit <file>", "append a record of every message to this file (JSON lines, mode 0600)")
    .option(
      "--state <file>",
      "what several proxies share, and where `approvals` answers for a person (mode 0600)",
    )
    .option("--lock <file>", "hide and deny what the server says otherwise than when `lock` wrote this file")
    .addOption(
      new Option(
        "--containment <level>",
        "`process` keeps to process groups even where namespaces are to be had",
      )
        .choices(["best", "process"]).default("best"),
    )
    .option("--watch", "put the policy files in force anew when they change, without a restart", false)
    .passThroughOptions()
    .addHelpText("after", helpTexts.run)
    .action(
      async (
        command: string[],
        options: {
          policy?: string[];
          var?: string[];
          audit?: string;
          lock?: string;
          state?: string;
          containment: "best" | "process";
          watch: boolean;
        },
      ) => {
        finish(
          await run({
            policies: options.policy ?? [],
            vars: options.var ?? [],
            audit: options.audit,
            lock: options.lock,
            state: options.state,
            command,
            containment: options.containment,
            watch: options.watch,
          }),
        );
      },
    );

  program.command("lock")
    .summary("write down what a server says of itself, or show what has changed")
    .description(
      "Starts COMMAND as an MCP server, asks it for its instructions, tools, prompts and resource templates, and " +
        "writes their hashes to a lock file. Where there is one already, prints what is new, gone or changed " +
        "first. `run --lock FILE` hides and denies what differs.",
    )
    .argument("<command...>", "the server's command and its arguments, as `run` is given them")
    .option("-o, --output <file>", "the lock file", "lilith.lock")
    .option("--check", "write nothing; exit with 1 where something differs", false)
    .option("--json", "print the findings as JSON", false)
    .option("-p, --policy <file>", "for its `server:` settings; may be given several times", collect)
    .option(
      "--var <name=value>",
      "a value for a variable of the policies; may be given several times",
      collect,
    )
    .addOption(
      new Option("--containment <level>", "as for `run`").choices(["best", "process"]).default("best"),
    )
    .passThroughOptions()
    .addHelpText("after", helpTexts.lock)
    .action(
      async (
        command: string[],
        options: {
          output: string;
          check: boolean;
          json: boolean;
          policy?: string[];
          var?: string[];
          containment: "best" | "process";
        },
      ) => {
        const { lockServer } = await import("./lock.ts");
        finish(
          await lockServer({ ...options, policies: options.policy ?? [], vars: options.var ?? [], command }),
        );
      },
    );

  const policy = program.command("policy").summary("work on policy files").description(
    "Work on policy files.",
  )
    .helpCommand(false)
    .addHelpText("after", helpTexts.policy);
  policy.command("check")
    .summary("report errors and run the examples")
    .description(
      "Reports what is wrong in policy files, with file:line:column, and runs the examples in them.",
    )
    .argument("<file...>", "policy files")
    .option("--var <name=value>", "a value for a variable; may be given several times", collect)
    .option("--json", "print the findings as JSON", false)
    .option(
      "--server",
      "start the server whose command stands behind --, and hold the policies against what it lists",
      false,
    )
    .addHelpText("after", helpTexts.check)
    .action(
      async (
        files: string[],
        options: { json: boolean; var?: string[]; server: boolean },
        command: Command,
      ) => {
        const { json, var: vars = [] } = options;
        if (options.server && server.length === 0) {
          command.error(
            "error: --server wants the server's command behind --: policy check FILE --server -- COMMAND",
          );
        }
        const { policyCheck } = await import("./policy_check.ts");
        const { mayColour } = await import("./paint.ts");
        const colour = mayColour(Deno.stderr);
        finish(await policyCheck(files, { json, colour, vars, ...(options.server ? { server } : {}) }));
      },
    );

  policy.command("init")
    .summary("begin a policy for a server")
    .description(
      "Starts COMMAND as an MCP server, asks it what it offers, and writes a policy that denies everything, with a " +
        "rule for each tool as a comment.",
    )
    .argument("<command...>", "the server's command and its arguments, as `run` is given them")
    .option("-o, --output <file>", "the policy file; left out: standard output")
    .option("--force", "replace a file that is there", false)
    .addOption(
      new Option("--containment <level>", "as for `run`").choices(["best", "process"]).default("best"),
    )
    .passThroughOptions()
    .addHelpText("after", helpTexts.init)
    .action(
      async (
        command: string[],
        { output, force, containment }: { output?: string; force: boolean; containment: "best" | "process" },
      ) => {
        const { policyInit } = await import("./policy_init.ts");
        finish(await policyInit({ command, output, force, containment }));
      },
    );

  policy.command("schema")
    .summary("print the JSON Schema of policies")
    .description(
      "Prints the language of policies as a JSON Schema (draft 7), for completion and checks in editors.",
    )
    .addHelpText("after", helpTexts.schema)
    .action(async () => {
      const { policySchema } = await import("./policy_schema.ts");
      await policySchema();
    });

  policy.command("explain")
    .summary("say why a call would be allowed or not")
    .description(
      "Says what the policies make of one call, rule by rule: what each check said, of what, and what decided. " +
        'CALL is JSON: {"tool":"read_file","arguments":{…}} as in the examples of a policy (also resource, prompt, ' +
        "method), or a whole JSON-RPC message; - reads it from standard input.",
    )
    .argument("<call>", "the call, or -")
    .requiredOption(
      "-p, --policy <file>",
      "may be given several times, then the strictest verdict wins",
      collect,
    )
    .option("--var <name=value>", "a value for a variable; may be given several times", collect)
    .option("--directory <path>", "the server's working directory (the policy's own, else this one)")
    .option("--from-server", "the server sends it", false)
    .option("--no-disk", "look no path up: everything exists, and nothing is a link")
    .option("--json", "print the trace as JSON", false)
    .addHelpText("after", helpTexts.explain)
    .action(
      async (
        call: string,
        options: {
          policy: string[];
          var?: string[];
          directory?: string;
          fromServer: boolean;
          disk: boolean;
          json: boolean;
        },
      ) => {
        const { policyExplain } = await import("./policy_explain.ts");
        const { mayColour } = await import("./paint.ts");
        const { policy: policies, var: vars = [], directory, fromServer, disk, json } = options;
        finish(
          await policyExplain({
            policies,
            vars,
            call,
            directory,
            fromServer,
            disk,
            json,
            colour: mayColour(),
          }),
        );
      },
    );

  policy.command("replay")
    .summary("say what a log would have been under other policies")
    .description(
      "Decides again what an audit log records, with the facts and times of then, and says what would have been " +
        "decided otherwise. What masks and cuts in the log leave open is counted, not guessed.",
    )
    .argument("<log>", "an audit log")
    .requiredOption(
      "-p, --policy <file>",
      "may be given several times, then the strictest verdict wins",
      collect,
    )
    .option("--var <name=value>", "a value for a variable; may be given several times", collect)
    .option("--directory <path>", "the server's working directory, for sessions that began before the log")
    .option("--lines <number>", "changed decisions to show one by one", wholeNumber, 20)
    .option("--json", "print the findings as JSON", false)
    .addHelpText("after", helpTexts.replay)
    .action(
      async (
        log: string,
        options: { policy: string[]; var?: string[]; directory?: string; lines: number; json: boolean },
      ) => {
        const { policyReplay } = await import("./policy_replay.ts");
        const { mayColour } = await import("./paint.ts");
        const { policy: policies, var: vars = [], directory, lines: linesMax, json } = options;
        finish(await policyReplay({ policies, vars, log, directory, linesMax, json, colour: mayColour() }));
      },
    );

  policy.command("suggest")
    .summary("write a policy from what a log shows")
    .description(
      "Prints a deny-by-default policy that allows what an audit log shows to have been let through, no wider than " +
        "what was seen; comments say what each rule rests on. Run the proxy under policies/allow-all.yaml or with " +
        "mode: observe first, then read what this suggests: what an agent did is not what it may do.",
    )
    .argument("<log>", "an audit log")
    .addHelpText("after", helpTexts.suggest)
    .action(async (log: string) => {
      const { policySuggest } = await import("./policy_suggest.ts");
      finish(policySuggest(log));
    });

  const approvals = program.command("approvals").summary("answer for calls that wait for a person")
    .description(
      "Answers for calls that a rule asks a person about, where the client itself cannot ask. " +
        "FILE is the one that `lilith-zero run --state FILE` was given.",
    )
    .helpCommand(false)
    .addHelpText("after", helpTexts.approvals);
  const stateOption = () => new Option("--state <file>", "the state file").makeOptionMandatory();
  approvals.command("list")
    .summary("show what waits and what was answered")
    .description("Shows the calls that wait for an answer, and the answers that still hold.")
    .addOption(stateOption())
    .option("--show", "show arguments as they are; personal data and secrets in them are masked else", false)
    .option("--json", "print them as JSON", false)
    .addHelpText("after", helpTexts.list)
    .action(async (options: { state: string; show: boolean; json: boolean }) => {
      const { listApprovals } = await import("./approvals.ts");
      finish(listApprovals(options, Date.now()));
    });
  for (const [word, answer] of [["approve", "approved"], ["deny", "denied"]] as const) {
    approvals.command(word)
      .summary(
        word === "approve"
          ? "let exactly this call pass, for a while"
          : "deny exactly this call, for a while",
      )
      .description(
        word === "approve"
          ? "Lets exactly this call pass when it is made again, for as long as the rule says (10 minutes where it says nothing)."
          : "Denies exactly this call, for as long as an approval would have held. It can still be approved.",
      )
      .argument("<id>", "as `approvals list` shows it")
      .addOption(stateOption())
      .option("--json", "print it as JSON", false)
      .addHelpText("after", helpTexts[word])
      .action(async (id: string, options: { state: string; json: boolean }) => {
        const { answerOne } = await import("./approvals.ts");
        finish(answerOne(id, answer, options, Date.now()));
      });
  }

  const audit = program.command("audit").summary("work on audit logs").description("Work on audit logs.")
    .helpCommand(false)
    .addHelpText("after", helpTexts.audit);
  audit.command("verify")
    .summary("find changed, missing or reordered lines")
    .description(
      "Checks the chain of hashes in an audit log and names the first line that does not fit.",
    )
    .argument("<file>", "an audit log")
    .option("--json", "print the findings as JSON", false)
    .addHelpText("after", helpTexts.verify)
    .action(async (file: string, options: { json: boolean }) => {
      const { auditVerify } = await import("./audit_verify.ts");
      finish(await auditVerify(file, options));
    });
  return program;
}

function wholeNumber(value: string): number {
  if (/^[0-9]{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It is no whole number.");
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...before ?? [], value];
}
