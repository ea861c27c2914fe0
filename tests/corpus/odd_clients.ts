/**
 * What clients do that no client should, or that few do, each with the one outcome that is decided for it. Every row is
 * run through the program (tests/e2e/odd_clients_io_test.ts).
 *
 * What the server would drop silently is answered by us, under the id where one can be read: else the client would wait for
 * ever. What every reader reads alike is forwarded byte for byte. Nothing vanishes without a record.
 */

export interface OddClient {
  /** A sentence about the client. */
  readonly name: string;
  /** The bytes that it writes, line feeds included. */
  readonly writes: string | Uint8Array;
  /** The lines that the server gets. */
  readonly serverGets: readonly string[];
  /** The lines that the client gets. */
  readonly agentGets: readonly string[];
  /** The records: kind, sender, what it was, what became of it. */
  readonly records: readonly string[];
  /** The client closes its end behind it. */
  readonly alone?: true;
  /** Why it is decided so, and where it is written. */
  readonly because: string;
}

const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

const passed = "decision agent request forward";
const answered = "outcome server result forward";
const refused = "refused agent malformed";

/** A line that passes; the server answers with an empty result. */
function good(name: string, line: string, id: string, because: string, ending = "\n"): OddClient {
  return {
    name,
    writes: line + ending,
    serverGets: [line + ending.slice(0, -1)],
    agentGets: [`{"jsonrpc":"2.0","id":${id},"result":{}}`],
    records: [passed, answered],
    because,
  };
}

/** A line that is answered by us and goes no further. `id`: as JSON text. */
function bad(
  name: string,
  writes: string | Uint8Array,
  [code, id, reason]: readonly [code: number, id: string, reason: string],
  because: string,
): OddClient {
  const word = code === 413 ? "too_large" : "malformed";
  const error = JSON.stringify({ code, message: reason, data: { code: word, reason } });
  return {
    name,
    writes: typeof writes === "string" ? writes + "\n" : writes,
    serverGets: [],
    agentGets: [`{"jsonrpc":"2.0","id":${id},"error":${error}}`],
    records: [`refused agent ${word}`],
    because,
  };
}

/** A line that the server gets and does not answer. */
function unanswered(name: string, line: string, because: string): OddClient {
  return {
    name,
    writes: `${line}\n`,
    serverGets: [line],
    agentGets: [],
    records: ["decision agent notification forward"],
    because,
  };
}

const request = (id: string, more = '"method":"x/a"') => `{"jsonrpc":"2.0","id":${id},${more}}`;

const anyId = "MCP 2025-11-25, schema: a string or a whole number; servers answer it";
const badIdReason = '"id" is neither a string nor a whole number within ±(2^53 − 1)';
const badId =
  "servers drop such a request, or round the id and answer another: the client would wait for ever";

const ids: readonly OddClient[] = [
  good("uses a string as id", request('"a"'), '"a"', anyId),
  good("uses the id 0", request("0"), "0", "falsy in many languages (Codex counts from 0)"),
  good("uses a negative id", request("-1"), "-1", anyId),
  good("uses an empty string as id", request('""'), '""', "falsy in many languages"),
  good("uses the greatest whole number as id", request("9007199254740991"), "9007199254740991", anyId),
  good(
    "spells the id 1 as 1.0",
    request("1.0"),
    "1",
    "the same number: the server answers 1, and that is delivered",
  ),
  good("spells a string id with an escape", request('"\\u0062"'), '"b"', "the same string"),
  bad("uses the id 1.5", request("1.5"), [-32600, "1.5", badIdReason], badId),
  bad("uses the id 2^53 + 1", request("9007199254740993"), [-32600, "9007199254740993", badIdReason], badId),
  bad("uses the id 1e400", request("1e400"), [-32600, "1e400", badIdReason], badId),
  bad("uses the id null", request("null"), [-32600, "null", badIdReason], badId),
  bad("uses the id true", request("true"), [-32600, "null", badIdReason], badId),
  bad("uses an object as id", request("{}"), [-32600, "null", badIdReason], badId),
  bad("uses an array as id", request("[1]"), [-32600, "null", badIdReason], badId),
  bad(
    "uses an id of more than a kibibyte",
    request(`"${"i".repeat(1025)}"`),
    [-32600, "null", '"id" is longer than 1024 bytes'],
    "ids wait in tables",
  ),
  {
    name: "uses the id of a request that waits",
    writes: `${request("77", '"method":"tools/call","params":{"name":"silent"}')}\n${request("77")}\n${
      request("77", '"method":7')
    }\n`,
    serverGets: [request("77", '"method":"tools/call","params":{"name":"silent"}')],
    agentGets: [
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a request with the id 77 is still waiting for its answer",' +
      '"data":{"code":"malformed","reason":"a request with the id 77 is still waiting for its answer"}}}',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"\\"method\\" is not a string",' +
      '"data":{"code":"malformed","reason":"\\"method\\" is not a string"}}}',
    ],
    records: [passed, refused, refused],
    because:
      "servers answer both with one id; an error with that id would be taken for the answer to the first",
  },
];

