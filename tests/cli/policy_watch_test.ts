import assert from "node:assert/strict";
import fc from "fast-check";
import { policyLookMs, policySettleMs } from "../../src/limits.ts";
import { type FoundFile, PolicyWatch } from "../../src/cli/policy_watch.ts";
import type { FileContent } from "../../src/supervisor/watched_files.ts";

const encoder = new TextEncoder();
const text = (content: string): FileContent => ({ kind: "bytes", bytes: encoder.encode(content) });
const gone: FileContent = { kind: "unreadable", why: "there is no such file" };
const sha256 = async (content: string) => {
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(content));
  return new Uint8Array(digest).toHex();
};
const startHash = await sha256("start");

/** A watch over files in memory, with a clock that only moves when it is told to. */
class World {
  contents: FileContent[] = [text("start")];
  readonly judged: string[][] = [];
  /** What the next judgements come to; true once it is used up. */
  readonly verdicts: boolean[] = [];
  looks = 0;
  armedFirst = true;
  readonly #timers: { readonly atMs: number; readonly act: () => void }[] = [];
  nowMs = 0;
  readonly watch: PolicyWatch;

  constructor(count = 1) {
    this.contents = new Array(count).fill(text("start"));
    let armed = false;
    this.watch = new PolicyWatch({
      files: {
        rearm: () => armed = true,
        read: () => {
          this.armedFirst &&= armed;
          armed = false;
          this.looks++;
          return this.contents;
        },
      },
      inForce: new Array(count).fill(startHash),
      judge: (found) => {
        this.judged.push(found.map(shown));
        return this.verdicts.shift() ?? true;
      },
      later: (ms, act) => {
        const timer = { atMs: this.nowMs + ms, act };
        this.#timers.push(timer);
        return () => {
          const at = this.#timers.indexOf(timer);
          if (at >= 0) this.#timers.splice(at, 1);
        };
      },
    });
    this.watch.begin();
    this.pass(0);
  }

  get timers(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.nowMs = next.atMs;
      next.act();
    }
    this.nowMs = untilMs;
  }

  put(content: FileContent, at = 0): void {
    this.contents = this.contents.with(at, content);
    this.watch.poke();
  }
}

function shown(file: FoundFile): string {
  return file.kind === "bytes" ? new TextDecoder().decode(file.bytes) : `(${file.why})`;
}

Deno.test("what is as it was is not judged, however often it is written", () => {
  const world = new World();
  for (let i = 0; i < 20; i++) {
    world.put(text("start"));
    world.pass(policyLookMs);
  }
  assert.deepEqual(world.judged, []);
});

Deno.test("what has changed is judged once, with its hash, when it was read twice the same", async () => {
  const world = new World();
  world.put(text("new"));
  world.pass(policySettleMs);
  assert.deepEqual(world.judged, []);
  world.pass(policySettleMs);
  assert.deepEqual(world.judged, [["new"]]);
  world.pass(10 * policyLookMs);
  assert.equal(world.judged.length, 1);
  assert.equal(startHash, await sha256("start"));
});

Deno.test("a file that is written in place is judged when it is whole, not when it is a beginning of itself", () => {
  const world = new World();
  for (const part of ["", "ne", "new ru", "new rules"]) {
    world.put(text(part));
    world.pass(policySettleMs);
  }
  world.pass(policySettleMs);
  assert.deepEqual(world.judged, [["new rules"]]);
});

Deno.test("a file that is replaced by removing it first is not judged as missing", () => {
  const world = new World();
  world.put(gone);
  world.pass(policySettleMs);
  world.put(text("new"));
  world.pass(2 * policySettleMs);
  assert.deepEqual(world.judged, [["new"]]);
});

Deno.test("a file that stays away is judged once as missing, and again when it is back", () => {
  const world = new World();
  world.put(gone);
  world.pass(5 * policyLookMs);
  assert.deepEqual(world.judged, [["(there is no such file)"]]);
  world.put(text("start"));
  world.pass(policyLookMs);
  assert.deepEqual(world.judged, [["(there is no such file)"], ["start"]]);
});

Deno.test("a change that nobody tells of is found all the same", () => {
  const world = new World();
  world.contents = [text("new")];
  world.pass(policyLookMs + policySettleMs);
  assert.deepEqual(world.judged, [["new"]]);
});

Deno.test("a change between the load and the first look is found", () => {
  const world = new World();
  world.watch.end();
  const late = new World();
  late.contents = [text("new")];
  late.watch.begin();
  late.pass(policySettleMs);
  assert.deepEqual(late.judged, [["new"]]);
});

Deno.test("what could not be put in force is tried again", () => {
  const world = new World();
  world.verdicts.push(false, false);
  world.put(text("new"));
  world.pass(5 * policyLookMs);
  assert.deepEqual(world.judged, [["new"], ["new"], ["new"]]);
});

Deno.test("several files that change together are judged together", () => {
  const world = new World(2);
  world.put(text("a"), 0);
  world.put(text("b"), 1);
  world.pass(2 * policySettleMs);
  assert.deepEqual(world.judged, [["a", "b"]]);
});

Deno.test("a change is judged also while there is word of something without end", () => {
  const world = new World();
  world.contents = [text("new")];
  for (let i = 0; i < 10; i++) {
    world.watch.poke();
    world.pass(policySettleMs / 2);
  }
  assert.deepEqual(world.judged, [["new"]]);
});

Deno.test("a watch that has ended looks no more", () => {
  const world = new World();
  world.put(text("new"));
  world.watch.end();
  const { looks } = world;
  world.watch.poke();
  world.pass(10 * policyLookMs);
  assert.deepEqual([world.looks, world.timers, world.judged], [looks, 0, []]);
});

Deno.test("property: the work is bounded by time and not by changes, one timer waits, and the last content wins", () => {
  const step = fc.record({ content: fc.constantFrom("a", "b", "start"), ms: fc.nat(3 * policySettleMs) });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const world = new World();
    for (const { content, ms } of steps) {
      world.put(text(content));
      world.pass(ms);
      assert.equal(world.timers, 1);
    }
    assert.ok(world.looks <= 2 + world.nowMs / policySettleMs);
    world.pass(policyLookMs + 2 * policySettleMs);
    const last = steps.at(-1)?.content ?? "start";
    assert.equal(world.judged.at(-1)?.[0] ?? "start", last);
    for (const [i, [content]] of world.judged.entries()) {
      assert.notEqual(content, world.judged[i - 1]?.[0] ?? "start");
    }
    assert.ok(world.armedFirst);
  }));
});
