import assert from "node:assert/strict";
import fc from "fast-check";
import { JsonScanner } from "../../src/wire/json.ts";
import { KeyTable, noDuplicate, undecided } from "../../src/wire/key_table.ts";
import { encode } from "./support/bytes.ts";
import { collidingKeys, crowdingKeys } from "./support/colliding_keys.ts";

Deno.test("findDuplicate() agrees with a set of strings on objects of every size", () => {
  const key = fc.oneof(fc.stringMatching(/^[ab]{0,3}$/), fc.stringMatching(/^[a-z0-9]{0,9}$/));
  fc.assert(fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
    const table = new KeyTable();
    assert.equal(table.findDuplicate(addAll(table, keys), 0), firstRepeated(keys));
  }));
});

Deno.test("keys of outer objects are no duplicates of an inner object's keys", () => {
  for (const count of [3, 30]) {
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    const table = new KeyTable();
    const bytes = addAll(table, [...keys, ...keys]);
    assert.equal(table.findDuplicate(bytes, count), noDuplicate);
    table.dropFrom(count);
    assert.equal(table.count, count);
    assert.equal(table.findDuplicate(bytes, 0), noDuplicate);
  }
});

Deno.test("honest keys, however many and however regular, never exhaust the budget", () => {
  const kinds: ((i: number) => string)[] = [
    (i) => `k${i}`,
    (i) => String(i),
    (i) => i.toString(16).padStart(8, "0"),
    (i) => `/home/user/project/src/module_${i}/index.ts`,
    (i) => "x".repeat(i % 97) + i,
    (i) => `${i}`.split("").reverse().join("").padEnd(6, "_"),
    (i) => String.fromCodePoint(0x4e00 + i % 20_000) + String.fromCodePoint(0x100 + Math.floor(i / 20_000)),
  ];
  for (const kind of kinds) {
    for (const count of [9, 10, 17, 100, 1000, 40_000]) {
      const table = new KeyTable();
      const bytes = addAll(table, Array.from({ length: count }, (_, i) => kind(i)));
      assert.equal(table.findDuplicate(bytes, 0), noDuplicate, `${count} keys such as ${kind(1)}`);
    }
  }
});

const hostileKeys = collidingKeys(9);

Deno.test("keys that share one hash exhaust the budget instead of taking quadratic time", () => {
  const table = new KeyTable();
  assert.equal(table.findDuplicate(addAll(table, hostileKeys), 0), undecided);
});

Deno.test("keys that crowd a few slots of the table exhaust the budget, though their hashes differ", () => {
  const table = new KeyTable();
  assert.equal(table.findDuplicate(addAll(table, crowdingKeys(500)), 0), undecided);
});

Deno.test("a small object is decided however its keys crowd", () => {
  const keys = crowdingKeys(20);
  const table = new KeyTable();
  assert.equal(table.findDuplicate(addAll(table, keys), 0), noDuplicate);
  const again = new KeyTable();
  assert.equal(again.findDuplicate(addAll(again, [...keys, keys[3]]), 0), 20);
});

Deno.test("keys that share one hash by chance are told apart", () => {
  const [one, other] = collidingKeys(1);
  assert.notEqual(one, other);
  const honest = Array.from({ length: 20 }, (_, i) => `k${i}`);
  const table = new KeyTable();
  assert.equal(table.findDuplicate(addAll(table, [...honest, one, other]), 0), noDuplicate);
  const again = new KeyTable();
  assert.equal(again.findDuplicate(addAll(again, [...honest, one, other, one]), 0), 22);
});

Deno.test("the budget counts bytes: long keys that share one hash and a beginning cannot live on what short keys leave", () => {
  // 64 keys need 2016 probes, and the many short keys would pay for far more of them; not for 2016 × 1000 bytes.
  const short = Array.from({ length: 20_000 }, (_, i) => i.toString(36));
  const long = collidingKeys(6, "~".repeat(1000));
  const table = new KeyTable();
  assert.equal(table.findDuplicate(addAll(table, [...short, ...long]), 0), undecided);
  const alone = new KeyTable();
  assert.equal(alone.findDuplicate(addAll(alone, [...short, ...collidingKeys(6)]), 0), noDuplicate);
});

Deno.test("scan() refuses an object whose keys share one hash, and says so", () => {
  const scanner = new JsonScanner();
  const bytes = encode(`{"params":{${hostileKeys.map((key) => `"${key}":0`).join(",")}}}`);
  assert.deepEqual(scanner.scan(bytes, 0, bytes.length), {
    code: "keys",
    offset: 10,
    message: "keys made to collide, in the object at byte 10",
  });
  const after = encode('{"a":1}');
  assert.equal(scanner.scan(after, 0, after.length), undefined);
});

/** Adds the keys as if they stood in one text, and gives that text. */
function addAll(table: KeyTable, keys: readonly string[]): Uint8Array {
  const bytes = encode(keys.map((key) => `"${key}"`).join(""));
  let at = 0;
  for (const key of keys) {
    const length = encode(key).length;
    table.add(bytes, at + 1, at + 1 + length, false);
    at += length + 2;
  }
  return bytes;
}

function firstRepeated(keys: readonly string[]): number {
  const found = keys.findIndex((key, i) => keys.indexOf(key) < i);
  return found < 0 ? noDuplicate : found;
}
