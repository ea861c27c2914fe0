/** Servers whose lines are JSON and no message, or messages that answer nobody. */

import {
  answer,
  answers,
  badAnswer,
  forwarded,
  goodAnswer,
  insteadOf,
  line,
  messageBytesMax,
  notPassed,
  type OddServer,
  refused,
  write,
} from "./row.ts";

const schema = "MCP 2025-11-25, basic; SDK clients drop the line and wait";
const twoReaders =
  "one reader takes the first, another the last; the agent gets an error in place of silence";
const nearMiss = "Go decodes it into the protocol's key (CVE-2026-27896), C++ readers stop at a NUL";

/** An answer with these members behind its id. */
const withMembers = (members: string) => line(`{"jsonrpc":"2.0","id":<id>,${members}}`);

export const envelopes: readonly OddServer[] = [
  badAnswer(
    "answers with both a result and an error",
    [withMembers('"result":{"content":[]},"error":{"code":1,"message":"x"}')],
    'both "result" and "error"',
    "JSON-RPC 2.0 §5: either; SDK clients drop the line and wait",
    "error",
  ),
  badAnswer(
    "answers with neither a result nor an error",
    [line('{"jsonrpc":"2.0","id":<id>}')],
    'none of "method", "result" and "error"',
    "JSON-RPC 2.0 §5: one of them; SDK clients drop the line and wait",
    "error",
  ),
  badAnswer(
    "answers with a method beside the result",
    [withMembers('"method":"ping","result":{"content":[]}')],
    '"method" together with "result" or "error"',
    "it has a result, so the agent is the one who waits",
    "error",
  ),
  goodAnswer(
    "answers with fields that no revision knows",
    '{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"extra":1},"trace":{"span":"a"}}',
    "readers of other SDKs take it; those of TypeScript drop the line and wait, with the proxy and without",
    { sdk: "hangs" },
  ),
  badAnswer(
    'answers without "jsonrpc"',
    [line('{"id":<id>,"result":{"content":[]}}')],
    '"jsonrpc" is missing',
    schema,
    "error",
  ),
  badAnswer(
    "answers in another version of JSON-RPC",
    [line('{"jsonrpc":"1.0","id":<id>,"result":{"content":[]}}')],
    '"jsonrpc" is not "2.0"',
    schema,
    "error",
  ),
  ...["null", "[]", '"done"', "true"].map((result) =>
    badAnswer(
      `answers with the result ${result}`,
      [withMembers(`"result":${result}`)],
      '"result" is not an object',
      schema,
      "error",
    )
  ),
  badAnswer(
    "answers with an error that is a string",
    [withMembers('"error":"not found"')],
    '"error" is not an object',
    schema,
    "error",
  ),
  badAnswer(
    "answers with an error whose code is a string",
    [withMembers('"error":{"code":"ENOENT","message":"not found"}')],
    '"error" without a whole number as "code"',
    "JSON-RPC 2.0 §5.1: an integer; SDK clients drop the line and wait",
    "error",
  ),
  badAnswer(
    "answers with an error without a message",
    [withMembers('"error":{"code":1}')],
    '"error" without a string as "message"',
    "JSON-RPC 2.0 §5.1; SDK clients drop the line and wait",
    "error",
  ),
  {
    name: "answers with an error that has fields of its own",
    acts: [withMembers('"error":{"code":1,"message":"x","hint":"y","data":{"a":1.0}}')],
    agentGets: ['{"jsonrpc":"2.0","id":<id>,"error":{"code":1,"message":"x","hint":"y","data":{"a":1.0}}}'],
    says: [],
    records: ["outcome server error forward"],
    sdk: "error",
    because: "the original bytes are forwarded",
  },
  badAnswer(
    "answers with the result twice",
    [withMembers('"result":{"content":[]},"result":{"content":[]}')],
    "a key of the message stands twice",
    twoReaders,
    "error",
  ),
  badAnswer(
    "answers with its id twice",
    [withMembers('"result":{"content":[]},"id":<id>')],
    "a key of the message stands twice",
    twoReaders,
    "error",
  ),
  badAnswer(
    "answers with a key twice directly in the result",
    [withMembers('"result":{"content":[],"content":[]}')],
    "a key stands twice directly in the answer",
    twoReaders,
    "error",
  ),
  goodAnswer(
    "answers with a key twice deep in the result",
    '{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"structuredContent":{"a":{"1":"x","1":"y"}}}}',
    'real servers do (Python\'s json.dumps of 1 and "1"), and nothing of ours hangs on it: forwarded and noted',
    { notes: "duplicate_key", sdk: "result" },
  ),
  ...[["Result", "Result"], ["result\\u0000", "result\\u0000"], ["re\u017fult", "re\u017fult"]].map(([key]) =>
    badAnswer(
      `answers with the key ${JSON.stringify(key)} beside the result`,
      [withMembers(`"result":{"content":[]},"${key}":{}`)],
      'a key that some readers take for "result"',
      nearMiss,
      "error",
    )
  ),
  badAnswer(
    "answers with a letter of a protocol key spelt as an escape",
    [withMembers('"r\\u0065sult":{"content":[]}')],
    "a key with a letter spelt as \\uXXXX",
    "V8 takes such a key for another one that it has met (nodejs/node issue 63785)",
    "error",
  ),
  goodAnswer(
    "answers with a lone surrogate in a text",
    '{"jsonrpc":"2.0","id":<id>,"result":{"content":[{"type":"text","text":"cut \\ud83d"}]}}',
    "JSON.stringify writes it for an emoji that was cut; it reads alike everywhere: forwarded and noted",
    { notes: "lone_surrogate", sdk: "result" },
  ),
  badAnswer(
    "answers with a lone surrogate directly in the result",
    [withMembers('"result":{"content":[],"x":"\\ud83d"}')],
    "a lone surrogate directly in the answer",
    "there a reader may take keys and values for others than they are",
    "error",
  ),
];

