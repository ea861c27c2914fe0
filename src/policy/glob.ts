/** Globs over names and URIs: `*` is any run of characters (also none), `?` is one, everything else is itself. */

/** Whether a name in a policy is a glob. */
export function isGlob(name: string): boolean {
  return name.includes("*") || name.includes("?");
}

/** Whether the whole text is a match; takes at most as many steps as the product of both lengths. */
export function matchesGlob(glob: string, text: string): boolean {
  if (glob === "*") return true;
  let inGlob = 0;
  let inText = 0;
  let star = -1;
  let starText = 0;
  while (inText < text.length) {
    const wanted = glob[inGlob];
    if (wanted === "*") {
      star = inGlob++;
      starText = inText;
    } else if (wanted === "?") {
      inGlob++;
      inText += characterLength(text, inText);
    } else if (wanted !== undefined && wanted === text[inText]) {
      inGlob++;
      inText++;
    } else if (star >= 0) {
      // The last star takes one more; an earlier one never needs to, because it was followed to its first match.
      inGlob = star + 1;
      starText += characterLength(text, starText);
      inText = starText;
    } else {
      return false;
    }
  }
  while (glob[inGlob] === "*") inGlob++;
  return inGlob === glob.length;
}

/** A surrogate pair is one character. */
function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
