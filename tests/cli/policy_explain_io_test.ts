import assert from "node:assert/strict";
import { join } from "node:path";
import { LilithError } from "../../src/errors.ts";
import { type ExplainOptions, policyExplain } from "../../src/cli/policy_explain.ts";

const policy = `version: 1
name: team
rules:
  - { id: read, allow: read_file, args: { path: { under: ROOT } } }
  - { id: no-keys, deny: "*", args: { "**": { finds: '\\.pem$' } } }
  - { id: pace, limit: "*", to: 2 calls/minute }
`;

/** What the command prints about a call, in a directory of its own with a link that leads out of it. */
async function explained(
  call: string,
  options: Partial<ExplainOptions> = {},
  written = policy,
): Promise<{ status: number; text: string; root: string }> {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "lilith-explain-" }));
  try {
    const file = join(root, "team.yaml");
    await Deno.writeTextFile(file, written.replace("ROOT", root));
    await Deno.symlink("/etc", join(root, "out"));
    const lines: string[] = [];
    const status = await policyExplain(
      {
        policies: [file],
        call: call.replace("ROOT", root),
        directory: undefined,
        fromServer: false,
        disk: true,
        json: false,
        colour: false,
        ...options,
      },
      { out: (line) => lines.push(line), err: (line) => lines.push(`! ${line}`) },
    );
    return { status, text: lines.join("\n"), root };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const throughLink = '{"tool":"read_file","arguments":{"path":"ROOT/out/passwd"}}';

Deno.test("policy explain says the decision first, and then what each rule said", async () => {
  const { status, text, root } = await explained(throughLink);
  assert.equal(status, 0);
  assert.equal(
    text.replaceAll(root, "ROOT"),
    `deny: no rule allows tool "read_file" with these arguments: argument "path" must be under ROOT
  tool "read_file", asked by the agent (tools/call)
  decided by the default of policy "team", code default

policy "team": deny
    ✗ deny   no-keys  does not deny
        ✗ some text must contain a match of "\\\\.pem$": 2 texts looked at
    ✓ limit  pace     has room: 2 of 2 left
    ✗ allow  read     does not allow
        ✗ argument "path" must be under ROOT: it is "ROOT/out/passwd": by name "ROOT/out/passwd", on disk "/etc/passwd"
  → default: deny

to be let through it would take
  allow "read": argument "path" must be under ROOT`,
  );
});

Deno.test("policy explain shows nothing of a call that a terminal would obey, or that turns text round", async () => {
  const nasty = "\x1b[31m\x1b]0;a\x07\u202e\u2028\u200b\n- b\r";
  for (
    const call of [
      { method: nasty, arguments: { [nasty]: nasty } },
      { tool: nasty, arguments: { path: nasty, [nasty]: [nasty] } },
      { resource: nasty },
      { prompt: nasty, arguments: { a: nasty } },
    ]
  ) {
    const { text } = await explained(JSON.stringify(call));
    assert.doesNotMatch(text, /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
    assert.doesNotMatch(text, /^- b/m);
  }
});

Deno.test("policy explain marks a limit without room as a no", async () => {
  const purse =
    "version: 1\nrules:\n  - { id: purse, limit: pay, to: { sum: amount, max: 5, per: session } }\n";
  const asked = '{"tool":"pay","arguments":{"amount":9}}';
  assert.match(
    (await explained(asked, {}, purse)).text,
    /→ ✗ limit {2}purse {2}has no room for it \(5 of 5 left\)/,
  );
});

Deno.test("policy explain --no-disk follows no link", async () => {
  assert.match((await explained(throughLink, { disk: false })).text, /^allow: rule "read" allows/);
});

Deno.test("policy explain takes a whole message, and one of the server's", async () => {
  const line = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{}}}';
  assert.match((await explained(line)).text, /argument "path" must be under .*: it is missing/);
  const asked = '{"method":"sampling/createMessage"}';
  assert.match((await explained(asked, { fromServer: true })).text, /asked by the server/);
  assert.match((await explained('{"method":"x","from":"server"}')).text, /asked by the server/);
});

Deno.test("policy explain --json holds the decision and the whole trace", async () => {
  const { text } = await explained(throughLink, { json: true });
  const { decision, explanations: [{ policies: [trace], wouldTake }] } = JSON.parse(text);
  assert.equal(decision.code, "default");
  assert.deepEqual(trace.rules.map(({ id, says }: { id: string; says: string }) => [id, says]), [
    ["no-keys", "does_not_apply"],
    ["pace", "has_room"],
    ["read", "does_not_apply"],
  ]);
  assert.equal(wouldTake.length, 1);
});

Deno.test("policy explain colours for a terminal alone", async () => {
  // deno-lint-ignore no-control-regex
  const escape = /\x1b\[/;
  assert.match((await explained(throughLink, { colour: true })).text, escape);
  assert.doesNotMatch((await explained(throughLink)).text, escape);
});

Deno.test("policy explain says of a refused message that no rule was asked", async () => {
  const { status, text } = await explained('{"tool":"read_file","arguments":{"a":1,"a":2}}');
  assert.deepEqual([status, text], [0, "refused before any rule: a key stands twice in one object"]);
});

Deno.test("policy explain refuses what is no call, and says how one looks", async () => {
  for (
    const [call, reason] of [
      ["read_file", "it is no JSON"],
      ["[]", "it is no JSON object but an array"],
      ['{"tol":"x"}', '"tol" is no part of a call'],
      ['{"arguments":{}}', "it names no tool, resource, prompt or method"],
      ['{"tool":"a","prompt":"b"}', "it names a tool and a prompt"],
      ['{"tool":1}', "its tool is no text"],
      ['{"tool":"a","tool":"b"}', '"tool" stands twice in it'],
      ['{"tool":"a","from":"me"}', 'its "from" is neither'],
    ]
  ) {
    await assert.rejects(explained(call), (error) => {
      assert.ok(error instanceof LilithError);
      assert.equal(error.code, "usage");
      assert.ok(error.message.startsWith(`Cannot explain the call: ${reason}`), error.message);
      assert.match(error.hint!, /"tool":"read_file"/);
      return true;
    });
  }
});
