import assert from "node:assert/strict";
import { collectionRestFactor, memoryGrowthBytesMax } from "../src/limits.ts";
import { Collector } from "../src/memory.ts";

/** A process of a size that the test chooses, of which a collection frees what the test says. */
function fakeProcess() {
  const process = {
    bytes: 100 * memoryGrowthBytesMax,
    garbageBytes: 0,
    collections: 0,
    nowMs: 0,
    takesMs: 0,
  };
  const collector = new Collector({
    residentBytes: () => process.bytes,
    collect: () => {
      process.collections++;
      process.nowMs += process.takesMs;
      process.bytes -= process.garbageBytes;
      process.garbageBytes = 0;
    },
    now: () => process.nowMs,
  });
  collector.look(memoryGrowthBytesMax);
  return { process, collector };
}

Deno.test("look() collects once the process has grown by more than it may, and not before", () => {
  const { process, collector } = fakeProcess();
  process.bytes += memoryGrowthBytesMax;
  collector.look(memoryGrowthBytesMax);
  assert.equal(process.collections, 0);
  process.bytes += 1;
  process.garbageBytes = memoryGrowthBytesMax;
  collector.look(memoryGrowthBytesMax);
  assert.equal(process.collections, 1);
});

Deno.test("look() does not collect again and again what is in use", () => {
  const { process, collector } = fakeProcess();
  process.bytes += 2 * memoryGrowthBytesMax;
  for (let i = 0; i < 10; i++) collector.look(memoryGrowthBytesMax);
  assert.equal(process.collections, 1);
});

Deno.test("look() measures growth from the smallest that the process has been", () => {
  const { process, collector } = fakeProcess();
  process.bytes += 50 * memoryGrowthBytesMax;
  collector.look(memoryGrowthBytesMax);
  process.bytes -= 50 * memoryGrowthBytesMax;
  collector.look(memoryGrowthBytesMax);
  process.bytes += memoryGrowthBytesMax + 1;
  collector.look(memoryGrowthBytesMax);
  assert.equal(process.collections, 2);
});

Deno.test("look() rests after a collection for as many times as long as it took", () => {
  const { process, collector } = fakeProcess();
  process.takesMs = 30;
  const grow = () => {
    process.bytes += memoryGrowthBytesMax + 1;
    collector.look(memoryGrowthBytesMax);
  };
  grow();
  const restedMs = process.nowMs + 30 * collectionRestFactor;
  process.nowMs = restedMs - 1;
  grow();
  assert.equal(process.collections, 1);
  process.nowMs = restedMs;
  grow();
  assert.equal(process.collections, 2);
});

Deno.test("the runtime's own collection is found, and frees what nobody holds", () => {
  let freed = 0;
  const registry = new FinalizationRegistry(() => freed++);
  for (let i = 0; i < 100; i++) registry.register({ i }, i);
  const collector = new Collector();
  collector.look(memoryGrowthBytesMax);
  const held = new Uint8Array(2 * memoryGrowthBytesMax).fill(1); // makes the process larger
  collector.look(memoryGrowthBytesMax);
  assert.equal(held.at(-1), 1);
  return new Promise<void>((resolve) =>
    setTimeout(() => {
      assert.ok(freed > 0, "nothing was collected");
      resolve();
    }, 50)
  );
});
