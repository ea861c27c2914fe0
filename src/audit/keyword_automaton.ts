/**
 * Finds many words in one pass, whatever their number: Aho and Corasick, "Efficient string matching", CACM 18 (1975).
 * ASCII letters are compared without regard to case.
 */

/** A row of the table has 2^6 places, one for each symbol. */
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

  /** `words`: in lower case. `interchangeable`: characters that count as one and the same. */
  constructor(words: readonly string[], interchangeable = "") {
    this.symbols = numberSymbols(words, interchangeable);
    const root = plant(words, this.symbols);
    const nodes = linkFailures(root);
    // States that end no word come first, so that one comparison tells whether there is anything to do.
    const [plain, ending] = [nodes.filter((node) => !endsWord(node)), nodes.filter(endsWord)];
    this.firstEnding = plain.length;
    this.#endings = [...plain, ...ending].map((node, number) => {
      node.number = number;
      return node.endings;
    });
    this.next = fillTable(nodes);
  }

  /** Which words (by their index) end where `state` stands. */
  endings(state: number): readonly number[] {
    return this.#endings[state];
  }
}

/** A state, while the table is made: what has been read of a word, or of several with the same beginning. */
interface Node {
  number: number;
  /** By symbol. */
  readonly children: Map<number, Node>;
  /** The state of the longest suffix that is the beginning of a word. */
  failure: Node | undefined;
  endings: readonly number[];
}

function newNode(): Node {
  return { number: 0, children: new Map(), failure: undefined, endings: [] };
}

function endsWord(node: Node): boolean {
  return node.endings.length > 0;
}

function numberSymbols(words: readonly string[], interchangeable: string): Uint8Array {
  const symbols = new Uint8Array(128);
  let count = 0;
  for (const letter of new Set(words.join(""))) {
    if (symbols[letter.charCodeAt(0)] !== 0) continue;
    if (++count === symbolsMax) throw new Error(`more than ${symbolsMax - 1} symbols are too many`);
    for (const same of interchangeable.includes(letter) ? interchangeable : letter + letter.toUpperCase()) {
      symbols[same.charCodeAt(0)] = count;
    }
  }
  return symbols;
}

/** The words as a tree of their letters. */
function plant(words: readonly string[], symbols: Uint8Array): Node {
  const root = newNode();
  words.forEach((word, index) => {
    let node = root;
    for (let i = 0; i < word.length; i++) {
      const symbol = symbols[word.charCodeAt(i)];
      let child = node.children.get(symbol);
      if (child === undefined) node.children.set(symbol, child = newNode());
      node = child;
    }
    node.endings = [...node.endings, index];
  });
  return root;
}

/** Finds every node's failure. Gives all nodes, the root first and none before one that is nearer to the root. */
function linkFailures(root: Node): Node[] {
  const nodes = [root];
  for (const node of nodes) {
    for (const [symbol, child] of node.children) {
      let back = node.failure;
      while (back !== undefined && !back.children.has(symbol)) back = back.failure;
      child.failure = back?.children.get(symbol) ?? root;
      child.endings = [...child.endings, ...child.failure.endings];
      nodes.push(child);
    }
  }
  return nodes;
}

/** What a state does not know itself, its failure knows: that stands nearer to the root, so its row is complete already. */
function fillTable(nodes: readonly Node[]): Uint16Array {
  const table = new Uint16Array(nodes.length << symbolBits);
  for (const { number, failure, children } of nodes) {
    const row = number << symbolBits;
    if (failure !== undefined) {
      const known = failure.number << symbolBits;
      table.copyWithin(row, known, known + symbolsMax);
    }
    for (const [symbol, child] of children) table[row | symbol] = child.number;
  }
  return table;
}
