/** "Did you mean …?": the known word that is nearest to one that nobody knows. */

/** Longer words are not compared: no word of the policy language has half of it. */
const comparedCharactersMax = 64;

/**
 * The word of `known` that `word` was probably meant to be; undefined where none is near.
 *
 * Case, `-` and `_` are not counted, so that `maxLength` finds `max_length`.
 *
 * ```ts
 * import { nearest } from "./suggest.ts";
 *
 * console.assert(nearest("tool", ["tools", "prompts"]) === "tools");
 * console.assert(nearest("colour", ["tools", "prompts"]) === undefined);
 * ```
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = simplify(word);
  if (plain.length === 0 || plain.length > comparedCharactersMax) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const other = simplify(candidate);
    const distance = editDistance(plain, other);
    // One slip for every three letters: `alow` is `allow`, `name` is not `mode`.
    const allowed = Math.max(1, Math.floor(Math.min(plain.length, other.length) / 3));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function simplify(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, "");
}

/** Letters to insert, drop, change or swap with their neighbour (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, beforeLast[j - 2] + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
