import assert from "node:assert/strict";
import { type Operation, readOperation } from "../../src/mcp/operation.ts";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import { initialState } from "../../src/policy/state.ts";
import { messageOf } from "../support/lines.ts";
import { call, compile, document, operation, read } from "./support/build.ts";
import { FakeDisk } from "./support/fake_disk.ts";
import { json } from "./support/json.ts";

const disk = () =>
  new FakeDisk({
    "/w": "directory",
    "/w/policy.yaml": "file",
    "/w/audit": "directory",
    "/w/audit/1.jsonl": "file",
    "/w/link": { link: "policy.yaml" },
    "/w/dir": "directory",
    "/w/notes": "file",
    "/else": "directory",
    "/else/w": { link: "/w" },
    "/else/dir": { link: "/w/dir" },
    "/locked": "locked",
  });

const allowAll = document([], { default: "allow" });
const ownFiles = ["/w/policy.yaml", "/w/audit"];

function judge(asked: Operation, parts: Partial<typeof allowAll> = {}): Decision {
  const policy = compile({ ...allowAll, ...parts }, { workingDirectory: "/w", ownFiles });
  return decide(policy, initialState(policy), asked, disk().answer(needs(policy, asked)), 0);
}

function assertOwn(asked: Operation, isOwn: boolean): void {
  const decision = judge(asked);
  assert.equal(
    decision.code,
    isOwn ? "own_file" : undefined,
    `${JSON.stringify(asked.name)}: ${decision.reason}`,
  );
}

const withPath = (path: string) => call("write_file", JSON.stringify({ path }));

Deno.test("a call that names a file of ours is denied, whatever the policies say", () => {
  for (const mode of ["enforce", "observe"] as const) {
    const decision = judge(withPath("/w/policy.yaml"), { mode, denials: "protocol_error" });
    assert.deepEqual({ ...decision, reason: "" }, {
      verdict: "deny",
      action: "deny",
      code: "own_file",
      policy: "built-in",
      rule: "own-files",
      reason: "",
      observed: [],
      charges: [],
      denials: "protocol_error",
    });
    assert.match(
      decision.reason,
      /^tool "write_file" names a file that keeps the agent in check: "\/w\/policy.yaml"$/,
    );
  }
});

Deno.test("our files are found in every reading of a text", () => {
  for (
    const path of [
      "policy.yaml",
      "./policy.yaml",
      "dir/../policy.yaml",
      "none/../policy.yaml",
      "//w//policy.yaml",
      "/else/w/policy.yaml",
      "/else/dir/../policy.yaml",
      "/w/link",
      "./link",
      "%2Fw%2Fpolicy.yaml",
      "/w/polic%2579.yaml",
      " /w/policy.yaml\n",
      '"/w/policy.yaml"',
      "\\w\\policy.yaml",
      "file:///w/policy.yaml",
      "file:/w/policy.yaml",
      "FILE://localhost/w/policy.yaml#top",
      "file:///w/polic%79.yaml?x",
      "~/policy.yaml",
      "~user/w/./policy.yaml",
      "/w/policy.yaml\0.txt",
      "/w/policy.yaml/",
      "/w/audit",
      "/w/audit/1.jsonl",
      "/w/audit/new",
      `/w/${"./".repeat(3000)}policy.yaml`,
    ]
  ) {
    assertOwn(withPath(path), true);
  }
});

Deno.test("our files are found where a server begins relative paths in a directory that it was told of", () => {
  const options = { workingDirectory: "/else", ownFiles, namedDirectories: ["/w", "/else/dir"] };
  const policy = compile(allowAll, options);
  const codeOf = (path: string) => {
    const asked = withPath(path);
    return decide(policy, initialState(policy), asked, disk().answer(needs(policy, asked)), 0).code;
  };
  for (const path of ["policy.yaml", "./audit/1.jsonl", "./link", "../policy.yaml", "%70olicy.yaml"]) {
    assert.equal(codeOf(path), "own_file", path);
  }
  for (const path of ["notes", "dir/policy.yaml", "/else/policy.yaml"]) {
    assert.equal(codeOf(path), undefined, path);
  }
});

Deno.test("other files and ordinary texts pass", () => {
  for (
    const path of [
      "notes",
      "link",
      "/w/notes",
      "/w/policy.yaml.bak",
      "/w/new",
      "/w",
      "/",
      "",
      "~",
      "~/",
      "~/notes",
      "a sentence about policy.yaml",
      "two\nlines /w/policy.yaml",
      "x".repeat(300),
      "x/".repeat(3000),
      "https://example.com/w/policy.yaml",
      "none/../../x/../y",
    ]
  ) {
    assertOwn(withPath(path), false);
  }
});

Deno.test("our files are found anywhere in the arguments", () => {
  for (
    const all of [
      '{"a":{"b":[1,{"c":"/w/policy.yaml"}]}}',
      '{"files":{"policy.yaml":"text"}}',
      '{"/w/policy.yaml":"text"}',
      '["policy.yaml"]',
      '"policy.yaml"',
    ]
  ) {
    assertOwn(call("any", all), true);
  }
});

