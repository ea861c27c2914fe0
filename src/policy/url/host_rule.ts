/** What a policy says of hosts. */

import { type Address, type AddressRange, formatAddress, isInRange, networkOf } from "./address.ts";
import { embeddedIPv4, readAddress, readRange } from "./address.ts";
import { readHost, type UrlHost } from "./read_url.ts";
import { findSpecialAddress, findSpecialName } from "./special.ts";
import type { Strictness } from "../answer.ts";

/** One host, or some that belong together. */
export type HostRule =
  /** Whatever is not known to be elsewhere. */
  | { readonly kind: "public" }
  /** In the form of {@linkcode UrlHost}. */
  | { readonly kind: "name"; readonly name: string }
  /** `*.name`: every name below, at any depth, and not the name itself. */
  | { readonly kind: "below"; readonly name: string }
  /** One address (all bits), or a block of them. */
  | { readonly kind: "range"; readonly range: AddressRange };

/** What is wrong with a host in a policy. */
export interface HostProblem {
  readonly kind: "problem";
  readonly what: string;
  readonly hint: string;
}

/** Reads an entry of `host`. `public` is a word of its own, and none of them. */
export function readHostRule(text: string): HostRule | HostProblem {
  const problem = (what: string, hint: string): HostProblem => ({ kind: "problem", what, hint });
  if (/[\p{C}\p{Z}]/u.test(text)) return problem("with a space or an invisible character", "Take it out");
  const url = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(text);
  if (url !== null) return problem("a URL", `Write the host alone: ${hostOf(url[1])}`);
  const address = readAddress(text);
  if (address !== undefined) return rangeOf(address);
  if (text.includes("/")) {
    const block = readRange(text);
    if (block === undefined) return problem("which is no host", `Write the host alone: ${hostOf(text)}`);
    const network = networkOf(block);
    if (formatAddress(network) !== formatAddress(block.bytes)) {
      return problem(
        "with bits behind the prefix",
        `Write the block as ${formatAddress(network)}/${block.bits}`,
      );
    }
    return { kind: "range", range: block };
  }
  if (text.includes("@")) return problem("with a user name", `Write the host alone: ${hostOf(text)}`);
  if (/^[^:]*:[0-9]*$/.test(text)) {
    return problem("with a port", `Write the host alone, and the port in "port": ${hostOf(text)}`);
  }
  if (text === "*") return problem("every host", 'Leave "host" out, or write host: public');
  const star = text.startsWith("*.");
  const name = star ? text.slice(2) : text;
  if (/[*?]/.test(name)) {
    return problem("with a star inside", 'A star stands for whole names in front: "*.example.org"');
  }
  const host = readHost(name);
  if (typeof host === "string") return problem(explain(host), hintFor(name));
  if (host.kind === "address") return problem("a star before an address", "Write a block, as in 10.0.0.0/8");
  return { kind: star ? "below" : "name", name: host.name };
}

function rangeOf(address: Address): HostRule {
  return { kind: "range", range: { bytes: address, bits: address.length * 8 } };
}

/** The host inside something longer, for a suggestion. */
function hostOf(text: string): string {
  const authority = text.split(/[/?#]/)[0];
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:[0-9]*$/, "");
  return host === "" ? "api.example.com" : host;
}

function explain(why: string): string {
  return `which no URL could have: ${why.replace(/^its /, "the ").replace(/^it /, "the entry ")}`;
}

function hintFor(name: string): string {
  if (/^[0-9a-fx.]+$/i.test(name)) return "Write an address as four decimal numbers: 127.0.0.1";
  if (/[^\0-\x7f]/.test(name)) return "Write it as the DNS does, with xn--";
  return "Write a name such as api.example.com";
}

/** Whether a host is one of those that the rule speaks of. */
export function coversHost(rule: HostRule, host: UrlHost, strictness: Strictness): boolean {
  switch (rule.kind) {
    case "public":
      return findSpecialHost(host) === undefined;
    case "name":
      return host.kind === "name" && host.name === rule.name;
    case "below":
      return host.kind === "name" && host.name.endsWith(`.${rule.name}`);
    case "range":
      if (host.kind !== "address") return false;
      if (isInRange(rule.range, host.address)) return true;
      return strictness === "deny" &&
        embeddedIPv4(host.address).some((embedded) => isInRange(rule.range, embedded));
  }
}

/** Why a host is not public; undefined where it may be. */
export function findSpecialHost(host: UrlHost): string | undefined {
  return host.kind === "name" ? findSpecialName(host.name) : findSpecialAddress(host.address);
}

/** As an author writes it. */
export function describeHostRule(rule: HostRule): string {
  switch (rule.kind) {
    case "public":
      return "public";
    case "name":
      return rule.name;
    case "below":
      return `*.${rule.name}`;
    case "range": {
      const { bytes, bits } = rule.range;
      const address = formatAddress(bytes);
      return bits === bytes.length * 8 ? address : `${address}/${bits}`;
    }
  }
}

/** A host as a sentence names it. */
export function describeHost(host: UrlHost): string {
  return host.kind === "name" ? host.name : formatAddress(host.address);
}
