/** What `--help` says below the options of each command: examples that can be copied, and what the exit status means. */

const usage = "2 usage";

/** An empty line, the examples, and one for what else there is to say, which is wrapped. */
function help(examples: readonly string[], more: string): string {
  const rest = more.split("\n").map(wrap).join("\n");
  return `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}\n\n${rest}`;
}

/** As wide as commander makes the text above. */
function wrap(paragraph: string): string {
  return paragraph.replace(/(?=.{81})(.{1,80}) /g, "$1\n");
}

/** By the words of the command. */
export const helpTexts = {
  program: help([
    "lilith-zero policy init -o policy.yaml -- npx -y SERVER # begin a policy",
    "lilith-zero policy check policy.yaml                    # what is wrong in it",
    "lilith-zero run -p policy.yaml -a audit.jsonl -- npx -y SERVER",
    'lilith-zero policy explain -p policy.yaml \'{"tool":"echo","arguments":{}}\'',
  ], "lilith-zero COMMAND --help says more of each command, and what its exit status is."),
  run: help(
    [
      "lilith-zero run -p policy.yaml -a audit.jsonl -- \\",
      "  npx -y @modelcontextprotocol/server-filesystem /tmp",
      "lilith-zero run -p company.yaml -p project.yaml -- python3 server.py",
      "lilith-zero run -p policy.yaml --state ~/.lilith-state --lock lilith.lock \\",
      "  --watch -- python3 server.py",
    ],
    `Without --policy every tool call is denied; without --audit nothing is recorded.
Exit status: 0 when the client ended the session, else the server's own (128 + n where signal n ended it); ${usage}, 3 policy or configuration, 70 our fault, 126 and 127 a command that cannot be run.`,
  ),
  lock: help(
    [
      "lilith-zero lock -- npx -y @modelcontextprotocol/server-filesystem /tmp",
      "lilith-zero lock --check -o server.lock -- python3 server.py",
    ],
    `Exit status: 0 written, or no difference; 1 a difference, with --check; ${usage}, 3 the server or the file cannot be read, 126 and 127 a command that cannot be run.`,
  ),
  policy: help(
    ["lilith-zero policy check policy.yaml", "lilith-zero policy init -o policy.yaml -- python3 server.py"],
    "lilith-zero policy COMMAND --help says more of each.",
  ),
  check: help(
    [
      "lilith-zero policy check policy.yaml",
      "lilith-zero policy check policies/git.yaml --var repository=/srv/repo",
      "lilith-zero policy check policy.yaml --server -- python3 server.py",
    ],
    `Exit status: 0 in order (warnings too), 1 an example failed, ${usage}, 3 a policy is wrong or the server could not be asked.`,
  ),
  init: help(
    [
      "lilith-zero policy init -- python3 server.py > policy.yaml",
      "lilith-zero policy init -o policy.yaml -- \\",
      "  npx -y @modelcontextprotocol/server-filesystem /tmp",
    ],
    `Exit status: 0 written, ${usage}, 3 the server could not be asked or the file not be written, 126 and 127 a command that cannot be run.`,
  ),
  schema: help(
    ["lilith-zero policy schema > policy.schema.json"],
    `The first line of a policy tells the editor of it:
  # yaml-language-server: $schema=policy.schema.json

Exit status: 0 printed, ${usage}.`,
  ),
  explain: help(
    [
      "lilith-zero policy explain -p policy.yaml \\",
      '  \'{"tool":"read_text_file","arguments":{"path":"/tmp/../etc/passwd"}}\'',
      "lilith-zero policy explain -p policy.yaml --json - < call.json",
    ],
    `Exit status: 0 whatever the verdict, 2 what is no call, 3 a policy is wrong.`,
  ),
  replay: help(
    [
      "lilith-zero policy replay -p new.yaml audit.jsonl",
      "lilith-zero policy replay -p company.yaml -p new.yaml --lines 100 audit.jsonl",
    ],
    `Exit status: 0 replayed, whatever changed, ${usage}, 3 a policy is wrong or the log cannot be read.`,
  ),
  suggest: help(
    ["lilith-zero policy suggest audit.jsonl > policy.yaml"],
    `Exit status: 0 printed, 1 there was nothing to allow, ${usage}, 3 the log cannot be read.`,
  ),
  approvals: help(
    [
      "lilith-zero approvals list --state ~/.lilith-state",
      "lilith-zero approvals approve 5fb1d69e --state ~/.lilith-state",
    ],
    "lilith-zero approvals COMMAND --help says more of each.",
  ),
  list: help(
    ["lilith-zero approvals list --state ~/.lilith-state --show"],
    `Exit status: 0 printed, also where nothing waits, ${usage}, 3 the file cannot be used.`,
  ),
  approve: help(
    ["lilith-zero approvals approve 5fb1d69e --state ~/.lilith-state"],
    `Exit status: 0 approved, 1 nothing waits by that name, ${usage}, 3 the file cannot be used.`,
  ),
  deny: help(
    ["lilith-zero approvals deny 5fb1d69e --state ~/.lilith-state"],
    `Exit status: 0 denied, 1 nothing waits by that name, ${usage}, 3 the file cannot be used.`,
  ),
  audit: help(
    ["lilith-zero audit verify audit.jsonl"],
    "lilith-zero audit COMMAND --help says more of each.",
  ),
  verify: help(
    ["lilith-zero audit verify audit.jsonl", "lilith-zero audit verify --json audit.jsonl"],
    `Exit status: 0 intact, 1 not intact, ${usage}, 3 the file cannot be read.`,
  ),
} as const;
