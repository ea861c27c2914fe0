import assert from "node:assert/strict";
import { hasDotSegment, normalizeUri, pathOfFileUri, stripUri, uriReadings } from "../../src/policy/uri.ts";

Deno.test("hasDotSegment() finds a climb in any spelling", () => {
  for (
    const uri of [
      "file:///tmp/../etc",
      "file:///tmp/..",
      "x://h/./a",
      "x://h/%2e%2e/a",
      "x://h/.%252e/a",
      "x://h/..%2fa",
      "x://h\\..\\a",
      "x://h/..?q",
      "x://h/..#f",
      "..",
      "file:///tmp/.\t./etc",
      "file:///tmp/..\n/etc",
      "file:///tmp/..\r",
      "file:///tmp/.. ",
      "file:///tmp/..\0/a",
      "file:///tmp/..%00",
      "file:///tmp/\uff0e\uff0e/etc",
      "file:///tmp/\u2025/etc",
      "file:///tmp/..\uff0fetc",
      "file:///tmp/%ef%bc%8e./etc",
    ]
  ) {
    assert.equal(hasDotSegment(uri), true, uri);
  }
  for (const uri of ["file:///tmp/a..b", "x://h/...", "x://h/.git/a", "x://1.2.3/a"]) {
    assert.equal(hasDotSegment(uri), false, uri);
  }
});

Deno.test("normalizeUri() takes dot segments away and gives a file: URI an empty authority", () => {
  for (
    const [uri, normal] of [
      ["file:///tmp/../etc/passwd", "file:///etc/passwd"],
      ["file://localhost/etc/passwd", "file:///etc/passwd"],
      ["file:/etc/passwd", "file:///etc/passwd"],
      ["file:\\\\host\\etc\\..\\a", "file:///a"],
      ["file:///a//b/", "file:///a/b/"],
      ["x://h/a/./b/../c?q=..#f", "x://h/a/c?q=..#f"],
      ["file:etc/passwd", "file:///etc/passwd"],
      ["x://h/a//b", "x://h/a//b"],
      ["x:a/../b", "x:b"],
      ["no uri", "no uri"],
    ]
  ) {
    assert.equal(normalizeUri(uri), normal, uri);
  }
});

Deno.test("pathOfFileUri() gives the path of a file: URI and of nothing else", () => {
  for (
    const [uri, path] of [
      ["file:///w/a%20b", "/w/a%20b"],
      ["file://localhost/w/a?q", "/w/a"],
      ["FILE:/w/a#f", "/w/a"],
      ["file:a", "a"],
      ["https://x/w/a", undefined],
      ["/w/file:a", undefined],
    ] as const
  ) {
    assert.equal(pathOfFileUri(uri), path, uri);
  }
});

Deno.test("uriReadings() reads a file: URI as the platform's URL parser does", () => {
  for (
    const uri of [
      "file:///etc/passwd",
      " file:///etc/passwd",
      "\u0001file:///etc/passwd\n",
      "fi\tle:///etc/passwd",
      "file:///e\rtc/pass\nwd",
      "file:/\t/\n/etc/.\t./etc/passwd",
      "file:etc/passwd",
      "file:\\\\\\etc\\passwd",
    ]
  ) {
    assert.equal(new URL(uri).pathname, "/etc/passwd", JSON.stringify(uri));
    assert.ok(uriReadings(uri).includes("file:///etc/passwd"), JSON.stringify(uri));
  }
});

Deno.test("stripUri() takes away what stands around a URI, and tabs and line ends inside", () => {
  for (
    const [uri, stripped] of [
      ["\0 x:a\x1f ", "x:a"],
      ["x: a", "x: a"],
      ["x:\ta\r\nb", "x:ab"],
      [" \n ", ""],
      ["\u00a0x:a", "\u00a0x:a"],
    ]
  ) {
    assert.equal(stripUri(uri), stripped, JSON.stringify(uri));
  }
});

Deno.test("stripUri() takes time in proportion to a run of spaces inside: a million are done with at once", () => {
  // (With the square of them it would take a quarter of an hour.)
  const uri = `x:/${" ".repeat(1024 * 1024)}/y`;
  assert.equal(stripUri(uri), uri);
  assert.equal(hasDotSegment(uri), false);
  assert.deepEqual(uriReadings(uri), [uri]);
});
