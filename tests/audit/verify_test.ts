import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { anchorOf } from "../../src/audit/log_line.ts";
import {
  appendRecord,
  type Chain,
  emptyAnchor,
  type RecordBody,
  startChain,
} from "../../src/audit/record.ts";
import { type Fault, faultsMax, limitsOfProof, verifyLog } from "../../src/audit/verify.ts";
import { recordLineBytesMax } from "../../src/limits.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const startBody: RecordBody = {
  kind: "start",
  lilith: "0",
  platform: "x",
  policies: [],
  server: { command: "c", args: [], directory: "/" },
  containment: { level: "process", mechanism: "x" },
  writableByServer: [],
  masks: [],
};
const endBody: RecordBody = {
  kind: "end",
  reason: "x",
  status: 0,
  counts: { forwarded: 0, denied: 0, refused: 0 },
};

function event(detail: string): RecordBody {
  return { kind: "event", name: "stopping", detail };
}

/** A log of one step after the other: `open a` begins session a, `a` adds a record to it, `end a` ends it. */
function writeLog(steps: readonly string[], anchor = emptyAnchor): string[] {
  const lines: string[] = [];
  const chains = new Map<string, Chain>();
  const append = (session: string, body: RecordBody) => {
    const { line, chain } = appendRecord(chains.get(session)!, body, lines.length);
    chains.set(session, chain);
    lines.push(decoder.decode(line).trimEnd());
  };
  for (const step of steps) {
    const [session, command] = step.split(" ").toReversed();
    if (command === "open") {
      const last = lines.at(-1);
      chains.set(session, startChain(session, last === undefined ? anchor : anchorOf(encoder.encode(last))));
      append(session, startBody);
    } else {
      append(session, command === "end" ? endBody : event(`step ${lines.length}`));
    }
  }
  return lines;
}

function verify(lines: readonly string[]) {
  return verifyLog([encoder.encode(lines.map((line) => line + "\n").join(""))]);
}

/** `line:kind` of each fault. */
function faults(lines: readonly string[]): string[] {
  return verify(lines).faults.map(({ line, kind }) => `${line}:${kind}`);
}

function firstFault(text: Uint8Array | readonly string[]): Fault | undefined {
  return (text instanceof Uint8Array ? verifyLog([text]) : verify(text)).faults[0];
}

const two = writeLog(["open a", "a", "open b", "a", "b", "b", "end a", "b", "end b"]);

Deno.test("verifyLog() finds an empty log, one session and sessions side by side intact", () => {
  assert.deepEqual(verifyLog([]), { lines: 0, sessions: 0, faults: [], faultCount: 0, remarks: [] });
  for (const steps of [["open a", "end a"], ["open a", "a", "end a", "open b", "b", "end b"]]) {
    assert.deepEqual(verify(writeLog(steps)).faults, []);
    assert.deepEqual(verify(writeLog(steps)).remarks, []);
  }
  assert.deepEqual(verify(two), { lines: 9, sessions: 2, faults: [], faultCount: 0, remarks: [] });
});

Deno.test("verifyLog() names a changed line, the last one too", () => {
  for (let i = 0; i < two.length; i++) {
    const changed = two.with(i, two[i].replace('"time":"1970', '"time":"1971'));
    assert.deepEqual(faults(changed), [`${i + 1}:changed`]);
  }
});

Deno.test("verifyLog() names a line that was changed together with its own hash, by the record written after it", () => {
  const forged = two.with(4, reseal(two[4].replace("step 4", "step X")));
  assert.deepEqual(faults(forged), ["5:changed"]);
});

function reseal(line: string): string {
  const content = line.slice(0, line.indexOf(',"hash":"'));
  return `${content},"hash":"${createHash("sha256").update(content).digest("hex")}"}`;
}

