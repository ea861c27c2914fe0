import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../src/policy/decide.ts";
import { type Facts, noFacts } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import { initialState } from "../../src/policy/state.ts";
import { call, compile, document, read, rule, under } from "./support/build.ts";
import { type Entry, FakeDisk } from "./support/fake_disk.ts";

const tree: Readonly<Record<string, Entry>> = {
  "/tmp": "directory",
  "/tmp/a": "file",
  "/tmp/dir": "directory",
  "/tmp/out": { link: "/etc" },
  "/tmp/in": { link: "dir" },
  "/tmp/l\u00efnk": { link: "/etc" },
  "/tmp/le\u0301nk": { link: "/etc" },
  "/srv/e\u0301": "directory",
  "/tmp/dangling": { link: "/etc/new" },
  "/tmp/loop": { link: "/tmp/loop" },
  "/etc": "directory",
  "/etc/passwd": "file",
  "/home": "directory",
  "/home/link": { link: "/etc/passwd" },
  "/home/data": { link: "/srv/data" },
  "/srv": "directory",
  "/srv/data": "directory",
  "/srv/data/x": "file",
  "/locked": "locked",
  "/wd": "directory",
  "/wd/notes": "file",
};

interface Setting {
  readonly roots?: readonly string[];
  readonly facts?: Facts;
  readonly pathCase?: "exact" | "fold";
  readonly workingDirectory?: string;
  readonly namedDirectories?: readonly string[];
  readonly entries?: Readonly<Record<string, Entry>>;
}

/** Whether an allow lets a path pass, and whether a deny fires on it, with the facts that the engine asks for. */
function outcome(
  path: string,
  setting: Setting = {},
): { readonly allows: boolean; readonly denies: boolean } {
  const { roots = ["/tmp"], facts, entries = tree, ...options } = setting;
  const argumentsJson = JSON.stringify({ path });
  const results = (["allow", "deny"] as const).map((effect) => {
    const policy = compile(
      document([rule(effect, "*", { args: { path: [under(...roots)] } })], {
        default: effect === "allow" ? "deny" : "allow",
      }),
      options,
    );
    const operation = call("read", argumentsJson);
    const answers = facts ?? new FakeDisk(entries).answer(needs(policy, operation));
    return decide(policy, initialState(policy), operation, answers, 0).verdict;
  });
  return { allows: results[0] === "allow", denies: results[1] === "deny" };
}

const inside = { allows: true, denies: true };
const outside = { allows: false, denies: false };
/** Nobody can say: an allow does not pass, a deny fires. */
const unknown = { allows: false, denies: true };

/** Asserts one outcome for some paths. */
function assertAll(paths: readonly string[], expected: typeof inside, setting?: Setting): void {
  for (const path of paths) assert.deepEqual(outcome(path, setting), expected, JSON.stringify(path));
}

Deno.test("under: a directory holds itself and what lies in it, by whole names", () => {
  assertAll(["/tmp", "/tmp/", "/tmp/a", "/tmp/dir/new/file", "/tmp/./a", "/tmp//a", "/tmp/dir/../a"], inside);
  assertAll(["/tmpx", "/tm", "/", "/etc/passwd", "/srv/tmp/a"], outside);
});

Deno.test("under: the root directory holds everything absolute", () => {
  assertAll(["/", "/etc/passwd", "/tmp/a"], inside, { roots: ["/"] });
});

Deno.test("under: a root may be written with a slash at its end, and one of several is enough", () => {
  assertAll(["/tmp/a"], inside, { roots: ["/tmp/"] });
  assertAll(["/tmp/a", "/srv/data/x"], inside, { roots: ["/tmp", "/srv"] });
  assertAll(["/etc/passwd"], outside, { roots: ["/tmp", "/srv"] });
});

Deno.test("under: relative paths begin in the server's working directory", () => {
  assertAll(["a", "./a", "dir/../a", "."], inside, { workingDirectory: "/tmp" });
  assertAll(["notes", "../etc/passwd"], outside);
  assertAll(["../tmp/a"], inside);
  assertAll(["..", "../etc"], outside, { workingDirectory: "/tmp" });
});

