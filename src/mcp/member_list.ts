/** The few members of an object that are looked at: found faster one by one than in a `Map`, and made far faster. */

import type { Members, Value } from "./message.ts";

interface Entry {
  readonly key: string;
  readonly value: Value;
  readonly next: Entry | undefined;
}

export class MemberList implements Members {
  #last: Entry | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a member. Its key is not in the list yet: a key that stands twice is refused before. */
  add(key: string, value: Value): void {
    this.#last = { key, value, next: this.#last };
    this.#size++;
  }

  get(key: string): Value | undefined {
    for (let entry = this.#last; entry !== undefined; entry = entry.next) {
      if (entry.key === key) return entry.value;
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }
}

export const noMembers: Members = new MemberList();
