/**
 * The parts of a URL, if every reader finds the same: RFC 3986 and WHATWG URL, old parsers and lenient ones. Where they
 * part is where a filter looks at one host and the server behind it asks another ("A New Era of SSRF", Black Hat 2017),
 * so such a text has no reading at all.
 */

import { checkedTextCharactersMax } from "../../limits.ts";
import { type Address, formatAddress, readAddress, readIPv4 } from "./address.ts";

/** Where a URL leads, in the one form in which it is compared. */
export type UrlHost =
  /** Lower case, A-labels (RFC 5890), without a dot at the end. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "address"; readonly address: Address };

export type UrlReading =
  | {
    readonly kind: "url";
    /** Lower case. */
    readonly scheme: string;
    readonly host: UrlHost;
    /** As it stands in the URL; undefined where none stands there. */
    readonly port: number | undefined;
  }
  | { readonly kind: "unknown"; readonly why: string };

/** The ports of schemes whose URLs need not name one (URL Standard, special schemes). */
export const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
  ["ws", 80],
  ["wss", 443],
  ["ftp", 21],
]);

/** Reads an absolute URL with a host. */
export function readUrl(text: string): UrlReading {
  if (text.length > checkedTextCharactersMax) return unknown("it is too long");
  // WHATWG takes tabs and line ends out, cuts spaces off, and reads \ as /; others keep them.
  if (!plainAscii.test(text) && odd.test(text)) {
    return unknown("it holds a space, a backslash or a character that cannot be seen");
  }
  const parts = absolute.exec(text);
  if (parts === null) return unknown("it is no absolute URL with two slashes behind its scheme");
  const [, writtenScheme, authority, rest] = parts;
  const scheme = writtenScheme.toLowerCase();
  if (scheme === "file") return unknown("a file: URL leads to no host");
  // WHATWG goes on to the next name behind further slashes.
  if (authority === "") return unknown("it names no host");
  if (authority.includes("@")) return unknown("a user name stands before its host");
  // Parsers older than RFC 3986 end the user name here.
  if (rest !== "" && rest[0] !== "/" && hiddenAt.test(rest)) {
    return unknown("an @ stands behind its host without a slash between");
  }
  const end = hostAndPort.exec(authority);
  if (end === null) return unknown("its host and port have no one meaning");
  const port = end[2] === undefined ? undefined : readPort(end[2]);
  if (port === "unknown") return unknown("its port has no one meaning");
  const host = readHost(end[1]);
  if (typeof host === "string") return unknown(host);
  return agreesWithWhatwg(text, scheme, host, port)
    ? { kind: "url", scheme, host, port }
    : unknown("parsers of URLs read it differently");
}
const plainAscii = /^[!-[\]-~]*$/;
const odd = /[\p{C}\p{Z}\\]/u;
const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s;
const hiddenAt = /@|%(?:25)*40/i;
const hostAndPort = /^(\[[^[\]]*\]|[^:[\]]*)(?::(.*))?$/s;

function unknown(why: string): UrlReading {
  return { kind: "unknown", why };
}

/** Decimal, without leading zeros; none at all behind the colon is the default to some and an error to others. */
function readPort(text: string): number | "unknown" {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return "unknown";
  const port = Number(text);
  return port <= 65_535 ? port : "unknown";
}

/** Reads a host as it stands in a URL; a sentence where it has no one meaning. */
export function readHost(text: string): UrlHost | string {
  if (text.startsWith("[")) {
    const address = readAddress(text);
    return address === undefined ? "its address has no one meaning" : { kind: "address", address };
  }
  if (text === "") return "it names no host";
  const ascii = beyondAscii.test(text) ? toAscii(text) : text.toLowerCase();
  if (ascii === undefined) return "its host has letters that readers map differently";
  return readAsciiHost(ascii);
}
// deno-lint-ignore no-control-regex -- the class is all of ASCII
const beyondAscii = /[^\x00-\x7f]/;

function readAsciiHost(text: string): UrlHost | string {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length > hostCharactersMax || !name.split(".").every((label) => plainLabel.test(label))) {
    return "its host is no plain name";
  }
  // 127.1, 0177.0.0.1, 0x7f000001 and 2130706433 are 127.0.0.1 to inet_aton(3) and WHATWG, and names to others.
  if (endsInNumber.test(name)) {
    const address = readIPv4(text);
    return address === undefined
      ? "its host is a number that readers take for different addresses"
      : { kind: "address", address };
  }
  return { kind: "name", name };
}
/** RFC 1035, section 2.3.4, without the final dot. */
const hostCharactersMax = 253;
/** RFC 1123, section 2.1: no underscore, which java.net.URI takes for no host at all. */
const plainLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** URL Standard, "ends in a number checker". */
const endsInNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * A host with letters beyond ASCII in A-labels; undefined where IDNA 2003, IDNA 2008 and UTS #46 could differ. They do
 * on what they map (case, compatibility forms, ß, ς, joiners), so only what none of them maps is taken.
 */
function toAscii(host: string): string | undefined {
  if (host.length > hostCharactersMax || !plainLetters.test(host)) return undefined;
  if (host.normalize("NFKC") !== host || host.toUpperCase().toLowerCase() !== host) return undefined;
  if (/(?:^|\.)xn--/.test(host)) return undefined;
  return URL.parse(`https://${host}/`)?.hostname;
}
/** No dots and digits but those of ASCII: others are mapped to them (U+3002, U+FF10), or read as numbers. */
const plainLetters = /^[a-z0-9.\p{L}\p{M}-]*$/u;

function agreesWithWhatwg(text: string, scheme: string, host: UrlHost, port: number | undefined): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol !== `${scheme}:` || url.username !== "" || url.password !== "") {
    return false;
  }
  const wanted = port === undefined || port === defaultPorts.get(scheme) ? "" : String(port);
  if (url.port !== wanted) return false;
  const hostname = url.hostname.toLowerCase();
  if (host.kind === "name") return hostname === host.name || hostname === `${host.name}.`;
  const address = readAddress(hostname);
  return address !== undefined && formatAddress(address) === formatAddress(host.address);
}