Deno.test("under: relative paths begin in each directory that the server was told of as well", () => {
  const setting = { workingDirectory: "/tmp", namedDirectories: ["/home", "/tmp/dir"] };
  assertAll(["a", "./a", "dir/x", "%61"], unknown, { ...setting, roots: ["/tmp", "/etc"] });
  assertAll(["a", "dir/x", "."], inside, { ...setting, roots: ["/tmp", "/home"] });
  for (const path of ["a", ".ssh/id", "link"]) {
    assert.equal(outcome(path, setting).allows, false, path);
    assert.equal(outcome(path, { ...setting, roots: ["/home"] }).denies, true, path);
  }
  assert.equal(outcome("link", { ...setting, roots: ["/etc"] }).denies, true);
  assertAll(["/tmp/a", "/tmp/dir/x"], inside, setting);
  assertAll(["/home/x"], outside, setting);
});

Deno.test("under: a name is read with its letters and marks put together and taken apart", () => {
  for (
    const path of ["/tmp/l\u00efnk/passwd", "/tmp/li\u0308nk/passwd", "/tmp/l%c3%afnk", "/tmp/l\u00e9nk/x"]
  ) {
    assert.deepEqual(outcome(path, { roots: ["/tmp"] }).allows, false, path);
    assert.deepEqual(outcome(path, { roots: ["/etc"] }).denies, true, path);
  }
  assertAll(["/srv/e\u0301/x", "/srv/e\u0301"], inside, { roots: ["/srv/e\u0301"] });
  assertAll(["/srv/\u00e9/x", "/srv/%c3%a9"], { allows: false, denies: true }, { roots: ["/srv/e\u0301"] });
  assertAll(["/srv/\u00fc/x"], inside, { roots: ["/srv/\u00fc"] });
  assertAll(["/tmp/\u00e9", "/tmp/e\u0301", "/tmp/\u65e5\u672c/\u0928\u093f"], inside);
});

Deno.test("under: a path that climbs out by name is outside", () => {
  assertAll(["/tmp/../etc/passwd", "/tmp/dir/../../etc", "/tmp/.."], outside);
});

Deno.test("under: a link is followed, so an allow does not pass where it leads out and a deny fires where it leads in", () => {
  assert.deepEqual(outcome("/tmp/out/passwd"), { allows: false, denies: true });
  assertAll(["/tmp/in/x"], inside);
  assert.deepEqual(outcome("/home/link", { roots: ["/etc"] }), { allows: false, denies: true });
  assert.deepEqual(outcome("/home/data/x", { roots: ["/srv"] }), { allows: false, denies: true });
});

Deno.test("under: `..` is read by name and after links", () => {
  // By name /tmp/a, for the kernel /a.
  assert.deepEqual(outcome("/tmp/out/../a"), { allows: false, denies: true });
  // By name /home/y, for the kernel /srv/y.
  assert.deepEqual(outcome("/home/data/../y", { roots: ["/srv"] }), { allows: false, denies: true });
  assertAll(["/home/data/../../tmp/a"], inside);
  assertAll(["/tmp/in/../a"], inside);
});

Deno.test("under: `..` behind something that does not exist is unknown", () => {
  assertAll(["/tmp/none/../a"], unknown);
});

Deno.test("under: what does not exist yet is inside where its directory is", () => {
  assertAll(["/tmp/new", "/tmp/new/dir/file", "/tmp/in/new"], inside);
  assert.deepEqual(outcome("/tmp/out/new"), { allows: false, denies: true });
});

Deno.test("under: dangling links, loops and closed directories are unknown", () => {
  assertAll(["/tmp/dangling", "/tmp/loop"], unknown);
  assertAll(["/locked/x"], unknown);
});

Deno.test("under: a missing fact is unknown", () => {
  assertAll(["/tmp/a"], unknown, { facts: noFacts });
  assertAll(["/etc/passwd"], { allows: false, denies: true }, { facts: noFacts });
  const withoutRoot = new Map([["/tmp/a", { kind: "real", path: "/tmp/a" } as const]]);
  assertAll(["/tmp/a"], { allows: false, denies: true }, { facts: withoutRoot });
});

