/** Scanners with one fault each, such as real ones have had: a fuzzer that misses one of them is not worth running. */

import { jsonDepthMax } from "../../src/limits.ts";
import { JsonScanner } from "../../src/wire/json.ts";
import type { JsonRefusal, JsonRefusalCode } from "../../src/wire/json_refusal.ts";

export interface Canary {
  /** What it does wrong. */
  readonly name: string;
  make(): JsonScanner;
}

export const canaries: readonly Canary[] = [
  { name: "takes a second value behind the first", make: () => new Lenient(["trailing"]) },
  { name: "takes any bytes for UTF-8", make: () => new Lenient(["utf8"]) },
  { name: "takes raw control characters", make: () => new Lenient(["control_character"]) },
  { name: "takes cut messages", make: () => new Lenient(["unfinished"]) },
  { name: "takes a carriage return for white space", make: () => new TakesCarriageReturns() },
  { name: "takes a comma before a closing bracket", make: () => new TakesLastComma() },
  { name: "refuses a depth that is allowed", make: () => new JsonScanner({ depthMax: jsonDepthMax - 1 }) },
  { name: "refuses U+FFFF", make: () => new RefusesNoncharacter() },
  { name: "compares keys as they are spelt", make: () => new ComparesSpelling() },
  { name: "counts depth from 0", make: () => new CountsFromZero() },
  { name: "misses lone surrogates in the envelope", make: () => new MissesShallowSurrogates() },
  { name: "ends numbers one byte late", make: () => new EndsNumbersLate() },
  { name: "takes a member of an inner object for one of the envelope", make: () => new FlattensParents() },
  { name: "takes any bytes for UTF-8 behind 4 KiB", make: () => new LenientLate("utf8") },
  { name: "takes raw control characters behind 4 KiB", make: () => new LenientLate("control_character") },
  { name: "takes a carriage return behind 4 KiB", make: () => new LenientLate("stray_cr") },
  { name: "ends long strings one byte late", make: () => new EndsLongStringsLate() },
];

/** Accepts what the real scanner refuses for one of these reasons. */
class Lenient extends JsonScanner {
  readonly #ignored: readonly JsonRefusalCode[];

  constructor(ignored: readonly JsonRefusalCode[]) {
    super();
    this.#ignored = ignored;
  }

  override scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    const refusal = super.scan(bytes, start, end);
    return refusal !== undefined && this.#ignored.includes(refusal.code) ? undefined : refusal;
  }
}

/** What a fast path for long texts may miss. */
class LenientLate extends JsonScanner {
  readonly #ignored: JsonRefusalCode;

  constructor(ignored: JsonRefusalCode) {
    super();
    this.#ignored = ignored;
  }

  override scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    const refusal = super.scan(bytes, start, end);
    return refusal?.code === this.#ignored && refusal.offset > 4096 ? undefined : refusal;
  }
}

class EndsLongStringsLate extends JsonScanner {
  override valueEnd(i: number): number {
    const end = super.valueEnd(i);
    return this.valueKind(i) === "string" && end - this.valueStart(i) > 4096 ? end + 1 : end;
  }
}

class TakesCarriageReturns extends JsonScanner {
  override scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    return super.scan(bytes.map((byte) => byte === 0x0d ? 0x20 : byte), start, end);
  }
}

class TakesLastComma extends JsonScanner {
  override scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    const refusal = super.scan(bytes, start, end);
    const at = start + (refusal?.offset ?? 0);
    return refusal?.code === "syntax" && bytes[at - 1] === 0x2c && bytes[at] === 0x5d ? undefined : refusal;
  }
}

class RefusesNoncharacter extends JsonScanner {
  override scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    const refusal = super.scan(bytes, start, end);
    const at = bytes.findIndex((byte, i) => byte === 0xef && bytes[i + 1] === 0xbf && bytes[i + 2] === 0xbf);
    return refusal ?? (at < 0 ? undefined : { code: "utf8", offset: at, message: "U+FFFF" });
  }
}

class ComparesSpelling extends JsonScanner {
  #holdsEscapes = false;

  override scan(bytes: Uint8Array, start: number, end: number): JsonRefusal | undefined {
    this.#holdsEscapes = bytes.subarray(start, end).includes(0x5c);
    return super.scan(bytes, start, end);
  }

  override get duplicateDepth(): number {
    return this.#holdsEscapes ? 0 : super.duplicateDepth;
  }
}

class CountsFromZero extends JsonScanner {
  override get duplicateDepth(): number {
    return Math.max(super.duplicateDepth - 1, 0);
  }
}

class MissesShallowSurrogates extends JsonScanner {
  override get surrogateDepth(): number {
    return super.surrogateDepth === 1 ? 0 : super.surrogateDepth;
  }
}

class EndsNumbersLate extends JsonScanner {
  override valueEnd(i: number): number {
    return super.valueEnd(i) + (this.valueKind(i) === "number" ? 1 : 0);
  }
}

class FlattensParents extends JsonScanner {
  override memberParent(i: number): number {
    return Math.min(super.memberParent(i), -1);
  }
}
