/** The check `url`: whether a text is a URL of certain schemes, hosts and ports. */

import type { Answer, Strictness } from "../answer.ts";
import { coversHost, describeHost, describeHostRule, findSpecialHost, type HostRule } from "./host_rule.ts";
import { defaultPorts, readUrl, type UrlReading } from "./read_url.ts";

/** What the parts of a URL must be. */
export interface UrlRule {
  /** Lower case. Absent: `http` and `https` to an allow, any to a deny. */
  readonly schemes?: readonly string[];
  /** Absent: any. */
  readonly hosts?: readonly HostRule[];
  /** Absent: the scheme's own to an allow, any to a deny. */
  readonly ports?: readonly number[] | "any";
}

/** Unknown where the text is no URL that every reader takes alike. */
export function answerUrl(rule: UrlRule, text: string, strictness: Strictness): Answer {
  const reading = readUrl(text);
  if (reading.kind === "unknown") return "unknown";
  if (!isScheme(rule, reading, strictness) || !isHost(rule, reading, strictness)) return "no";
  return answerPort(rule, reading, strictness);
}

type Url = UrlReading & { readonly kind: "url" };

const webSchemes: readonly string[] = ["http", "https"];

function isScheme(rule: UrlRule, url: Url, strictness: Strictness): boolean {
  const schemes = rule.schemes ?? (strictness === "allow" ? webSchemes : undefined);
  return schemes === undefined || schemes.includes(url.scheme);
}

function isHost({ hosts }: UrlRule, { host }: Url, strictness: Strictness): boolean {
  return hosts === undefined || hosts.some((one) => coversHost(one, host, strictness));
}

function answerPort({ ports }: UrlRule, url: Url, strictness: Strictness): Answer {
  if (ports === "any" || (ports === undefined && strictness === "deny")) return "yes";
  const own = defaultPorts.get(url.scheme);
  if (ports === undefined) return url.port === undefined || url.port === own ? "yes" : "no";
  const port = url.port ?? own;
  // A scheme whose own port we do not know.
  if (port === undefined) return "unknown";
  return ports.includes(port) ? "yes" : "no";
}

/** What a URL must be, for a sentence: `be a URL with the scheme https and the host api.example.com`. */
export function describeUrlRule({ schemes, hosts, ports }: UrlRule): string {
  const parts: string[] = [];
  if (schemes !== undefined) parts.push(`the scheme ${list(schemes)}`);
  if (hosts !== undefined) {
    const isPublic = hosts.some(({ kind }) => kind === "public");
    parts.push(isPublic ? "a public host" : `the host ${list(hosts.map(describeHostRule))}`);
  }
  if (ports !== undefined && ports !== "any") parts.push(`the port ${list(ports.map(String))}`);
  if (parts.length === 0) return "be a URL";
  return `be a URL with ${parts.length > 1 ? parts.slice(0, -1).join(", ") + " and " : ""}${parts.at(-1)}`;
}

/** Why an allow does not take the text. */
export function explainUrl(rule: UrlRule, text: string): string {
  const url = readUrl(text);
  if (url.kind === "unknown") return url.why;
  if (!isScheme(rule, url, "allow")) return `its scheme is ${url.scheme}`;
  if (!isHost(rule, url, "allow")) {
    const host = describeHost(url.host);
    const special = rule.hosts?.some(({ kind }) => kind === "public") ? findSpecialHost(url.host) : undefined;
    return special === undefined ? `its host is ${host}` : `the host ${host} is not public (${special})`;
  }
  return url.port === undefined ? "it names no port" : `its port is ${url.port}`;
}

/** At most three, so that the sentence keeps its end. */
function list(words: readonly string[]): string {
  const shown = words.slice(0, 3);
  const left = words.length - shown.length;
  return left > 0 ? `${shown.join(", ")} or ${left} more` : shown.join(" or ");
}