const unasked = "refused server unasked";

export const correlation: readonly OddServer[] = [
  {
    name: "answers twice",
    acts: [answers, answers],
    agentGets: [answer],
    says: [],
    records: [forwarded, unasked],
    sdk: "result",
    because: "an answer counts once; clients drop the second, so it is dropped and recorded",
  },
  {
    name: "answers a request that nobody made",
    acts: [line('{"jsonrpc":"2.0","id":999999,"result":{"content":[]}}'), answers],
    agentGets: [answer],
    says: [],
    records: [unasked, forwarded],
    sdk: "result",
    because: "clients drop it, so it is dropped and recorded",
  },
  {
    name: "answers with an error under the id null, or none",
    acts: [
      line('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}'),
      line('{"jsonrpc":"2.0","error":{"code":-32700,"message":"parse error"}}'),
      answers,
    ],
    agentGets: [answer],
    says: [],
    records: [unasked, unasked, forwarded],
    sdk: "result",
    because:
      "JSON-RPC 2.0 §5: it could not read the id; nobody can tell whose request it means, and clients drop it",
  },
  goodAnswer(
    "answers with the id as a string",
    '{"jsonrpc":"2.0","id":"<id>","result":{"content":[]}}',
    "only one request can be meant, and SDK clients take it: delivered as it came, and noted",
    { notes: "id_of_other_type", sdk: "result" },
  ),
  goodAnswer(
    "answers with the id as 1.0 for 1",
    '{"jsonrpc":"2.0","id":<id>.0,"result":{"content":[]}}',
    "the same number (JSON has one kind); writers that keep ids as doubles do it",
    { sdk: "result" },
  ),
  {
    name: "asks the agent something under the id of the agent's own request",
    acts: [line('{"jsonrpc":"2.0","id":<id>,"method":"ping"}'), answers],
    then: ['{"jsonrpc":"2.0","id":<id>,"result":{}}'],
    agentGets: ['{"jsonrpc":"2.0","id":<id>,"method":"ping"}', answer],
    serverGets: ['{"jsonrpc":"2.0","id":<id>,"result":{}}'],
    says: [],
    records: ["decision server request forward", forwarded, "outcome agent result forward"],
    sdk: "result",
    because: "JSON-RPC 2.0 §4: each side counts for itself; the two directions have id spaces of their own",
  },
  {
    name: "asks the agent something that cannot be read",
    acts: [line('{"jsonrpc":"2.0","id":<id>,"method":"sampling/createMessage","params":[]}'), answers],
    agentGets: [answer],
    serverGets: [
      '{"jsonrpc":"2.0","id":<id>,"error":{"code":-32600,"message":"\\"params\\" is not an object",' +
      '"data":{"code":"malformed","reason":"\\"params\\" is not an object"}}}',
    ],
    says: [notPassed('"params" is not an object')],
    records: [refused, forwarded],
    sdk: "result",
    because:
      "the server is the one who waits, so it gets the error; the agent's request of that id is not touched",
  },
  {
    name: "answers what was cancelled",
    acts: [],
    then: [
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":<id>}}',
      '{"jsonrpc":"2.0","id":"<next>","method":"tools/call","params":{"name":"odd","arguments":' +
      '{"acts":[{"bytes":"<late answer>"},{"answer":true}]}}}',
    ],
    agentGets: ['{"jsonrpc":"2.0","id":"<next>","result":{"content":[]}}'],
    serverGets: ['{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":<id>}}'],
    says: [],
    records: [
      "decision agent notification forward",
      "outcome agent none drop cancelled",
      "decision agent request forward",
      unasked,
      forwarded,
    ],
    because: "MCP 2025-11-25, basic/utilities/cancellation: such an answer is to be ignored",
  },
  badAnswer(
    "answers in a batch that was not agreed on",
    [line(`[${answer}]`)],
    "not a JSON-RPC message: a batch (an array)",
    "MCP 2025-03-26 alone has batches; SDK clients of other revisions drop the line and wait",
    "error",
  ),
  {
    name: "writes an empty batch",
    acts: [line("[]"), answers],
    agentGets: [answer],
    says: [notPassed("not a JSON-RPC message: a batch (an array)")],
    records: [refused, forwarded],
    sdk: "result",
    because: "it answers nobody",
  },
];

