import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  appendRecord,
  type Chain,
  type DecisionRecord,
  emptyAnchor,
  type RecordBody,
  startChain,
  type StartRecord,
} from "../../src/audit/record.ts";
import { maskKinds } from "../../src/audit/redact.ts";
import {
  recordArgumentsBytesMax,
  recordLineBytesMax,
  recordListEntriesMax,
  recordTextCharactersMax,
} from "../../src/limits.ts";
import type { Decision } from "../../src/policy/decision.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { anything, password } from "./generators.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const chain = startChain("s1", emptyAnchor);
const timeMs = Date.UTC(2026, 8, 1, 12, 30, 0, 7);

function textOf(body: RecordBody, from: Chain = chain): string {
  return decoder.decode(appendRecord(from, body, timeMs).line);
}

// deno-lint-ignore no-explicit-any
function parse(body: RecordBody): any {
  return JSON.parse(textOf(body));
}

/** What a line says between its head and its links. */
function said(body: RecordBody): string {
  const text = textOf(body);
  return text.slice(text.indexOf('"kind"'), text.indexOf(',"prev"'));
}

const allowed: Decision = {
  verdict: "allow",
  action: "forward",
  policy: "p",
  rule: "r",
  reason: "allowed",
  observed: [],
  charges: [],
  denials: "tool_result",
};

function spanOf(json: string): DecisionRecord["arguments"] {
  const bytes = encoder.encode(`##${json}##`);
  return { bytes, start: 2, end: bytes.length - 2 };
}

const decision: DecisionRecord = {
  kind: "decision",
  call: 3,
  from: "agent",
  type: "request",
  id: "7",
  method: "tools/call",
  target: "tool",
  name: "read_text_file",
  decision: allowed,
  facts: noFacts,
  arguments: spanOf('{"path":"/tmp/a","n":1.0}'),
  bytes: 120,
};

const start: StartRecord = {
  kind: "start",
  lilith: "0.1.0",
  platform: "linux x86_64",
  policies: [{ name: "p", file: "p.yaml", sha256: "ab".repeat(32), mode: "enforce" }],
  server: {
    command: "/usr/bin/npx",
    args: ["-y", "server", "--api-key", "k3y", "--name", "x"],
    directory: "/tmp",
    namedDirectories: ["/srv", "/data"],
  },
  containment: { level: "namespace", mechanism: "bwrap" },
  writableByServer: ["/tmp/p.yaml"],
  masks: maskKinds,
};

