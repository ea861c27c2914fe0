import assert from "node:assert/strict";
import fc from "fast-check";
import { runCommandLine } from "../../src/cli/command_line.ts";
import { readRunArguments, type RunOptions } from "../../src/cli/run_arguments.ts";

/** What the whole command line makes of the same words; undefined where it runs nothing. */
async function readByCommandLine(args: readonly string[]): Promise<RunOptions | undefined> {
  let seen: RunOptions | undefined;
  await runCommandLine(args, () => {}, (options) => {
    seen = options;
    return Promise.resolve(0);
  });
  return seen;
}

const word = fc.constantFrom(
  "-p",
  "--policy",
  "-a",
  "--audit",
  "--containment",
  "--watch",
  "--var",
  "x=y",
  "--lock",
  "--state",
  "--",
  "best",
  "process",
  "x.yaml",
  "",
  "-",
  "npx",
  "--polcy",
  "-px",
  "--policy=x",
);
const commandLines = fc.array(word, { maxLength: 8 }).map((words) => ["run", ...words]);

Deno.test("readRunArguments() reads what it reads as the whole command line does", async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(commandLines, async (args) => {
      const options = readRunArguments(args);
      if (options === undefined) return;
      read++;
      assert.deepEqual(options, await readByCommandLine(args));
    }),
    { numRuns: 2000 },
  );
  assert.ok(read > 200, `only ${read} were read`);
});

Deno.test("readRunArguments() reads the form that clients have in their configuration", () => {
  const command = ["npx", "-y", "server", "--policy", "its own"];
  const options = {
    policies: ["a", "b"],
    vars: ["n=v"],
    audit: "log",
    lock: "l",
    state: "s",
    command,
    containment: "process",
    watch: true,
  };
  const words = [
    "run",
    "-p",
    "a",
    "--state",
    "s",
    "--var",
    "n=v",
    "--watch",
    "--policy",
    "b",
    "--audit",
    "log",
    "--state",
    "s",
    "--containment",
    "process",
    "--lock",
    "l",
  ];
  assert.deepEqual(readRunArguments([...words, "--", ...command]), options);
  assert.deepEqual(readRunArguments([...words, ...command]), options);
});

Deno.test("readRunArguments() leaves all else to the whole command line", () => {
  const others = [
    "",
    "--help",
    "run",
    "run --help",
    "run -p x",
    "run -p -- cat",
    "run --policy=x cat",
    "run -v cat",
  ];
  for (const line of [...others, "run --containment none cat", "policy check x", "--version run cat"]) {
    assert.equal(readRunArguments(line.split(" ")), undefined, line);
  }
});
