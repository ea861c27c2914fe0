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
    inputLeft: () => 0,
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
    inputLeft: () => 0,
    left: Promise.resolve(),
    stepTimeoutMs: 60_000,
  });
});

Deno.test("climbDown() leaves a server its time while it reads what it was sent, and no longer", async () => {
  const KiB = 1024;
  for (
    const [looks, left] of [
      [3, [900 * KiB, 600 * KiB, 600 * KiB]],
      [3, [900 * KiB, 100 * KiB, 99 * KiB, 0]],
      [4, [900 * KiB, 600 * KiB, 0, 0]],
      [2, [Infinity, Infinity]],
    ] as const
  ) {
    const steps: string[] = [];
    let looked = 0;
    await climbDown({
      closeInput: () => void steps.push("closeInput"),
      terminate: () => void steps.push("terminate"),
      kill: () => void steps.push("kill"),
      inputLeft: () => left[looked++],
      left: new Promise(() => {}),
      stepTimeoutMs: 2,
    });
    assert.deepEqual([looked, ...steps], [looks, "closeInput", "terminate", "kill"]);
  }
});
