import assert from "node:assert/strict";
import { accompanyingTargetsMax } from "../../src/limits.ts";
import type { Operation } from "../../src/mcp/operation.ts";
import { readRoots } from "../../src/mcp/roots.ts";
import { assertReason, namesOf, resultOf } from "./support.ts";

function read(roots: string): readonly Operation[] | string {
  const message = resultOf(`{"roots":${roots}}`);
  return readRoots(message.frame.buffer, message.members.get("roots")!);
}

Deno.test("readRoots() names each root by its URI, and by the directory's", () => {
  assert.deepEqual(namesOf(read('[{"uri":"file:///a","name":"a","_meta":{}},{"uri":"file:///b/"}]')), [
    "resource file:///a",
    "resource file:///a/",
    "resource file:///b/",
  ]);
  assert.deepEqual(read("[]"), []);
  const [operation] = read('[{"uri":"file:///a"}]') as Operation[];
  assert.equal(operation.method, "roots/list");
  assert.equal(operation.from, "downstream");
});

Deno.test("readRoots() names a root that is a mere path by its file URI too", () => {
  assert.deepEqual(namesOf(read('[{"uri":"/etc"},{"uri":"/"}]')), [
    "resource /etc",
    "resource /etc/",
    "resource file:///etc",
    "resource file:///etc/",
    "resource /",
    "resource file:///",
  ]);
});

Deno.test("readRoots() refuses roots that cannot be told for certain", () => {
  for (
    const roots of [
      "{}",
      '"file:///a"',
      "[7]",
      '[{"name":"a"}]',
      '[{"uri":null}]',
      '[{"uri":"file:///a","uri":"file:///b"}]',
      '[{"uri":"file:///a","Uri":"file:///b"}]',
      '[{"u\\u0072i":"file:///a"}]',
      '[{"uri":"file:///\\ud800"}]',
      '[{"uri":"file:///a","_meta":{"x":1,"x":2}}]',
    ]
  ) assertReason(read(roots), /./);
  const many = (count: number) => `[${Array(count).fill('{"uri":"x:y/"}').join(",")}]`;
  assert.equal(read(many(accompanyingTargetsMax)).length, accompanyingTargetsMax);
  assertReason(read(many(accompanyingTargetsMax + 1)), /more than/);
});