Deno.test("appendRecord() writes each kind of record in these very words", () => {
  const observed = [{ policy: "p", rule: "o", verdict: "deny", reason: "would be denied" }] as const;
  const cases: [RecordBody, string][] = [
    [
      decision,
      '"kind":"decision","call":3,"from":"agent","type":"request","id":7,"method":"tools/call","target":"tool",' +
      '"name":"read_text_file","verdict":"allow","action":"forward","policy":"p","rule":"r","reason":"allowed",' +
      '"arguments":{"path":"/tmp/a","n":1.0},"bytes":120',
    ],
    [
      {
        ...decision,
        call: undefined,
        type: "notification",
        id: undefined,
        arguments: undefined,
        facts: new Map([
          ["/a", { kind: "real", path: "/b" }],
          ["/c", { kind: "missing", path: "/c" }],
          ["/d", { kind: "unknown", why: "a loop" }],
        ]),
        decision: {
          ...allowed,
          verdict: "limit",
          action: "deny",
          code: "limit",
          retryAfterMs: 250,
          observed,
        },
      },
      '"kind":"decision","from":"agent","type":"notification","method":"tools/call","target":"tool",' +
      '"name":"read_text_file","verdict":"limit","action":"deny","code":"limit","policy":"p","rule":"r",' +
      '"reason":"allowed","retryAfterMs":250,"observed":[{"policy":"p","rule":"o","verdict":"deny","reason":"would be denied"}],' +
      '"facts":[{"path":"/a","resolution":{"kind":"real","path":"/b"}},' +
      '{"path":"/c","resolution":{"kind":"missing","path":"/c"}},' +
      '{"path":"/d","resolution":{"kind":"unknown","why":"a loop"}}],"bytes":120',
    ],
    [
      { ...decision, arguments: undefined, batch: 2, notes: ["progress_token_in_use"] },
      '"kind":"decision","call":3,"from":"agent","type":"request","id":7,"method":"tools/call","target":"tool",' +
      '"name":"read_text_file","verdict":"allow","action":"forward","policy":"p","rule":"r","reason":"allowed",' +
      '"bytes":120,"batch":2,"notes":["progress_token_in_use"]',
    ],
    [
      {
        ...decision,
        within: 2,
        type: "result",
        id: undefined,
        arguments: undefined,
        also: [{ target: "resource", name: "file:///a" }, { target: "tool", name: "a@b.de" }],
      },
      '"kind":"decision","call":3,"within":2,"from":"agent","type":"result","method":"tools/call","target":"tool",' +
      '"name":"read_text_file","verdict":"allow","action":"forward","policy":"p","rule":"r","reason":"allowed",' +
      '"also":[{"target":"resource","name":"file:///a"},{"target":"tool","name":"‹email›"}],"bytes":120,' +
      '"masked":[{"kind":"email","path":"/also/1/name","count":1}]',
    ],
    [
      {
        kind: "outcome",
        call: 3,
        from: "server",
        type: "tool_error",
        action: "forward",
        durationMs: 12,
        bytes: 90,
      },
      '"kind":"outcome","call":3,"from":"server","type":"tool_error","action":"forward","durationMs":12,"bytes":90',
    ],
    [
      {
        kind: "outcome",
        call: 4,
        from: "server",
        type: "result",
        action: "filter",
        code: "malformed",
        durationMs: 1,
        bytes: 9,
        filtered: { removed: ["rm", "a@b.de"], before: "aa", after: "bb", madePrivate: true },
        notes: ["duplicate_key", "lone_surrogate"],
      },
      '"kind":"outcome","call":4,"from":"server","type":"result","action":"filter","code":"malformed","durationMs":1,' +
      '"bytes":9,"filtered":{"removed":["rm","‹email›"],"before":"aa","after":"bb","madePrivate":true},' +
      '"notes":["duplicate_key","lone_surrogate"],"masked":[{"kind":"email","path":"/filtered/removed/1","count":1}]',
    ],
    [
      {
        kind: "refused",
        from: "server",
        code: "unasked",
        reason: 'no "request"',
        id: '"x"',
        method: "m",
        bytes: 5,
        batch: 1,
      },
      '"kind":"refused","from":"server","code":"unasked","reason":"no \\"request\\"","id":"x","method":"m","bytes":5,"batch":1',
    ],
    [
      { kind: "event", name: "server_exited", detail: "exit status 3" },
      '"kind":"event","name":"server_exited","detail":"exit status 3"',
    ],
    [
      {
        kind: "event",
        name: "policy_changed",
        detail: "in force",
        policies: [{ file: "a.yaml", before: "ab".repeat(32), found: "cd".repeat(32) }, {
          file: "b.yaml",
          before: "ef".repeat(32),
        }],
        atNextStart: ["server.memory"],
        announced: ["tools"],
      },
      '"kind":"event","name":"policy_changed","detail":"in force","policies":[{"file":"a.yaml","before":"' +
      `${"ab".repeat(32)}","found":"${"cd".repeat(32)}"},{"file":"b.yaml","before":"${"ef".repeat(32)}"}]` +
      ',"atNextStart":["server.memory"],"announced":["tools"]',
    ],
    [
      { kind: "end", reason: "SIGTERM", status: 143, counts: { forwarded: 5, denied: 1, refused: 2 } },
      '"kind":"end","reason":"SIGTERM","status":143,"counts":{"forwarded":5,"denied":1,"refused":2}',
    ],
    [
      { ...start, torn: { bytes: 12, sha256: "cd".repeat(32) } },
      '"kind":"start","lilith":"0.1.0","platform":"linux x86_64",' +
      `"policies":[{"name":"p","file":"p.yaml","sha256":"${"ab".repeat(32)}","mode":"enforce"}],` +
      '"server":{"command":"/usr/bin/npx","args":["-y","server","--api-key","‹secret›","--name","x"],"directory":"/tmp","namedDirectories":["/srv","/data"]},' +
      '"containment":{"level":"namespace","mechanism":"bwrap"},"writableByServer":["/tmp/p.yaml"],' +
      `"masks":${JSON.stringify(maskKinds)},"torn":{"bytes":12,"sha256":"${"cd".repeat(32)}"},` +
      '"masked":[{"kind":"secret","path":"/server/args/3","count":1}]',
    ],
  ];
  for (const [body, expected] of cases) assert.equal(said(body), expected);
});