const noMethod = "servers drop it and do not answer";
const smuggled = "nobody can judge what two readers read differently";

const envelopes: readonly OddClient[] = [
  bad('leaves "jsonrpc" out', '{"id":2,"method":"x/a"}', [-32600, "2", '"jsonrpc" is missing'], noMethod),
  bad(
    "speaks another version of JSON-RPC",
    '{"jsonrpc":"1.0","id":2,"method":"x/a"}',
    [-32600, "2", '"jsonrpc" is not "2.0"'],
    noMethod,
  ),
  bad("asks without a method", '{"jsonrpc":"2.0","id":2}', [
    -32600,
    "2",
    'none of "method", "result" and "error"',
  ], noMethod),
  bad(
    "uses a number as method",
    request("2", '"method":7'),
    [-32600, "2", '"method" is not a string'],
    noMethod,
  ),
  bad(
    "uses a method of more than 256 bytes",
    request("2", `"method":"${"m".repeat(257)}"`),
    [-32600, "2", '"method" is longer than 256 bytes'],
    "the longest of any revision has 42 characters",
  ),
  bad(
    "sends params as an array",
    request("2", '"method":"x/a","params":[1]'),
    [-32600, "2", '"params" is not an object'],
    "MCP 2025-11-25, schema; servers do not answer it",
  ),
  bad(
    "sends params as null",
    request("2", '"method":"x/a","params":null'),
    [-32600, "2", '"params" is not an object'],
    "MCP 2025-11-25, schema; servers do not answer it",
  ),
  good(
    "sends fields that no revision knows",
    '{"jsonrpc":"2.0","id":2,"method":"x/a","params":{"a":1.00},"trace":{"span":"a"}}',
    "2",
    "servers of the TypeScript SDK drop it, others take it: forwarded byte for byte",
  ),
  good(
    "calls a method that nobody knows",
    request("2", '"method":"x/unknown"'),
    "2",
    "the policy allows it; the server says what it is",
  ),
  good(
    "probes for the stateless revisions",
    request(
      "2",
      '"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}',
    ),
    "2",
    "the server's own answer tells which it speaks (MCP 2026-07-28, versioning)",
  ),
  good(
    "uses a progress token that is falsy",
    request("2", '"method":"tools/list","params":{"_meta":{"progressToken":0}}'),
    "2",
    "Codex counts from 0",
  ),
  good(
    "writes numbers, white space and keys in its own way",
    ' { "params":{"n":1.00,"big":12345678901234567890}, "method" : "x/a","id":2 ,"jsonrpc":"2.0" } ',
    "2",
    "the original bytes are forwarded",
  ),
  unanswered(
    "calls a tool without an id",
    '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"silent"}}',
    "a call all the same: it is judged, and the server runs it",
  ),
  unanswered(
    "sends a notification that nobody knows",
    '{"jsonrpc":"2.0","method":"notifications/x"}',
    "JSON-RPC 2.0 §4.1: no answer",
  ),
  bad(
    "calls a tool without a name",
    request("2", '"method":"tools/call","params":{"arguments":{}}'),
    [-32600, "2", 'tools/call without a string "name"'],
    "a server may find a name where we see none",
  ),
  {
    name: "answers what nobody asked",
    writes: '{"jsonrpc":"2.0","id":2,"result":{}}\n',
    serverGets: [],
    agentGets: [],
    records: ["refused agent unasked"],
    because: "nobody waits: dropped and recorded",
  },
  bad(
    "sends a batch",
    `[${request("2")}]`,
    [-32600, "null", "not a JSON-RPC message: a batch (an array)"],
    "MCP 2025-03-26 alone has them, once agreed on",
  ),
  bad(
    "sends an empty batch",
    "[]",
    [-32600, "null", "not a JSON-RPC message: a batch (an array)"],
    "JSON-RPC 2.0 §6: one error",
  ),
  bad(
    "sends a bare value",
    '"x/a"',
    [-32600, "null", "not a JSON-RPC message: a bare string"],
    "JSON-RPC 2.0 §4",
  ),
];