Deno.test("the name of a parameter is no file name", () => {
  const policy = compile(allowAll, { workingDirectory: "/w", ownFiles });
  assert.deepEqual(needs(policy, call("any", '{"notes":1}')), []);
});

Deno.test("prompts and resources are looked at too, other methods are not", () => {
  assertOwn(read("file:///w/policy.yaml"), true);
  assertOwn(read("/w/policy.yaml"), true);
  assertOwn(operation({ method: "resources/read", target: "resource", name: "file:///w/link" }), true);
  assertOwn(read("test://x/policy.yaml"), false);
  const prompt = { method: "prompts/get", target: "prompt" as const, name: "p" };
  assertOwn(operation({ ...prompt, arguments: json('{"file":"policy.yaml"}') }), true);
  assertOwn(operation({ method: "completion/complete", arguments: json('{"file":"policy.yaml"}') }), false);
});

Deno.test("a directory above our files may be read, but not moved, removed or replaced", () => {
  for (const tool of ["move_file", "deleteDirectory", "fs.rm", "COPY"]) {
    for (const path of ["/w", "/", "dir/..", ".", "/else/w"]) {
      assertOwn(call(tool, JSON.stringify({ path })), true);
    }
    assertOwn(call(tool, '{"path":"/w/dir"}'), false);
  }
  for (const tool of ["list_directory", "removed_items", "performance"]) {
    assertOwn(call(tool, '{"path":"/w"}'), false);
  }
});

Deno.test("where the disk does not say, it is denied", () => {
  const decision = judge(withPath("/locked/x"));
  assert.equal(decision.code, "own_file");
  assert.match(decision.reason, /could name a file .* where "\/locked\/x" leads$/);
  const policy = compile(allowAll, { workingDirectory: "/w", ownFiles });
  assert.equal(decide(policy, initialState(policy), withPath("/w/notes"), noFacts, 0).code, "own_file");
});

Deno.test("what leads to no file leads to none of ours", () => {
  const policy = compile(allowAll, { workingDirectory: "/w", ownFiles });
  const asked = withPath("/locked/x");
  const facts = new Map([["/locked/x", { kind: "unknown", why: "no permission", nowhere: true } as const]]);
  assert.equal(decide(policy, initialState(policy), asked, facts, 0).verdict, "allow");
});

Deno.test("without files of ours nothing is asked of the disk", () => {
  const policy = compile(allowAll, { workingDirectory: "/w" });
  assert.deepEqual(needs(policy, withPath("/w/policy.yaml")), []);
  assert.equal(decide(policy, initialState(policy), withPath("/w/policy.yaml"), noFacts, 0).verdict, "allow");
});

Deno.test("texts that cannot be file names ask nothing of the disk", () => {
  const policy = compile(allowAll, { workingDirectory: "/w", ownFiles });
  const names = [
    "two\nlines",
    `/${"x".repeat(300)}`,
    `/${"y".repeat(100_000)}`,
    `/${"é".repeat(128)}`,
    "/a\u0085b",
  ];
  for (const text of [...names, "x".repeat(255), "a sentence, and another", "v1.2", ""]) {
    assert.deepEqual(needs(policy, withPath(text)), [], JSON.stringify(text.slice(0, 20)));
  }
  assert.deepEqual(needs(policy, withPath(`/${"x".repeat(255)}`)).length, 1);
});

Deno.test("our files are found in another case where the file system folds it", () => {
  const policy = compile(allowAll, { workingDirectory: "/w", ownFiles, pathCase: "fold" });
  for (const path of ["/W/Policy.YAML", "~/POLICY.yaml"]) {
    assert.equal(
      decide(policy, initialState(policy), withPath(path), noFacts, 0).reason.includes("names"),
      true,
    );
  }
});

Deno.test("a file: URI is read as URL parsers read it: without tabs, line ends, and spaces around it", () => {
  for (
    const uri of [
      " file:///w/policy.yaml",
      "fi\tle:///w/policy.yaml",
      "file:///w/pol\nicy.yaml",
      "\u0001file:///w/policy.yaml\r",
      "file:w/policy.yaml",
    ]
  ) {
    assert.equal(new URL(uri).pathname, "/w/policy.yaml");
    assertOwn(withPath(uri), true);
    assertOwn(read(uri), true);
  }
});

Deno.test("a name of ours is seen wherever it stands in long arguments", () => {
  const asked = (length: number, path: string): Operation => {
    const params = { name: "write_file", arguments: { text: "x".repeat(length), path } };
    const message = messageOf({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    return readOperation(message as Extract<typeof message, { kind: "request" }>, "downstream") as Operation;
  };
  // Long arguments are searched in pieces of 64 KiB: the name stands before, on and behind the border of two.
  for (let length = 65_495; length < 65_530; length++) assertOwn(asked(length, "policy.yaml"), true);
  assertOwn(asked(65_510, "notes"), false);
});