Deno.test("appendRecord() writes what was put in for the variables of a policy, masked as all else", () => {
  const [policy] = start.policies;
  const vars = [{ name: "root", value: "/tmp" }, { name: "api_token", value: "k3y-0f-s0me-kind" }];
  const line = said({ ...start, policies: [{ ...policy, vars }] });
  assert.match(line, /"mode":"enforce","vars":\["root=\/tmp","api_token=‹secret›"\]\}/);
});

Deno.test("appendRecord() begins each line with its version, session, number and time, and ends it with both links", () => {
  const text = textOf(decision, { session: "s1", sequence: 41, previous: "ef".repeat(32) });
  assert.ok(
    text.startsWith('{"v":1,"session":"s1","seq":41,"time":"2026-09-01T12:30:00.007Z","kind":"decision",'),
  );
  const content = text.slice(0, text.indexOf(',"hash":"'));
  const sum = createHash("sha256").update(content).digest("hex");
  assert.ok(content.endsWith(`,"prev":"${"ef".repeat(32)}"`));
  assert.equal(text, `${content},"hash":"${sum}"}\n`);
});

Deno.test("appendRecord() chains each line to the one before, and leaves the chain that it was given", () => {
  const first = appendRecord(chain, decision, timeMs);
  const second = appendRecord(first.chain, start, timeMs);
  assert.deepEqual(chain, { session: "s1", sequence: 0, previous: emptyAnchor });
  assert.equal(JSON.parse(decoder.decode(first.line)).prev, emptyAnchor);
  assert.equal(JSON.parse(decoder.decode(second.line)).prev, JSON.parse(decoder.decode(first.line)).hash);
  assert.deepEqual(second.chain.sequence, 2);
  // A line that could not be written is left out of the chain by going on from before it.
  assert.deepEqual(appendRecord(first.chain, start, timeMs), second);
});

Deno.test("appendRecord() writes every time as ISO 8601 in UTC with three digits of milliseconds", () => {
  const times = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
  const event = { kind: "event", name: "stopping", detail: "" } as const;
  fc.assert(fc.property(fc.array(times), (all) => {
    for (const time of all) {
      const { time: written } = JSON.parse(decoder.decode(appendRecord(chain, event, time).line));
      assert.equal(written, new Date(time).toISOString());
    }
  }));
});

Deno.test("startChain() refuses names and anchors that could break out of their quotation marks", () => {
  for (const session of ["", 'a"b', "a b", "x".repeat(65)]) {
    assert.throws(() => startChain(session, emptyAnchor));
  }
  for (const anchor of ["", "0".repeat(63), "G".repeat(64), '"'.repeat(64)]) {
    assert.throws(() => startChain("s", anchor));
  }
});

Deno.test("appendRecord() gives one line of valid JSON, whatever the texts hold", () => {
  const texts = fc.string({ unit: "binary", maxLength: 700 });
  fc.assert(fc.property(texts, texts, fc.jsonValue(), (a, b, value) => {
    const facts = new Map([[a, { kind: "real", path: b } as const]]);
    const body = {
      ...decision,
      id: JSON.stringify(a),
      method: a,
      name: b,
      facts,
      arguments: spanOf(JSON.stringify(value)),
    };
    const line = textOf(body);
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.equal(typeof JSON.parse(line), "object");
  }));
});

Deno.test("appendRecord() cuts texts that are too long, says how long they were, and masks before it cuts", () => {
  const secret = "ghp_" + "a1".repeat(20);
  for (
    const before of [
      0,
      100,
      recordTextCharactersMax - 50,
      recordTextCharactersMax - 5,
      recordTextCharactersMax - 1,
    ]
  ) {
    const text = "x ".repeat(before / 2) + secret + " y".repeat(5000);
    const { method, masked } = parse({ ...decision, method: text });
    assert.ok(method.length < recordTextCharactersMax + 40);
    assert.ok(method.endsWith(`… (${text.length} characters)`));
    assert.ok(!method.includes("ghp_") && method.includes("‹github_token›"), method);
    assert.deepEqual(masked, [{ kind: "github_token", path: "/method", count: 1 }]);
  }
  const long = JSON.stringify("a".repeat(900));
  assert.equal(
    parse({ ...decision, id: long }).id,
    `${"a".repeat(recordTextCharactersMax)}… (900 characters)`,
  );
  assert.equal(parse({ ...decision, id: '"\\u0040' + "a".repeat(900) + '"' }).id[0], "@");
});

