import assert from "node:assert/strict";
import { appendRecord, emptyAnchor, type RecordBody, startChain } from "../../src/audit/record.ts";
import { limitsOfProof } from "../../src/audit/verify.ts";
import { auditVerify } from "../../src/cli/audit_verify.ts";
import { LilithError } from "../../src/errors.ts";

const bodies: readonly RecordBody[] = [
  { kind: "event", name: "stopping", detail: "first" },
  { kind: "event", name: "stopping", detail: "second" },
  { kind: "end", reason: "SIGTERM", status: 0, counts: { forwarded: 0, denied: 0, refused: 0 } },
];

function log(): string {
  let chain = startChain("s1", emptyAnchor);
  let text = "";
  for (const body of bodies) {
    const { line, chain: next } = appendRecord(chain, body, 0);
    text += new TextDecoder().decode(line);
    chain = next;
  }
  return text;
}

/** Verifies a log with this content. The folder's name is taken out of what is printed. */
function verify(content: string, json = false): { status: number; out: string[] } {
  const folder = Deno.makeTempDirSync();
  const out: string[] = [];
  try {
    Deno.writeTextFileSync(`${folder}/a.jsonl`, content);
    const status = auditVerify(
      `${folder}/a.jsonl`,
      { json },
      (line) => out.push(line.replaceAll(`${folder}/`, "")),
    );
    return { status, out };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const limits = ["What this cannot show:", ...limitsOfProof.map((limit) => `  - ${limit}`)];

Deno.test("audit verify prints that a log is intact, and what that does not prove; status 0", () => {
  assert.deepEqual(verify(log()), { status: 0, out: ["a.jsonl: intact (3 lines, 1 session)", ...limits] });
});

Deno.test("audit verify names the line that was changed, and what was expected; status 1", () => {
  const { status, out } = verify(log().replace("second", "sec0nd"));
  assert.equal(status, 1);
  assert.equal(out[0], "a.jsonl: NOT intact (3 lines, 1 session)");
  assert.match(
    out[1],
    /^ {2}line 2: changed: its content has the hash [0-9a-f]{12}…, the line says [0-9a-f]{12}…$/,
  );
  assert.deepEqual(out.slice(2), limits);
});

Deno.test("audit verify notes a session without an end; status 0", () => {
  const { status, out } = verify(log().split("\n").slice(0, 2).join("\n") + "\n");
  assert.equal(status, 0);
  assert.equal(
    out[1],
    "  note: line 2: session s1 has no end record: it was killed, still runs, or was cut off",
  );
});

Deno.test("audit verify --json prints one object with the first fault and all others", () => {
  const { status, out } = verify(log().replace("first", "f1rst"), true);
  assert.equal(status, 1);
  assert.equal(out.length, 1);
  const { firstFault, faults, ...rest } = JSON.parse(out[0]);
  assert.deepEqual(rest, {
    file: "a.jsonl",
    intact: false,
    lines: 3,
    sessions: 1,
    faultCount: 1,
    remarks: [],
    limitsOfProof,
  });
  assert.deepEqual([firstFault.line, firstFault.kind], [1, "changed"]);
  assert.deepEqual(faults, [firstFault]);
});

Deno.test("audit verify refuses what it cannot read: no file, a directory, a file of someone else's", () => {
  const cases: [string, RegExp][] = [["/nowhere/a.jsonl", /there is no such file$/], [
    "/",
    /it is a directory$/,
  ]];
  for (const [path, message] of cases) {
    assert.throws(() => auditVerify(path, { json: false }, () => {}), (error) => {
      assert.ok(error instanceof LilithError && error.code === "audit_unreadable");
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("audit verify prints no escape sequence that someone put into a log", () => {
  const { out } = verify(log().replaceAll('"session":"s1"', '"session":"\\u001b[2J"'));
  // deno-lint-ignore no-control-regex
  for (const line of out) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
});
