/**
 * Paths of Windows as text: `C:\like\this`, `/` as good as `\`, `..` taken by name before any link is followed, dots and
 * spaces at the end of a name taken off ("Naming Files, Paths, and Namespaces", Win32). Canonical here: an upper-case
 * drive, `\` between names.
 */

import { pathBytesMax } from "../limits.ts";
import { type PathReading, type PathSettings, utf8Length } from "./path.ts";

/** Whether a text begins at the root of a drive. */
export function isDrivePath(text: string): boolean {
  return driveRoot.test(text);
}
const driveRoot = /^[A-Za-z]:[\\/]/;

/** A path from the root of its drive on, without `.`, `..`, empty names, and what Windows takes off the ends of names. */
export function normalizeWindowsPath(absolute: string): string {
  const names: string[] = [];
  for (const written of absolute.slice(2).split(/[\\/]/)) {
    if (written === "..") {
      names.pop();
      continue;
    }
    const name = trimEnd(written);
    if (name !== "") names.push(name);
  }
  return `${absolute[0].toUpperCase()}:\\${names.join("\\")}`;
}

/** A name as Windows keeps it. (A pattern for an end takes time with the square of what only looks like it.) */
function trimEnd(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === "." || name[end - 1] === " ")) end--;
  return name.slice(0, end);
}

/** Reads a text in which {@linkcode findWindowsTrouble} found none. */
export function readWindowsPath(text: string, { workingDirectory }: PathSettings): PathReading {
  // A stream is part of its file.
  const file = text.slice(0, 2) + text.slice(2).replace(/:[^\\/]*/g, "");
  const absolute = isDrivePath(file)
    ? file
    : /^[\\/]/.test(file)
    ? `${workingDirectory.slice(0, 2)}${file}`
    : `${workingDirectory}\\${file}`;
  const lexical = normalizeWindowsPath(absolute);
  return utf8Length(lexical) > pathBytesMax
    ? { kind: "unknown", why: "it is longer than a path can be" }
    : { kind: "path", lexical, walked: [lexical] };
}

/** The canonical form of what the system says that a path leads to; undefined where it leads off the drives. */
export function normalizeResolved(path: string): string | undefined {
  const plain = path.replace(/^\\\\\?\\(?=[A-Za-z]:\\)/, "");
  return isDrivePath(plain) ? normalizeWindowsPath(plain) : undefined;
}

/** Why a text has no one meaning as a path of Windows, under either strictness; undefined where it has. */
export function findWindowsTrouble(text: string): string | undefined {
  // C:x begins in a directory that only the server's process knows.
  if (/^[A-Za-z]:(?![\\/])/.test(text)) return "it begins with a drive and no \\";
  // Programs that come from elsewhere take the slash off.
  if (/^[\\/][A-Za-z]:/.test(text)) return "it has a slash before a drive";
  if (/^[^\\/]*:[\\/]/.test(text) && !isDrivePath(text)) return "it begins like a URL";
  const names = text.replace(/^[A-Za-z]:/, "").split(/[\\/]/);
  for (const name of names) {
    if (name === "" || name === "." || name === "..") continue;
    if (/^[. ]+$/.test(name)) return "it has a name of dots and spaces";
    if (name.startsWith(":")) return "it has a stream without a file";
    // < > and " are wildcards too, to the system's own search for files.
    if (/[<>"|?*]/.test(name)) return "it has a character that no name may have";
    if (/~[0-9]/.test(name)) return "it could be a short name for any other";
    if (device.test(name)) return "it names a device";
  }
  if (/%[^%\\/]+%/.test(text)) return "it holds a variable";
  return undefined;
}
/** With any ending, and with spaces before it; ¹ ² ³ count as digits. */
const device =
  /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?: *(?:[.:].*)?)$/i;

/** Why a text that is one path to Windows should not pass an allow; undefined where it may. */
export function findWindowsAmbiguity(text: string): string | undefined {
  if (text.replace(/^[A-Za-z]:/, "").includes(":")) return "it names a stream of a file";
  if (/(?:[^.\\/]\.+| )(?:[\\/]|$)/.test(text)) return "it has a name that ends in a dot or a space";
  // They are backslashes in Japanese and Korean code pages.
  if (/[\u00a5\u20a9]/.test(text)) return "it holds a character that is a backslash in some code pages";
  return undefined;
}