Deno.test("appendRecord() leaves arguments out that are too long, with their size", () => {
  const exactly = JSON.stringify("a".repeat(recordArgumentsBytesMax - 2));
  assert.equal(
    parse({ ...decision, arguments: spanOf(exactly) }).arguments.length,
    recordArgumentsBytesMax - 2,
  );
  const over = parse({ ...decision, arguments: spanOf(exactly.slice(0, -1) + 'b"'), argumentsDigest: "ab" });
  assert.equal(over.arguments, undefined);
  assert.deepEqual(over.argumentsOmitted, { bytes: recordArgumentsBytesMax + 1 });
  assert.equal(over.argumentsDigest, "ab");
});

Deno.test("appendRecord() cuts long lists and says how much is missing", () => {
  const args = Array.from({ length: recordListEntriesMax + 5 }, (_, i) => `a${i}`);
  const { server } = parse({ ...start, server: { ...start.server, args } });
  assert.equal(server.args.length, recordListEntriesMax + 1);
  assert.equal(server.args.at(-1), "… and 5 more");
});

Deno.test("appendRecord() stays below the longest line with everything at its worst", () => {
  const wide = "\ud800".repeat(5000);
  const facts = new Map(
    Array.from({ length: 1000 }, (_, i) => [`${i}${wide}`, { kind: "real", path: wide } as const]),
  );
  const observed = Array.from(
    { length: 1000 },
    () => ({ policy: wide, rule: wide, verdict: "deny", reason: wide }) as const,
  );
  const worst = '{"otp":1},'.repeat(recordArgumentsBytesMax / 10 - 1);
  const line = textOf({
    ...decision,
    method: wide,
    name: wide,
    facts,
    decision: { ...allowed, reason: wide, observed },
    also: Array.from({ length: 1000 }, () => ({ target: "resource", name: wide }) as const),
    arguments: spanOf(`[${worst}1]`),
  });
  assert.ok(line.length > 2_000_000 && encoder.encode(line).length < recordLineBytesMax, String(line.length));
});

/** Every place of a record that something from outside can get into. */
const records: readonly ((text: string) => RecordBody)[] = [
  (text) => ({ ...decision, arguments: spanOf(JSON.stringify({ a: [text] })) }),
  (text) => ({ ...decision, arguments: spanOf(JSON.stringify({ [text]: 1 })) }),
  (text) => ({ ...decision, arguments: spanOf(JSON.stringify({ a: JSON.stringify({ [text]: [text] }) })) }),
  (text) => ({ ...decision, id: JSON.stringify(text) }),
  (text) => ({ ...decision, method: text }),
  (text) => ({ ...decision, name: text }),
  (text) => ({
    ...decision,
    decision: { ...allowed, policy: text, rule: text, reason: `not allowed: ${text}.` },
  }),
  (text) => ({
    ...decision,
    decision: { ...allowed, observed: [{ policy: text, rule: text, verdict: "deny", reason: text }] },
  }),
  (text) => ({ ...decision, facts: new Map([[text, { kind: "real", path: `/home/${text}` }]]) }),
  (text) => ({ ...decision, facts: new Map([["/a", { kind: "unknown", why: text }]]) }),
  (text) => ({ ...decision, also: [{ target: "resource", name: text }] }),
  (text) => ({
    kind: "outcome",
    call: 1,
    from: "server",
    type: "result",
    action: "filter",
    durationMs: 1,
    bytes: 1,
    filtered: { removed: [text], before: "", after: "" },
  }),
  (text) => ({
    kind: "refused",
    from: "agent",
    code: "malformed",
    reason: text,
    id: JSON.stringify(text),
    method: text,
    bytes: 1,
  }),
  (text) => ({ kind: "event", name: "stopping", detail: text }),
  (text) => ({ kind: "end", reason: text, status: 0, counts: { forwarded: 0, denied: 0, refused: 0 } }),
  (text) => ({
    ...start,
    server: { command: text, args: ["--to", text], directory: text },
    writableByServer: [text],
  }),
  (text) => ({
    ...start,
    platform: text,
    policies: [{ name: text, file: text, sha256: "", mode: "observe" }],
  }),
];

