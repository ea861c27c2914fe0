import assert from "node:assert/strict";
import { climbDown } from "../../src/supervisor/stop_ladder.ts";

/** Climbs down with a server that leaves at one step; gives the steps that were taken. */
async function stepsUntil(leavesAt: "closeInput" | "terminate" | "kill"): Promise<readonly string[]> {
  const steps: string[] = [];
  let leave: () => void = () => {};
  const left = new Promise<void>((resolve) => leave = resolve);
  const step = (name: typeof leavesAt) => () => {
    steps.push(name);
    if (name === leavesAt) leave();
  };
  await climbDown({
    closeInput: step("closeInput"),
    terminate: step("terminate"),
    kill: step("kill"),
    left,
    stepTimeoutMs: 10,
  });
  return steps;
}

Deno.test("climbDown() takes no further step than the one at which the server leaves", async () => {
  assert.deepEqual(await stepsUntil("closeInput"), ["closeInput"]);
  assert.deepEqual(await stepsUntil("terminate"), ["closeInput", "terminate"]);
  assert.deepEqual(await stepsUntil("kill"), ["closeInput", "terminate", "kill"]);
});

Deno.test("climbDown() leaves no timer behind when the server leaves early", async () => {
  // The sanitizer of the test runner fails a test that leaves one.
  await climbDown({
    closeInput() {},
    terminate() {},
    kill() {},
    left: Promise.resolve(),
    stepTimeoutMs: 60_000,
  });
});
