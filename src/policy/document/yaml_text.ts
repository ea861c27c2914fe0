/**
 * YAML text → a tree of plain values, each with its place in the text. Of YAML it takes the part that every reader
 * reads alike: one document of maps with text keys, lists, text, numbers as in JSON, true, false and null.
 */

import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from "yaml";
import type { TextPosition } from "../../errors.ts";
import { policyAliasesMax, policyDepthMax, policyValuesMax } from "../../limits.ts";
import { quote } from "../sentence.ts";
import type { Report } from "./diagnostic.ts";
import { aliasWords, reportSyntax } from "./yaml_syntax.ts";
import type { YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar } from "./yaml_tree.ts";

/** Reads one file. `undefined` where the report now holds at least one error. */
export function readYaml(text: string, report: Report): YamlNode | undefined {
  const lines = new LineCounter();
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (!checkCharacters(body, report)) return undefined;
  const document = parseDocument(body, {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    // Nothing is printed at any level, but at "silent" the parser also keeps a second document to itself.
    logLevel: "error",
    prettyErrors: false,
    // Compares every key with every other; ours below is linear and says where the first one stands.
    uniqueKeys: false,
  });
  const place = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(Math.min(offset, body.length));
    return { file: report.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  reportSyntax(document, body, place, report);
  if (report.failed) return undefined;
  if (document.contents === null || isNothing(document.contents)) {
    report.error(
      "policy_syntax",
      { file: report.file, line: 1, column: 1 },
      "the file is empty",
      "The shortest policy is one line, version: 1; it denies every call",
    );
    return undefined;
  }
  const root = new TreeReader(document, place, report).read(document.contents as Node, 0);
  return report.failed ? undefined : root;
}

function isNothing(node: unknown): boolean {
  return isScalar(node) && node.value === null && node.source === "";
}

/**
 * Characters that are forbidden in YAML (1.2.2 §5.1), that end a line for one reader and not for another, or that turn
 * text round on a reviewer's screen (Trojan Source, CVE-2021-42574).
 */
const badCharacter =
  /(?![\t\n\r])\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\r(?!\n)/u;

function checkCharacters(text: string, report: Report): boolean {
  const found = badCharacter.exec(text);
  if (found === null) return true;
  const before = text.slice(0, found.index).split("\n");
  const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  report.error(
    "policy_syntax",
    { file: report.file, line: before.length, column: before[before.length - 1].length + 1 },
    found[0] === "\r" ? "a carriage return that no line feed follows" : `the character U+${code}`,
    found[0] === "\r"
      ? "End lines with LF or CR LF"
      : `Take it out; where a text needs it, write it as an escape in double quotes: "\\u${code}"`,
  );
  return false;
}

/** JSON's own grammar (RFC 8259 §6): what `012`, `0x10`, `.5` and `+1` mean depends on the reader. */
const jsonNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

class TreeReader {
  #aliases = 0;
  #values = 0;
  /** Anchored values that are being read: an alias of one of them would never end. */
  readonly #open = new Set<Node>();

  constructor(
    readonly document: Document,
    readonly place: (offset: number) => TextPosition,
    readonly report: Report,
  ) {}

  /** `undefined` where the value, or something in it, was refused. */
  read(node: Node, depth: number): YamlNode | undefined {
    const at = this.place(node.range?.[0] ?? 0);
    if (++this.#values > policyValuesMax) {
      // Told once; every further value ends here at once.
      if (this.#values === policyValuesMax + 1) {
        this.report.error(
          "policy_too_large",
          at,
          `more than ${policyValuesMax} values, aliases expanded`,
          "Write rules with globs, or several policies",
        );
      }
      return undefined;
    }
    if (depth > policyDepthMax) {
      this.report.error(
        "policy_syntax",
        at,
        `values nested deeper than ${policyDepthMax}, aliases expanded`,
        "No key of a policy needs that",
      );
      return undefined;
    }
    if (isAlias(node)) return this.#readAlias(node, at, depth);
    if (node.tag !== undefined) {
      // An unknown tag would leave the value as text, and `!!binary` would make bytes of it: neither is what was written.
      this.report.error(
        "policy_syntax",
        at,
        `the tag ${quote(node.tag.replace("tag:yaml.org,2002:", "!!"))}`,
        "A policy needs no tags: put text in quotes, and write everything else plainly",
      );
      return undefined;
    }
    this.#open.add(node);
    try {
      if (isMap(node)) return this.#readMap(node.items as Pair<unknown, unknown>[], at, depth);
      if (isSeq(node)) return this.#readList(node.items, at, depth);
      if (isScalar(node)) return this.#readScalar(node, at);
    } finally {
      this.#open.delete(node);
    }
    this.report.error("policy_syntax", at, "something that is neither a map, a list nor a single value");
    return undefined;
  }

  #readAlias(node: Node & { source: string }, at: TextPosition, depth: number): YamlNode | undefined {
    if (++this.#aliases > policyAliasesMax) {
      if (this.#aliases === policyAliasesMax + 1) {
        this.report.error(
          "policy_syntax",
          at,
          `more than ${policyAliasesMax} aliases`,
          "Write out what they stand for",
        );
      }
      return undefined;
    }
    const target = isAlias(node) ? node.resolve(this.document) : undefined;
    if (target === undefined) {
      const { what, hint } = aliasWords(`*${node.source}`);
      this.report.error("policy_syntax", at, what, hint);
      return undefined;
    }
    if (this.#open.has(target)) {
      this.report.error(
        "policy_syntax",
        at,
        `the alias ${quote(`*${node.source}`)} stands inside what it names`,
      );
      return undefined;
    }
    return this.read(target, depth);
  }

  #readList(items: readonly unknown[], at: TextPosition, depth: number): YamlList | undefined {
    const read: YamlNode[] = [];
    for (const item of items) {
      if (isPair(item)) {
        this.report.error("policy_syntax", at, "a key in a list");
        continue;
      }
      const node = this.read(item as Node, depth + 1);
      if (node !== undefined) read.push(node);
    }
    return read.length === items.length ? { kind: "list", items: read, at } : undefined;
  }

  #readMap(pairs: readonly Pair<unknown, unknown>[], at: TextPosition, depth: number): YamlMap | undefined {
    const entries: YamlEntry[] = [];
    const firsts = new Map<string, TextPosition>();
    for (const pair of pairs) {
      const key = this.#readKey(pair.key, at);
      if (key === undefined) continue;
      const first = firsts.get(key.text);
      if (first !== undefined) {
        this.report.error(
          "policy_syntax",
          key.at,
          `the key ${quote(key.text)} stands twice`,
          `It stands first in line ${first.line}`,
        );
        continue;
      }
      firsts.set(key.text, key.at);
      const value = pair.value === null ? nothing(key.at) : this.read(pair.value as Node, depth + 1);
      if (value !== undefined) entries.push({ key: key.text, keyAt: key.at, keyTextAt: key.textAt, value });
    }
    return entries.length === pairs.length ? { kind: "map", entries, at } : undefined;
  }

  #readKey(key: unknown, mapAt: TextPosition): Key | undefined {
    const range = (key as Node | null)?.range;
    const at = range ? this.place(range[0]) : mapAt;
    if (isAlias(key)) {
      const { what, hint } = aliasWords(`*${key.source}`);
      this.report.error("policy_syntax", at, what, hint);
      return undefined;
    }
    const node = key === null ? undefined : this.read(key as Node, 0);
    if (node === undefined && key !== null) return undefined;
    if (node?.kind !== "scalar" || typeof node.value !== "string") {
      this.report.error("policy_syntax", at, "a key that is not text", "Put the key in quotes");
      return undefined;
    }
    if (node.value === "<<" && !node.quoted) {
      this.report.error("policy_syntax", at, "a merge key (<<)", "YAML 1.2 has none: write the keys out");
      return undefined;
    }
    return { text: node.value, at, textAt: textPlace(node.value, at, (key as Scalar).type) };
  }

  #readScalar(node: Scalar, at: TextPosition): YamlScalar | undefined {
    const { value } = node;
    const source = node.source ?? "";
    const quoted = node.type !== "PLAIN";
    switch (typeof value) {
      case "string":
        if (!value.isWellFormed()) {
          this.report.error("policy_syntax", at, "a lone surrogate (\\uD800 to \\uDFFF without its partner)");
          return undefined;
        }
        return { kind: "scalar", value, source, quoted, at };
      case "number":
        if (jsonNumber.test(source) && Number.isFinite(value)) {
          return { kind: "scalar", value, source, quoted, at };
        }
        this.report.error(
          "policy_syntax",
          at,
          `${quote(source)} is a number to some readers of YAML and another number or text to others`,
          Number.isFinite(value)
            ? `Write ${value}, or put it in quotes if it is text`
            : "Write a number as in JSON, or put it in quotes if it is text",
        );
        return undefined;
      case "boolean":
        return { kind: "scalar", value, source, quoted, at };
      default:
        if (value === null) return { kind: "scalar", value, source, quoted: false, at };
        this.report.error(
          "policy_syntax",
          at,
          "a value that is neither text, a number, true, false nor null",
        );
        return undefined;
    }
  }
}

interface Key {
  readonly text: string;
  readonly at: TextPosition;
  readonly textAt: TextPosition | undefined;
}

function textPlace(text: string, at: TextPosition, type: Scalar.Type | undefined): TextPosition | undefined {
  switch (type) {
    case "PLAIN":
      return at;
    case "QUOTE_SINGLE":
      return text.includes("'") ? undefined : { ...at, column: at.column + 1 };
    case "QUOTE_DOUBLE":
      return /["\\\p{Cc}]/u.test(text) ? undefined : { ...at, column: at.column + 1 };
    default:
      return undefined;
  }
}

function nothing(at: TextPosition): YamlScalar {
  return { kind: "scalar", value: null, source: "", quoted: false, at };
}
