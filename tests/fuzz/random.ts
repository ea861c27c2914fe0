/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let bits = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    bits = bits + Math.imul(bits ^ bits >>> 7, 61 | bits) ^ bits;
    return Math.floor(((bits ^ bits >>> 14) >>> 0) / 2 ** 32 * bound);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}
