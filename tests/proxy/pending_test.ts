import assert from "node:assert/strict";
import fc from "fast-check";
import { type PendingRequest, PendingTable } from "../../src/proxy/pending.ts";

function requestOf(key: string, call: number): PendingRequest {
  return {
    key,
    idSource: key,
    call,
    method: "m",
    isToolCall: false,
    stateless: false,
    progress: undefined,
    batch: undefined,
    sinceMs: 0,
  };
}

Deno.test("a table is left as it was by what is added to it and removed from it", () => {
  const one = PendingTable.empty.add(requestOf("n1", 1));
  const two = one.add(requestOf("s1", 2));
  const back = two.remove("n1");
  assert.deepEqual([PendingTable.empty.size, one.size, two.size, back.size], [0, 1, 2, 1]);
  assert.equal(one.get("s1"), undefined);
  assert.equal(two.get("n1")?.call, 1);
  assert.equal(back.get("n1"), undefined);
  assert.equal(back.remove("absent"), back);
});

Deno.test("property: a table holds what a map holds, and lists it by the age of the calls", () => {
  const step = fc.record({
    add: fc.boolean(),
    key: fc.constantFrom("n1", "n2", "s1", "s2", "s" + "x".repeat(40), "s"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    let table = PendingTable.empty;
    const map = new Map<string, PendingRequest>();
    let call = 0;
    for (const { add, key } of steps) {
      if (add && !map.has(key)) {
        const request = requestOf(key, ++call);
        table = table.add(request);
        map.set(key, request);
      } else if (!add) {
        table = table.remove(key);
        map.delete(key);
      }
    }
    assert.equal(table.size, map.size);
    assert.deepEqual(table.all(), [...map.values()].sort((a, b) => a.call - b.call));
    for (const [key, request] of map) assert.equal(table.get(key), request);
  }));
});

Deno.test("oldest() is the request with the lowest call, whatever was added and removed; none in an empty table", () => {
  let table = PendingTable.empty;
  assert.equal(table.oldest(), undefined);
  for (const call of [5, 9, 3, 7, 4, 8]) table = table.add(requestOf(`n${call}`, call));
  for (const call of [3, 4, 5, 7, 8, 9]) {
    assert.equal(table.oldest()?.call, call);
    table = table.remove(`n${call}`);
  }
});

Deno.test("reports() finds a token as long as a request with it is in the table", () => {
  let table = PendingTable.empty;
  for (const call of [1, 2, 3]) {
    table = table.add({ ...requestOf(`n${call}`, call), progress: `s${call % 2}` });
  }
  table = table.add(requestOf("none", 4));
  assert.ok(table.reports("s1") && table.reports("s0") && !table.reports("s2"));
  assert.ok(table.remove("n1").reports("s1"));
  assert.ok(!table.remove("n1").remove("n3").reports("s1"));
});
