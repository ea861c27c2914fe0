/**
 * Every way in which a server could read a text as a path, without touching the disk.
 *
 * To an allow, whatever a server could expand, trim, split or shorten in its own way is unknown; a deny reads it in each
 * way, and unknown is left for what has no one meaning at all.
 */

import { checkedTextCharactersMax } from "../limits.ts";
import type { Strictness } from "./answer.ts";
import {
  beginnings,
  holdsControl,
  type PathReading,
  type PathSettings,
  readPath,
  spellings,
} from "./path.ts";
import { canonicalForms, percentDecodings, stripSpelling, textReadings } from "./text_readings.ts";
import { pathOfFileUri } from "./uri.ts";
import { findWindowsAmbiguity, findWindowsTrouble, readWindowsPath } from "./windows_path.ts";

/**
 * Every reading of a text as a path: raw and percent-decoded, relative ones from the working directory and from each
 * directory that the server was told of. `isUri`: nobody takes a `file:` URI for a relative path here.
 */
export function pathReadings(
  text: string,
  strictness: Strictness,
  settings: PathSettings,
  isUri = false,
): readonly PathReading[] {
  if (settings.namedDirectories === undefined || text.startsWith("/")) {
    return readingsFrom(text, strictness, settings, isUri);
  }
  return beginnings(settings).flatMap((from) => readingsFrom(text, strictness, from, isUri));
}

function readingsFrom(
  text: string,
  strictness: Strictness,
  settings: PathSettings,
  isUri: boolean,
): readonly PathReading[] {
  if (text.length > checkedTextCharactersMax) return [unknown("it is too long")];
  // Most paths are done with here: every server reads them alike.
  if (
    settings.style === "posix" && plainPath.test(text) && !text.startsWith("//") &&
    !endsNameWithDot.test(text)
  ) {
    return [readPath(text, settings)];
  }
  const decodings = percentDecodings(text);
  const candidates = strictness === "allow" ? decodings.texts : readingsForDeny(text);
  if (candidates === undefined) return [unknown("its characters cannot be told")];
  const readings: PathReading[] = [];
  for (const candidate of candidates) {
    if (fileUri.test(candidate)) readings.push(...readFileUri(candidate, strictness, settings, isUri));
    else readings.push(readOne(candidate, strictness, settings));
  }
  if (!decodings.sound) readings.push(unknown("its percent-encoding has no one meaning"));
  return readings;
}

function readingsForDeny(text: string): readonly string[] | undefined {
  const readings = textReadings(text);
  const forms = readings && canonicalForms(readings);
  return forms && spellings(forms);
}

function unknown(why: string): PathReading {
  return { kind: "unknown", why };
}

function readOne(text: string, strictness: Strictness, settings: PathSettings): PathReading {
  const why = findTrouble(text, settings) ??
    (strictness === "allow" ? findAmbiguity(text, settings) : undefined);
  if (why !== undefined) return unknown(why);
  const reading = settings.style === "windows" ? readWindowsPath(text, settings) : readPath(text, settings);
  return strictness === "allow" ? withOtherForms(reading) : reading;
}

/** To a deny each form is a reading of its own. */
function withOtherForms(reading: PathReading): PathReading {
  if (reading.kind === "unknown") return reading;
  const forms = canonicalForms(reading.walked);
  if (forms === undefined) return unknown("its characters cannot be told");
  const otherForms = forms.filter((form) => !reading.walked.includes(form));
  return otherForms.length === 0 ? reading : { ...reading, otherForms };
}

/** Why a text has no one meaning as a path, under either strictness; undefined where it has. */
function findTrouble(text: string, { style }: PathSettings): string | undefined {
  if (text === "") return "it is empty";
  if (holdsControl(text)) return "it holds a control character";
  if (!text.isWellFormed()) return "it is not valid Unicode";
  if (text.startsWith("~")) return "it begins with ~";
  // UNC names and \\.\ devices; two slashes are left to the implementation (POSIX.1-2024, 4.16).
  if (doubleSlash.test(text)) return "it could name another machine or a device";
  return style === "windows" ? findWindowsTrouble(text) : undefined;
}
const doubleSlash = /^[\\/]{2}/;

