/**
 * Keys that all have one FNV-1a hash, as a hostile sender would make them (A. Joux, 2004): from each state of the hash
 * two blocks are searched that lead to the same next state; every way through `stages` such pairs is one key.
 */

/** Keys whose hashes differ, but which would all go into the first slots of a table of 4096 or fewer. */
export function crowdingKeys(count: number): string[] {
  const keys: string[] = [];
  for (let i = 1; keys.length < count; i++) {
    const key = scrambledNumber(i);
    if ((mix(fnv1a(0x811c9dc5 | 0, key)) & 4095) < 4) keys.push(key);
  }
  return keys;
}

const blockLetters = 7;

/** 2^`stages` keys of one length, all beginning with `prefix`, that share one hash in `src/wire/key_table.ts`. */
export function collidingKeys(stages: number, prefix = ""): string[] {
  let keys = [prefix];
  let state = fnv1a(0x811c9dc5 | 0, prefix);
  for (let stage = 0; stage < stages; stage++) {
    const { blocks, next } = collidingBlocks(state);
    keys = keys.flatMap((key) => blocks.map((block) => key + block));
    state = next;
  }
  return keys;
}

function collidingBlocks(state: number): { blocks: [string, string]; next: number } {
  const seen = new Map<number, string>();
  for (let i = 1;; i++) {
    const block = scrambledNumber(i);
    const next = fnv1a(state, block);
    const other = seen.get(next);
    if (other !== undefined) return { blocks: [other, block], next };
    seen.set(next, block);
  }
}

/** Neighbouring numbers would not collide: FNV-1a takes short texts with few differing bits apart. */
function scrambledNumber(i: number): string {
  return (Math.imul(i, 0x9e3779b1) >>> 0).toString(36).padStart(blockLetters, "0");
}

function fnv1a(state: number, text: string): number {
  let hash = state;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** The last mixing of MurmurHash3. It maps no two numbers to one, so that hashes equal before it are equal behind it. */
function mix(hash: number): number {
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