Deno.test("appendRecord() lets nothing that is planted anywhere get into a line", () => {
  fc.assert(
    fc.property(anything, fc.constantFrom(...records), ({ text, kind }, make) => {
      const line = textOf(make(text));
      const masked = JSON.parse(line).masked as { kind: string }[];
      // The hashes are random letters and digits themselves.
      const shown = line.slice(0, line.indexOf(',"prev"'));
      assert.ok(!shown.includes(text) && !shown.includes(JSON.stringify(text).slice(1, -1)), shown);
      assert.ok(!shown.includes(text.slice(-6)), `${text.slice(-6)} is left in ${shown}`);
      assert.ok(masked.some((entry) => entry.kind === kind), JSON.stringify([kind, masked]));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("appendRecord() masks in a reason what the reason spells out or cuts short", () => {
  const shown = (reason: string) => parse({ ...decision, decision: { ...allowed, reason } }).reason;
  assert.equal(
    shown('no rule allows tool "4111\\u{a0}1111\\u{a0}1111\\u{a0}1111"'),
    'no rule allows tool "‹card›"',
  );
  assert.equal(
    shown('tool "-----BEGIN PRIVATE KEY-----\\u{a}MIIE\\u{a}-----END PRIVATE KEY-----"'),
    'tool "‹private_key›"',
  );
  assert.equal(shown('no rule allows tool "read ghp_abcdefgh…"'), 'no rule allows tool "read …"');
  const refused = { kind: "refused", from: "agent", code: "malformed", bytes: 1 } as const;
  assert.equal(
    parse({ ...refused, reason: 'a request with the id "ada\\u0040example.com" is waiting' }).reason,
    'a request with the id "‹email›" is waiting',
  );
});

Deno.test("appendRecord() keeps what stands under a telling name out of the facts and the reason too", () => {
  const body: RecordBody = {
    ...decision,
    arguments: spanOf('{"password":"/tmp/hunter2","token":{"a":["s3cr3t\\u0021"]},"pin":{"secret":90210}}'),
    facts: new Map([
      ["/tmp/hunter2", { kind: "missing", path: "/private/tmp/hunter2" }],
      ["/tmp/s3cr3t!", { kind: "unknown", why: "s3cr3t! is too long" }],
    ]),
    decision: { ...allowed, reason: 'names "/tmp/hunter2" and "90210"' },
  };
  assert.ok(!/hunter2|s3cr3t|90210/.test(said(body)), said(body));
  const { facts, masked } = parse(body);
  assert.deepEqual(facts[0], { path: "‹secret›", resolution: { kind: "missing", path: "/private‹secret›" } });
  assert.ok(masked.some(({ path }: { path: string }) => path === "/facts/0/path"));
  assert.ok(
    !said({ ...body, also: [{ target: "resource", name: "file:///tmp/hunter2" }] }).includes("hunter2"),
  );
  // Also where the arguments are too long to be recorded.
  const long = spanOf(
    JSON.stringify({ password: "/tmp/hunter2", more: "x".repeat(recordArgumentsBytesMax) }),
  );
  assert.ok(!said({ ...body, arguments: long }).includes("hunter2"));
});

Deno.test("appendRecord() lets no secret word of the server's command line get into the log", () => {
  fc.assert(
    fc.property(
      password,
      fc.constantFrom("--token", "--api-key", "-password", "--client-secret"),
      (value, option) => {
        for (const args of [[option, value], [`${option}=${value}`], ["-e", `API_TOKEN=${value}`]]) {
          assert.ok(!textOf({ ...start, server: { ...start.server, args } }).includes(value));
        }
      },
    ),
  );
});

Deno.test("what is hidden for its name in arguments too long to be recorded stays hidden in a judgement that was written before", () => {
  const denied: DecisionRecord = {
    ...decision,
    name: "hides",
    decision: {
      ...allowed,
      verdict: "deny",
      action: "deny",
      code: "own_file",
      reason: 'tool "hides" names a file that keeps the agent in check: "/tmp/s3cr3t!"',
    },
  };
  const short = { ...denied, arguments: spanOf('{"path":"/tmp/s3cr3t!"}') };
  const filling = "x".repeat(recordArgumentsBytesMax);
  const long = { ...denied, arguments: spanOf(`{"password":"/tmp/s3cr3t!","filling":"${filling}"}`) };
  assert.match(said(short), /s3cr3t/);
  assert.doesNotMatch(said(long), /s3cr3t/);
});
