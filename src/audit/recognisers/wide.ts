/**
 * Characters outside ASCII that people and machines read as ASCII ones: `４１１１` is a card number's beginning, and a
 * non-breaking hyphen stands in many a telephone number that was copied from a web page.
 */

/** The ASCII character that `c` (a UTF-16 code unit ≥ 0x80) stands for; `c` itself where there is none. */
export function foldWide(c: number): number {
  // Most texts outside ASCII are written in what lies between: one comparison or two tell that nothing is to be done.
  if (c < 0x0660) return c === 0xa0 ? SPACE : c;
  if (c > 0x3000) {
    if (c < 0xfe6b) return c;
    if (c >= 0xff01 && c <= 0xff5e) return c - 0xfee0; // fullwidth forms
    return c === 0xfe6b ? 0x40 : c; // small commercial at
  }
  if (c >= 0x0660 && c <= 0x0669) return c - 0x0660 + 0x30; // Arabic-Indic digits
  if (c >= 0x06f0 && c <= 0x06f9) return c - 0x06f0 + 0x30; // their Persian forms
  if (c >= 0x0966 && c <= 0x096f) return c - 0x0966 + 0x30; // Devanagari digits
  if (c >= 0x2000 && c <= 0x200b) return SPACE;
  if ((c >= 0x2010 && c <= 0x2015) || c === 0x2212) return HYPHEN; // hyphens, dashes, the minus sign
  return c === 0x202f || c === 0x3000 ? SPACE : c;
}

const SPACE = 0x20;
const HYPHEN = 0x2d;

/** `text` with every such character replaced. It keeps its length, so that places in one are places in the other. */
export function foldWideText(text: string): string {
  let folded = "";
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x80) continue;
    const ascii = foldWide(c);
    if (ascii === c) continue;
    folded += text.slice(copied, i) + String.fromCharCode(ascii);
    copied = i + 1;
  }
  return copied === 0 ? text : folded + text.slice(copied);
}
