/** Servers that end, close their output, or write on their standard error. */

import { answer, answers, forwarded, type OddServer, refused, write } from "./row.ts";

const gone = (status: number) => {
  const reason = `the tool server is gone: it ended with status ${status}`;
  return `{"jsonrpc":"2.0","id":<id>,"error":{"code":503,"message":"${reason}",` +
    `"data":{"code":"server_gone","reason":"${reason}"}}}`;
};
const exited = "event server_exited";
const goneRecord = "outcome server error replace server_gone";

export const endings: readonly OddServer[] = [
  {
    name: "exits before it answers",
    acts: [{ kind: "exit", status: 3 }],
    agentGets: [gone(3)],
    says: [],
    records: [exited, goneRecord, "end"],
    alone: { status: 3 },
    because:
      "some clients hang on a closed pipe (python-sdk issue 332): every request that waits gets an error",
  },
  {
    name: "exits right after its answer",
    acts: [answers, { kind: "exit", status: 0 }],
    agentGets: [answer],
    says: [],
    records: [forwarded, exited, "end"],
    alone: { status: 0 },
    because: "what it has written before it ended is delivered",
  },
  {
    name: "exits after an answer without a line feed",
    acts: [write(answer), { kind: "exit", status: 0 }],
    agentGets: [answer],
    says: [],
    records: [forwarded, exited, "end"],
    alone: { status: 0 },
    because: "SDK clients lose it; the end of the stream ends the line, and a line feed is put behind it",
  },
  {
    name: "exits within its answer",
    acts: [write(answer.slice(0, -3)), { kind: "exit", status: 4 }],
    agentGets: [
      '{"jsonrpc":"2.0","id":<id>,"error":{"code":-32603,"message":"the server\'s answer was refused: ' +
      'the end of the text instead of a value at byte 48","data":{"code":"malformed","reason":' +
      '"the end of the text instead of a value at byte 48"}}}',
    ],
    says: [
      "lilith-zero: warning: The server sent a message that cannot be passed on: " +
      "the end of the text instead of a value at byte 48",
    ],
    records: [refused, "outcome server error replace malformed", exited, "end"],
    alone: { status: 4 },
    because: "half a message is none; whose it was to be can be read",
  },
  {
    name: "exits within a line of more bytes than a message may have",
    acts: [write('{"jsonrpc":"2.0","id":<id>,"result":{"x":"'), write("x".repeat(65_536), 5), {
      kind: "exit",
      status: 4,
    }],
    agentGets: [
      '{"jsonrpc":"2.0","id":<id>,"error":{"code":413,"message":"the server\'s answer was refused: a message of ' +
      '327722 bytes is over the limit","data":{"code":"too_large","reason":"a message of 327722 bytes is over the limit"}}}',
    ],
    says: ["lilith-zero: warning: The server sent a message of 327722 bytes is over the limit"],
    records: ["refused server too_large", "outcome server error replace too_large", exited, "end"],
    alone: { status: 4 },
    because: "the end of the stream ends the line",
  },
  {
    name: "closes its output and lives",
    acts: [{ kind: "close" }],
    agentGets: [gone(0)],
    says: [],
    records: [exited, goneRecord, "end"],
    alone: { status: 0, args: ["--containment", "process"] },
    because:
      "it can never answer again; at level namespace its helpers hold the pipe open, and it is told at the end",
  },
];

const stderr = (what: string, times = 1) => ({ kind: "stderr", what, times }) as const;

export const stderrs: readonly OddServer[] = [
  {
    name: "writes on its standard error what is for the operator",
    acts: [stderr("listening\r\n\x1b[31mred\x1b[0m and \x07\n10 %\r20 %\n"), answers],
    agentGets: [answer],
    says: ["listening", "red and \ufffd", "10 %", "20 %"],
    records: [forwarded],
    alone: { status: 0 },
    sdk: "result",
    because: "MCP 2025-11-25, basic/transports: free text, no error; a terminal must not obey it",
  },
  {
    name: "writes secrets on its standard error, one of them over many lines",
    acts: [
      stderr("mail ada@example.com password=hunter22\n"),
      stderr(
        `-----BEGIN PRIVATE KEY-----\n${
          "MIIEpAIBAAKCAQEA".repeat(4)
        }\nAAEC\n-----END PRIVATE KEY-----\nafter\n`,
      ),
      stderr("\x1b[32mghp_abcdefghijklmnopqrst"),
      stderr("uvwxyz0123456789\x1b[0m, the end"),
      answers,
    ],
    agentGets: [answer],
    says: ["mail ‹email› password=‹secret›", "‹private_key›", "after", "‹github_token›, the end"],
    records: [forwarded],
    alone: { status: 0 },
    sdk: "result",
    because: "clients keep a server's standard error in files of their own: it is masked like the audit log",
  },
  {
    name: "writes a mebibyte of lines on its standard error",
    acts: [stderr(`${"x".repeat(1023)}\n`, 1024), answers],
    agentGets: [answer],
    says: "many",
    records: [forwarded],
    alone: { status: 0 },
    sdk: "result",
    because:
      "it is always read, or the server stalls (mcp-go issue 963); over the rate lines are dropped and counted",
  },
  {
    name: "writes on its standard error one line without an end",
    acts: [stderr("x".repeat(65_536), 40), answers],
    agentGets: [answer],
    says: [
      "lilith-zero: a line of the server's standard error is longer than 65536 bytes: its beginning is shown when it ends",
      "… (the beginning of a line of 2621440 bytes)",
    ],
    records: [forwarded],
    alone: { status: 0 },
    sdk: "result",
    because: "of a line the head is held, not the whole; half of a word is not shown",
  },
  {
    name: "floods its output with banners",
    acts: [write("banner\n", 500), answers],
    agentGets: [answer],
    says: "many",
    records: [...Array(500).fill(refused), forwarded],
    alone: { status: 0 },
    sdk: "result",
    because: "each has its record; what is said to the operator is held to a rate, and the rest counted",
  },
];
