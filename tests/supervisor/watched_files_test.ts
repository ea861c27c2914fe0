import assert from "node:assert/strict";
import { openDescriptors } from "../../src/supervisor/descriptors.ts";
import { type FileContent, openWatchedFiles } from "../../src/supervisor/watched_files.ts";
import { pollEvent, PollSet } from "../../src/transport/descriptors.ts";

const descriptors = openDescriptors();
let folders = 0;
const world = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "lilith-watched-" }));
globalThis.addEventListener("unload", () => Deno.removeSync(world, { recursive: true }));

function folderOf(): string {
  const folder = `${world}/${++folders}`;
  Deno.mkdirSync(folder);
  return folder;
}

function write(path: string, text: string): void {
  Deno.writeTextFileSync(path, text);
}

function textOf(content: FileContent): string {
  return content.kind === "bytes" ? new TextDecoder().decode(content.bytes) : `(${content.why})`;
}

/** Watches a file, lets `change` happen, and gives whether that was told of, and what the file holds then. */
function watch(path: string, change: () => void): { readonly told: boolean; readonly text: string } {
  const files = openWatchedFiles([path], 1024);
  try {
    files.rearm();
    change();
    const set = new PollSet(1);
    set.set(0, files.descriptor, pollEvent.in);
    // The system tells before the call that changes returns.
    const told = descriptors.poll(set.bytes, 1, 0) > 0;
    files.rearm();
    return { told, text: textOf(files.read()[0]) };
  } finally {
    files.close();
  }
}

const changes: Readonly<Record<string, (folder: string) => void>> = {
  "is written in place": (folder) => write(`${folder}/p`, "new"),
  "is renamed over": (folder) => {
    write(`${folder}/.p.swp`, "new");
    Deno.renameSync(`${folder}/.p.swp`, `${folder}/p`);
  },
  "is removed and made again": (folder) => {
    Deno.removeSync(`${folder}/p`);
    write(`${folder}/p`, "new");
  },
  "has its directory replaced": (folder) => {
    Deno.mkdirSync(`${folder}.new`);
    write(`${folder}.new/p`, "new");
    Deno.renameSync(folder, `${folder}.old`);
    Deno.renameSync(`${folder}.new`, folder);
  },
};

for (const [name, change] of Object.entries(changes)) {
  Deno.test(`a file that ${name} is told of, and read anew`, () => {
    const folder = folderOf();
    write(`${folder}/p`, "old");
    assert.deepEqual(watch(`${folder}/p`, () => change(folder)), { told: true, text: "new" });
  });
}

/** As Kubernetes mounts a ConfigMap. */
function mountConfigMap(): string {
  const folder = folderOf();
  for (const [version, text] of [["..1", "old"], ["..2", "new"]]) {
    Deno.mkdirSync(`${folder}/${version}`);
    write(`${folder}/${version}/p`, text);
  }
  Deno.symlinkSync("..1", `${folder}/..data`);
  Deno.symlinkSync("..data/p", `${folder}/p`);
  return folder;
}

function swap(folder: string, version: string): void {
  Deno.symlinkSync(version, `${folder}/..data_tmp`);
  Deno.renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
}

Deno.test("a swapped ..data link is told of, and read through", () => {
  const folder = mountConfigMap();
  assert.deepEqual(watch(`${folder}/p`, () => swap(folder, "..2")), { told: true, text: "new" });
});

Deno.test("after a swap the file that the links lead to now is watched, and the one before no more", () => {
  const folder = mountConfigMap();
  const files = openWatchedFiles([`${folder}/p`], 1024);
  const set = new PollSet(1);
  set.set(0, files.descriptor, pollEvent.in);
  const isTold = () => descriptors.poll(set.bytes, 1, 0) > 0;
  swap(folder, "..2");
  files.rearm();
  assert.equal(isTold(), false);
  write(`${folder}/..1/p`, "nobody's");
  assert.equal(isTold(), false);
  write(`${folder}/..2/p`, "newer");
  assert.equal(isTold(), true);
  files.rearm();
  assert.equal(textOf(files.read()[0]), "newer");
  files.close();
});

Deno.test("a file behind a link into another directory is told of when it is renamed over there", () => {
  const [folder, other] = [folderOf(), folderOf()];
  write(`${other}/real`, "old");
  Deno.symlinkSync(`${other}/real`, `${folder}/p`);
  const replace = (text: string) => {
    write(`${other}/next`, text);
    Deno.renameSync(`${other}/next`, `${other}/real`);
  };
  assert.deepEqual(watch(`${folder}/p`, () => replace("new")), { told: true, text: "new" });
  // One that has another name does not end with this one.
  Deno.linkSync(`${other}/real`, `${other}/backup`);
  assert.deepEqual(watch(`${folder}/p`, () => replace("newer")), { told: true, text: "newer" });
});

Deno.test("a file that is missing at first is told of when it comes", () => {
  const folder = folderOf();
  assert.deepEqual(watch(`${folder}/p`, () => write(`${folder}/p`, "new")), { told: true, text: "new" });
});

Deno.test("what is written to other files of the directory is not told of: our own log may lie there", () => {
  const folder = folderOf();
  write(`${folder}/p`, "old");
  write(`${folder}/audit.jsonl`, "");
  const log = Deno.openSync(`${folder}/audit.jsonl`, { append: true });
  const other = watch(`${folder}/p`, () => {
    for (let i = 0; i < 100; i++) log.writeSync(new Uint8Array(10));
  });
  log.close();
  assert.deepEqual(other, { told: false, text: "old" });
});

Deno.test("more words than the system keeps are one word", () => {
  const folder = folderOf();
  write(`${folder}/p`, "old");
  const files = openWatchedFiles([`${folder}/p`], 1024);
  for (let i = 0; i < 10_000; i++) {
    write(`${folder}/x`, "");
    Deno.removeSync(`${folder}/x`);
  }
  write(`${folder}/p`, "new");
  for (let i = 0; i < 3; i++) files.rearm();
  const set = new PollSet(1);
  set.set(0, files.descriptor, pollEvent.in);
  assert.equal(descriptors.poll(set.bytes, 1, 0), 0);
  assert.equal(textOf(files.read()[0]), "new");
  files.close();
});

Deno.test("no more of a file is read than one byte over the bound", () => {
  const folder = folderOf();
  write(`${folder}/p`, "x".repeat(5000));
  const files = openWatchedFiles([`${folder}/p`, "/dev/zero"], 1024);
  assert.deepEqual(files.read().map((content) => content.kind === "bytes" && content.bytes.length), [
    1025,
    1025,
  ]);
  files.close();
});

Deno.test("what cannot be read says why, and does not hold us up", async () => {
  const folder = folderOf();
  Deno.symlinkSync("circle", `${folder}/circle`);
  write(`${folder}/plain`, "");
  await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
  const paths = ["missing", "circle", "plain/p", ".", "pipe"].map((name) => `${folder}/${name}`);
  const files = openWatchedFiles(paths, 1024);
  assert.deepEqual(files.read().map(textOf), [
    "(there is no such file)",
    "(its links go in circles)",
    "(a directory on the way is a file)",
    "(it is a directory)",
    "", // a pipe that nobody writes to: no policy either
  ]);
  files.close();
});

Deno.test("several files are read in their order, each by itself", () => {
  const folder = folderOf();
  write(`${folder}/a`, "A");
  write(`${folder}/b`, "");
  const files = openWatchedFiles([`${folder}/b`, `${folder}/a`, `${folder}/b`], 1024);
  assert.deepEqual(files.read().map(textOf), ["", "A", ""]);
  files.close();
});
