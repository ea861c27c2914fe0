/** Servers whose lines are no JSON, or not whole. */

import {
  answer,
  answers,
  badAnswer,
  forwarded,
  insteadOf,
  latin1,
  line,
  noMessage,
  notPassed,
  type OddServer,
  refused,
  replaced,
  write,
} from "./row.ts";

/** As pretty printers write it. */
function pretty(value: object): string {
  return JSON.stringify(value, null, 2).replace('"<id>"', "<id>");
}

/** An answer over many lines: each of them is refused, and at the last one the agent gets an error. */
function spread(name: string, value: object, because: string): OddServer {
  const text = pretty(value);
  return {
    name,
    acts: [line(text)],
    agentGets: [insteadOf("a message spread over several lines, where one line is to hold one message")],
    says: "many",
    records: [...Array(text.split("\n").length).fill(refused), replaced],
    alone: { status: 0 },
    sdk: "error",
    because,
  };
}

const parserDiffer = "two readers would read it differently; the agent gets an error in place of silence";

export const broken: readonly OddServer[] = [
  badAnswer(
    "writes bytes that are no UTF-8 in its answer",
    [write(latin1('{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"x":"\xff"}}\n'))],
    "0xFF, which begins no valid UTF-8 character, at byte 55",
    "RFC 8259 §8.1; SDK clients read U+FFFD, others stop: nobody can say what was meant. The id is readable",
    "error",
  ),
  {
    name: "writes bytes that are no UTF-8 in its answer's id",
    acts: [write(latin1('{"jsonrpc":"2.0","id":"\xff","result":{"content":[]}}\n')), answers],
    agentGets: [answer],
    says: [notPassed("0xFF, which begins no valid UTF-8 character, at byte 23")],
    records: [refused, forwarded],
    because: "nobody can tell whose answer it was",
  },
  badAnswer(
    "cuts its answer off",
    [line('{"jsonrpc":"2.0","id":<id>,"result":{"content":[')],
    "the end of the text instead of a value at byte 48",
    parserDiffer,
    "error",
  ),
  badAnswer(
    "writes NaN, as Python's json.dumps does",
    [line('{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"x":NaN}}')],
    '0x4E ("N") instead of a value at byte 54',
    "RFC 8259 §6 has no NaN; SDK clients drop the line and wait",
    "error",
  ),
  badAnswer(
    "writes something behind its answer",
    [line(`${answer} done`)],
    '0x64 ("d") behind the end of the value at byte 52',
    parserDiffer,
    "error",
  ),
  badAnswer(
    "writes a raw CR between tokens",
    [line('{"jsonrpc":"2.0","id":<id>,\r"result":{"content":[]}}')],
    "a raw carriage return inside the line at byte 27",
    "text-mode readers split there: what stands behind it would be a message of its own",
    "error",
  ),
  badAnswer(
    "nests two hundred thousand arrays",
    [write('{"jsonrpc":"2.0","id":<id>,"result":'), write("[".repeat(1000), 200), write("\n")],
    "more than 128 arrays and objects inside each other at byte 163",
    "readers recurse on it",
    "error",
  ),
  {
    name: "writes two hundred thousand brackets and nothing else",
    acts: [write("[".repeat(1000), 200), write("\n"), answers],
    agentGets: [answer],
    says: [notPassed("more than 128 arrays and objects inside each other at byte 128")],
    records: [refused, forwarded],
    sdk: "result",
    because: "it answers nobody",
  },
  badAnswer(
    "writes a raw control character in a string",
    [line('{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"x":"a\tb"}}')],
    "control character 0x09 inside a string at byte 56",
    "RFC 8259 §7; SDK clients drop the line and wait",
    "error",
  ),
  spread(
    "spreads its answer over lines, the id first, as pretty printers do",
    { jsonrpc: "2.0", id: "<id>", result: { content: [{ type: "text", text: "x" }] } },
    "MCP, stdio: no newline inside a message; SDK clients drop each line and wait. Whose answer it was shows at its end",
  ),
  spread(
    "spreads a long answer over lines, the id last",
    { result: { content: Array.from({ length: 400 }, (_, id) => ({ id })) }, jsonrpc: "2.0", id: "<id>" },
    "the TypeScript SDK writes the id last; ids inside the result are none of the message's",
  ),
  {
    name: "spreads a log in JSON over lines, with the id of the call in it",
    acts: [line(pretty({ level: 30, request: { id: "<id>" } })), answers],
    agentGets: [answer],
    says: [
      notPassed("the end of the text instead of a key at byte 1"),
      noMessage('  "level": 30,'),
      noMessage('  "request": {'),
      noMessage('    "id": <id>'),
      noMessage("  }"),
      notPassed("a message spread over several lines, where one line is to hold one message"),
    ],
    records: [...Array(6).fill(refused), forwarded],
    sdk: "result",
    because: "it has no id of its own, so it answers nobody",
  },
];
