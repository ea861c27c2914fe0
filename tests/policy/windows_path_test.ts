import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePolicies } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import { type Facts, pathQueries, type Resolution } from "../../src/policy/facts.ts";
import { needs } from "../../src/policy/needs.ts";
import { initialState } from "../../src/policy/state.ts";
import { isDrivePath, normalizeResolved, normalizeWindowsPath } from "../../src/policy/windows_path.ts";
import { call, compile, document, rule, under } from "./support/build.ts";

interface Setting {
  readonly roots?: readonly string[];
  readonly workingDirectory?: string;
  /** Links: where a path leads that the system is asked for. */
  readonly links?: Readonly<Record<string, string>>;
}

function outcome(path: string, setting: Setting = {}) {
  const { roots = ["C:\\data"], workingDirectory = "C:\\srv", links = {} } = setting;
  const results = (["allow", "deny"] as const).map((effect) => {
    const policy = compile(
      document([rule(effect, "*", { args: { path: [under(...roots)] } })], {
        default: effect === "allow" ? "deny" : "allow",
      }),
      { workingDirectory, pathCase: "fold", pathStyle: "windows" },
    );
    const operation = call("read", JSON.stringify({ path }));
    const facts: Facts = new Map(
      pathQueries(needs(policy, operation)).map(({ path }): [string, Resolution] => [
        path,
        // As GetFinalPathNameByHandle says it.
        { kind: "real", path: `\\\\?\\${links[path] ?? path}` },
      ]),
    );
    return decide(policy, initialState(policy), operation, facts, 0).verdict;
  });
  return { allows: results[0] === "allow", denies: results[1] === "deny" };
}

const inside = { allows: true, denies: true };
const outside = { allows: false, denies: false };
const unknown = { allows: false, denies: true };

function assertAll(paths: readonly string[], expected: typeof inside, setting?: Setting): void {
  for (const path of paths) assert.deepEqual(outcome(path, setting), expected, path);
}

Deno.test("under on Windows: either slash, any case, `..` by name", () => {
  assertAll(["C:\\data", "C:\\data\\a.txt", "c:/DATA/x/../a.txt", "C:\\\\data\\.\\a", "C:/data/"], inside);
  assertAll(["C:\\", "C:\\database", "C:\\data\\..\\x", "D:\\data\\a", "C:\\x\\..\\..\\srv"], outside);
  assertAll(["C:\\any", "c:\\"], inside, { roots: ["C:\\"] });
  assertAll(["D:\\any"], outside, { roots: ["C:\\"] });
});

Deno.test("under on Windows: relative paths begin in the working directory, those from a slash on its drive", () => {
  assertAll(["a", "..\\data\\a", "\\data\\a", "/data/a"], inside, { workingDirectory: "c:\\data\\" });
  assertAll(["a", "..\\x"], outside);
  assertAll(["\\data\\a"], outside, { workingDirectory: "D:\\x" });
});

Deno.test("under on Windows: a link is followed, so an allow does not pass where it leads out", () => {
  const links = { "C:\\data\\out": "D:\\secret", "C:\\x\\in": "C:\\data\\a" };
  assertAll(["C:\\data\\out"], { allows: false, denies: true }, { links });
  assertAll(["C:\\x\\in"], { allows: false, denies: true }, { links });
  // Off the drives: a share.
  assertAll(["C:\\data\\out"], unknown, { links: { "C:\\data\\out": "UNC\\host\\share" } });
});

Deno.test("under on Windows: shares, devices, streams, short names and what names cannot hold are unknown", () => {
  assertAll([
    "\\\\host\\share\\a",
    "//host/share",
    "\\\\?\\C:\\data\\a",
    "\\\\.\\C:\\data\\a",
    "\\??\\C:\\data\\a",
    "\\\\.\\PhysicalDrive0",
    "C:data\\a",
    "C:",
    "C:\\data\\NUL",
    "nul",
    "C:\\data\\com1.txt",
    "C:\\data\\COM\u00b9",
    "C:\\data\\lpt9 .x",
    "CONIN$",
    "C:\\DATA~1\\a",
    "C:\\PROGRA~1",
    "C:\\data\\...\\a",
    "C:\\data\\.. \\a",
    "C:\\data\\ \\a",
    "C:\\data\\a?",
    "C:\\data\\<a",
    "C:\\data\\:stream",
    "C:\\data\\%TEMP%\\a",
    "/C:/data/a",
    "~\\a",
    "C:\\data\\a\0",
  ], unknown);
  // Inside however they are read, and still not to be let through.
  assertAll([
    "C:\\data\\a.txt:stream",
    "C:\\data\\a.txt::$DATA",
    "C:\\data:x",
    "C:\\data.\\a",
    "C:\\data \\a",
    "C:\\data\\a. ",
    "C:\\data\\a\uff0e",
    "C:\\data\\\u00a5a",
    "C:\\d\u00e5ta\\..\\data\\\u2024\u2024\\x",
  ], unknown);
});

