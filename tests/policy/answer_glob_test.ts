import assert from "node:assert/strict";
import type { Answer } from "../../src/policy/answer.ts";
import { answerGlob, compileGlob } from "../../src/policy/answer_glob.ts";
import { noFacts } from "../../src/policy/facts.ts";
import { Subject } from "../../src/policy/subject.ts";
import { call, compile, document } from "./support/build.ts";

const policy = compile(document([]));

function assertAll(globs: readonly string[], texts: readonly string[], allow: Answer, deny: Answer): void {
  const compiled = globs.map(compileGlob);
  for (const text of texts) {
    const subject = new Subject(call("t"), noFacts, policy.paths);
    const answers = (["allow", "deny"] as const).map((how) => answerGlob(compiled, text, subject, how));
    assert.deepEqual(answers, [allow, deny], `${globs} on ${JSON.stringify(text)}`);
  }
}

Deno.test("glob: any of some globs, the whole text", () => {
  assertAll(["*.txt", "*.md"], ["a.txt", "a.md"], "yes", "yes");
  assertAll(["*.txt", "*.md"], ["a.js", "d/a.txt", "a.txtx", ""], "no", "no");
});

Deno.test("glob: an allow takes the text as it stands, a deny in every reading and any case", () => {
  assertAll(["*.txt"], ["A.TXT", "a.ｔxt", "a.%54xt", "a.txt\n", "'a.txt'"], "no", "yes");
  assertAll(
    ["/etc/**"],
    ["/ETC/passwd", "//etc//passwd", "/Etc/%70asswd"],
    "no",
    "yes",
  );
  assertAll(["??"], ["ß!"], "yes", "yes");
});

Deno.test("glob: to an allow, what a server could make another text of is unknown", () => {
  assertAll(
    ["/tmp/**", "*.txt"],
    ["/tmp/../etc/passwd", "/tmp/%2e%2e/x", "/tmp/./a", "/tmp/%252e%252e"],
    "unknown",
    "yes",
  );
});

Deno.test("glob: a text that changes when it is decoded passes an allow where all of its readings do", () => {
  assertAll(["*.txt"], ["a%20b.txt", "100%.txt"], "yes", "yes");
  assertAll(["*.txt"], ["etc%2fpasswd.txt", "a%2etxt"], "unknown", "yes");
  assertAll(["*.txt"], ["a%2525252e.js"], "unknown", "no");
});

Deno.test("glob: a NUL or a backslash is unknown to an allow, and read both ways by a deny", () => {
  assertAll(["*.txt"], ["passwd\0.txt", "..\\a.txt", "d\\a.txt"], "unknown", "yes");
});

Deno.test("glob: what climbs is allowed by ** alone, and where it is written letter by letter", () => {
  assertAll(["**"], ["/tmp/../etc", "..", "a\\b", "a\0b"], "yes", "yes");
  assertAll(["../x"], ["../x"], "yes", "yes");
  assertAll(["*/x"], ["../x"], "unknown", "yes");
});

Deno.test("glob: a deny takes dots and empty names away", () => {
  const denied = (glob: string, text: string) =>
    answerGlob([compileGlob(glob)], text, new Subject(call("t"), noFacts, policy.paths), "deny");
  for (
    const text of [
      "/tmp/../etc/passwd",
      "/etc/./passwd",
      "\\etc\\passwd",
      "/etc/x/../passwd",
      " /etc/passwd",
      "/etc/passwd/",
    ]
  ) {
    assert.equal(denied("/etc/passwd", text), "yes", text);
  }
  assert.equal(denied("../etc/*", "a/../../etc/passwd"), "yes");
  assert.equal(denied(".env", "./.env"), "yes");
  assert.equal(denied("/etc/*", "/tmp/passwd"), "no");
});

Deno.test("glob: a text over the bound is unknown", () => {
  assertAll(["*"], ["a".repeat(1024 * 1024 + 1)], "unknown", "unknown");
});
