/**
 * What a pattern can find at all: nothing, anything, or some of what there is. Told from the automaton that the engine
 * made of it, so that `(a*)*` is as plain as `.*`; where the automaton has parts that are not known here, nothing is said.
 */

/** `lines`: every text without a line feed. */
export type PatternExtent = "nothing" | "everything" | "lines" | "some";

/** One instruction of the engine's program (re2js 2, Inst). */
interface Instruction {
  readonly op: number;
  readonly out: number;
  readonly arg: number;
  readonly runes: ArrayLike<number>;
}

const op = {
  alt: 1,
  altMatch: 2,
  capture: 3,
  emptyWidth: 4,
  fail: 5,
  match: 6,
  nop: 7,
  rune: 8,
  rune1: 9,
  any: 10,
  anyNotLine: 11,
};
const empty = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, boundary: 16, noBoundary: 32 };
const foldCase = 1;

/** What stands beside a place in a text, as far as conditions on places tell it apart. */
const edge = 0;
const lineFeed = 1;
const word = 2;
const other = 3;
const kinds = [edge, lineFeed, word, other] as const;
type Kind = typeof kinds[number];

/** Loads the engine; gives what tells the extent of a pattern that it can compile. */
export async function loadExtents(): Promise<(source: string, whole: boolean) => PatternExtent> {
  const { RE2JS } = await import("re2js");
  return (source, whole) => {
    const program = programOf(RE2JS.compile(source).re2());
    if (program === undefined) return "some";
    const { start, instructions } = program;
    if (isNothing(instructions, start, whole)) return "nothing";
    return isEverything(instructions, start, whole) ?? "some";
  };
}

/** Undefined where the program is not of the form, or has an instruction, that is known here. */
function programOf(re2: unknown): { start: number; instructions: readonly Instruction[] } | undefined {
  const { prog } = re2 as { prog?: { start?: unknown; inst?: readonly Instruction[] } };
  const { start, inst } = prog ?? {};
  if (typeof start !== "number" || !Array.isArray(inst) || inst.length > instructionsMax) return undefined;
  const isKnown = inst.every(({ op, out, arg }) =>
    op >= 1 && op <= 11 && Number.isInteger(out) && Number.isInteger(arg)
  );
  return isKnown ? { start, instructions: inst } : undefined;
}

/** Larger programs are not looked at: some hundred thousand steps at most. */
const instructionsMax = 20_000;

/** Whether no text at all is a match. What a class holds is taken generously, so that this is never wrongly true. */
function isNothing(program: readonly Instruction[], start: number, whole: boolean): boolean {
  const seen = new Uint8Array(program.length * 16);
  const waiting: (readonly [number, Kind, Kind])[] = [];
  const add = (at: number, before: Kind, after: Kind) => {
    const key = at * 16 + before * 4 + after;
    if (seen[key] === 1) return;
    seen[key] = 1;
    waiting.push([at, before, after]);
  };
  for (const before of whole ? [edge] as const : kinds) for (const after of kinds) add(start, before, after);
  while (waiting.length > 0) {
    const [at, before, after] = waiting.pop()!;
    const instruction = program[at];
    switch (instruction.op) {
      case op.match:
        if (!whole || after === edge) return false;
        break;
      case op.alt:
      case op.altMatch:
        add(instruction.out, before, after);
        add(instruction.arg, before, after);
        break;
      case op.capture:
      case op.nop:
        add(instruction.out, before, after);
        break;
      case op.emptyWidth:
        if (holds(instruction.arg, before, after)) add(instruction.out, before, after);
        break;
      case op.rune:
      case op.rune1:
      case op.any:
      case op.anyNotLine:
        if (mayTake(instruction, after)) { for (const next of kinds) add(instruction.out, after, next); }
    }
  }
  return true;
}