Deno.test("verifyLog() says which records are missing, and before which line", () => {
  const without = [...two.slice(0, 4), ...two.slice(6)];
  const [fault] = verify(without).faults;
  assert.equal(`${fault.line}:${fault.kind}`, "6:missing");
  assert.equal(fault.detail, "record 3 of session b; records 1 to 2 are missing before it");
  assert.deepEqual(faults(two.slice(1)), ["1:missing"]);
  assert.match(
    verify(two.slice(1)).faults[0].detail,
    /begins here with record 1; records 0 to 0 are missing/,
  );
});

Deno.test("verifyLog() misses a whole session that was taken out, by the session that began behind it", () => {
  const log = writeLog(["open a", "end a", "open b", "end b", "open c", "end c"]);
  assert.deepEqual(faults([...log.slice(0, 2), ...log.slice(4)]), ["3:missing"]);
});

Deno.test("verifyLog() cannot see that a session was taken out which none began behind, and says that it cannot", () => {
  // b ran beside a and has gone with all its lines; nothing refers to them.
  const log = writeLog(["open a", "open b", "b", "end b", "a", "open c", "end c", "end a"]);
  const without = log.filter((line) => !line.includes('"session":"b"'));
  assert.deepEqual(verify(without), { lines: 5, sessions: 2, faults: [], faultCount: 0, remarks: [] });
  assert.ok(limitsOfProof.some((limit) => /A whole session leaves no trace/.test(limit)));
});

Deno.test("verifyLog() says of a log whose line ends were changed that they were", () => {
  const { faults } = verifyLog([encoder.encode(two.map((line) => line + "\r\n").join(""))]);
  assert.equal(faults.length, two.length);
  for (const { kind, detail } of faults) {
    assert.equal(kind, "changed");
    assert.match(detail, /a carriage return stands before its line feed/);
  }
});

Deno.test("verifyLog() finds two logs that were put together intact only where none of their sessions is there twice", () => {
  const first = writeLog(["open a", "a", "end a"]);
  const second = writeLog(["open b", "b", "end b"]);
  assert.deepEqual(faults([...first, ...second]), []);
  assert.deepEqual(faults([...first, ...second, ...first]), ["7:repeated", "8:repeated", "9:repeated"]);
});

Deno.test("verifyLog() tells records out of order from missing ones, and where they went", () => {
  const log = writeLog(["open a", "a", "a", "a", "a", "end a"]);
  const swapped = [log[0], log[1], log[4], log[3], log[2], log[5]];
  assert.deepEqual(faults(swapped), ["3:reordered"]);
  assert.match(
    verify(swapped).faults[0].detail,
    /record 3 stands in line 4 instead; record 2 stands in line 5 instead/,
  );
});

Deno.test("verifyLog() names a line that is there twice, and a record behind the end of its session", () => {
  assert.deepEqual(faults([...two, two[4]]), ["10:repeated"]);
  assert.deepEqual(faults([two[0], two[0], ...two.slice(1)]), ["2:repeated"]);
  const [open, end] = writeLog(["open a", "end a"]);
  const after =
    appendRecord({ session: "a", sequence: 2, previous: anchorOf(encoder.encode(end)) }, event("x"), 0).line;
  assert.deepEqual(faults([open, end, decoder.decode(after).trimEnd()]), ["3:foreign"]);
});

Deno.test("verifyLog() names lines that are none of the log: other JSON, text, nothing, binary, too long ones", () => {
  const others = [
    "",
    "hello",
    "{}",
    "null",
    "[1]",
    '{"session":"a","seq":1,"kind":"x","prev":1}',
    '{"session":"\\u001b[2J","seq":0,"kind":"x","prev":""}',
  ];
  for (const other of others) {
    assert.deepEqual(faults([...two.slice(0, 3), other, ...two.slice(3)]), ["4:foreign"], other);
  }
  const long = `{"v":1,"session":"${"x".repeat(recordLineBytesMax)}"}`;
  assert.deepEqual(faults([...two.slice(0, 3), long, ...two.slice(3)]), ["4:foreign"]);
  // Also where nothing ends it.
  assert.equal(firstFault(encoder.encode("not a log"))?.kind, "foreign");
  const bytes = encoder.encode(two.join("\n") + "\n");
  assert.equal(firstFault(new Uint8Array([0xff, 0xfe, 0x0a, ...bytes]))?.kind, "foreign");
});

