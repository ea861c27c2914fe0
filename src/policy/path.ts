/** Paths as text: what a server could make of the string it is given, without touching the disk. POSIX. */

import { checkedTextCharactersMax, pathBytesMax } from "../limits.ts";
import { foldText, percentDecodings } from "./text_readings.ts";

/** How paths are understood. */
export interface PathSettings {
  /** The server's, absolute: relative paths begin there. */
  readonly workingDirectory: string;
  /** Whether the file system tells `A` from `a`. */
  readonly pathCase: "exact" | "fold";
}

/** One way to read a text as a path. */
export type PathReading =
  | {
    readonly kind: "path";
    /** Absolute, `..` taken away by name. */
    readonly lexical: string;
    /** What the kernel could be asked to walk: `lexical`, and where there is a `..`, the path that still holds it. */
    readonly walked: readonly string[];
  }
  | { readonly kind: "unknown"; readonly why: string };

/** A path without `.`, `..` and empty names. `..` at the root stays at the root (path_resolution(7)). */
export function normalizePath(absolute: string): string {
  const names: string[] = [];
  for (const name of absolute.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") names.pop();
    else names.push(name);
  }
  return `/${names.join("/")}`;
}

/** Whether a name of the path is `..`. */
export function climbs(path: string): boolean {
  return path.includes("..") && path.split("/").includes("..");
}

/** Whether a normalized path is the directory or lies in it. */
export function isInside(directory: string, path: string, pathCase: "exact" | "fold"): boolean {
  if (pathCase === "fold") return isInside(foldText(directory), foldText(path), "exact");
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/**
 * Every reading of a text as a path: raw and percent-decoded, relative ones from the working directory.
 *
 * With `allow`, whatever a server could expand, trim or split in its own way is unknown; with `deny` it is read in each
 * way, and unknown is left for what has no one meaning at all.
 */
export function pathReadings(
  text: string,
  strictness: "allow" | "deny",
  settings: PathSettings,
): readonly PathReading[] {
  if (text.length > checkedTextCharactersMax) return [{ kind: "unknown", why: "it is too long" }];
  const decodings = percentDecodings(text);
  const readings: PathReading[] = [];
  for (const candidate of strictness === "allow" ? decodings.texts : spellings(decodings.texts)) {
    const why = findTrouble(candidate) ?? (strictness === "allow" ? findAmbiguity(candidate) : undefined);
    readings.push(why === undefined ? readPath(candidate, settings) : { kind: "unknown", why });
  }
  if (!decodings.sound) readings.push({ kind: "unknown", why: "its percent-encoding has no one meaning" });
  return readings;
}

/** Reads a text that is one path and nothing else. */
export function readPath(text: string, settings: PathSettings): PathReading {
  const absolute = makeAbsolute(text, settings);
  const lexical = normalizePath(absolute);
  if (!climbs(text)) return withinBounds(lexical, [lexical]);
  // The kernel follows links before it takes a `..`, so /tmp/link/../x need not be /tmp/x.
  const walked = `/${absolute.split("/").filter((name) => name !== "" && name !== ".").join("/")}`;
  return withinBounds(lexical, walked === lexical ? [lexical] : [lexical, walked]);
}

/** The text from the root on. */
export function makeAbsolute(text: string, settings: PathSettings): string {
  return text.startsWith("/") ? text : `${settings.workingDirectory}/${text}`;
}

function withinBounds(lexical: string, walked: readonly string[]): PathReading {
  if (walked.some((path) => utf8Length(path) > pathBytesMax)) {
    return { kind: "unknown", why: "it is longer than a path can be" };
  }
  return { kind: "path", lexical, walked };
}

/** The texts, and each as a server takes it that trims, unquotes (server-filesystem does both) or turns `\` into `/`. */
export function spellings(texts: readonly string[]): readonly string[] {
  const all = new Set(texts);
  for (const text of texts) {
    const bare = strip(text);
    if (bare !== "") all.add(bare);
  }
  for (const text of [...all]) {
    if (text.includes("\\")) all.add(text.replaceAll("\\", "/"));
  }
  return [...all];
}

function strip(text: string): string {
  return text.trim().replace(/^["']|["']$/g, "").trim();
}

/** Why a text has no one meaning as a path, under either strictness; undefined where it has. */
function findTrouble(text: string): string | undefined {
  if (text === "") return "it is empty";
  if (holdsControl(text)) return "it holds a control character";
  if (!text.isWellFormed()) return "it is not valid Unicode";
  if (text.startsWith("~")) return "it begins with ~";
  // UNC names and \\.\ devices; two slashes are left to the implementation (POSIX.1-2024, 4.16).
  if (doubleSlash.test(text)) return "it could name another machine or a device";
  if (fileUri.test(text)) return "it is a file: URI";
  return undefined;
}
/** Whether a text holds a control character: no path that a person would write does. */
export function holdsControl(text: string): boolean {
  return controlCharacter.test(text);
}
const controlCharacter = /\p{Cc}/u;
const doubleSlash = /^[\\/]{2}/;
const fileUri = /^file:/i;

/** Why a text that is one path to the kernel could be another to a server; undefined where it could not. */
function findAmbiguity(text: string): string | undefined {
  if (text.includes("\\")) return "it holds a backslash";
  if (schemeOrDrive.test(text)) return "it begins like a URL or a drive";
  if (text.startsWith("$")) return "it begins with $";
  if (strip(text) !== text) return "it begins or ends with white space or a quote";
  return undefined;
}
const schemeOrDrive = /^[A-Za-z][A-Za-z0-9+.-]*:[\\/]/;

/** Bytes of a well-formed text in UTF-8; counts no further than it must to tell more than a path from less. */
export function utf8Length(text: string): number {
  if (text.length > pathBytesMax) return text.length;
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair stands for two of its four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}
