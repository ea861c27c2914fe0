import assert from "node:assert/strict";
import fc from "fast-check";
import {
  descendantsOf,
  killAll,
  parseStat,
  type ProcessEntry,
  type ProcessTable,
} from "../../src/supervisor/tree.ts";

const entry = (pid: number, parentPid: number, isZombie = false): ProcessEntry => ({
  pid,
  parentPid,
  sessionId: pid,
  isZombie,
});

Deno.test("parseStat() reads a process whatever it calls itself", () => {
  const hostileName = fc.string({
    maxLength: 40,
    unit: fc.constantFrom(")", "(", " ", "\n", "S", "1", "Z", "a"),
  });
  const number = fc.nat({ max: 4_194_304 });
  fc.assert(
    fc.property(
      hostileName,
      number,
      number,
      fc.constantFrom(..."RSDZTtX"),
      (name, parent, session, state) => {
        const parsed = parseStat(7, `7 (${name}) ${state} ${parent} 5 ${session} 0 -1 4194304 1 2`);
        assert.deepEqual(parsed, {
          pid: 7,
          parentPid: parent,
          sessionId: session,
          isZombie: state === "Z" || state === "X",
        });
      },
    ),
  );
});

Deno.test("parseStat() gives nothing for a line that was cut off", () => {
  assert.equal(parseStat(7, "7 (sh) S 1"), undefined);
  assert.equal(parseStat(7, ""), undefined);
});

Deno.test("descendantsOf() finds children of children and leaves strangers and the roots out", () => {
  const all = [entry(5, 4), entry(4, 3), entry(3, 1), entry(9, 1), entry(6, 3), entry(1, 0)];
  assert.deepEqual(descendantsOf([3], all).map(({ pid }) => pid).sort(), [4, 5, 6]);
  assert.deepEqual(descendantsOf([7], all), []);
});

Deno.test("killAll() goes on until nobody new is named, and kills nobody twice", () => {
  const killed: number[] = [];
  const table = { signal: (pid: number) => killed.push(pid) } as unknown as ProcessTable;
  // Each round shows one more, as a tree does that forks while it is killed.
  let round = 0;
  const members = () => [entry(10, 1), entry(11, 1, true), ...(round++ < 5 ? [entry(20 + round, 1)] : [])];
  assert.equal(killAll(table, members), 6);
  assert.deepEqual(killed, [10, 21, 22, 23, 24, 25]);
});

Deno.test("killAll() comes back though a tree never ends", () => {
  let pid = 100;
  killAll({ signal() {} } as unknown as ProcessTable, () => [entry(pid++, 1)]);
  assert.ok(pid < 1000);
});
