import assert from "node:assert/strict";
import { chmodSync, lstatSync, truncateSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LilithError } from "../../src/errors.ts";
import { stateBytesMax } from "../../src/limits.ts";
import { openStateFile, type StateFile } from "../../src/state/state_file.ts";

async function inFolder(act: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refusal(act: () => unknown, code = "state_unusable"): LilithError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof LilithError, String(error));
    assert.equal(error.code, code);
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

function keep(file: StateFile, text: string): void {
  file.update((content) => ({ content: { ...content, approvals: [{ text }] }, result: undefined }));
}

function kept(file: StateFile): unknown {
  return file.update(({ approvals }) => ({ result: approvals[0]?.text }));
}

/** A file that holds `text`, closed again. */
function fileWith(path: string, text: string): void {
  const file = openStateFile(path);
  keep(file, "before");
  keep(file, text);
  file.close();
}

/** The same by another holder of a file that is open. */
function fileWithOther({ path }: StateFile, text: string): void {
  fileWith(path, text);
}

const counter = fileURLToPath(new URL("./fixtures/count.ts", import.meta.url));

function startCounter(path: string, times: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--quiet", counter, path, String(times)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

Deno.test("A new state file has mode 0600, and holds nothing", () =>
  inFolder((folder) => {
    const file = openStateFile(`${folder}/state`);
    assert.equal((lstatSync(file.path).mode & 0o777).toString(8), "600");
    assert.deepEqual(file.update((content) => ({ result: content })), {
      sessions: [],
      windows: [],
      approvals: [],
    });
    file.close();
  }));

Deno.test("What one holder of a state file writes, the other reads, and it is still there when both are closed", () =>
  inFolder((folder) => {
    const one = openStateFile(`${folder}/state`);
    const other = openStateFile(`${folder}/state`);
    keep(one, "first");
    assert.equal(kept(other), "first");
    keep(other, "a longer second");
    assert.equal(kept(one), "a longer second");
    keep(one, "3");
    assert.equal(kept(other), "3");
    one.close();
    other.close();
    const again = openStateFile(`${folder}/state`);
    assert.equal(kept(again), "3");
    again.close();
  }));

Deno.test("An update that throws changes nothing and leaves no lock behind", () =>
  inFolder((folder) => {
    const one = openStateFile(`${folder}/state`);
    const other = openStateFile(`${folder}/state`);
    keep(one, "here");
    assert.throws(() =>
      one.update(() => {
        throw new Error("no");
      }), /^Error: no$/);
    assert.equal(kept(other), "here");
    one.close();
    other.close();
  }));

Deno.test("An update inside an update is refused, and undoes nothing", () =>
  inFolder((folder) => {
    const file = openStateFile(`${folder}/state`);
    keep(file, "here");
    refusal(() => file.update(() => ({ result: keep(file, "inner") })));
    assert.equal(kept(file), "here");
    file.close();
  }));

Deno.test("A state file that another process keeps locked is busy, not waited for without end", () =>
  inFolder((folder) => {
    const file = openStateFile(`${folder}/state`);
    const stuck = Deno.openSync(file.path, { read: true });
    stuck.lockSync(true);
    assert.match(refusal(() => kept(file), "state_busy").message, /another process keeps it locked/);
    stuck.close();
    assert.equal(kept(file), undefined);
    file.close();
  }));

Deno.test("Two processes that count together, without any permission, lose nothing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/state`;
    const outputs = await Promise.all([1, 2].map(() => startCounter(path, 500).output()));
    const numbers = outputs.flatMap(({ success, stdout }) => {
      assert.ok(success);
      return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
    });
    assert.deepEqual(numbers.sort((a, b) => a - b), Array.from({ length: 1000 }, (_, index) => index + 1));
  }));

Deno.test("Who is killed in the middle of an update has written it whole or not at all", () =>
  inFolder(async (folder) => {
    const path = `${folder}/state`;
    let last = 0;
    for (let round = 0; round < 10; round++) {
      const child = startCounter(path, 1_000_000);
      let said = 0;
      for await (const chunk of child.stdout) {
        const lines = new TextDecoder().decode(chunk).split("\n");
        said = Number(lines.at(-2) ?? said);
        if (said > last + 20 + round * 7) break;
      }
      child.kill("SIGKILL");
      await child.status;
      const file = openStateFile(path);
      const { count, ballast } = file.update(({ approvals }) => ({ result: approvals[0] }));
      file.close();
      assert.ok(Number(count) >= said, `${count} is less than the ${said} that was said`);
      assert.equal(ballast, String(count).repeat(5_000));
      last = Number(count);
    }
  }));

Deno.test("An update whose head was never written has not happened", () =>
  inFolder((folder) => {
    const path = `${folder}/state`;
    fileWith(path, "kept"); // the second update: it is at the second place
    const writer = Deno.openSync(path, { write: true });
    writer.seekSync(4096, Deno.SeekMode.Start);
    writer.writeSync(new TextEncoder().encode('{"sessions":[],"wind'));
    writer.close();
    const file = openStateFile(path);
    assert.equal(kept(file), "kept");
    keep(file, "on");
    assert.equal(kept(file), "on");
    file.close();
  }));

