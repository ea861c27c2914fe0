/** The hashes of the last lines of a log: among them must be the one behind which a new session begins. */

import { emptyAnchor } from "./record.ts";

export class AnchorWindow {
  readonly #size: number;
  readonly #anchors: string[] = [];
  readonly #counts = new Map<string, number>();
  #next = 0;

  /** Holds `size` lines, and the beginning of the log as if it were one. */
  constructor(size: number) {
    this.#size = size;
    this.add(emptyAnchor);
  }

  add(anchor: string): void {
    const oldest = this.#anchors[this.#next];
    if (oldest !== undefined) this.#forget(oldest);
    this.#anchors[this.#next] = anchor;
    this.#next = (this.#next + 1) % this.#size;
    this.#counts.set(anchor, (this.#counts.get(anchor) ?? 0) + 1);
  }

  has(anchor: string): boolean {
    return this.#counts.has(anchor);
  }

  #forget(anchor: string): void {
    const count = this.#counts.get(anchor)!;
    if (count > 1) this.#counts.set(anchor, count - 1);
    else this.#counts.delete(anchor);
  }
}
