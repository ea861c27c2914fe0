/**
 * The built-in rule: a tool may not rewrite its own jailer. A call whose arguments name one of our files (the policy,
 * the audit log …) is denied, whatever the policies say.
 *
 * It is a tripwire, not a wall: a hard link, or a shell command that holds the path among other words, is not seen
 * here. The wall is the server's sandbox. A bare name is held against the names of our files only: what could make it a
 * link to one of them would have had to name that file first.
 */

import { pathBytesMax, pathNameBytesMax } from "../limits.ts";
import type { AsciiSource, Operation } from "../mcp/operation.ts";
import { visitTexts } from "./argument_texts.ts";
import {
  beginnings,
  climbs,
  holdsControl,
  isInside,
  makeAbsolute,
  normalizePath,
  type PathSettings,
  readPath,
  spellings,
  utf8Length,
} from "./path.ts";
import type { Subject } from "./subject.ts";
import { percentDecodings } from "./text_readings.ts";
import { pathOfFileUri, stripUri } from "./uri.ts";

/** Our files, made ready to be looked for. */
export interface OwnFiles {
  /** Normalized, absolute. */
  readonly paths: readonly string[];
  /** Matches every text that could lead to one of them; most texts are done with here. */
  readonly hint: RegExp;
  /** The last names of `paths`; undefined where every text is looked at. */
  readonly names: readonly string[] | undefined;
}

/** Makes ready to look for files; `paths` are normalized and absolute. */
export function prepareOwnFiles(paths: readonly string[], pathCase: "exact" | "fold"): OwnFiles {
  // How a file system folds is its own business: what could be a name is looked at in full.
  if (pathCase === "fold") return { paths, hint: /^/, names: undefined };
  const names = paths.map((path) => path.slice(path.lastIndexOf("/") + 1));
  // A path of more than one name, however it is spelt; one of the names; a directory by its dots.
  const hint = ["[/\\\\%~]", ...names.map((name) => RegExp.escape(name)), "^\\.\\.?$"];
  return { paths, hint: new RegExp(hint.join("|")), names };
}

/** Whether a call holds any text that could lead to one of our files. Told from the source of its arguments where it can be. */
export function mayNameOwnFile(operation: Operation, ownFiles: OwnFiles): boolean {
  if (operation !== lastOperation || ownFiles !== lastOwnFiles) {
    lastAnswer = looksLikeOwnFile(operation, ownFiles);
    lastOperation = operation;
    lastOwnFiles = ownFiles;
  }
  return lastAnswer;
}

// Asked for the facts, and again for the decision.
let lastOperation: Operation | undefined;
let lastOwnFiles: OwnFiles | undefined;
let lastAnswer = false;

function looksLikeOwnFile(operation: Operation, ownFiles: OwnFiles): boolean {
  if (ownFiles.paths.length === 0 || operation.target === "method") return false;
  if (operation.target === "resource") return true;
  const source = operation.argumentsSource;
  // A name outside ASCII has many spellings.
  return source === undefined ? operation.arguments !== undefined : sourceMayName(source, ownFiles);
}

/** What is searched at one time: several searches of it find it in the processor's cache. */
const pieceCharacters = 64 * 1024;

/** The same for the JSON source of a value. */
function sourceMayName(source: AsciiSource, { names }: OwnFiles): boolean {
  if (names === undefined) return true;
  // A name may lie across the border of two pieces.
  const overlap = Math.max(...names.map((name) => name.length), '".."'.length) - 1;
  for (let start = 0; start < source.length; start += pieceCharacters) {
    if (pieceMayName(source.slice(start, start + pieceCharacters + overlap), names)) return true;
  }
  return false;
}

/** (One search for each character is ten times as fast as a pattern.) */
function pieceMayName(source: string, names: readonly string[]): boolean {
  if (source.includes("/") || source.includes("\\") || source.includes("%") || source.includes("~")) {
    return true;
  }
  if (source.includes('".') && (source.includes('"."') || source.includes('".."'))) return true;
  for (let i = 0; i < names.length; i++) if (source.includes(names[i])) return true;
  return false;
}

/** A text by which a call names one of our files. */
export interface OwnFileHit {
  readonly text: string;
  /** `unknown`: it could be one, and the disk did not say. */
  readonly certainty: "named" | "unknown";
}

/** Looks for our files in a call; undefined where it names none. */
export function findOwnFile(subject: Subject, ownFiles: OwnFiles): OwnFileHit | undefined {
  const { operation, paths } = subject;
  if (ownFiles.paths.length === 0) return undefined;
  let touches: ((place: string) => boolean) | undefined;
  let named: OwnFileHit | undefined;
  let unsure: OwnFileHit | undefined;
  visitFileNames(operation, ownFiles, (text) => {
    touches ??= touchesOwnFile(operation, ownFiles.paths, paths);
    const { places, homeTails } = readFileName(text, paths);
    if (homeTails.some((tail) => ownFiles.paths.some((file) => endsWithPath(file, tail, paths)))) {
      named = { text, certainty: "named" };
    }
    for (const { lexical, walked } of places) {
      if (touches(lexical)) named = { text, certainty: "named" };
      for (const path of walked) {
        const resolution = subject.facts.get(path);
        if (resolution === undefined || (resolution.kind === "unknown" && resolution.nowhere !== true)) {
          unsure ??= { text, certainty: "unknown" };
        } else if (resolution.kind === "unknown") {
          // It leads to no file, so to none of ours: they exist.
        } else if (!climbs(resolution.path) && touches(normalizePath(resolution.path))) {
          // (What does not exist and has a `..` leads the kernel nowhere; by name it was looked at above.)
          named = { text, certainty: "named" };
        }
      }
    }
    return named === undefined;
  });
  return named ?? unsure;
}