/** Why a text that is one path to the kernel could be another to a server; undefined where it could not. */
function findAmbiguity(text: string, { style }: PathSettings): string | undefined {
  if (style === "posix") {
    if (text.includes("\\")) return "it holds a backslash";
    if (schemeOrHost.test(text)) return "it begins like a URL, a drive or another machine";
    // Elsewhere a colon is no matter: the stream of a file, which Windows names behind one, lies where the file lies.
    if (oddColon.test(text)) return "it holds a colon where a drive or a URL could begin";
    if (shortName.test(text)) return "it could be a short name of Windows";
    if (endsNameWithDot.test(text)) return "it has a name that ends in a dot or a space";
  } else {
    const why = findWindowsAmbiguity(text);
    if (why !== undefined) return why;
  }
  if (text.startsWith("$")) return "it begins with $";
  if (stripSpelling(text) !== text) return "it begins or ends with white space or a quote";
  if (separatorLike.test(text)) return "it holds characters that some servers read as / or .";
  if (invisible.test(text)) return "it holds characters that cannot be seen";
  return undefined;
}
const plainPath = /^[\w/.-]+$/;
/** Also `host:a` and `me@host:a`, which are on another machine to scp, rsync and git, and `data:a`. */
const schemeOrHost = /^[^/]*:/;
/** Behind nothing but dots, or before a slash. */
const oddColon = /(?:^|\/)\.*:|:\//;
const shortName = /~[0-9]/;
/** Names that Windows takes the end of; `.` and `..` are none. */
const endsNameWithDot = /(?:[^./]\.+| |\.{3})(?:\/|$)/;

/**
 * What NFKC (UAX #15) makes `/`, `\`, `:`, `%`, `~` or a name of dots of, and slashes that Windows takes for the plain one
 * where it leaves Unicode ("best fit").
 */
const separatorLike =
  /[\u2024-\u2026\u2044\u2100\u2101\u2105\u2106\u2215\u2216\u29f5\u29f8\u29f9\u2a74\ufe13\ufe19\ufe30\ufe52\ufe55\ufe68\ufe6a\uff05\uff0e\uff0f\uff1a\uff3c\uff5e]/;

/** Text direction, zero width, tags, line ends. The two joiners stand in the names of files in Persian and in emoji. */
const invisible = /(?![\u200c\u200d])[\p{Cf}\u2028\u2029]/u;

const fileUri = /^file:/i;

/**
 * A `file:` URI (RFC 8089) leads to its path; a server that knows no URIs takes it for a relative path, one that only
 * cuts `file://` off keeps host, query and fragment. Each is a reading.
 */
function readFileUri(
  uri: string,
  strictness: Strictness,
  settings: PathSettings,
  isUri: boolean,
): readonly PathReading[] {
  const host = uriHost.exec(uri)?.[1] ?? "";
  const paths = new Set<string>();
  const behindHost = uri.replace(uriHost, "").replace(fileUri, "");
  let sound = true;
  for (
    const written of [pathOfFileUri(uri) ?? "", behindHost, uri.replace(fileUri, "").replace(/^[\\/]{2}/, "")]
  ) {
    const decodings = percentDecodings(written);
    if (!decodings.sound) sound = false;
    for (const path of decodings.texts) {
      paths.add(path);
      // To a URL parser file:a is the a of the root directory.
      if (!/^[\\/]/.test(path)) paths.add(`/${path}`);
    }
  }
  const readings: PathReading[] = [];
  for (const path of paths) {
    // What a slash and a drive begin is a drive: file:///C:/x.
    const place = settings.style === "windows" ? path.replace(/^[\\/](?=[A-Za-z]:)/, "") : path;
    readings.push(
      fileUri.test(place)
        ? unknown("it is a file: URI within another")
        : readOne(place, strictness, settings),
    );
  }
  if (!isUri && settings.style === "posix" && !holdsControl(uri) && uri.isWellFormed()) {
    readings.push(readPath(uri, settings));
  }
  if (host !== "" && host.toLowerCase() !== "localhost") readings.push(unknown("it names another machine"));
  if (!sound) readings.push(unknown("its percent-encoding has no one meaning"));
  return readings;
}
const uriHost = /^file:[\\/]{2}([^/\\?#]*)/i;
