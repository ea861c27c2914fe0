/** Hosts that are not on the public Internet, as far as a name or an address alone can tell. */

import { type Address, embeddedIPv4, isInRange, range } from "./address.ts";

/**
 * IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), also those blocks that are reachable
 * from everywhere: no web site stands in any of them. The first that fits names the address.
 */
const specialRanges = ([
  ["0.0.0.0/8", "this network, RFC 791"],
  ["10.0.0.0/8", "private, RFC 1918"],
  ["100.64.0.0/10", "shared by a provider's customers, RFC 6598"],
  ["127.0.0.0/8", "loopback, RFC 1122"],
  // Link-local holds the metadata services of most clouds (169.254.169.254).
  ["169.254.0.0/16", "link-local, RFC 3927"],
  ["172.16.0.0/12", "private, RFC 1918"],
  ["192.0.0.0/24", "protocol assignments, RFC 6890"],
  ["192.0.2.0/24", "documentation, RFC 5737"],
  ["192.31.196.0/24", "AS112, RFC 7535"],
  ["192.52.193.0/24", "multicast tunnels, RFC 7450"],
  ["192.88.99.0/24", "6to4 relays, RFC 7526"],
  ["192.168.0.0/16", "private, RFC 1918"],
  ["192.175.48.0/24", "AS112, RFC 7534"],
  ["198.18.0.0/15", "benchmarks, RFC 2544"],
  ["198.51.100.0/24", "documentation, RFC 5737"],
  ["203.0.113.0/24", "documentation, RFC 5737"],
  ["224.0.0.0/4", "multicast, RFC 5771"],
  ["255.255.255.255/32", "broadcast, RFC 919"],
  ["240.0.0.0/4", "reserved, RFC 1112"],
  // In no registry: the platform's own address inside every machine of Azure.
  ["168.63.129.16/32", "the platform address of Azure"],

  ["::/128", "unspecified, RFC 4291"],
  ["::1/128", "loopback, RFC 4291"],
  ["::ffff:0:0/96", "an IPv4 address in IPv6, RFC 4291"],
  ["::/96", "an IPv4 address in IPv6, RFC 4291"],
  ["64:ff9b::/96", "translated to IPv4, RFC 6052"],
  ["64:ff9b:1::/48", "translated to IPv4, RFC 8215"],
  ["100::/64", "discarded, RFC 6666"],
  ["100:0:0:1::/64", "a dummy, RFC 9780"],
  ["2001::/32", "Teredo, RFC 4380"],
  ["2001:2::/48", "benchmarks, RFC 5180"],
  ["2001::/23", "protocol assignments, RFC 2928"],
  ["2001:db8::/32", "documentation, RFC 3849"],
  ["2002::/16", "6to4, RFC 3056"],
  ["2620:4f:8000::/48", "AS112, RFC 7534"],
  ["3fff::/20", "documentation, RFC 9637"],
  ["5f00::/16", "segment routing, RFC 9602"],
  ["fc00::/7", "unique local, RFC 4193"],
  ["fe80::/10", "link-local, RFC 4291"],
  ["fec0::/10", "site-local, RFC 3879"],
  ["ff00::/8", "multicast, RFC 4291"],
] as const).map(([text, what]) => ({ range: range(text), what }));

/** RFC 4291, section 2.4: the only part of IPv6 from which global unicast addresses are given out. */
const globalUnicast = range("2000::/3");

/** What kind of special address it is; undefined for a public one. */
export function findSpecialAddress(address: Address): string | undefined {
  for (const { range, what } of specialRanges) if (isInRange(range, address)) return what;
  if (address.length === 16 && !isInRange(globalUnicast, address)) return "not given out, RFC 4291";
  for (const embedded of embeddedIPv4(address)) {
    const what = findSpecialAddress(embedded);
    if (what !== undefined) return `an IPv4 address in IPv6: ${what}`;
  }
  return undefined;
}

/** Last labels under which nobody can have a public name. */
const specialEndings: ReadonlyMap<string, string> = new Map([
  ["localhost", "loopback, RFC 6761"],
  ["local", "the local link, RFC 6762"],
  // ICANN board resolution 2024.07.29.06; metadata.google.internal, host.docker.internal.
  ["internal", "private use, ICANN 2024"],
  ["arpa", "infrastructure, RFC 3172; home.arpa, RFC 8375"],
  ["test", "tests, RFC 6761"],
  ["example", "documentation, RFC 6761"],
  ["invalid", "never a host, RFC 6761"],
  ["onion", "Tor, RFC 7686"],
  ["alt", "not the DNS, RFC 9476"],
  // Never to be delegated (ICANN, name collisions), and in use in private networks.
  ["corp", "private networks"],
  ["home", "private networks"],
  ["mail", "private networks"],
  // RFC 6762, appendix G; routers and clusters give them out.
  ["intranet", "private networks"],
  ["private", "private networks"],
  ["lan", "private networks"],
  ["localdomain", "private networks"],
  ["svc", "services of a cluster"],
]);

/** What kind of special name it is; undefined for one that may be public. Lower case, without a dot at the end. */
export function findSpecialName(name: string): string | undefined {
  // Google's metadata service has a name below a public ending too.
  if (name === "metadata.goog" || name.endsWith(".metadata.goog")) return "a metadata service";
  const dot = name.lastIndexOf(".");
  const special = specialEndings.get(name.slice(dot + 1));
  if (special !== undefined) return special;
  return dot < 0 ? "a name without a dot" : undefined;
}
