/** Text from outside on its way to a person's terminal, which obeys what it is shown. */

/**
 * `text` without terminal escape sequences (ECMA-48 §5.3, §5.4, §8.3: CSI, and the strings OSC, DCS, PM, APC, SOS with what is in
 * them). Colours go too: the `m` that ends one would hide the beginning of a word, and with it a token.
 */
export function dropEscapes(text: string): string {
  return text.includes("\x1b") ? text.replaceAll(escapeSequences, "") : text;
}

// Each alternative stops at the next escape character, so that the work stays linear.
// deno-lint-ignore no-control-regex
const escapeSequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/g;

/**
 * `text` as one line that only shows: control characters, line separators, and what turns the direction of reading become
 * U+FFFD. Tabs stay, and the joiners that words of some scripts and emoji are written with.
 */
export function visibleText(text: string): string {
  return text.replaceAll(/(?![\t\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
