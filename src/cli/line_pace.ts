/** Holds what is said to a number of lines per second, so that a server which makes us talk cannot drown what else we say. */

import { operatorLinesPerSecondMax } from "../limits.ts";

/** One budget for each level: a flood of one does not silence the other. */
export class LinePace {
  readonly #now: () => number;
  readonly #budgets = new Map<string, { sinceMs: number; lines: number; held: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a line may be said now, and how many were not, before it. */
  take(level: string): { readonly isDue: boolean; readonly held: number } {
    const nowMs = this.#now();
    const budget = this.#budgets.get(level) ?? { sinceMs: nowMs, lines: 0, held: 0 };
    this.#budgets.set(level, budget);
    let held = 0;
    if (nowMs - budget.sinceMs >= 1000 || nowMs < budget.sinceMs) {
      held = budget.held;
      budget.sinceMs = nowMs;
      budget.lines = budget.held = 0;
    }
    const isDue = budget.lines < operatorLinesPerSecondMax;
    if (isDue) budget.lines++;
    else budget.held++;
    return { isDue, held };
  }

  /** How many lines were not said and not told of yet. */
  takeHeld(): number {
    let held = 0;
    for (const budget of this.#budgets.values()) {
      held += budget.held;
      budget.held = 0;
    }
    return held;
  }
}