const keys: readonly OddClient[] = [
  bad(
    "sends the method twice",
    request("2", '"method":"x/a","method":"tools/call"'),
    [-32600, "2", "a key of the message stands twice"],
    smuggled,
  ),
  bad(
    "names the tool twice",
    request("2", '"method":"tools/call","params":{"name":"echo","name":"exit"}'),
    [-32600, "2", "a key stands twice in one object"],
    "servers take the last; who judged the first would be passed by",
  ),
  bad(
    "names the tool twice, once in escapes",
    request("2", '"method":"tools/call","params":{"name":"echo","na\\u006de":"exit"}'),
    [-32600, "2", "a key stands twice in one object"],
    "servers take the last; who judged the first would be passed by",
  ),
  bad(
    "names an argument twice, deep inside",
    request("2", '"method":"tools/call","params":{"name":"echo","arguments":{"a":[{"p":1,"p":2}]}}'),
    [-32600, "2", "a key stands twice in one object"],
    smuggled,
  ),
  bad(
    "spells a letter of a key as an escape",
    request("2", '"method":"tools/call","params":{"name":"echo","arguments":{"p\\u0061th":"/"}}'),
    [-32600, "2", "a key with a letter spelt as \\uXXXX"],
    "V8 takes such a key for another one that it has met (nodejs/node issue 63785)",
  ),
  bad(
    "writes Name beside name",
    request("2", '"method":"tools/call","params":{"name":"echo","Name":"exit"}'),
    [-32600, "2", 'in "params", a key that some readers take for "name"'],
    "Go matches keys without regard to case (CVE-2026-27896)",
  ),
  bad(
    "writes a key with a NUL behind it",
    request("2", '"method":"tools/call","params":{"name":"echo","name\\u0000":"exit"}'),
    [-32600, "2", 'in "params", a key that some readers take for "name"'],
    "C++ readers stop at the NUL (GHSA-q382-vc8q-7jhj)",
  ),
  bad(
    "writes __proto__ beside the method",
    request("2", '"method":"x/a","__proto__":{"method":"tools/call"}'),
    [-32600, "2", 'the key "__proto__", from whose value some readers inherit'],
    smuggled,
  ),
  bad(
    "writes a lone surrogate in an argument",
    request("2", '"method":"tools/call","params":{"name":"echo","arguments":{"a":"\\ud800"}}'),
    [-32600, "2", "a lone surrogate (\\uD800 to \\uDFFF without its partner)"],
    "servers keep, replace or drop it",
  ),
  good(
    "writes a character beyond U+FFFF as a pair of escapes",
    request("2", '"method":"x/a","params":{"a":"\\ud83d\\ude00"}'),
    "2",
    "RFC 8259 §7; Python writes it so",
  ),
];

const filler = "x".repeat(300_000);

