import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, linkSync, lstatSync } from "node:fs";
import { openSink } from "../../src/audit/sink.ts";
import {
  appendRecord,
  type Chain,
  emptyAnchor,
  type RecordBody,
  startChain,
} from "../../src/audit/record.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { LilithError } from "../../src/errors.ts";
import { recordLineBytesMax } from "../../src/limits.ts";

const encoder = new TextEncoder();

async function inFolder(act: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refusal(act: () => unknown): LilithError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof LilithError);
    assert.equal(error.code, "audit_unwritable");
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

const event: RecordBody = { kind: "event", name: "stopping", detail: "x" };
const end: RecordBody = {
  kind: "end",
  reason: "x",
  status: 0,
  counts: { forwarded: 0, denied: 0, refused: 0 },
};

/** Writes a session of one event and its end. */
function writeSession(path: string, session: string): Chain {
  const sink = openSink(path);
  let chain = startChain(session, sink.anchor);
  for (const body of [startBody(sink.torn), event, end]) {
    const next = appendRecord(chain, body, 0);
    sink.append(next.line);
    chain = next.chain;
  }
  sink.close();
  return chain;
}

function startBody(torn: { bytes: number; sha256: string } | undefined): RecordBody {
  return {
    kind: "start",
    lilith: "0",
    platform: "x",
    policies: [],
    server: { command: "c", args: [], directory: "/" },
    containment: { level: "process", mechanism: "x" },
    writableByServer: [],
    masks: [],
    torn,
  };
}

Deno.test("openSink() creates the log with mode 0600, whatever the umask, and gives its canonical path", () =>
  inFolder((folder) => {
    Deno.mkdirSync(`${folder}/real`);
    Deno.symlinkSync(`${folder}/real`, `${folder}/link`);
    const before = Deno.umask(0);
    try {
      const sink = openSink(`${folder}/link/./a.jsonl`);
      assert.equal(sink.path, `${folder}/real/a.jsonl`);
      assert.equal(sink.anchor, emptyAnchor);
      assert.equal(sink.torn, undefined);
      assert.deepEqual(sink.notices, []);
      sink.close();
    } finally {
      Deno.umask(before);
    }
    assert.equal(modeOf(`${folder}/real/a.jsonl`), "600");
  }));

Deno.test("openSink() narrows a log that others can read, and says so", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    Deno.writeTextFileSync(path, "");
    chmodSync(path, 0o644);
    const sink = openSink(path);
    assert.deepEqual(sink.notices, [
      `The audit log "${path}" could be read or written by others (mode 0644); its mode is 0600 now.`,
    ]);
    sink.close();
    assert.equal(modeOf(path), "600");
  }));

