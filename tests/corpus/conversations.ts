/** Conversations as clients and servers have them, line by line; `>` is the agent's, `<` the server's. Nothing in them is refused. */

const call = (id: number | string, name: string, args: string) =>
  `>{"jsonrpc":"2.0","id":${
    JSON.stringify(id)
  },"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;

const handshake = (revision: string) => [
  `>{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"${revision}","capabilities":{"roots":{},"sampling":{},"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}`,
  `<{"result":{"protocolVersion":"${revision}","capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{}},"serverInfo":{"name":"s","version":"1"}},"jsonrpc":"2.0","id":0}`,
  '>{"jsonrpc":"2.0","method":"notifications/initialized"}',
];

export const conversations: readonly (readonly string[])[] = [
  [
    ...handshake("2025-11-25"),
    '>{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":0}}}',
    '<{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":0,"progress":1,"total":2}}',
    '<{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read_text_file","inputSchema":{"type":"object"}},{"name":"delete","inputSchema":{}}],"nextCursor":"x"}}',
    call(2, "read_text_file", '{"path":"/tmp/a.txt","head":10}'),
    '<{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"caf\u00e9 \\u00e9 \\ud83d\\ude00 \\r\\n"}],"isError":false}}',
    call("three", "delete", '{"path":"/tmp/../etc/passwd","n":1.50e+3}'),
    '<{"jsonrpc":"2.0","id":"three","error":{"code":-32602,"message":"no such tool"}}',
    '<{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
  ],
  [
    ...handshake("2025-06-18"),
    '<{"jsonrpc":"2.0","id":0,"method":"roots/list"}',
    '>{"jsonrpc":"2.0","id":0,"result":{"roots":[{"uri":"file:///tmp","name":"tmp"}]}}',
    call(1, "ask", '{"what":"name?"}'),
    '<{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"name?","requestedSchema":{"type":"object","properties":{}}}}',
    '>{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"name":"x"}}}',
    '<{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"hi"}}],"maxTokens":5}}',
    '>{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"declined"}}',
    '<{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":[1,2,{"b":null}]}}}',
    call(5, "slow", "{}"),
    '>{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5,"reason":"too slow"}}',
    '<{"jsonrpc":"2.0","id":5,"result":{"content":[]}}',
    '>{"jsonrpc":"2.0","id":6,"method":"ping"}',
    '<{"jsonrpc":"2.0","id":6,"result":{}}',
  ],
  [
    ...handshake("2025-03-26"),
    '>[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"prompts/list"},{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}]',
    '<{"jsonrpc":"2.0","id":2,"result":{"prompts":[{"name":"p"}]}}',
    '<{"jsonrpc":"2.0","id":1,"result":{}}',
    '>{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"file:///tmp/a.txt"}}',
    '<{"jsonrpc":"2.0","id":3,"result":{"contents":[{"uri":"file:///tmp/a.txt","text":"x"}]}}',
    '>{"jsonrpc":"2.0","id":4,"method":"logging/setLevel","params":{"level":"debug"}}',
    '<{"jsonrpc":"2.0","id":4,"result":{}}',
    '<{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"said"}}',
  ],
  [
    '>{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}',
    '<{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}',
    '>{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ask","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}',
    '<{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"s"}}',
    '>{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"ask","arguments":{},"inputResponses":{"a":{"action":"decline"}},"requestState":"s","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}',
    '<{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","content":[{"type":"text","text":"done"}]}}',
  ],
];
