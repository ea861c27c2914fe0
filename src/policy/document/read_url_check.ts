/** The check `url` of a policy: schemes, hosts and ports as they are compared, or what is wrong with them. */

import type { Check } from "../rule.ts";
import { quote } from "../sentence.ts";
import { type HostRule, readHostRule } from "../url/host_rule.ts";
import type { Report } from "./diagnostic.ts";
import { describeNode } from "./shape_issue.ts";
import { nearest } from "./suggest.ts";
import { entryOf, type YamlNode } from "./yaml_tree.ts";

const commonSchemes = ["http", "https", "ws", "wss", "ftp"];

/** Reads the map below `url`, whose shape is right; `undefined` where the report now says what is wrong. */
export function readUrlCheck(node: YamlNode, report: Report): Check | undefined {
  const scheme = entryOf(node, "scheme")?.value;
  const host = entryOf(node, "host")?.value;
  const port = entryOf(node, "port")?.value;
  if (scheme === undefined && host === undefined && port === undefined) {
    report.error("policy_bad_value", node.at, '"url" has no part', "Name hosts, or write host: public");
    return undefined;
  }
  const schemes = scheme && readAll(scheme, (item) => readScheme(item, report));
  const hosts = host && (isPublic(host) ? [publicHosts] : readAll(host, (item) => readHost(item, report)));
  const ports = port && (isWord(port, "any") ? "any" : readAll(port, (item) => readPort(item, report)));
  if ((scheme && !schemes) || (host && !hosts) || (port && !ports)) return undefined;
  return {
    kind: "url",
    rule: { ...(schemes && { schemes }), ...(hosts && { hosts }), ...(ports && { ports }) },
    at: node.at,
  };
}

const publicHosts: HostRule = { kind: "public" };

function isPublic(node: YamlNode): boolean {
  return isWord(node, "public");
}

function isWord(node: YamlNode, word: string): boolean {
  return node.kind === "scalar" && node.value === word;
}

/** Each item of a list, or the one value that stands for a list; `undefined` if one is. */
function readAll<T>(node: YamlNode, read: (item: YamlNode) => T | undefined): T[] | undefined {
  const items = (node.kind === "list" ? node.items : [node]).map(read);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function textOf(node: YamlNode): string {
  return node.kind === "scalar" ? String(node.value) : "";
}

function readPort(node: YamlNode, report: Report): number | undefined {
  if (node.kind === "scalar" && typeof node.value === "number") return node.value;
  const text = textOf(node);
  const hint = /^[0-9]+$/.test(text) ? `Write the number: ${Number(text)}` : "Write a number, or port: any";
  report.error("policy_wrong_type", node.at, `"port" is ${describeNode(node)}`, hint);
  return undefined;
}

function readScheme(node: YamlNode, report: Report): string | undefined {
  const text = textOf(node);
  const scheme = text.toLowerCase();
  // RFC 3986, section 3.1.
  if (/^[a-z][a-z0-9+.-]*$/.test(scheme)) return scheme;
  const bare = /^([a-z][a-z0-9+.-]*):/.exec(scheme)?.[1] ?? nearest(scheme, commonSchemes) ?? "https";
  report.error(
    "policy_bad_value",
    node.at,
    `"scheme" names ${describeNode(node)}`,
    `Write its name alone: ${bare}`,
  );
  return undefined;
}

function readHost(node: YamlNode, report: Report): HostRule | undefined {
  if (isPublic(node)) {
    const hint = "host: public stands for all of them; allow further hosts by a rule of their own";
    report.error("policy_bad_value", node.at, `"host" names ${quote("public")} in a list`, hint);
    return undefined;
  }
  const read = readHostRule(textOf(node));
  if (read.kind !== "problem") return read;
  const what = `"host" names ${describeNode(node)}${read.what.startsWith("which") ? "," : ""} ${read.what}`;
  report.error(
    "policy_bad_value",
    node.at,
    what.replace(/ (a URL|every host|a star before)/, ", $1"),
    read.hint,
  );
  return undefined;
}
