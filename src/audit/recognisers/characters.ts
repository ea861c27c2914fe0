/**
 * Questions about one character, as `charCodeAt` gives it. Behind the end of a text that is NaN, to which every
 * question here answers no.
 */

export const BACKSLASH = 0x5c;

export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

export function isLetter(c: number): boolean {
  const folded = c | 0x20;
  return folded >= 0x61 && folded <= 0x7a;
}

export function isAlphanumeric(c: number): boolean {
  return isDigit(c) || isLetter(c);
}

export function isHex(c: number): boolean {
  const folded = c | 0x20;
  return isDigit(c) || (folded >= 0x61 && folded <= 0x66);
}

export function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0xa0;
}

/** What a name of a variable, a header or a key is made of. */
export function isNameCharacter(c: number): boolean {
  return isAlphanumeric(c) || c === 0x5f || c === 0x2d || c === 0x2e;
}

/** The set of these ASCII characters, as a table for {@linkcode isIn}. */
export function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(128);
  for (let i = 0; i < characters.length; i++) set[characters.charCodeAt(i)] = 1;
  return set;
}

export function isIn(set: Uint8Array, c: number): boolean {
  return c < 128 && set[c] === 1;
}

/**
 * Whether a word may begin at `at`: no letter or digit stands before it. In a text that is itself JSON a line feed is
 * spelt `\n`, and its n is no letter of the word.
 */
export function beginsWord(text: string, at: number): boolean {
  return !isAlphanumeric(text.charCodeAt(at - 1)) || text.charCodeAt(at - 2) === BACKSLASH;
}

/** Whether a word may end before `at`. */
export function endsWord(text: string, at: number): boolean {
  return !isAlphanumeric(text.charCodeAt(at));
}
