/** URIs as servers could read them: dot segments, and the spellings of `file:`. */

import { percentDecodings } from "./text_readings.ts";

/**
 * Whether a URI climbs, percent-decoded or not. `file:///tmp/../etc/passwd` is a match of the glob `file:///tmp/*` and
 * no file in /tmp.
 */
export function hasDotSegment(uri: string): boolean {
  return percentDecodings(uri).texts.some((text) => dotSegment.test(text));
}
/** RFC 3986, section 3.3; `\` because WHATWG URL takes it for a slash. */
const dotSegment = /(?:^|[/\\])\.\.?(?:$|[/\\?#])/;

/** A URI without dot segments (RFC 3986, section 5.2.4), and a file: URI with an empty authority (RFC 8089). */
export function normalizeUri(uri: string): string {
  const parts = uriParts.exec(uri);
  if (parts === null) return uri;
  const [, scheme, authority = "", path, rest] = parts;
  const isFile = scheme.toLowerCase() === "file:";
  if (!isFile && !dotSegment.test(path)) return uri;
  return `${scheme}${isFile ? "//" : authority}${removeDotSegments(path)}${rest}`;
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
