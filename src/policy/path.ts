/** Paths as text: names and directories of POSIX, without touching the disk. Those of Windows: `windows_path.ts`. */

import { pathBytesMax } from "../limits.ts";
import type { Strictness } from "./answer.ts";
import { foldText, stripSpelling } from "./text_readings.ts";

/** How paths are understood. */
export interface PathSettings {
  /** The server's, absolute: relative paths begin there. */
  readonly workingDirectory: string;
  /**
   * Other directories that the server was told of, absolute: some begin relative paths there (server-filesystem in the
   * first of those that it may use). Absent: none.
   */
  readonly namedDirectories?: readonly string[];
  /** Whether the file system tells `A` from `a`. */
  readonly pathCase: "exact" | "fold";
  /** Whose paths they are: `/like/this` or `C:\like\this`. */
  readonly style: "posix" | "windows";
}

/** One way to read a text as a path. */
export type PathReading =
  | {
    readonly kind: "path";
    /** Absolute, `..` taken away by name. */
    readonly lexical: string;
    /** What the kernel could be asked to walk: `lexical`, and where there is a `..`, the path that still holds it. */
    readonly walked: readonly string[];
    /** The same in other forms of Unicode, where a server could find another file; absent: there are none. */
    readonly otherForms?: readonly string[];
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

/**
 * Whether a normalized path is the directory or lies in it. File systems that fold case differ in what they take for the
 * same beyond ASCII: to a deny all that any of them does, to an allow nothing.
 */
export function isInside(
  directory: string,
  path: string,
  pathCase: "exact" | "fold",
  strictness: Strictness = "deny",
): boolean {
  if (pathCase === "fold") {
    const fold = strictness === "deny" ? foldText : foldAscii;
    return isInside(fold(directory), fold(path), "exact");
  }
  if (!path.startsWith(directory)) return false;
  // A backslash is a name's character on POSIX, and C:\ is how a canonical path of Windows begins.
  const separator = directory.startsWith("/") ? "/" : "\\";
  return path.length === directory.length || directory.endsWith(separator) ||
    path[directory.length] === separator;
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The settings for each directory in which a server could begin a relative path. */
export function beginnings(settings: PathSettings): readonly PathSettings[] {
  const { namedDirectories } = settings;
  if (namedDirectories === undefined || namedDirectories.length === 0) return [settings];
  return [settings, ...namedDirectories.map((workingDirectory) => ({ ...settings, workingDirectory }))];
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
    const bare = stripSpelling(text);
    if (bare !== "") all.add(bare);
  }
  for (const text of [...all]) {
    if (text.includes("\\")) all.add(text.replaceAll("\\", "/"));
  }
  return [...all];
}

/** Whether a text holds a control character: no path that a person would write does. */
export function holdsControl(text: string): boolean {
  return controlCharacter.test(text);
}
const controlCharacter = /\p{Cc}/u;

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