Deno.test("under: a fact that is no absolute path is as good as none", () => {
  const facts = new Map([
    ["/tmp", { kind: "real", path: "tmp" } as const],
    ["/tmp/a", { kind: "real", path: "/tmp/a" } as const],
  ]);
  assertAll(["/tmp/a"], unknown, { facts });
});

Deno.test("under: a root that is a link is where it leads", () => {
  const entries = {
    ...tree,
    "/private": "directory",
    "/private/tmp": "directory",
    "/tmp": { link: "/private/tmp" },
  };
  assertAll(["/tmp/new"], inside, { entries: entries as Record<string, Entry> });
  // Not inside by name, so an allow does not pass; a deny sees it on disk.
  assert.deepEqual(outcome("/private/tmp/new", { entries: entries as Record<string, Entry> }), {
    allows: false,
    denies: true,
  });
});

Deno.test("under: a root that does not exist yet still holds what is below it by name", () => {
  assertAll(["/nowhere/x"], inside, { roots: ["/nowhere"] });
});

Deno.test("under: percent-encoded climbs are read up to three times", () => {
  for (const dots of ["%2e%2e", "%2E.", "%252e%252e", "%25252e%25252e", "..%2f..%2fetc%2fpasswd/.."]) {
    assert.equal(outcome(`/tmp/${dots}/etc/passwd`).allows, false, dots);
  }
  assert.deepEqual(outcome("%2Ftmp%2Fa", { workingDirectory: "/srv" }), { allows: false, denies: true });
  assertAll(["/tmp/100%", "/tmp/%zz", "/tmp/a%20b"], inside);
});

Deno.test("under: percent-encoding that goes on, or is no UTF-8, is unknown", () => {
  assertAll(["/tmp/%2525252e", "/tmp/%ff", "/srv/%c0%ae"], unknown);
});

Deno.test("under: what has no one meaning as a path is unknown", () => {
  assertAll([
    "",
    "/tmp/a\0",
    "/tmp/a\n",
    "/tmp/\u0085",
    "~",
    "~/x",
    "~root/x",
    "//host/share",
    "///tmp/a",
    "\\\\host\\share",
    "\\\\.\\pipe\\x",
    "\\\\?\\C:\\x",
    "/\\host/x",
    "file://host/tmp/a",
    "file:////tmp/a",
    "file://",
    "file:file:///tmp/a",
    "file:///tmp/a%00",
    "fi\tle:///tmp/a",
    "file:///tmp/%ff",
    "file:~/a",
    "/tmp/\ud800",
    `/tmp/${"x/".repeat(2100)}..`,
    `/tmp/${"x/../".repeat(1000)}`,
    `/tmp/${"é".repeat(2100)}`,
    "%7e/x",
    "/tmp/a%00.txt",
  ], unknown);
});

Deno.test("under: what servers trim, unquote, expand or split in their own way does not pass an allow", () => {
  for (
    const path of [
      " /etc/passwd",
      "/etc/passwd ",
      '"/etc/passwd"',
      "'/etc/passwd'",
      "dir\\..\\..\\etc",
      "$HOME/x",
      "C:/x",
      "http://x/y",
    ]
  ) {
    assert.equal(outcome(path, { workingDirectory: "/tmp" }).allows, false, path);
  }
});

Deno.test("under: a deny reads a path as a server does that trims, unquotes or takes backslashes for slashes", () => {
  for (
    const path of [" /etc/passwd", '"/etc/passwd"', "'/etc/passwd' ", "\\etc\\passwd", "..\\etc\\passwd"]
  ) {
    assert.equal(outcome(path, { roots: ["/etc"] }).denies, true, path);
  }
  // A backslash is an ordinary character too.
  assertAll(["dir\\x"], outside, { roots: ["/etc"] });
});

Deno.test("under: case is as the file system has it", () => {
  assertAll(["/TMP/a"], outside);
  const entries = { ...tree, "/TMP": { link: "/tmp" }, "/TMP/A": { link: "/tmp/a" } } as Record<
    string,
    Entry
  >;
  assertAll(["/TMP/a", "/Tmp/new"], inside, { pathCase: "fold", entries });
});

