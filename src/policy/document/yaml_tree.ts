/** A YAML document as a tree of plain values, each with its place in the text. */

import type { TextPosition } from "../../errors.ts";

export type YamlNode = YamlScalar | YamlList | YamlMap;

export interface YamlScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As it stands in the text, quotes taken off; empty where nothing was written. */
  readonly source: string;
  readonly quoted: boolean;
  readonly at: TextPosition;
}

export interface YamlList {
  readonly kind: "list";
  readonly items: readonly YamlNode[];
  readonly at: TextPosition;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyAt: TextPosition;
  /** Where the key's text begins, behind a quote; undefined where characters of it are escaped. */
  readonly keyTextAt: TextPosition | undefined;
  readonly value: YamlNode;
}

export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  readonly at: TextPosition;
}

/** The tree without its places: what a schema looks at. */
export function plainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plainValue);
    case "map":
      // fromEntries defines `__proto__` as a key like any other.
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainValue(value)]));
  }
}

/** The tree as JSON text, numbers spelt as they were. */
export function toJson(node: YamlNode): string {
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "number" ? node.source : JSON.stringify(node.value);
    case "list":
      return `[${node.items.map(toJson).join(",")}]`;
    case "map":
      return `{${node.entries.map(({ key, value }) => `${JSON.stringify(key)}:${toJson(value)}`).join(",")}}`;
  }
}

/** What a key of a map holds; undefined where the node is no map or has no such key. */
export function entryOf(node: YamlNode, key: string): YamlEntry | undefined {
  return node.kind === "map" ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** The node at a path of keys and list positions; undefined where the path leaves the tree. */
export function nodeAt(root: YamlNode, path: readonly PropertyKey[]): YamlNode | undefined {
  let node: YamlNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = node.kind === "list" ? node.items[Number(step)] : entryOf(node, String(step))?.value;
  }
  return node;
}