Deno.test("openSink() refuses symbolic links, directories, pipes, devices and folders that are not there", () =>
  inFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/real`, "");
    Deno.symlinkSync(`${folder}/real`, `${folder}/link`);
    Deno.symlinkSync(`${folder}/nowhere`, `${folder}/dangling`);
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    const cases: [string, RegExp][] = [
      [`${folder}/link`, /it is a symbolic link$/],
      [`${folder}/dangling`, /it is a symbolic link$/],
      ["/dev/stdout", /it is a symbolic link$/],
      [folder, /it is a directory$/],
      [`${folder}/pipe`, /it is no regular file$/],
      ["/dev/null", /it is no regular file$/],
      ["/dev/full", /it is no regular file$/],
      [`${folder}/no/such`, /its directory does not exist$/],
      [`${folder}/real/x`, /: /],
    ];
    for (const [path, message] of cases) {
      const error = refusal(() => openSink(path));
      assert.ok(error.message.startsWith(`Cannot open audit log "${path}": `));
      assert.match(error.message, message);
    }
    assert.throws(() => lstatSync(`${folder}/nowhere`));
  }));

Deno.test("append() adds to what is there, and a second name of the file sees it", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    Deno.writeTextFileSync(path, "one\n");
    linkSync(path, `${folder}/b.jsonl`);
    const sink = openSink(path);
    assert.equal(sink.anchor, createHash("sha256").update("one").digest("hex"));
    sink.append(encoder.encode("two\n"));
    sink.close();
    assert.equal(Deno.readTextFileSync(`${folder}/b.jsonl`), "one\ntwo\n");
  }));

Deno.test("sessions one after the other make one log that verifies", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    const first = writeSession(path, "a");
    const sink = openSink(path);
    assert.equal(sink.anchor, first.previous);
    sink.close();
    writeSession(path, "b");
    const { faults, remarks, sessions } = verifyLog([Deno.readFileSync(path)]);
    assert.deepEqual({ faults, remarks, sessions }, { faults: [], remarks: [], sessions: 2 });
  }));

Deno.test("openSink() goes on behind an unfinished line, and the log verifies with a remark", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    const { previous } = writeSession(path, "a");
    Deno.writeTextFileSync(path, '{"v":1,"session":"z","se', { append: true });
    const sink = openSink(path);
    assert.equal(sink.anchor, previous);
    assert.deepEqual(sink.torn?.bytes, 24);
    sink.close();
    assert.ok(Deno.readTextFileSync(path).endsWith('"se'), "nothing is written before the first line is");
    writeSession(path, "b");
    const { faults, remarks } = verifyLog([Deno.readFileSync(path)]);
    assert.deepEqual(faults, []);
    assert.deepEqual(remarks.map(({ kind, line }) => `${line}:${kind}`), ["4:torn"]);
  }));

Deno.test("two that found the same unfinished line end it once", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    Deno.writeTextFileSync(path, "torn");
    const [first, second] = [openSink(path), openSink(path)];
    first.append(encoder.encode("1\n"));
    second.append(encoder.encode("2\n"));
    first.close();
    second.close();
    assert.equal(Deno.readTextFileSync(path), "torn\n1\n2\n");
  }));

Deno.test("openSink() finds the last line however long it is, and refuses what can be no log", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    const long = "x".repeat(3 * 1024 * 1024);
    Deno.writeTextFileSync(path, `first\n${long}\n`);
    const sink = openSink(path);
    assert.equal(sink.anchor, createHash("sha256").update(long).digest("hex"));
    sink.close();
    Deno.writeTextFileSync(path, "x".repeat(20 * recordLineBytesMax));
    assert.match(refusal(() => openSink(path)).message, /its last line is longer than any record$/);
  }));

Deno.test("append() refuses once the log is closed", () =>
  inFolder((folder) => {
    const sink = openSink(`${folder}/a.jsonl`);
    sink.close();
    sink.close();
    assert.match(refusal(() => sink.append(encoder.encode("x\n"))).message, /it is closed$/);
  }));

interface Appended {
  readonly written: number;
  readonly errors: readonly string[];
  readonly closed: string;
}

/** Runs the fixture, behind a shell line of its own where a limit is to hold. */
async function appendLines(path: string, count: number, length: number, limit = ""): Promise<Appended> {
  const fixture = new URL("fixtures/append_lines.ts", import.meta.url).pathname;
  const run = [Deno.execPath(), "run", "-A", "--no-prompt", fixture, path, String(count), String(length)];
  const { stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", `${limit} exec "$@"`, "sh", ...run],
  }).output();
  assert.ok(stdout.length > 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as Appended;
}

Deno.test("append() and close() work after every permission is gone", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.jsonl`;
    Deno.writeTextFileSync(path, "torn");
    const { written, errors, closed } = await appendLines(path, 3, 10);
    assert.deepEqual({ written, errors, closed }, { written: 3, errors: [], closed: "ok" });
    assert.equal(Deno.readTextFileSync(path), "torn\n" + "xxxxxxxxx\n".repeat(3));
  }));

Deno.test("append() that finds no room takes its piece of a line back, fails every time, and leaves whole lines only", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.jsonl`;
    // 8 blocks of 512 bytes: the fifth line of 1000 fits in part. Without the trap the kernel would kill the process.
    const { written, errors, closed } = await appendLines(path, 7, 1000, "trap '' XFSZ; ulimit -f 8;");
    assert.equal(written, 4);
    assert.equal(errors.length, 3);
    for (const error of errors) assert.match(error, /^audit_unwritable: Cannot write audit log /);
    assert.equal(closed, "ok");
    assert.equal(Deno.readTextFileSync(path), ("x".repeat(999) + "\n").repeat(4));
  }));

Deno.test("append() goes on when there is room again, with the chain from before the failure", () =>
  inFolder((folder) => {
    const path = `${folder}/a.jsonl`;
    const sink = openSink(path);
    const first = appendRecord(startChain("a", sink.anchor), startBody(undefined), 0);
    sink.append(first.line);
    const lost = appendRecord(first.chain, event, 0);
    assert.notDeepEqual(lost.chain, first.chain); // not written, and so not gone on from
    sink.append(appendRecord(first.chain, end, 0).line);
    sink.close();
    assert.deepEqual(verifyLog([Deno.readFileSync(path)]).faults, []);
  }));

Deno.test("several proxies write to one log at the same time without harm", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.jsonl`;
    const results = await Promise.all([10, 300, 5000].map((length) => appendLines(path, 400, length)));
    for (const { written } of results) assert.equal(written, 400);
    const lengths = new Map<number, number>();
    for (const line of Deno.readTextFileSync(path).split("\n").slice(0, -1)) {
      lengths.set(line.length, (lengths.get(line.length) ?? 0) + 1);
    }
    assert.deepEqual([...lengths].sort(([a], [b]) => a - b), [[9, 400], [299, 400], [4999, 400]]);
  }));
