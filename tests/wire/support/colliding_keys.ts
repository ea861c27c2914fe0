/**
 * Keys that all have one FNV-1a hash, as a hostile sender would make them (A. Joux, 2004): from each state of the hash
 * two blocks are searched that lead to the same next state; every way through `stages` such pairs is one key.
 */

/** 2^`stages` keys of 4 × `stages` letters that collide in the table of `src/wire/key_table.ts`. */
export function collidingKeys(stages: number): string[] {
  let keys = [""];
  let state = 0x811c9dc5 | 0;
  for (let stage = 0; stage < stages; stage++) {
    const { blocks, next } = collidingBlocks(state);
    keys = keys.flatMap((key) => blocks.map((block) => key + block));
    state = next;
  }
  return keys;
}

function collidingBlocks(state: number): { blocks: [string, string]; next: number } {
  const seen = new Map<number, string>();
  for (let i = 0;; i++) {
    const block = blockNumber(i);
    const next = fnv1a(state, block);
    const other = seen.get(next);
    if (other !== undefined) return { blocks: [other, block], next };
    seen.set(next, block);
  }
}

function blockNumber(i: number): string {
  const letters = [0, 5, 10, 15].map((shift) => 0x40 + (i >> shift & 31));
  return String.fromCharCode(...letters).replaceAll("\\", "~");
}

function fnv1a(state: number, text: string): number {
  let hash = state;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
