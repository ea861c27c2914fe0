/**
 * The plain form of `run`, as clients have it in their configuration, read without the package that knows the others: it
 * would take a third of the time to the first answer.
 */

/** What `run` is to do. */
export interface RunOptions {
  readonly policies: readonly string[];
  /** `NAME=VALUE`, as they were given. */
  readonly vars: readonly string[];
  readonly audit: string | undefined;
  /** What the server said of itself when it was approved. */
  readonly lock: string | undefined;
  /** What several proxies share: approvals, labels, what limits have used up. */
  readonly state: string | undefined;
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** `process`: do not use namespaces even where they are to be had. */
  readonly containment: "best" | "process";
  /** The policy files are watched, and put in force when they change. */
  readonly watch: boolean;
}

/**
 * The options of a `run`; undefined where the words are anything but options of ours, each with its value as the next
 * word, and then a command. `command_line.ts` reads all there is, these too, and says what is wrong.
 *
 * ```ts
 * import { readRunArguments } from "./run_arguments.ts";
 *
 * const options = readRunArguments(["run", "-p", "policy.yaml", "--", "npx", "server"]);
 * console.assert(options?.policies[0] === "policy.yaml" && options.command.length === 2);
 * console.assert(readRunArguments(["run", "--help"]) === undefined);
 * ```
 */
export function readRunArguments(args: readonly string[]): RunOptions | undefined {
  if (args[0] !== "run") return undefined;
  const policies: string[] = [];
  const vars: string[] = [];
  let audit: string | undefined;
  let lock: string | undefined;
  let state: string | undefined;
  let containment: RunOptions["containment"] = "best";
  let watch = false;
  let at = 1;
  for (; args[at]?.startsWith("-") && args[at] !== "--"; at += 2) {
    if (args[at] === "--watch") {
      watch = true;
      at--; // it has no value
      continue;
    }
    const value = args[at + 1];
    if (value === undefined || value.startsWith("-")) return undefined;
    switch (args[at]) {
      case "-p":
      case "--policy":
        policies.push(value);
        break;
      case "--var":
        vars.push(value);
        break;
      case "-a":
      case "--audit":
        audit = value;
        break;
      case "--lock":
        lock = value;
        break;
      case "--state":
        state = value;
        break;
      case "--containment":
        if (value !== "best" && value !== "process") return undefined;
        containment = value;
        break;
      default:
        return undefined;
    }
  }
  const command = args.slice(args[at] === "--" ? at + 1 : at);
  return command.length === 0
    ? undefined
    : { policies, vars, audit, lock, state, command, containment, watch };
}
