/** A tool call as editors send it, on which scanners are compared. */
export const callOf326Bytes = JSON.stringify({
  jsonrpc: "2.0",
  id: 42,
  method: "tools/call",
  params: {
    name: "edit_file",
    arguments: {
      path: "/home/users/header.tsx",
      edits: [{ oldText: "<h1>Welcome</h1>", newText: "<h1>Welcome back</h1>" }],
      dryRun: false,
      options: { encoding: "utf-8", contextLines: 3 },
    },
    _meta: { progressToken: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" },
  },
});
