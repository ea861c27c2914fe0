/**
 * When watched policy files are looked at, and when what they hold counts. A file that is being written may be any
 * beginning of itself, and half a policy can be a policy: one with fewer denials. So nothing is judged that was not read
 * twice, the same, with a pause between.
 */

import { createHash } from "node:crypto";
import { policyLookMs, policySettleMs } from "../limits.ts";
import type { FileContent, WatchedFiles } from "../supervisor/watched_files.ts";

/** A file as it was found: its bytes and their SHA-256, or why it could not be read. */
export type FoundFile =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly sha256: string }
  | { readonly kind: "unreadable"; readonly why: string };

export interface PolicyWatchParts {
  readonly files: Pick<WatchedFiles, "rearm" | "read">;
  /** SHA-256 of the bytes in force at the start, in the order of the files. */
  readonly inForce: readonly string[];
  /** Called with all files when they have come to rest at something new. False: it is to be tried again later. */
  readonly judge: (found: readonly FoundFile[]) => boolean;
  /** Calls back once; gives a function that takes it back. */
  readonly later: (ms: number, act: () => void) => () => void;
}

/** One look at a time, at most every {@linkcode policySettleMs}, however often the files change. */
export class PolicyWatch {
  readonly #parts: PolicyWatchParts;
  /** What was judged last, or is in force since the start. */
  #settled: string;
  /** What the last look found, where that was something else. */
  #moving: string | undefined;
  #cancel: (() => void) | undefined;
  #isSoon = false;
  #isOver = false;

  constructor(parts: PolicyWatchParts) {
    this.#parts = parts;
    this.#settled = parts.inForce.join(" ");
  }

  /** Begins with a look: a file may have changed since it was loaded. */
  begin(): void {
    this.#schedule(0);
  }

  /** Something may have changed. */
  poke(): void {
    if (!this.#isSoon) this.#schedule(policySettleMs);
  }

  end(): void {
    this.#isOver = true;
    this.#cancel?.();
  }

  #schedule(ms: number): void {
    if (this.#isOver) return;
    this.#cancel?.();
    this.#isSoon = ms < policyLookMs;
    this.#cancel = this.#parts.later(ms, () => this.#look());
  }

  #look(): void {
    if (this.#isOver) return;
    // First: what changes from here on is told of, and looked at again.
    this.#parts.files.rearm();
    const found = this.#parts.files.read().map(hashed);
    const signature = found.map((file) => file.kind === "bytes" ? file.sha256 : `(${file.why})`).join(" ");
    if (signature === this.#settled) {
      this.#moving = undefined;
      return this.#schedule(policyLookMs);
    }
    if (signature !== this.#moving) {
      this.#moving = signature;
      return this.#schedule(policySettleMs);
    }
    this.#moving = undefined;
    if (this.#parts.judge(found)) this.#settled = signature;
    this.#schedule(policyLookMs);
  }
}

function hashed(content: FileContent): FoundFile {
  if (content.kind === "unreadable") return content;
  return { ...content, sha256: createHash("sha256").update(content.bytes).digest("hex") };
}