Deno.test("under: a path of PATH_MAX bytes is looked up, one byte more is unknown", () => {
  const longest = `/tmp/${"x/".repeat(2045)}y`;
  assert.equal(longest.length, 4096);
  assertAll([longest], inside);
  assertAll([`${longest}y`], unknown);
});

Deno.test("under: a file: URI leads to its path, and to an allow is a relative path as well", () => {
  const uris = [
    "file:///tmp/a",
    "FILE:/tmp/a",
    "file://localhost/tmp/a",
    "file:///tmp/../tmp/a",
    "file:///srv/%2e%2e/tmp/a",
    "file:///tmp%2fa",
    "file:///tmp/a?/../../../etc",
    "file:tmp/a",
    " file:///tmp/a ",
    "file%3A///tmp/a",
  ];
  for (const uri of uris) {
    assert.deepEqual(outcome(uri), { allows: false, denies: true }, uri);
    // Where no file is outside, neither is what the URI could name. (Behind file: no directory is, to climb out of.)
    if (!/ |\.\.|%2e|%3A/.test(uri)) {
      assert.equal(outcome(uri, { roots: ["/"] }).allows, true, uri);
    }
  }
  assertAll(["file:///tmp/a", "file:///tmp/dir/new"], inside, { workingDirectory: "/tmp" });
  assert.equal(outcome("file:///etc/passwd", { workingDirectory: "/tmp" }).allows, false);
  assert.equal(outcome("file:///tmp/a/../../etc/passwd", { workingDirectory: "/tmp" }).allows, false);
  assert.equal(outcome("file:///tmp/a#/../../etc/passwd", { workingDirectory: "/tmp" }).allows, false);
  assert.equal(outcome("file://etc/passwd", { workingDirectory: "/tmp" }).allows, false);
  assertAll(["file:///srv/data/x", "file:/srv/x", "file://localhost/etc/passwd"], outside);
  assertAll(["file://host/srv/x", "file://127.0.0.1/srv/x"], unknown);
});

Deno.test("under: a time of day, or the stream of a file, is below where the file is", () => {
  for (const path of ["/tmp/10:30.log", "/tmp/a:stream", "/tmp/a::$DATA", "/tmp/b/2026-11-20T10:30:00Z"]) {
    assert.deepEqual(outcome(path), { allows: true, denies: true }, path);
  }
});

Deno.test("under: what some programs take for another machine or a URL is not let through as a relative path", () => {
  const setting = { workingDirectory: "/tmp" };
  for (
    const path of ["evil.net:x", "me@evil.net:x", "192.0.2.1:x", "data:,x", "ext::sh", "[::1]:x", "10:30.log"]
  ) {
    assert.equal(outcome(path, setting).allows, false, path);
    assert.deepEqual(outcome(`./${path}`, setting), inside, path);
  }
});

Deno.test("under: what Windows would make another path of is not let through, and is not denied for it", () => {
  assertAll(
    [
      "C:x",
      "/tmp/..:stream",
      "/tmp/a:/b",
      "/tmp/DIR~1/a",
      "/tmp/a.",
      "/tmp/a ",
      "/tmp/.../a",
      "/tmp/.. /a",
      "/tmp/a\\..\\b",
    ],
    { allows: false, denies: false },
    { roots: ["/srv"] },
  );
  for (
    const path of ["/tmp/a:/stream", "/tmp/DIR~1/a", "/tmp/a.", "/tmp/dir./a", "/tmp/.../a", "/tmp/a b /c"]
  ) {
    assertAll([path], unknown);
  }
  assertAll(["/tmp/.git", "/tmp/a..b", "/tmp/~a", "/tmp/a~", "/tmp/a b", "/tmp/..a", "/tmp/a.b.c"], inside);
});

