/** The check `url` read straight from its description. Knows which hosts are public only among those of these tests. */

import type { UrlRule } from "../../../src/policy/url/answer_url.ts";
import type { HostRule } from "../../../src/policy/url/host_rule.ts";

const publicHosts = ["example.com", "api.example.com", "a.b.example.org", "xn--mnchen-3ya.de", "8.8.8.8"];
const ownPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443, ftp: 21 };

interface Parts {
  readonly scheme: string;
  readonly name: string | undefined;
  /** The bits of an address as zeros and ones. */
  readonly bits: string | undefined;
  readonly port: number | undefined;
}

/** −1 no, 0 unknown, 1 yes. */
export function naiveUrlAnswer(rule: UrlRule, text: string, mode: "allow" | "deny"): -1 | 0 | 1 {
  const url = split(text);
  if (url === undefined) return 0;
  const schemes = rule.schemes ?? (mode === "allow" ? ["http", "https"] : [url.scheme]);
  if (!schemes.includes(url.scheme)) return -1;
  if (rule.hosts !== undefined && !rule.hosts.some((host) => isMeant(host, url, mode))) return -1;
  if (rule.ports === "any" || (rule.ports === undefined && mode === "deny")) return 1;
  const own = ownPorts[url.scheme];
  const port = url.port ?? own;
  if (rule.ports === undefined) return port === own ? 1 : -1;
  if (port === undefined) return 0;
  return rule.ports.includes(port) ? 1 : -1;
}

/** The parts, each read on its own; undefined where one could be read in two ways. */
function split(text: string): Parts | undefined {
  if ([...text].some((character) => character === "\\" || /[\p{C}\p{Z}]/u.test(character))) return undefined;
  const [front, ...behind] = text.split("://");
  const scheme = front.toLowerCase();
  if (behind.length === 0 || !/^[a-z][a-z0-9+.-]*$/.test(scheme) || scheme === "file") return undefined;
  const after = behind.join("://");
  const authority = after.split(/[/?#]/)[0];
  let rest = after.slice(authority.length);
  while (/%(25|40)/.test(rest)) rest = rest.replaceAll("%25", "%").replaceAll("%40", "@");
  if (authority.includes("@") || (!rest.startsWith("/") && rest.includes("@"))) return undefined;
  const [, host, , written] = /^(\[.*\]|[^:]*)(:(.*))?$/.exec(authority) ?? [];
  if (host === undefined || host === "") return undefined;
  if (written !== undefined && (!/^[1-9][0-9]*$/.test(written) || Number(written) > 65535)) return undefined;
  const parsed = URL.parse(`https://${host}/`);
  if (parsed === null) return undefined;
  const port = written === undefined ? undefined : Number(written);
  if (host.startsWith("[")) return { scheme, port, name: undefined, bits: bitsOf(parsed.hostname) };
  // What is mapped, or a number in an odd spelling, is not what it was.
  const shown = parsed.hostname;
  const isAscii = [...host].every((character) => character.charCodeAt(0) < 128);
  if (isAscii ? shown !== host.toLowerCase() : host !== host.normalize("NFKC").toLowerCase()) {
    return undefined;
  }
  if (!isAscii && /[ßς\u200c\u200d。\u0660-\u0669]/.test(host)) return undefined;
  if (/^[0-9.]+$/.test(shown)) {
    return shown.endsWith(".") || !isAscii
      ? undefined
      : { scheme, port, name: undefined, bits: bitsOf(shown) };
  }
  const name = shown.endsWith(".") ? shown.slice(0, -1) : shown;
  const isPlain = name.split(".").every((label) => /^[a-z0-9-]+$/.test(label) && !/^-|-$/.test(label));
  return isPlain ? { scheme, port, name, bits: undefined } : undefined;
}

/** From the canonical spelling of WHATWG: no embedded dots, one `::`. */
function bitsOf(hostname: string): string {
  if (!hostname.startsWith("[")) {
    return hostname.split(".").map((part) => Number(part).toString(2).padStart(8, "0")).join("");
  }
  const [head, tail] = hostname.slice(1, -1).split("::").map((half) =>
    half.split(":").filter((one) => one !== "")
  );
  const groups = tail === undefined
    ? head
    : [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail];
  return groups.map((group) => parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

function isMeant(rule: HostRule, { name, bits }: Parts, mode: "allow" | "deny"): boolean {
  switch (rule.kind) {
    case "public":
      return publicHosts.some((host) =>
        host === name || (/^[0-9]/.test(host) && bits !== undefined && bitsOf(host) === bits)
      );
    case "name":
      return name === rule.name;
    case "below":
      return name !== undefined && name !== rule.name && name.endsWith(`.${rule.name}`);
    case "range": {
      if (bits === undefined) return false;
      const wanted = rule.range.bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
      const prefix = wanted.slice(0, rule.range.bits);
      const inside = (some: string) => some.length === wanted.length && some.startsWith(prefix);
      const mapped = "0".repeat(80) + "1".repeat(16);
      return inside(bits) ||
        (mode === "deny" && bits.startsWith(mapped) && inside(bits.slice(mapped.length)));
    }
  }
}