Deno.test("verifyLog() names the last line where its end was cut off, at whatever byte", () => {
  const bytes = encoder.encode(two.join("\n") + "\n");
  const begin = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  for (let end = begin + 1; end < bytes.length; end++) {
    const { faults, lines } = verifyLog([bytes.subarray(0, end)]);
    assert.deepEqual(faults.map(({ line, kind }) => `${line}:${kind}`), ["9:cut_off"]);
    assert.equal(lines, 9);
  }
});

Deno.test("verifyLog() takes an unfinished line as found where the next session vouches for it, and only then", () => {
  const torn = two[5].slice(0, 40);
  const start = (sha256: string) => {
    const body = { ...startBody, torn: { bytes: torn.length, sha256 } } as RecordBody;
    const { line } = appendRecord(startChain("c", anchorOf(encoder.encode(two[4]))), body, 0);
    return decoder.decode(line).trimEnd();
  };
  const sum = createHash("sha256").update(torn).digest("hex");
  const vouched = verify([...two.slice(0, 5), torn, start(sum)]);
  assert.deepEqual(vouched.faults, []);
  assert.equal(vouched.faultCount, 0);
  assert.deepEqual(vouched.remarks.map(({ line, kind }) => `${line}:${kind}`), [
    "4:no_end",
    "5:no_end",
    "6:torn",
    "7:no_end",
  ]);
  assert.deepEqual(faults([...two.slice(0, 5), torn + "x", start(sum)]), ["6:cut_off"]);
  assert.deepEqual(faults([...two.slice(0, 5), torn, start("0".repeat(64))]), ["6:cut_off"]);
});

Deno.test("verifyLog() finds no fault with an unfinished line that two new sessions have both ended", () => {
  const torn = two[5].slice(0, 40);
  const start = (session: string) => {
    const sha256 = createHash("sha256").update(torn).digest("hex");
    const body = { ...startBody, torn: { bytes: torn.length, sha256 } } as RecordBody;
    const { line } = appendRecord(startChain(session, anchorOf(encoder.encode(two[4]))), body, 0);
    return decoder.decode(line).trimEnd();
  };
  assert.deepEqual(faults([...two.slice(0, 5), torn, "", start("c"), start("d")]), []);
  assert.deepEqual(faults([...two.slice(0, 5), torn, start("c"), "", start("d")]), ["8:foreign"]);
});

Deno.test("verifyLog() remarks, without a fault, that a session has no end and that a log goes on from another", () => {
  const { faults, remarks } = verify(writeLog(["open a", "a"], "ab".repeat(32)));
  assert.deepEqual(faults, []);
  assert.deepEqual(remarks.map(({ line, kind }) => `${line}:${kind}`), ["1:continues", "2:no_end"]);
});

Deno.test("verifyLog() lists so many faults and no more, but counts them all", () => {
  const { faults, faultCount } = verify(Array.from({ length: 300 }, () => "x"));
  assert.equal(faults.length, faultsMax);
  assert.equal(faultCount, 300);
});

Deno.test("verifyLog() lets a session begin behind a line that others have written past since", () => {
  const steps = ["open a", ...Array.from({ length: 50 }, () => "a"), "end a"];
  const busy = writeLog(steps);
  const { line } = appendRecord(startChain("b", anchorOf(encoder.encode(busy[3]))), startBody, 0);
  assert.deepEqual(faults([...busy, decoder.decode(line).trimEnd()]), []);
});

