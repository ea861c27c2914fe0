/**
 * Keys that one parser takes for a protocol key and another does not.
 *
 * Go's encoding/json matches keys without regard to case, including U+017F (long s) and U+212A (Kelvin sign)
 * (CVE-2026-27896); C++ readers have stopped at a NUL (GHSA-q382-vc8q-7jhj). A message with such a key says two
 * different things to two readers, so it is refused where the key would matter.
 */

/** The key as the most lenient known reader compares it. */
export function foldKey(key: string): string {
  const nul = key.indexOf("\0");
  return (nul < 0 ? key : key.slice(0, nul)).replaceAll("\u017f", "s").replaceAll("\u212a", "k")
    .toLowerCase();
}

const harmlessKeysMax = 64;
const harmlessCharactersMax = 16;

/** A closed set of keys, to ask which of them a stranger's key could be mistaken for. */
export class ProtocolKeys {
  readonly #byFold = new Map<string, string>();
  readonly #lengthMax: number;
  /** Short keys for which there was no obstacle: messages have the same few. */
  readonly #harmless = new Set<string>();

  constructor(keys: readonly string[]) {
    for (const key of keys) this.#byFold.set(foldKey(key), key);
    this.#lengthMax = Math.max(...keys.map((key) => key.length));
  }

  /**
   * Why a key that is none of these may not stand beside them; undefined where it may. Besides near misses, that is
   * `__proto__`: a copy that JavaScript makes by assignment inherits from its value what it does not have itself.
   */
  obstacle(key: string): string | undefined {
    if (this.#harmless.has(key)) return undefined;
    if (key === "__proto__") return 'the key "__proto__", from whose value some readers inherit';
    const meant = this.mistakenFor(key);
    if (meant !== undefined) return `a key that some readers take for "${meant}"`;
    if (key.length <= harmlessCharactersMax) {
      if (this.#harmless.size >= harmlessKeysMax) this.#harmless.clear();
      this.#harmless.add(key);
    }
    return undefined;
  }

  /** The protocol key that `key` differs from only by folding; undefined where it is none, or exactly one. */
  mistakenFor(key: string): string | undefined {
    // A longer key can only be a protocol key with something behind a NUL.
    if (key.length > this.#lengthMax && !key.includes("\0")) return undefined;
    const meant = this.#byFold.get(foldKey(key));
    return meant === key ? undefined : meant;
  }
}
