/** Messages as clients and servers send them: what the fuzzer starts from, and what must always be accepted. */

export const messages: readonly string[] = [
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":' +
  '{"listChanged":true},"sampling":{},"elicitation":{}},"clientInfo":{"name":"client","version":"1.0.0"}}}',
  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
  '{"method":"tools/list","params":{"_meta":{"progressToken":1}},"jsonrpc":"2.0","id":"a-1"}',
  '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"read_text_file","arguments":{"path":"/tmp/a.txt",' +
  '"head":10,"ratio":1.50e+3,"flags":[true,false,null],"nested":{"deep":[[{"x":[]}]]}},"_meta":{"progressToken":2}}}',
  '{"result":{"content":[{"type":"text","text":"caf\u00e9 \\u00e9 \\ud83d\\ude00 😀 \\"quoted\\" C:\\\\tmp\\r\\n"}],' +
  '"isError":false},"jsonrpc":"2.0","id":2}',
  '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"path":' +
  '{"type":"string"}},"required":["path"],"additionalProperties":false}},{"name":"b","inputSchema":{"type":"object"}}]}}',
  '{"jsonrpc":"2.0","id":9007199254740991,"error":{"code":-32601,"message":"Method not found","data":null}}',
  '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":' +
  '"text","text":"hi"}}],"maxTokens":100}}',
  '{ "jsonrpc" : "2.0" , "id" : 3 , "method" : "ping" }\r',
  `{"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"image","data":"${
    "QUJD".repeat(90)
  }","mimeType":"image/png"}]}}`,
];