/** Logs of up to three sessions that take turns; every session has three records at least. */
const logs: fc.Arbitrary<{ lines: string[]; sessions: string[] }> = fc.array(fc.constantFrom("a", "b", "c"), {
  minLength: 3,
  maxLength: 20,
}).map((turns) => {
  const opened = new Set<string>();
  const steps: string[] = [];
  for (const session of turns) {
    if (!opened.has(session)) steps.push(`open ${session}`, session);
    opened.add(session);
    steps.push(session);
  }
  for (const session of opened) steps.push(`end ${session}`);
  const lines = writeLog(steps);
  return { lines, sessions: lines.map((line) => JSON.parse(line).session as string) };
});

Deno.test("verifyLog() finds every log that it was not tampered with intact, however its bytes come", () => {
  fc.assert(fc.property(logs, fc.integer({ min: 1, max: 700 }), ({ lines }, size) => {
    const bytes = encoder.encode(lines.map((line) => line + "\n").join(""));
    const chunk = new Uint8Array(size);
    // One buffer for all chunks, as a reader of files has it.
    function* chunks() {
      for (let at = 0; at < bytes.length; at += size) {
        const part = bytes.subarray(at, at + size);
        chunk.set(part);
        yield chunk.subarray(0, part.length);
      }
    }
    assert.deepEqual(verifyLog(chunks()), verifyLog([bytes]));
    assert.equal(verifyLog([bytes]).faultCount, 0);
  }));
});

Deno.test("verifyLog() finds any single changed byte, and names the line that it stands in", () => {
  fc.assert(
    fc.property(logs, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ lines }, place, by) => {
      const bytes = encoder.encode(lines.map((line) => line + "\n").join(""));
      const at = place % bytes.length;
      const line = bytes.subarray(0, at).reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 1);
      bytes[at] ^= by;
      const fault = firstFault(bytes);
      assert.equal(fault?.line, line);
      assert.ok(["changed", "foreign", "cut_off"].includes(fault.kind), fault.kind);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("verifyLog() finds any deleted line, but for the last of its session", () => {
  fc.assert(fc.property(logs, fc.nat(), ({ lines, sessions }, place) => {
    const at = place % lines.length;
    fc.pre(sessions.indexOf(sessions[at], at + 1) >= 0);
    const fault = firstFault(lines.toSpliced(at, 1));
    assert.equal(fault?.kind, "missing");
    // The next line of that session, or that of another that began right behind the deleted one.
    assert.ok(fault.line > at && fault.line <= sessions.indexOf(sessions[at], at + 1));
  }));
});

Deno.test("verifyLog() finds any two lines of one session that changed places", () => {
  fc.assert(fc.property(logs, fc.nat(), fc.nat(), ({ lines, sessions }, first, second) => {
    const i = first % lines.length;
    const mates = sessions.flatMap((session, j) => session === sessions[i] && j !== i ? [j] : []);
    const j = mates[second % mates.length];
    const fault = firstFault(lines.with(i, lines[j]).with(j, lines[i]));
    assert.ok(fault !== undefined && fault.line <= Math.min(i, j) + 1);
    assert.ok(["reordered", "missing"].includes(fault.kind), fault.kind);
  }));
});

Deno.test("verifyLog() finds any line that is there twice, wherever its copy stands", () => {
  fc.assert(fc.property(logs, fc.nat(), fc.nat(), ({ lines }, from, to) => {
    const at = to % (lines.length + 1);
    const { faults } = verify(lines.toSpliced(at, 0, lines[from % lines.length]));
    assert.ok(faults.some(({ kind }) => kind === "repeated"));
  }));
});

Deno.test("verifyLog() cannot see lines that were cut off at the end, but says that there is no end record", () => {
  fc.assert(fc.property(logs, fc.nat(), ({ lines }, place) => {
    const kept = 1 + place % (lines.length - 1);
    const { faults, remarks } = verify(lines.slice(0, kept));
    assert.deepEqual(faults, []);
    assert.ok(remarks.some(({ kind }) => kind === "no_end"));
  }));
});
