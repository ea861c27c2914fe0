/**
 * Keeps the resident memory flat. V8 lets garbage lie for as long as there is room, and to V8 there is room until the
 * machine has none: a flood of messages makes the process three times as large as what lives in it.
 */

import v8 from "node:v8";
import vm from "node:vm";
import { collectionRestFactor } from "./limits.ts";

/** What a {@linkcode Collector} looks at and does. */
export interface CollectorParts {
  /** Resident memory of the process, bytes. */
  readonly residentBytes: () => number;
  /** Collects all garbage; some tens of milliseconds. Undefined where the runtime has no such thing. */
  readonly collect: () => void;
  /** Milliseconds; any clock. */
  readonly now: () => number;
}

/**
 * Collects whenever the process has grown by more than it may since the last time, but rests after each collection for
 * `collectionRestFactor` times as long as it took.
 */
export class Collector {
  readonly #parts: CollectorParts;
  /** What the process was, at the smallest, since the last collection. */
  #leastBytes = Infinity;
  #restsUntilMs = -Infinity;

  constructor(parts: CollectorParts = ofThisRuntime()) {
    this.#parts = parts;
  }

  /**
   * To be called between two messages, as often as there is time: it takes some microseconds. `growthBytesMax`: how much
   * larger the process may be now.
   */
  look(growthBytesMax: number): void {
    const { residentBytes, collect, now } = this.#parts;
    const bytes = residentBytes();
    if (bytes < this.#leastBytes) this.#leastBytes = bytes;
    if (bytes - this.#leastBytes <= growthBytesMax) return;
    const beginMs = now();
    if (beginMs < this.#restsUntilMs) return;
    collect();
    const endMs = now();
    this.#restsUntilMs = endMs + collectionRestFactor * (endMs - beginMs);
    // What was not garbage is the new measure: what is in use cannot be collected, and must not be tried again and again.
    this.#leastBytes = residentBytes();
  }
}

function ofThisRuntime(): CollectorParts {
  let collect: (() => void) | undefined;
  return {
    residentBytes: () => Deno.memoryUsage().rss,
    collect: () => (collect ??= findCollect())(),
    now: () => performance.now(),
  };
}

/**
 * The engine's own collection. Programs can only be given it from the command line, but for contexts that are made after
 * the flag was set.
 */
function findCollect(): () => void {
  try {
    v8.setFlagsFromString("--expose-gc");
    const found: unknown = vm.runInNewContext("gc");
    if (typeof found === "function") return () => void found();
  } catch {
    // Without it the process is larger than it needs to be, and right.
  }
  return () => {};
}
