/**
 * Finds many words in one pass, whatever their number: Aho and Corasick, "Efficient string matching", CACM 18 (1975).
 * ASCII letters are compared without regard to case.
 */

/** A row of the table has 2^6 places. */
const symbolBits = 6;
const symbolsMax = 1 << symbolBits;

export class KeywordAutomaton {
  /** `next[(state << 6) | symbol]`: where a symbol leads. Begin with state 0. Open to who cannot afford a call per character. */
  readonly next: Uint16Array;
  /** Symbol of an ASCII character; 0 for one that no word has. */
  readonly symbols: Uint8Array;
  /** States from this one on stand at the end of a word. */
  readonly firstEnding: number;
  readonly #endings: readonly (readonly number[])[];

  constructor(words: readonly string[]) {
    this.symbols = numberSymbols(words);
    const trie = plant(words, this.symbols);
    const order = breadthFirst(trie);
    linkFailures(trie, order);
    // States that end no word come first, so that one comparison tells whether there is anything to do.
    const sorted = [
      ...order.filter((node) => node.endings.length === 0),
      ...order.filter((node) => node.endings.length > 0),
    ];
    sorted.forEach((node, number) => node.number = number);
    this.firstEnding = sorted.findIndex((node) => node.endings.length > 0);
    this.next = new Uint16Array(sorted.length * symbolsMax);
    for (const node of sorted) {
      for (let symbol = 0; symbol < symbolsMax; symbol++) {
        this.next[node.number * symbolsMax + symbol] = node.next[symbol]!.number;
      }
    }
    this.#endings = sorted.map((node) => node.endings);
  }

  /** Which words (by their index) end where `state` stands. */
  endings(state: number): readonly number[] {
    return this.#endings[state];
  }
}

interface Node {
  number: number;
  readonly next: (Node | undefined)[];
  endings: number[];
}

function numberSymbols(words: readonly string[]): Uint8Array {
  const symbols = new Uint8Array(128);
  let count = 0;
  for (const c of words.join("").toLowerCase()) {
    const code = c.charCodeAt(0);
    if (symbols[code] !== 0) continue;
    symbols[code] = ++count;
    symbols[c.toUpperCase().charCodeAt(0)] = count;
  }
  if (count >= symbolsMax) throw new Error(`${count} symbols are too many`);
  return symbols;
}

function plant(words: readonly string[], symbols: Uint8Array): Node {
  const root = newNode();
  words.forEach((word, index) => {
    let node = root;
    for (let i = 0; i < word.length; i++) node = node.next[symbols[word.charCodeAt(i)]] ??= newNode();
    node.endings.push(index);
  });
  return root;
}

function newNode(): Node {
  return { number: 0, next: new Array(symbolsMax).fill(undefined), endings: [] };
}

function breadthFirst(root: Node): Node[] {
  const order = [root];
  for (const node of order) for (const child of node.next) if (child !== undefined) order.push(child);
  return order;
}

/** Fills every gap in the tree with where the longest suffix that is still the beginning of a word leads. */
function linkFailures(root: Node, order: readonly Node[]): void {
  const failure = new Map<Node, Node>([[root, root]]);
  for (const node of order) {
    const back = failure.get(node)!;
    if (node !== root) node.endings = [...node.endings, ...back.endings];
    for (let symbol = 0; symbol < symbolsMax; symbol++) {
      const child = node.next[symbol];
      const fallback = node === root ? root : back.next[symbol]!;
      if (child === undefined) node.next[symbol] = fallback;
      else failure.set(child, fallback);
    }
  }
}
