import assert from "node:assert/strict";
import { levelOf, type MechanismName } from "../../src/supervisor/containment.ts";

Deno.test("levelOf() gives each mechanism the level that it holds, and knows no other", () => {
  const levels: Record<MechanismName, string> = {
    bwrap: "namespace",
    unshare: "namespace",
    watcher: "process",
  };
  for (const [mechanism, level] of Object.entries(levels)) {
    assert.equal(levelOf(mechanism as MechanismName), level);
  }
});