for (
  const [what, damage] of [
    ["is a text of another kind", (path: string) => Deno.writeTextFileSync(path, "version: 1\n".repeat(30))],
    ["is shorter than a head", (path: string) => truncateSync(path, 100)],
    ["is cut off in its content", (path: string) => truncateSync(path, 4096 + stateBytesMax + 10)],
    ["has one changed byte", (path: string) => change(path, (text) => text.replace("kept", "kepT"))],
    [
      "has another length in its head",
      (path: string) => change(path, (text) => text.replace(/ 00(\d{8}) /, " 01$1 ")),
    ],
    [
      "has a length beyond its bounds in its head",
      (path: string) => change(path, (text) => text.replace(/ 00(\d{8}) /, " 99$1 ")),
    ],
    [
      "has the other place in its head",
      (path: string) => change(path, (text) => text.replace("state 1 1", "state 1 0")),
    ],
    [
      "is of a later version",
      (path: string) => change(path, (text) => text.replace("state 1", "state 2")),
    ],
  ] as const
) {
  Deno.test(`A state file that ${what} is refused at the opening`, () =>
    inFolder((folder) => {
      const path = `${folder}/state`;
      fileWith(path, "kept");
      damage(path);
      const { message, hint } = refusal(() => openStateFile(path));
      assert.match(message, /^Cannot use state file ".*": it is damaged, or no state file: /);
      assert.match(hint ?? "", /remove it to begin anew/);
    }));
}

function change(path: string, edit: (text: string) => string): void {
  const latin1 = new TextDecoder("latin1");
  const before = latin1.decode(Deno.readFileSync(path));
  const after = edit(before);
  assert.notEqual(after, before);
  Deno.writeFileSync(path, Uint8Array.from(after, (character) => character.charCodeAt(0)));
}

Deno.test("A state file that is emptied while it is open is not taken for a new one, whoever has filled it", () =>
  inFolder((folder) => {
    for (const [index, fill] of [keep, fileWithOther].entries()) {
      const path = `${folder}/state${index}`;
      const file = openStateFile(path);
      fill(file, "counted");
      assert.equal(kept(file), "counted");
      truncateSync(path, 0);
      assert.match(refusal(() => kept(file)).message, /it is damaged, or no state file: it was emptied$/);
      file.close();
    }
  }));

Deno.test("A state file that is damaged while it is open is refused at the next update", () =>
  inFolder((folder) => {
    const path = `${folder}/state`;
    const file = openStateFile(path);
    keep(file, "kept");
    change(path, (text) => text.replace("kept", "kepT"));
    refusal(() => kept(file));
    file.close();
  }));

for (
  const [what, take] of [
    ["removed", (path: string) => Deno.removeSync(path)],
    ["replaced", (path: string) => {
      Deno.writeTextFileSync(`${path}.new`, "");
      Deno.renameSync(`${path}.new`, path);
    }],
  ] as const
) {
  Deno.test(`A state file that was ${what} while it was open is not used any more`, () =>
    inFolder((folder) => {
      const file = openStateFile(`${folder}/state`);
      take(file.path);
      assert.match(refusal(() => keep(file, "alone")).message, /removed or replaced/);
      file.close();
    }));
}

for (
  const [what, make, seen] of [
    ["a symbolic link", (path: string) => Deno.symlinkSync(`${path}.target`, path), /symbolic link/],
    ["a directory", (path: string) => Deno.mkdirSync(path), /directory/],
    [
      "a pipe",
      (path: string) => assert.ok(new Deno.Command("mkfifo", { args: [path] }).outputSync().success),
      /no regular file/,
    ],
  ] as const
) {
  Deno.test(`openStateFile() refuses ${what}`, () =>
    inFolder((folder) => {
      make(`${folder}/state`);
      assert.match(refusal(() => openStateFile(`${folder}/state`)).message, seen);
    }));
}

Deno.test("openStateFile() refuses a path in a directory that is not there", () =>
  inFolder((folder) => {
    assert.match(refusal(() => openStateFile(`${folder}/none/state`)).message, /does not exist/);
  }));

Deno.test("openStateFile() refuses a file of another user", () =>
  inFolder((folder) => {
    const isRoot = Deno.uid() === 0;
    const path = isRoot ? `${folder}/state` : "/etc/passwd";
    if (isRoot) {
      fileWith(path, "kept");
      Deno.chownSync(path, 65534, 65534);
    }
    assert.match(refusal(() => openStateFile(path)).message, /another user|may not write/);
  }));

Deno.test("openStateFile() narrows a file that others could read, and says so", () =>
  inFolder((folder) => {
    const path = `${folder}/state`;
    fileWith(path, "kept");
    chmodSync(path, 0o644);
    const file = openStateFile(path);
    assert.equal((lstatSync(path).mode & 0o777).toString(8), "600");
    assert.equal(file.notices.length, 1);
    file.close();
  }));

Deno.test("A content that is too large is refused, and the one before it stays", () =>
  inFolder((folder) => {
    const file = openStateFile(`${folder}/state`);
    keep(file, "small");
    refusal(() => keep(file, "x".repeat(stateBytesMax)));
    assert.equal(kept(file), "small");
    keep(file, "x".repeat(stateBytesMax - 100));
    keep(file, "small again");
    assert.equal(kept(file), "small again");
    file.close();
  }));

Deno.test("A state file that was closed is not used any more, and may be closed twice", () =>
  inFolder((folder) => {
    const file = openStateFile(`${folder}/state`);
    file.close();
    file.close();
    refusal(() => kept(file));
  }));