function holds(conditions: number, before: Kind, after: Kind): boolean {
  const isBoundary = (before === word) !== (after === word);
  return ((conditions & empty.beginLine) === 0 || before === edge || before === lineFeed) &&
    ((conditions & empty.endLine) === 0 || after === edge || after === lineFeed) &&
    ((conditions & empty.beginText) === 0 || before === edge) &&
    ((conditions & empty.endText) === 0 || after === edge) &&
    ((conditions & empty.boundary) === 0 || isBoundary) &&
    ((conditions & empty.noBoundary) === 0 || !isBoundary);
}

/** Whether an instruction may take a character of a kind. */
function mayTake({ op: kindOfOp, arg, runes }: Instruction, kind: Kind): boolean {
  if (kind === edge) return false;
  if (kindOfOp === op.any) return true;
  if (kindOfOp === op.anyNotLine) return kind !== lineFeed;
  if (runes.length === 0) return false;
  // Without regard to case a letter stands for others too, of which some are no words (U+017F, U+212A).
  if ((arg & foldCase) !== 0) return kind !== lineFeed;
  for (let i = 0; i < runes.length; i += 2) {
    const [low, high] = runes.length === 1 ? [runes[0], runes[0]] : [runes[i], runes[i + 1]];
    if (meets(low, high, kind)) return true;
  }
  return false;
}

/** `[0-9A-Za-z_]`, as \b sees words (RE2 syntax: ASCII). */
const wordRanges = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]] as const;

function meets(low: number, high: number, kind: Kind): boolean {
  if (kind === lineFeed) return low <= 0x0a && high >= 0x0a;
  const inRanges = wordRanges.reduce(
    (sum, [from, to]) => sum + Math.max(0, Math.min(high, to) - Math.max(low, from) + 1),
    0,
  );
  if (kind === word) return inRanges > 0;
  const lineFeeds = low <= 0x0a && high >= 0x0a ? 1 : 0;
  return high - low + 1 > inRanges + lineFeeds;
}

/** Undefined where there are texts without a match, or where that is not plain. */
function isEverything(
  program: readonly Instruction[],
  start: number,
  whole: boolean,
): "everything" | "lines" | undefined {
  const atBegin = empty.beginText | empty.beginLine;
  const atEnd = empty.endText | empty.endLine;
  if (!whole) {
    // Every text has a beginning and an end.
    const isFound = reach(program, start, atBegin, 0).matches || reach(program, start, atEnd, 0).matches;
    return isFound ? "everything" : undefined;
  }
  const first = reach(program, start, atBegin, atEnd);
  if (!first.matches) return undefined;
  let found: "lines" | undefined;
  for (const at of first.takes) {
    const { op: kind, out } = program[at];
    if (kind !== op.any && kind !== op.anyNotLine) continue;
    const behind = reach(program, out, 0, atEnd);
    if (!behind.matches || !behind.takes.has(at)) continue;
    if (kind === op.any) return "everything";
    found = "lines";
  }
  return found;
}

/**
 * What is reached without taking a character: by way of conditions that are granted, and for a match also of those that
 * hold at the end, behind which nothing more is taken.
 */
function reach(
  program: readonly Instruction[],
  start: number,
  granted: number,
  atEnd: number,
): { readonly matches: boolean; readonly takes: ReadonlySet<number> } {
  const takes = new Set<number>();
  let matches = false;
  const seen = new Set<number>();
  const waiting: (readonly [number, boolean])[] = [[start, false]];
  while (waiting.length > 0) {
    const [at, isEnd] = waiting.pop()!;
    const key = at * 2 + (isEnd ? 1 : 0);
    if (seen.has(key)) continue;
    seen.add(key);
    const { op: kind, out, arg } = program[at];
    if (kind === op.match) matches = true;
    else if (kind === op.alt || kind === op.altMatch) waiting.push([out, isEnd], [arg, isEnd]);
    else if (kind === op.capture || kind === op.nop) waiting.push([out, isEnd]);
    else if (kind === op.emptyWidth) {
      if ((arg & ~granted) === 0) waiting.push([out, isEnd]);
      else if ((arg & ~(granted | atEnd)) === 0) waiting.push([out, true]);
    } else if (kind !== op.fail && !isEnd) takes.add(at);
  }
  return { matches, takes };
}
