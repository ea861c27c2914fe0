/** Servers whose lines are odd: what stands between messages, and how a line begins and ends. */

import {
  answer,
  answers,
  badAnswer,
  chatter,
  forwarded,
  goodAnswer,
  line,
  type OddServer,
  write,
} from "./row.ts";

const stdoutIsMcp =
  "MCP 2025-11-25, basic/transports: nothing on stdout but messages; SDK clients report the line and go on";

export const lines: readonly OddServer[] = [
  chatter("writes a banner", "Server v1 listening on stdio", "Server v1 listening on stdio", stdoutIsMcp),
  chatter(
    "writes a banner in colours",
    "\x1b[32mready\x1b[0m \x07",
    "ready \x07",
    "an operator's terminal must not obey the server",
  ),
  chatter(
    "writes a banner with a secret",
    "token ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "token ‹github_token›",
    "what is said to the operator is masked like the log",
  ),
  chatter(
    "writes a log in JSON, with an id of its own",
    '{"level":30,"id":<id>,"msg":"started"}',
    '{"level":30,"id":<id>,"msg":"started"}',
    "with nothing of JSON-RPC in it, its id is that of the log and answers nobody",
  ),
  chatter(
    "writes a bare JSON value",
    '"started"',
    '"started"',
    "JSON-RPC 2.0 §4, §5: a message is an object",
  ),
  {
    name: "writes blank lines",
    acts: [write("\n \t\n\r\n"), answers],
    agentGets: [answer],
    says: [],
    records: [forwarded],
    sdk: "result",
    because: "there is nothing in them to forward, to answer or to record",
  },
  goodAnswer("ends its lines with CR LF", answer, "text-mode writers on Windows do; the CR is framing", {
    sent: write(`${answer}\r\n`),
    sdk: "result",
  }),
  {
    ...goodAnswer(
      "writes a byte order mark before its first message",
      answer,
      "SDK clients hang on it (typescript-sdk issues 2775, 2790); RFC 8259 §8.1 lets a reader ignore it",
      { sent: line(`\ufeff${answer}`), sdk: "result" },
    ),
    alone: { status: 0 },
  },
  goodAnswer(
    "writes a byte order mark before a later message",
    answer,
    "whatever starts to write on the pipe next writes its own; it is framing as well",
    { sent: line(`\ufeff${answer}`), sdk: "result" },
  ),
  badAnswer(
    "writes two byte order marks before a message",
    [line(`\ufeff\ufeff${answer}`)],
    "a byte order mark at byte 0",
    "one is framing, a second is content that no JSON text begins with",
    "error",
  ),
  goodAnswer(
    "writes a byte at a time",
    answer.replace("[]", '[],"é€😀":1'),
    "a chunk is no unit of anything",
    {
      sent: { kind: "trickle", what: `${answer.replace("[]", '[],"é€😀":1')}\n` },
      sdk: "result",
    },
  ),
  goodAnswer(
    "writes U+2028, U+2029 and U+0085 raw in a string",
    answer.replace("[]", '[],"x":"\u2028\u2029\u0085"'),
    "only the line feed ends a line (MCP, stdio); readers by line libraries split here (codex issue 45727)",
    {
      sdk: "result",
      says: [
        'lilith-zero: warning: An answer of tool "odd" holds text that nobody sees (control: 1, the first time)',
      ],
    },
  ),
  goodAnswer(
    "writes numbers, white space and keys in its own way",
    '{ "result" : {"content":[],"n":1.00,"big":12345678901234567890,"e":1E2}, "id":<id> ,"jsonrpc":"2.0" }',
    "the original bytes are forwarded: no number is rounded, no key reordered",
    { sdk: "result" },
  ),
  {
    name: "writes a notification and its answer in one piece",
    acts: [
      write(
        `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n${answer}\n`,
      ),
    ],
    agentGets: [
      '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}',
      answer,
    ],
    says: [],
    records: ["decision server notification forward", forwarded],
    sdk: "result",
    because: "each line is a message of its own, in the order of the wire",
  },
];
