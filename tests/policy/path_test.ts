import assert from "node:assert/strict";
import { climbs, isInside, normalizePath, readPath, utf8Length } from "../../src/policy/path.ts";
import { pathReadings } from "../../src/policy/path_readings.ts";

const settings = { workingDirectory: "/wd", pathCase: "exact" as const, style: "posix" as const };

Deno.test("normalizePath() takes away empty names, dots and climbs, and stays at the root", () => {
  for (
    const [path, normal] of [
      ["/", "/"],
      ["/a/", "/a"],
      ["//a//b", "/a/b"],
      ["/a/./b/../c", "/a/c"],
      ["/../../a", "/a"],
      ["/a/..", "/"],
      ["/...", "/..."],
    ]
  ) {
    assert.equal(normalizePath(path), normal, path);
  }
});

Deno.test("climbs() finds a name that is two dots", () => {
  assert.deepEqual(["/a/..", "..", "/a/../b", "/a/..b", "/a...", "/a"].map(climbs), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("isInside() compares whole names, in any case where the file system folds it", () => {
  assert.equal(isInside("/tmp", "/tmp/a", "exact"), true);
  assert.equal(isInside("/tmp", "/tmpx", "exact"), false);
  assert.equal(isInside("/", "/tmp", "exact"), true);
  assert.equal(isInside("/tmp", "/TMP/a", "exact"), false);
  assert.equal(isInside("/tmp", "/TMP/a", "fold"), true);
  assert.equal(isInside("/caf\u00e9", "/CAFE\u0301/a", "fold"), true);
});

Deno.test("readPath() gives what the kernel walks beside the name", () => {
  assert.deepEqual(readPath("a/./b", settings), {
    kind: "path",
    lexical: "/wd/a/b",
    walked: ["/wd/a/b"],
  });
  assert.deepEqual(readPath("a/../b//", settings), {
    kind: "path",
    lexical: "/wd/b",
    walked: ["/wd/b", "/wd/a/../b"],
  });
});

Deno.test("pathReadings() reads a backslash as itself and as a slash for a deny, as nothing for an allow", () => {
  const lexical = (strictness: "allow" | "deny") =>
    pathReadings("a\\b", strictness, settings).map((reading) =>
      reading.kind === "path" ? reading.lexical : reading.why
    );
  assert.deepEqual(lexical("deny"), ["/wd/a\\b", "/wd/a/b"]);
  assert.deepEqual(lexical("allow"), ["it holds a backslash"]);
});

Deno.test("utf8Length() counts bytes", () => {
  for (const text of ["", "a", "\x7f\x80", "é", "\u07ff\u0800", "\ud7ff\ue000\uffff", "😀a"]) {
    assert.equal(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});
