import assert from "node:assert/strict";
import { findTaints, mergeTaints } from "../../src/policy/taint.ts";

const seen = (label: string, by: string) => ({ label, by });

Deno.test("labels are kept sorted, each with what brought it in first", () => {
  const before = mergeTaints([], [seen("untrusted", "a"), seen("private", "b"), seen("private", "c")]);
  assert.deepEqual(before, [seen("private", "b"), seen("untrusted", "a")]);
  assert.deepEqual(mergeTaints(before, [seen("private", "d"), seen("odd", "e")]), [
    seen("odd", "e"),
    seen("private", "b"),
    seen("untrusted", "a"),
  ]);
});

Deno.test("what brings nothing new changes nothing", () => {
  const before = [seen("private", "a")];
  assert.equal(mergeTaints(before, [seen("private", "b")]), before);
});

Deno.test("findTaints() finds all labels or none", () => {
  const taints = [seen("private", "a"), seen("untrusted", "b")];
  assert.deepEqual(findTaints(taints, ["untrusted"]), [seen("untrusted", "b")]);
  assert.deepEqual(findTaints(taints, ["untrusted", "private"])?.length, 2);
  assert.equal(findTaints(taints, ["private", "odd"]), undefined);
});