Deno.test("under: slashes and dots that only look so are not let through, and a deny reads them", () => {
  for (const path of ["/tmp\uff0f..\uff0fetc", "/tmp/\u2025/etc", "/tmp/\uff0e\uff0e/etc"]) {
    assert.equal(outcome(path).allows, false, path);
    assert.equal(outcome(path, { roots: ["/etc"] }).denies, true, path);
  }
  assertAll(["/tmp/a\u2215b", "/tmp/a\u202eb", "/tmp/a\u200bb", "/tmp/a\ufeff", "/tmp/a\u2028b"], unknown);
  assert.equal(outcome("\uff0fetc\uff0fpasswd", { roots: ["/etc"] }).denies, true);
  assert.equal(outcome("/\uff45tc/passwd", { roots: ["/etc"] }).denies, true);
  // Joiners stand in the names of files in Persian and in emoji.
  assertAll(["/tmp/\u0645\u06cc\u200c\u062e", "/tmp/caf\u00e9", "/tmp/\u65e5\u672c"], inside);
});

Deno.test("under: all that NFKC makes a separator or a name of dots of is looked out for", () => {
  for (let code = 0x80; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    const compatible = character.normalize("NFKC");
    if (compatible === character || !/[\/\\:%~]|^\.+$/.test(compatible)) continue;
    assert.equal(outcome(`/tmp/a${character}b`).allows, false, code.toString(16));
  }
});

Deno.test("under: where case is folded, an allow takes only A for a", () => {
  const entries = { ...tree, "/tmp/K": "directory" } as Record<string, Entry>;
  assert.deepEqual(outcome("/tmp/\u212a/x", { roots: ["/tmp/k"], pathCase: "fold", entries }), {
    allows: false,
    denies: true,
  });
  assertAll(["/TMP/k/x"], inside, {
    roots: ["/tmp/K"],
    pathCase: "fold",
    entries: { ...entries, "/TMP": { link: "/tmp" } } as Record<string, Entry>,
  });
});

/** How an outside path can be written so that some reader comes to it. */
const disguises: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path.replace(/\//g, "%2f"),
  (path) => path.replace(/[a-z.]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  (path) => path.replaceAll("%", "%25"),
  (path) => path.replaceAll("/", "//"),
  (path) => path.replaceAll("/", "/./"),
  (path) => path.replaceAll("/", "\\"),
  (path) => path.replaceAll("/", "\uff0f"),
  (path) => `/tmp/..${path}`,
  (path) => `/tmp/dir/../..${path}`,
  (path) => `/tmp/out/..${path}`,
  (path) => `file://${path}`,
  (path) => `FILE:${path}`,
  (path) => `file://localhost${path}`,
  (path) => `"${path}"`,
  (path) => ` ${path} `,
  (path) => `${path}\0.txt`,
  (path) => path.toUpperCase(),
  (path) => path.normalize("NFD"),
];

Deno.test("under: no disguise of a path outside is ever let through", () => {
  const outsidePaths = ["/etc/passwd", "/srv/data/x", "/etc", "/", "/home/link", "/tmpx"];
  let tried = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...outsidePaths),
      fc.array(fc.constantFrom(...disguises), { maxLength: 4 }),
      fc.constantFrom("/wd", "/etc", "/"),
      (path, some, workingDirectory) => {
        const disguised = some.reduce((text, disguise) => disguise(text), path);
        assert.equal(outcome(disguised, { workingDirectory }).allows, false, disguised);
        tried++;
      },
    ),
    { numRuns: 5_000 },
  );
  assert.equal(tried, 5_000);
});

Deno.test("under: the URI of a resource is no relative path, so that links can be followed for resources too", () => {
  const verdict = (uri: string) => {
    const policy = compile(
      document([rule("allow", { resources: ["file:///tmp/*"] }, { args: { uri: [under("/tmp")] } })]),
    );
    const operation = read(uri);
    const facts = new FakeDisk(tree).answer(needs(policy, operation));
    return decide(policy, initialState(policy), operation, facts, 0).verdict;
  };
  assert.equal(verdict("file:///tmp/a"), "allow");
  assert.equal(verdict("file:///tmp/in/new"), "allow");
  assert.equal(verdict("file:///tmp/a?q=1"), "allow");
  for (const uri of ["file:///tmp/out/passwd", "file:///tmp/../etc/passwd", "file:///tmp/dangling"]) {
    assert.equal(verdict(uri), "deny", uri);
  }
});
