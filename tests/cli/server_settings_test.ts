import assert from "node:assert/strict";
import { mergeServerSettings } from "../../src/cli/server_settings.ts";
import { LilithError } from "../../src/errors.ts";

Deno.test("mergeServerSettings() takes the strictest of each setting", () => {
  assert.deepEqual(
    mergeServerSettings([
      { memoryBytesMax: 100, cpuSecondsMax: 5, containment: "process" },
      { memoryBytesMax: 50, stopTimeoutMs: 10, containment: "namespace" },
      {},
    ]),
    { memoryBytesMax: 50, cpuSecondsMax: 5, stopTimeoutMs: 10, containment: "namespace" },
  );
  assert.deepEqual(mergeServerSettings([{}, {}]), {});
});

Deno.test("mergeServerSettings() passes only the variables that every policy passes; a policy that names none says nothing", () => {
  assert.deepEqual(mergeServerSettings([{ passEnv: ["A", "B"] }, {}, { passEnv: ["B", "C"] }]).passEnv, [
    "B",
  ]);
  assert.deepEqual(mergeServerSettings([{ passEnv: [] }, { passEnv: ["A"] }]).passEnv, []);
});

Deno.test("mergeServerSettings() refuses two different working directories", () => {
  assert.equal(mergeServerSettings([{ directory: "/a" }, { directory: "/a" }, {}]).directory, "/a");
  assert.throws(
    () => mergeServerSettings([{ directory: "/a" }, { directory: "/b" }]),
    (error: unknown) =>
      error instanceof LilithError && error.code === "policy_bad_value" && /\/a, \/b/.test(error.message),
  );
});
