/** Where in a pattern its engine stumbled: it names the piece, and not the place. */

/** One construct of a pattern, so far as its beginning tells. */
interface Piece {
  /** UTF-16 code units from the beginning. */
  readonly start: number;
  readonly isInClass: boolean;
}

/**
 * The place of `piece` in `source`, in UTF-16 code units from 0; undefined where it is not to be found. `isLast`: of
 * several the last, because the engine only minds the later one. What is behind a backslash begins nothing, and what is
 * in brackets is no operator.
 */
export function findPiece(source: string, piece: string, isLast: boolean): number | undefined {
  if (piece === "") return undefined;
  const isOperator = /^[(*+?{]/.test(piece);
  let found: number | undefined;
  for (const { start, isInClass } of piecesOf(source)) {
    if (!source.startsWith(piece, start) || (isOperator && isInClass)) continue;
    found = start;
    if (!isLast) break;
  }
  return found;
}

function* piecesOf(source: string): Generator<Piece> {
  let classDepth = 0;
  for (let at = 0; at < source.length; at++) {
    yield { start: at, isInClass: classDepth > 0 };
    const character = source[at];
    if (character === "\\") {
      if (classDepth === 0 && source[at + 1] === "Q") {
        // All is literal up to \E.
        const end = source.indexOf("\\E", at + 2);
        at = end < 0 ? source.length : end + 1;
      } else {
        at++;
      }
    } else if (classDepth === 0) {
      if (character !== "[") continue;
      classDepth = 1;
      // A bracket right behind the first, or behind its ^, is a character of the class.
      if (source[at + 1] === "^") at++;
      if (source[at + 1] === "]") at++;
    } else if (character === "[" && source[at + 1] === ":") {
      // [:alpha:] inside a class; what is no such name is a bracket like any other.
      const end = source.indexOf(":]", at + 2);
      if (end > 0) at = end + 1;
    } else if (character === "]") {
      classDepth = 0;
    }
  }
}
