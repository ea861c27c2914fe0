import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/run_tests.ts", import.meta.url));

const passing = 'Deno.test("passes", () => {});\n';
const failing = 'Deno.test("fails", () => { throw new Error("x"); });\n';
const skipped = 'Deno.test({ name: "is skipped", ignore: true, fn() {} });\n';
const reading = 'Deno.test("reads", () => { Deno.readTextFileSync("deno.json"); });\n';

/** Runs groups of tests over the given test files in a folder of their own; what it printed, and how it ended. */
async function runTests(
  files: Record<string, string>,
  groups: string[],
  env: Record<string, string> = { CI: "" },
): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), "{}");
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(join(folder, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    const args = ["run", "-A", script, ...groups];
    const child = new Deno.Command(Deno.execPath(), {
      args,
      cwd: folder,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
    });
    const { code, stdout } = await child.output();
    return { code, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("run_tests.ts ends with one line of the counts of all its groups", async () => {
  const files = {
    "tests/wire/a_test.ts": passing + skipped,
    "tests/audit/b_io_test.ts": reading + passing,
    "tests/e2e/c_test.ts": reading,
  };
  const { code, lines } = await runTests(files, ["core", "parts", "e2e"]);
  assert.equal(lines.at(-1), "4 passed, 0 failed, 1 skipped");
  assert.equal(code, 0);
});

Deno.test("run_tests.ts leaves out the skipped where there are none", async () => {
  const { code, lines } = await runTests({ "tests/wire/a_test.ts": passing }, ["core"]);
  assert.equal(lines.at(-1), "1 passed, 0 failed");
  assert.equal(code, 0);
});

Deno.test("run_tests.ts runs pure tests without any permission", async () => {
  const { code, lines } = await runTests({ "tests/audit/a_test.ts": reading + passing }, ["core"]);
  assert.equal(lines.at(-1), "1 passed, 1 failed");
  assert.equal(code, 1);
});

Deno.test("run_tests.ts fails when a test fails", async () => {
  const { code, lines } = await runTests({ "tests/e2e/a_test.ts": passing + failing }, ["e2e"]);
  assert.equal(lines.at(-1), "1 passed, 1 failed");
  assert.equal(code, 1);
});

Deno.test("run_tests.ts counts a file that throws while it loads, or holds no test, as a failure", async () => {
  const files = {
    "tests/wire/a_test.ts": passing,
    "tests/wire/b_test.ts": 'throw new Error("x");\n',
    "tests/wire/c_test.ts": "export {};\n",
  };
  const { code, lines } = await runTests(files, ["core"]);
  assert.deepEqual(lines.slice(-3), [
    "FAILED tests/wire/b_test.ts: ran no test",
    "FAILED tests/wire/c_test.ts: ran no test",
    "1 passed, 2 failed",
  ]);
  assert.equal(code, 1);
});

Deno.test("run_tests.ts fails when a group has no test or its files do not load", async () => {
  const none = await runTests({ "tests/wire/a_test.ts": passing }, ["core", "e2e"]);
  assert.deepEqual(none.lines.slice(-2), ["FAILED e2e: has no test", "1 passed, 1 failed"]);
  assert.equal(none.code, 1);

  const broken = await runTests({ "tests/wire/a_test.ts": "import './missing.ts';\n" }, ["core"]);
  assert.match(broken.lines.at(-2) ?? "", /^FAILED core: ended with 1 and left no report/);
  assert.equal(broken.lines.at(-1), "0 passed, 1 failed");
  assert.equal(broken.code, 1);
});

Deno.test("run_tests.ts fails for a skipped test where CI is set", async () => {
  const { code, lines } = await runTests({ "tests/wire/a_test.ts": passing + skipped }, ["core"], {
    CI: "true",
  });
  assert.deepEqual(lines.slice(-2), [
    "FAILED ./tests/wire/a_test.ts: skipped, which CI does not allow: is skipped",
    "1 passed, 1 failed",
  ]);
  assert.equal(code, 1);
});

Deno.test("run_tests.ts refuses a group that it does not know", async () => {
  const { code } = await runTests({}, ["cor"]);
  assert.equal(code, 2);
});
