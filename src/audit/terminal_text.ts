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
 * `text` without control characters but tabs, what was struck over, the 8-bit forms of escape sequences, and U+FFFD. For
 * recognising what is read; what stood between two words is gone as well.
 */
export function dropControls(text: string): string {
  return text.replaceAll(escapeSequences8, "").replaceAll(struckOver, "").replaceAll(controls, "");
}

// deno-lint-ignore no-control-regex
const escapeSequences8 = /\x9b[0-?]*[ -/]*[@-~]|[\x90\x98\x9d-\x9f][^\x07\x1b\x90-\x9f]*[\x07\x9c]/g;
// deno-lint-ignore no-control-regex
const struckOver = /[^\x08]\x08/g;
// deno-lint-ignore no-control-regex
const controls = /[\0-\x08\x0a-\x1f\x7f-\x9f\ufffd]/g;

/**
 * `text` as one line that only shows: control characters, line separators, and what turns the direction of reading become
 * U+FFFD. Tabs stay, and the joiners that words of some scripts and emoji are written with.
 */
export function visibleText(text: string): string {
  return text.replaceAll(/(?![\t\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