const hugeReason = (bytes: number) => `a message of ${bytes} bytes is over the limit`;
const filler = "x".repeat(64 * 1024);
const fillerTimes = 5;

/** An answer of more bytes than one message may have: `before`, filler, `behind`. */
function hugeAnswer(name: string, before: string, behind: string, because: string): OddServer {
  const length = (text: string) => text.replaceAll("<id>", "1000").length;
  const bytes = length(before) + fillerTimes * filler.length + length(behind);
  return {
    name,
    acts: [write(before), write(filler, fillerTimes), write(`${behind}\n`)],
    agentGets: [insteadOf(hugeReason(bytes), 413, "too_large")],
    says: [`lilith-zero: warning: The server sent ${hugeReason(bytes)}`],
    records: ["refused server too_large", "outcome server error replace too_large"],
    sdk: "error",
    because,
  };
}

export const huge: readonly OddServer[] = [
  hugeAnswer(
    "answers with more bytes than a message may have, the id first",
    '{"jsonrpc":"2.0","id":<id>,"result":{"content":[],"x":"',
    '"}}',
    "SDK clients close the connection at 10 MiB; the agent gets an error, and the next line is read as usual",
  ),
  hugeAnswer(
    "answers with more bytes than a message may have, the id last",
    '{"result":{"content":[],"x":"',
    '"},"jsonrpc":"2.0","id":<id>}',
    "the TypeScript SDK writes the id last: both ends of a line that is too long are kept",
  ),
  {
    name: "writes more bytes than a message may have, with no id to be seen",
    acts: [
      write('{"method":"notifications/message","params":{"x":"'),
      write(filler, fillerTimes),
      write('"}}\n'),
      answers,
    ],
    agentGets: [answer],
    says: [`lilith-zero: warning: The server sent ${hugeReason(49 + fillerTimes * filler.length + 3)}`],
    records: ["refused server too_large", forwarded],
    sdk: "result",
    because: `over ${messageBytesMax} bytes here; it answers nobody, and the next line is read as usual`,
  },
  {
    name: "asks the agent something of more bytes than a message may have",
    acts: [
      write('{"method":"sampling/createMessage","params":{"x":"'),
      write(filler, fillerTimes),
      write('"},"jsonrpc":"2.0","id":<id>}\n'),
      answers,
    ],
    agentGets: [answer],
    serverGets: [
      `{"jsonrpc":"2.0","id":<id>,"error":{"code":413,"message":"${hugeReason(327759)}",` +
      `"data":{"code":"too_large","reason":"${hugeReason(327759)}"}}}`,
    ],
    says: [`lilith-zero: warning: The server sent ${hugeReason(327759)}`],
    records: ["refused server too_large", forwarded],
    sdk: "result",
    because: "the server is the one who waits, so it gets the error",
  },
];
