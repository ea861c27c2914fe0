/** URIs as servers could read them: dot segments, and the spellings of `file:`. */

import { percentDecodings, upToNul } from "./text_readings.ts";

/**
 * Whether a URI climbs for any reader, percent-decoded or not. `file:///tmp/../etc/passwd` is a match of the glob
 * `file:///tmp/*` and no file in /tmp; nor is `file:///tmp/.<tab>./etc/passwd`, from which a URL parser takes the tab.
 */
export function hasDotSegment(uri: string): boolean {
  return percentDecodings(uri).texts.some((written) => {
    const text = written.replace(dotLike, (character) => character.normalize("NFKC"));
    const stripped = stripUri(text);
    return dotSegment.test(text) || dotSegment.test(stripped) || dotSegment.test(upToNul(stripped));
  });
}
/** What NFKC makes dots or slashes of (UAX #15). */
const dotLike = /[\u2024-\u2026\ufe19\ufe30\ufe52\ufe68\uff0e\uff0f\uff3c]/g;
/** RFC 3986, section 3.3; `\` because WHATWG URL takes it for a slash. */
const dotSegment = /(?:^|[/\\])\.\.?(?:$|[/\\?#])/;

/**
 * A URI as WHATWG URL parsers begin to read it: without control characters and spaces around it, and without tabs and
 * line ends anywhere (URL Standard, basic URL parser, steps 1 to 3).
 */
export function stripUri(uri: string): string {
  // (Not by a pattern: one for a run at the end begins anew at each character of every other run.)
  let start = 0;
  let end = uri.length;
  while (start < end && uri.charCodeAt(start) <= space) start++;
  while (end > start && uri.charCodeAt(end - 1) <= space) end--;
  return uri.slice(start, end).replace(droppedInUri, "");
}
const space = 0x20;
const droppedInUri = /[\t\n\r]/g;

/** What a URI comes to beside itself: stripped, and each of the two normalized. */
export function uriReadings(uri: string): readonly string[] {
  const stripped = stripUri(uri);
  return stripped === uri ? [normalizeUri(uri)] : [normalizeUri(uri), stripped, normalizeUri(stripped)];
}

/**
 * A URI without dot segments (RFC 3986, section 5.2.4), and a file: URI with an empty authority (RFC 8089) and a path
 * from the root on, as URL parsers read `file:etc` too.
 */
export function normalizeUri(uri: string): string {
  const parts = uriParts.exec(uri);
  if (parts === null) return uri;
  const [, scheme, authority = "", path, rest] = parts;
  const isFile = scheme.toLowerCase() === "file:";
  if (!isFile && !dotSegment.test(path)) return uri;
  if (!isFile) return `${scheme}${authority}${removeDotSegments(path)}${rest}`;
  return `${scheme}//${removeDotSegments(/^[/\\]/.test(path) ? path : `/${path}`)}${rest}`;
}
const uriParts = /^([A-Za-z][A-Za-z0-9+.-]*:)([/\\]{2}[^/\\?#]*)?([^?#]*)(.*)$/s;

function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.replaceAll("\\", "/").split("/");
  const isRooted = segments[0] === "";
  segments.forEach((segment, index) => {
    if (segment === "..") kept.pop();
    else if (segment !== "." && (segment !== "" || index === segments.length - 1)) kept.push(segment);
  });
  return `${isRooted ? "/" : ""}${kept.join("/")}`;
}

/** The path that a file: URI names, still percent-encoded, without query and fragment; undefined for other texts. */
export function pathOfFileUri(uri: string): string | undefined {
  return fileUri.exec(uri)?.[1];
}
const fileUri = /^file:(?:[/\\]{2}[^/\\?#]*(?=[/\\]))?([^?#]*)/i;
