/** The `__init` stage by itself: what it does when it cannot do what it was asked to. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { formatInitArguments, type InitPlan } from "../../src/supervisor/init_plan.ts";

const init = fileURLToPath(new URL("../../src/supervisor/init.ts", import.meta.url));
const plan: InitPlan = { directory: "/", limits: {}, environment: "server" };

async function runStage(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--allow-ffi", init, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

Deno.test("the stage becomes the command", async () => {
  const { code, out, err } = await runStage(
    formatInitArguments(plan, ["/bin/sh", "-c", "echo became; exit 3"]),
  );
  assert.deepEqual({ code, out, err }, { code: 3, out: "became\n", err: "" });
});

Deno.test("the stage ends without a word, and without the command, when its parent is not the proxy any more", async () => {
  const orphaned = { ...plan, parentPid: 1 }; // as it was told; meanwhile somebody else has adopted it
  const { code, out, err } = await runStage(formatInitArguments(orphaned, ["/bin/echo", "ran"]));
  assert.deepEqual({ code, out, err }, { code: 125, out: "", err: "" });
});

Deno.test("the stage does not start the command when it cannot reach the watcher", async () => {
  const gone = { ...plan, watcherPid: 4_194_305 }; // above the highest pid of Linux
  const { code, out, err } = await runStage(formatInitArguments(gone, ["/bin/echo", "ran"]));
  assert.equal(code, 126);
  assert.equal(out, "");
  assert.match(err, /^lilith-zero: Cannot start the server: .*reach the watcher/);
});

Deno.test("the stage refuses arguments that are not its own, with a hint and status 126", async () => {
  const { code, out, err } = await runStage(["--", "/bin/echo", "ran"]);
  assert.equal(code, 126);
  assert.equal(out, "");
  assert.match(err, /^lilith-zero: Cannot run __init: .*\n {2}hint: .*lilith-zero run/);
});

Deno.test("the stage says why a command cannot be run, in the words of the system", async () => {
  const missing = await runStage(formatInitArguments(plan, ["/none/such"]));
  assert.equal(missing.code, 127);
  assert.match(
    missing.err,
    /^lilith-zero: Cannot start "\/none\/such": No such file or directory\n {2}hint: /,
  );
  const directory = await runStage(formatInitArguments(plan, ["/dev"]));
  assert.equal(directory.code, 126);
  assert.match(directory.err, /^lilith-zero: Cannot start "\/dev": Permission denied\n$/);
});