const lines: readonly OddClient[] = [
  {
    name: "writes blank lines",
    writes: "\n \t\n\r\n",
    serverGets: [],
    agentGets: [],
    records: [],
    because: "there is nothing in them to forward, to answer or to record",
  },
  good(
    "ends its lines with CR LF",
    request("2"),
    "2",
    "a server reads both; an agent's bytes are not touched",
    "\r\n",
  ),
  bad(
    "writes a byte order mark",
    `\ufeff${request("2")}`,
    [-32700, "2", "a byte order mark at byte 0"],
    "RFC 8259 §8.1: not to be sent; servers drop the line and do not answer",
  ),
  bad(
    "writes a line that is no JSON",
    "hello",
    [-32700, "null", '0x68 ("h") instead of a value at byte 0'],
    "JSON-RPC 2.0 §5.1",
  ),
  good("goes on behind a line that was no JSON", request("2"), "2", "each line is for itself"),
  bad(
    "cuts a line off",
    '{"jsonrpc":"2.0","id":2,"method":"x/a","params":{',
    [-32700, "2", "the end of the text instead of a key at byte 49"],
    "its id can be read",
  ),
  bad(
    "writes two messages on one line",
    `${request("2")}${request("3")}`,
    [-32700, "2", '0x7B ("{") behind the end of the value at byte 39'],
    "readers take the first, the last, or none",
  ),
  bad(
    "writes a raw CR between tokens",
    '{"jsonrpc":"2.0","id":2,\r"method":"x/a"}',
    [-32700, "2", "a raw carriage return inside the line at byte 24"],
    "text-mode servers read two lines: what stands between CRs would be a call of its own",
  ),
  bad(
    "writes a NUL between tokens",
    '{"jsonrpc":"2.0","id":2,\0"method":"x/a"}',
    [-32700, "2", "control character 0x00 between tokens at byte 24"],
    smuggled,
  ),
  bad(
    "writes bytes that are no UTF-8",
    latin1('{"jsonrpc":"2.0","id":2,"method":"x/\xff"}\n'),
    [-32700, "2", "0xFF, which begins no valid UTF-8 character, at byte 36"],
    "RFC 8259 §8.1; servers read U+FFFD or stop",
  ),
  good(
    "writes U+2028, U+2029 and U+0085 raw in a string",
    request("2", '"method":"x/a","params":{"a":"\u2028\u2029\u0085"}'),
    "2",
    "only the line feed ends a line (MCP, stdio)",
  ),
  bad(
    "writes two hundred thousand brackets",
    "[".repeat(200_000),
    [-32700, "null", "more than 128 arrays and objects inside each other at byte 128"],
    "servers recurse on it",
  ),
  bad(
    "writes more bytes than a message may have, the id first",
    request("2", `"method":"x/a","params":{"a":"${filler}"}`),
    [413, "2", "a message of 300057 bytes is over the limit"],
    "servers close, or take all memory; the next line is read as usual",
  ),
  bad(
    "writes more bytes than a message may have, the id last",
    `{"method":"x/a","params":{"a":"${filler}"},"jsonrpc":"2.0","id":2}`,
    [413, "2", "a message of 300057 bytes is over the limit"],
    "the clients of the TypeScript SDK write the id last: both ends of a line that is too long are kept",
  ),
  bad(
    "writes more bytes than a message may have, with no id to be seen",
    filler,
    [413, "null", "a message of 300000 bytes is over the limit"],
    "JSON-RPC 2.0 §5: null where no id could be read",
  ),
  {
    name: "spreads a message over lines, as pretty printers do",
    writes: '{\n  "jsonrpc": "2.0",\n  "id": 2,\n  "method": "x/a"\n}\n',
    serverGets: [],
    agentGets: [
      parseError("null", "the end of the text instead of a key at byte 1"),
      parseError("null", '0x3A (":") behind the end of the value at byte 11'),
      parseError("null", '0x3A (":") behind the end of the value at byte 6'),
      parseError("null", '0x3A (":") behind the end of the value at byte 10'),
      parseError("2", "a message spread over several lines, where one line is to hold one message"),
    ],
    records: Array(5).fill(refused),
    because: "MCP, stdio: no newline inside a message; whose it was shows at its end",
  },
  {
    ...good("ends its input without a line feed", request("2"), "2", "the end of the stream ends the line"),
    writes: request("2"),
    records: [passed, answered, "event server_exited", "end"],
    alone: true,
  },
];

function parseError(id: string, reason: string): string {
  const error = { code: -32700, message: reason, data: { code: "malformed", reason } };
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
}

export const oddClients: readonly OddClient[] = [...ids, ...envelopes, ...keys, ...lines];
