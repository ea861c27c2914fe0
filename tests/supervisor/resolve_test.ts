import assert from "node:assert/strict";
import fc from "fast-check";
import { pathBytesMax } from "../../src/limits.ts";
import { openResolver, ownFilesWritableByServer } from "../../src/supervisor/resolve.ts";
import { openWorld, outputOf, testWith, user } from "./world.ts";

const world = openWorld();
const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "lilith-resolve-" }));
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
Deno.mkdirSync(`${folder}/a/b`, { recursive: true });
Deno.writeTextFileSync(`${folder}/a/file`, "");
Deno.mkdirSync(`${folder}/ü`);
Deno.symlinkSync("a", `${folder}/to-a`);
Deno.symlinkSync("/etc", `${folder}/to-etc`);
Deno.symlinkSync("/none/here", `${folder}/dangling`);
Deno.symlinkSync("circle-2", `${folder}/circle-1`);
Deno.symlinkSync("circle-1", `${folder}/circle-2`);
const resolvePath = openResolver(folder);

Deno.test("openResolver() follows every link of a path that exists", () => {
  assert.deepEqual(resolvePath("a/b"), { kind: "real", path: `${folder}/a/b` });
  assert.deepEqual(resolvePath(`${folder}/to-a/b/`), { kind: "real", path: `${folder}/a/b` });
  assert.deepEqual(resolvePath("to-etc"), { kind: "real", path: "/etc" });
  assert.deepEqual(resolvePath("to-etc/.."), { kind: "real", path: "/" });
  assert.deepEqual(resolvePath("ü"), { kind: "real", path: `${folder}/ü` });
  assert.deepEqual(resolvePath("/../.."), { kind: "real", path: "/" });
});

Deno.test("openResolver() gives what does not exist below its deepest real ancestor", () => {
  assert.deepEqual(resolvePath("to-a/new"), { kind: "missing", path: `${folder}/a/new` });
  assert.deepEqual(resolvePath("to-a/new//deep/./er/"), { kind: "missing", path: `${folder}/a/new/deep/er` });
  assert.deepEqual(resolvePath("to-etc/../none-here"), { kind: "missing", path: "/none-here" });
});

Deno.test("openResolver() cannot tell where a dangling link, a loop, a file as a directory lead", () => {
  const unknowns = [
    "dangling",
    "dangling/x",
    "a/../dangling",
    "circle-1",
    "circle-1/x",
    "a/file/x",
    "a/file/",
  ];
  for (const path of unknowns) assert.equal(resolvePath(path).kind, "unknown", path);
});

Deno.test("openResolver() cannot tell where a path leads that climbs out of what does not exist", () => {
  assert.equal(resolvePath("new/../a").kind, "unknown");
  assert.equal(resolvePath("new/../../../etc/passwd").kind, "unknown");
});

Deno.test("openResolver() cannot tell of text that is no path", () => {
  for (
    const path of [
      "",
      "a\0b",
      "a/\ud800",
      "y".repeat(300),
      "y/".repeat(pathBytesMax),
      "ü".repeat(pathBytesMax - 10),
    ]
  ) {
    assert.equal(resolvePath(path).kind, "unknown", path.slice(0, 20));
  }
});

Deno.test("openResolver() cannot tell what differs for each process", () => {
  const paths = [
    "/proc/self/cwd",
    "/proc/1/root/etc",
    "/proc",
    "//proc//self",
    "/tmp/../proc/self",
    "/dev/fd/0",
  ];
  for (const path of [...paths, "/dev/stdin"]) assert.equal(resolvePath(path).kind, "unknown", path);
  assert.equal(resolvePath("/dev/null").kind, "real");
  assert.equal(resolvePath("/proc/cpuinfo").kind, "real");
});

Deno.test("openResolver() tells what leads nowhere from what it cannot see", () => {
  for (const path of ["dangling", "circle-1", "a/file/x", "new/../a", "y".repeat(300), ""]) {
    assert.equal((resolvePath(path) as { nowhere?: boolean }).nowhere, true, path);
  }
  for (const path of ["/proc/self/cwd", "/proc/mounts", "/dev/fd/0"]) {
    assert.equal((resolvePath(path) as { nowhere?: boolean }).nowhere, undefined, path);
  }
});

Deno.test("openResolver() finds links also among the plain names of the working directory", () => {
  assert.deepEqual(resolvePath("a"), { kind: "real", path: `${folder}/a` });
  assert.deepEqual(resolvePath("none"), { kind: "missing", path: `${folder}/none` });
  assert.deepEqual(resolvePath("to-a"), { kind: "real", path: `${folder}/a` });
  const throughLink = openResolver(`${folder}/to-a`);
  assert.deepEqual(throughLink("b"), { kind: "real", path: `${folder}/a/b` });
  assert.deepEqual(throughLink(".."), { kind: "real", path: folder });
});

Deno.test("openResolver() takes a path to the last byte that fits, and not one more", () => {
  const tail = "/x".repeat(pathBytesMax);
  const fitting = tail.slice(0, pathBytesMax - 1).replace(/\/$/, "y");
  assert.equal(resolvePath(fitting).kind, "missing");
  assert.equal(resolvePath(`${fitting}x`).kind, "unknown");
});

Deno.test("openResolver() gives an absolute path without dots, or says that it cannot tell", () => {
  const name = fc.constantFrom(
    "a",
    "b",
    "to-a",
    "to-etc",
    "dangling",
    "circle-1",
    "file",
    "new",
    "..",
    ".",
    "",
    "passwd",
  );
  fc.assert(fc.property(fc.array(name, { maxLength: 6 }), fc.boolean(), (names, isAbsolute) => {
    const path = `${isAbsolute ? `${folder}/` : ""}${names.join("/")}`;
    const resolution = resolvePath(path);
    if (resolution.kind === "unknown") return;
    assert.match(resolution.path, /^\//);
    assert.ok(!resolution.path.split("/").some((part) => part === "." || part === ".."), resolution.path);
    const known = openResolver("/")(resolution.path);
    assert.deepEqual(known, resolution, "what was resolved resolves to itself");
  }));
});

Deno.test("ownFilesWritableByServer() names every file of a user's own, closed ones too", () => {
  const path = `${folder}/own`;
  Deno.writeTextFileSync(path, "");
  Deno.chmodSync(path, 0o400);
  assert.deepEqual(ownFilesWritableByServer([path, `${folder}/not-made-yet`]), [
    path,
    `${folder}/not-made-yet`,
  ]);
});

testWith(
  user.missing,
  "ownFilesWritableByServer() leaves out what is root's in root's directories",
  async () => {
    const sticky = world.scratch("made");
    const paths = ["/etc/passwd", "/usr/bin/env", "/etc/none-yet", sticky];
    const { code, text } = await outputOf(world.deno(user, "writable.ts", paths));
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(text), [sticky]);
  },
);

testWith(
  user.missing,
  "openResolver() cannot tell what lies in a directory that it may not search",
  async () => {
    const closed = Deno.makeTempDirSync({ prefix: "lilith-closed-" });
    try {
      Deno.chmodSync(closed, 0o000);
      const { text } = await outputOf(world.deno(user, "resolve.ts", [`${closed}/x`]));
      assert.deepEqual(JSON.parse(text), {
        kind: "unknown",
        why: "a directory on the way may not be searched",
        nowhere: true,
      });
    } finally {
      Deno.removeSync(closed);
    }
  },
);
