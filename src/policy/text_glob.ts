/**
 * Globs over texts: `*` is any run of characters but `/`, `**` any run, `?` one character but `/`, and `**` with a `/` (or
 * nothing) before it and a `/` behind it any run of whole names, also none. All else is itself.
 *
 * A text is walked once, from its first character to its last, with the set of all places in the glob that the text
 * before it could have led to. Nothing is ever tried again, so the time is that of the text's length times one operation
 * for each 32 characters of the glob, whatever the two are.
 */

/** One glob, made ready. */
export class TextGlob {
  /** Places are numbered by how many characters of the text must have come: bit `p % 32` of word `p / 32`. */
  readonly #words: number;
  readonly #end: number;
  /** By code point: the places that it leads on from. */
  readonly #accepting = new Map<number, Int32Array>();
  /** The places that a code point of none of these leads on from: those of a `?`. */
  readonly #acceptingAny: Int32Array;
  /** The places of a `**`, where anything is passed over, and of a `*`, where a name is. */
  readonly #staying: Int32Array;
  readonly #stayingInName: Int32Array;
  /** The places of a `**` that stands for whole names, which could be none: what begins here could begin behind its `/`. */
  readonly #skipping: Int32Array;

  constructor(readonly source: string) {
    const parts = readParts(source);
    this.#end = parts.wanted.length;
    this.#words = (this.#end >>> 5) + 1;
    this.#staying = this.#places(parts.staying);
    this.#stayingInName = this.#places(parts.stayingInName);
    this.#skipping = this.#places(parts.skipping);
    const anyPlaces = parts.wanted.flatMap((wanted, place) => wanted === undefined ? [place] : []);
    this.#acceptingAny = this.#places(anyPlaces);
    this.#accepting.set(slash, this.#places([]));
    parts.wanted.forEach((wanted, place) => {
      if (wanted === undefined) return;
      let places = this.#accepting.get(wanted);
      if (places === undefined) this.#accepting.set(wanted, places = this.#acceptingAny.slice());
      places[place >>> 5] |= 1 << place;
    });
  }

  /** Whether the whole text is a match. */
  matches(text: string): boolean {
    let places = this.#start();
    let next: Int32Array = new Int32Array(this.#words);
    for (let at = 0; at < text.length;) {
      const character = text.codePointAt(at)!;
      at += character > 0xffff ? 2 : 1;
      if (!this.#step(places, character, next)) return false;
      [places, next] = [next, places];
    }
    return (places[this.#end >>> 5] >>> this.#end & 1) === 1;
  }

  #start(): Int32Array {
    const places = new Int32Array(this.#words);
    // A glob that begins with whole names can also begin behind them.
    places[0] = this.#skipping[0] & 1 ? 0b11 : 0b1;
    return places;
  }

  /** Writes where a character leads to from some places; false where it leads nowhere. */
  #step(from: Int32Array, character: number, to: Int32Array): boolean {
    const accepting = this.#accepting.get(character) ?? this.#acceptingAny;
    let ledOn = 0;
    let skipped = 0;
    let any = 0;
    for (let word = 0; word < this.#words; word++) {
      const leading = from[word] & accepting[word];
      const entered = leading << 1 | ledOn;
      ledOn = leading >>> 31;
      const skipping = entered & this.#skipping[word];
      const behind = skipping << 1 | skipped;
      skipped = skipping >>> 31;
      const passing = character === slash
        ? this.#staying[word]
        : this.#staying[word] | this.#stayingInName[word];
      to[word] = entered | behind | from[word] & passing;
      any |= to[word];
    }
    return any !== 0;
  }

  #places(places: readonly number[]): Int32Array {
    const words = new Int32Array(this.#words);
    for (const place of places) words[place >>> 5] |= 1 << place;
    return words;
  }
}

const slash = 0x2f;

interface Parts {
  /** The characters that must come, each a code point; undefined: any but `/`. */
  readonly wanted: (number | undefined)[];
  readonly staying: number[];
  readonly stayingInName: number[];
  readonly skipping: number[];
}

function readParts(glob: string): Parts {
  // Names without number before names without number are names without number.
  const shortest = glob.replace(/(?<=^|\/)(?:\*{2,}\/)+/g, "**/");
  const parts: Parts = { wanted: [], staying: [], stayingInName: [], skipping: [] };
  for (const [part, wholeNames] of shortest.matchAll(/((?<=^|\/)\*\*(?=\/))|\*+|[^*]/gsu)) {
    const place = parts.wanted.length;
    if (part === "*") parts.stayingInName.push(place);
    else if (part.startsWith("*")) parts.staying.push(place);
    else parts.wanted.push(part === "?" ? undefined : part.codePointAt(0)!);
    if (wholeNames !== undefined) parts.skipping.push(place);
  }
  return parts;
}

/** Why a text is no glob of ours, or would not mean what it does elsewhere; undefined where it is one. */
export function findGlobProblem(glob: string): { readonly what: string; readonly hint: string } | undefined {
  if (/[[\]{}]/.test(glob)) {
    return {
      what: /[[\]]/.test(glob) ? "has brackets" : "has braces",
      hint: "There are no sets and no choices in a glob: write a list of globs, or matches with a pattern",
    };
  }
  if (glob.includes("\\")) {
    return { what: "has a backslash, which escapes nothing here", hint: "Write matches with a pattern" };
  }
  if (glob.startsWith("!")) {
    return { what: "begins with !, which negates nothing here", hint: "Write a deny rule" };
  }
  if (/\p{C}/u.test(glob)) {
    return {
      what: "has a character that cannot be seen",
      hint: "Take it out, or write matches with a pattern",
    };
  }
  if (/[*?]/.test(glob) && /(?:^|\/)\.\.?(?:\/|$)/.test(glob)) {
    return {
      what: 'has "." or ".." for a name',
      hint: "Write it without: a text that climbs is never allowed by a glob",
    };
  }
  return undefined;
}