/** Visits the paths that the rule wants resolved; false ends the walk. */
export function visitOwnFileQueries(
  operation: Operation,
  ownFiles: OwnFiles,
  paths: PathSettings,
  visit: (path: string) => boolean,
): void {
  visitFileNames(operation, ownFiles, (text) => {
    for (const { walked } of readFileName(text, paths).places) {
      for (const path of walked) if (!visit(path)) return false;
    }
    return true;
  });
}

/** Visits the texts of a call that a server could take for the name of a file. */
function visitFileNames(
  operation: Operation,
  ownFiles: OwnFiles,
  visit: (text: string) => boolean,
): void {
  if (!mayNameOwnFile(operation, ownFiles)) return;
  if (operation.target === "resource" && !visit(operation.name)) return;
  visitTexts(operation.arguments, (text, role) => {
    if (typeof text !== "string" || !ownFiles.hint.test(text)) return true;
    // The name of a parameter is the server's own choice, unless it is a path.
    if (role === "name" && !pathLike.test(text)) return true;
    return visit(text);
  });
}
const pathLike = /[/\\%.~]/;

/** A place on disk that a text could name. */
interface Place {
  readonly lexical: string;
  readonly walked: readonly string[];
}

/** What a server could make of a text as the name of a file; nothing where it is none. */
function readFileName(
  text: string,
  settings: PathSettings,
): { readonly places: readonly Place[]; readonly homeTails: readonly string[] } {
  const places: Place[] = [];
  const homeTails: string[] = [];
  for (const spelling of fileNameSpellings(text)) {
    if (spelling.startsWith("~")) {
      const slash = spelling.indexOf("/");
      if (slash >= 0) homeTails.push(normalizePath(spelling.slice(slash)));
    }
    const isRelative = !spelling.startsWith("/");
    for (const from of isRelative ? beginnings(settings) : [settings]) {
      const reading = readPath(spelling, from);
      // Too long for the kernel, and yet short for a server that goes by names: a/././././…
      const lexical = reading.kind === "path" ? reading.lexical : normalizePath(makeAbsolute(spelling, from));
      if (utf8Length(lexical) > pathBytesMax || hasLongName(lexical)) continue;
      places.push({ lexical, walked: reading.kind === "path" ? reading.walked : [lexical] });
    }
  }
  return { places, homeTails };
}

function fileNameSpellings(text: string): readonly string[] {
  if (plainName.test(text)) return [text];
  const texts = new Set<string>();
  for (const spelling of spellings(percentDecodings(text).texts)) {
    texts.add(spelling);
    const path = pathOfFileUri(stripUri(spelling));
    if (path !== undefined) {
      for (const decoded of percentDecodings(path).texts) addPathOfUri(decoded, texts);
    }
    // Where a C library stops reading.
    const nul = spelling.indexOf("\0");
    if (nul > 0) texts.add(spelling.slice(0, nul));
  }
  return [...texts].filter((name) => name !== "" && !holdsControl(name) && name.isWellFormed());
}

/** `file:a` is relative for some readers and `/a` for URL parsers. */
function addPathOfUri(path: string, texts: Set<string>): void {
  texts.add(path);
  if (!path.startsWith("/")) texts.add(`/${path}`);
}

/** A text that every server takes for the same name. */
const plainName = /^[\w./](?:[\w./ -]*[\w./-])?$/;

function hasLongName(path: string): boolean {
  // A UTF-16 code unit is at most three bytes.
  return path.length > pathNameBytesMax / 3 &&
    path.split("/").some((name) => utf8Length(name) > pathNameBytesMax);
}

/** Whether the last names of a file's path are those of `tail`: what `~/tail` could be, without knowing whose home. */
function endsWithPath(file: string, tail: string, settings: PathSettings): boolean {
  if (tail === "/" || file.length < tail.length) return false;
  // Folding may change lengths; comparing name by name from the end does not care.
  const fileNames = file.split("/");
  const tailNames = tail.split("/").slice(1);
  const end = `/${fileNames.slice(fileNames.length - tailNames.length).join("/")}`;
  return isInside(end, tail, settings.pathCase) && isInside(tail, end, settings.pathCase);
}

/** Whether a place is one of our files, or inside one that is a directory, or a directory above it that is changed. */
function touchesOwnFile(
  operation: Operation,
  ownFiles: readonly string[],
  { pathCase }: PathSettings,
): (place: string) => boolean {
  const changes = operation.target === "tool" && changesDirectories(operation.name);
  return (place) =>
    ownFiles.some((file) => isInside(file, place, pathCase) || (changes && isInside(place, file, pathCase)));
}

/**
 * Whether a tool's name says that it moves, removes or replaces things: such a call must not name a directory above
 * one of our files either, while reading and listing it is ordinary work. Names are all there is to go by.
 */
function changesDirectories(tool: string): boolean {
  return tool.split(wordEnd).some((word) => changingWords.has(word.toLowerCase()));
}
const wordEnd = /[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/;
const changingWords: ReadonlySet<string> = new Set(
  ("chmod chown clean clear copy cp delete destroy erase extract link mount move mv overwrite purge put remove rename " +
    "replace restore rm rmdir swap symlink sync trash unlink unmount untar unzip wipe").split(" "),
);
