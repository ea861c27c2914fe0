/**
 * The check `glob`. An allow takes a text whose every percent-decoding says the same, and never lets a wildcard stand for
 * `..`; a deny reads the text as a lenient server could: in any case, decoded, trimmed, `\` for `/`, dots taken away.
 */

import { checkedTextCharactersMax } from "../limits.ts";
import type { Answer, Strictness } from "./answer.ts";
import { spellings } from "./path.ts";
import type { Subject } from "./subject.ts";
import { TextGlob } from "./text_glob.ts";
import { foldText, percentDecodings } from "./text_readings.ts";
import { hasDotSegment } from "./uri.ts";

/** One glob of a check. */
export interface CompiledGlob {
  readonly exact: TextGlob;
  readonly folded: TextGlob;
  /** Whether a text that climbs can be a match for an allow: `**` alone, and what has no wildcard. */
  readonly climbs: boolean;
}

export function compileGlob(source: string): CompiledGlob {
  return {
    exact: new TextGlob(source),
    folded: new TextGlob(foldText(source)),
    climbs: source === "**" || !/[*?]/.test(source),
  };
}

/** Whether any of the globs matches the text. */
export function answerGlob(
  globs: readonly CompiledGlob[],
  text: string,
  subject: Subject,
  strictness: Strictness,
): Answer {
  if (text.length > checkedTextCharactersMax) return "unknown";
  return strictness === "allow" ? answerForAllow(globs, text) : answerForDeny(globs, text, subject);
}

function answerForAllow(globs: readonly CompiledGlob[], text: string): Answer {
  if (globs.some(({ climbs, exact }) => climbs && exact.matches(text))) return "yes";
  const { texts, sound } = percentDecodings(text);
  if (!sound || texts.some(isDoubtful)) return "unknown";
  const matching = texts.filter((one) => globs.some(({ exact }) => exact.matches(one)));
  return matching.length === 0 ? "no" : matching.length === texts.length ? "yes" : "unknown";
}

/** A server could make another text of it: one that ends at a NUL, has more names than it seems to, or climbs. */
function isDoubtful(text: string): boolean {
  return text.includes("\0") || text.includes("\\") || hasDotSegment(text);
}

function answerForDeny(globs: readonly CompiledGlob[], text: string, subject: Subject): Answer {
  const readings = subject.readings(text);
  const foldedReadings = subject.foldedReadings(text);
  if (readings === undefined || foldedReadings === undefined) return "unknown";
  // (Case folding can make two characters of one, which a ? then does not match.)
  const meets = globs.some(({ exact, folded }) =>
    foldedReadings.some((reading) => spellNames(reading).some((one) => folded.matches(one))) ||
    readings.some((reading) => exact.matches(reading))
  );
  return meets ? "yes" : "no";
}

/** A text, and the names in it as a file system would walk them. */
function spellNames(text: string): readonly string[] {
  if (!oddNames.test(text)) return [text];
  return spellings([text]).flatMap((one) => [one, tidyNames(one)]);
}
/** White space, quotes, backslashes; empty names and such that begin or end with a dot. */
const oddNames = /[\s"'\\]|\/\/|\/\.|\.\/|\/$/;

/** A path without `.`, empty names and the `..` that have a name before them. */
function tidyNames(text: string): string {
  const isRooted = text.startsWith("/");
  const kept: string[] = [];
  for (const name of text.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") kept.push(name);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!isRooted) kept.push(name);
  }
  return `${isRooted ? "/" : ""}${kept.join("/")}`;
}