Deno.test("under on Windows: a deny sees through streams, dots and spaces; what is elsewhere is elsewhere", () => {
  assertAll(["C:\\x\\a.txt:stream", "C:\\x.\\a", "C:\\x\\a "], outside);
});

Deno.test("under on Windows: file: URIs lead to their drive", () => {
  assertAll(["file:///C:/x/a"], outside);
  // (No file there can have such a name, so the URI has no other reading.)
  assertAll(["file:///C:/x/../data/a", "file:/C:/data/a"], inside);
  // Cut off behind `file://`, the host is a name.
  assertAll(["FILE://localhost/c:/data/%61", "file:///C:/data/a:s"], unknown);
  assertAll(["file://host/share/a"], unknown);
});

Deno.test("under on Windows: to an allow, only A and a are the same", () => {
  assertAll(["C:\\ｄata\\a"], { allows: false, denies: true });
});

Deno.test("normalizeWindowsPath() and normalizeResolved() give one form", () => {
  assert.equal(normalizeWindowsPath("c:/a//b\\.\\c\\..\\d. "), "C:\\a\\b\\d");
  assert.equal(normalizeWindowsPath("C:\\..\\.."), "C:\\");
  assert.equal(normalizeResolved("\\\\?\\C:\\a"), "C:\\a");
  assert.equal(normalizeResolved("\\\\?\\UNC\\host\\share"), undefined);
  assert.equal(normalizeResolved("/tmp"), undefined);
  assert.deepEqual(["C:\\", "c:/x", "C:", "C:x", "/C:/", "\\\\?\\C:\\"].map(isDrivePath), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("under on Windows: nothing that an allow lets through is outside once it is normalized", () => {
  const piece = fc.constantFrom(
    "C:",
    "\\",
    "/",
    "data",
    "DATA",
    "..",
    ".",
    "x",
    " ",
    ":",
    "~1",
    "a.",
    "%2e",
    "%5c",
    "\\\\",
    "?",
  );
  let allowed = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = `C:\\data\\${pieces.join("")}`;
      if (!outcome(path).allows) return;
      allowed++;
      // Win32's own words, in another order: decode, cut streams, take dots and spaces off, then `..`.
      for (const text of [path, decodeURI(path), decodeURIComponent(path)]) {
        const names = text.slice(3).split(/[\\/]+/).map((name) => name.replace(/:.*/, ""));
        const kept: string[] = [];
        for (const name of names) {
          if (name === "..") kept.pop();
          else if (name.replace(/[. ]+$/, "") !== "") kept.push(name.replace(/[. ]+$/, ""));
        }
        assert.equal(kept[0]?.toLowerCase(), "data", path);
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(allowed > 100, `only ${allowed} were allowed`);
});

Deno.test("a policy's directories are those of its system", () => {
  const options = {
    workingDirectory: "C:\\srv",
    pathCase: "fold",
    pathStyle: "windows",
    ownFiles: [],
  } as const;
  const withRoot = (root: string) => [document([rule("allow", "t", { args: { path: [under(root)] } })])];
  assert.throws(() => compilePolicies(withRoot("/tmp"), options, undefined), {
    code: "policy_bad_value",
    message: 'Cannot use policy "team": "/tmp" is no directory of this system',
  });
  assert.throws(
    () =>
      compilePolicies(
        withRoot("C:\\x"),
        { ...options, workingDirectory: "/", pathStyle: "posix" },
        undefined,
      ),
    { code: "policy_bad_value", hint: "Directories are written /like/this here" },
  );
  assert.throws(() => compilePolicies([], { ...options, workingDirectory: "/srv" }, undefined), {
    code: "internal",
  });
  // Nothing looks for our files there yet: it may not seem as if something did.
  assert.throws(() => compilePolicies([], { ...options, ownFiles: ["C:\\p.yaml"] }, undefined), {
    code: "internal",
  });
});
