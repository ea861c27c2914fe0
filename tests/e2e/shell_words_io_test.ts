import assert from "node:assert/strict";
import fc from "fast-check";
import { readCommand } from "../../src/policy/argv/read_command.ts";
import { commands } from "../policy/support/arbitrary.ts";

const shells = ["sh", "bash", "dash", "zsh", "busybox"].filter((shell) => {
  try {
    return new Deno.Command(shell, { args: ["--help"], stdout: "null", stderr: "null" }).outputSync() !==
      undefined;
  } catch {
    return false;
  }
});

/** The words behind `printf '%s\0'` as a shell passes them on. */
function wordsOf(shell: string, text: string): string[] {
  const script = `printf '%s\\0' ${text}`;
  const args = shell === "busybox" ? ["sh", "-c", script] : ["-c", script];
  const { code, stdout } = new Deno.Command(shell, { args, clearEnv: true, cwd: "/" }).outputSync();
  assert.equal(code, 0, `${shell}: ${text}`);
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

Deno.test("every shell of this machine finds the words that readCommand() finds", () => {
  assert.ok(shells.includes("sh"));
  const piece = fc.constantFrom(
    ..."ls -l --all --a=b/c /tmp ./a ../b a.b a:b a@b +x -- - 1 _x a-b . .. -1 if then time function".split(
      " ",
    ),
  );
  const mark = fc.constantFrom(
    " ",
    " ",
    " ",
    "",
    ":",
    "@",
    "=",
    "+",
    "-",
    ".",
    "/",
    "_",
    "~",
    "%",
    ",",
    "^",
    "#",
  );
  const anyText = fc.array(fc.tuple(piece, mark), { minLength: 1, maxLength: 5 }).map((all) =>
    all.flat().join("").trimEnd()
  );
  const texts = [...commands, ...fc.sample(anyText, 400)];
  const read = [...new Set(texts)].flatMap((text) => {
    const reading = readCommand(text);
    return reading.kind === "words" ? [{ text, words: reading.words }] : [];
  });
  assert.ok(read.length > 50);
  // One process for all: each command is a line of arguments, and a line with nothing but a mark ends it.
  for (const shell of shells) {
    const found = wordsOf(shell, read.map(({ text }) => `${text} %end`).join(" "));
    const wanted = read.flatMap(({ words }) => [...words, "%end"]);
    assert.deepEqual(found, wanted, shell);
  }
});
