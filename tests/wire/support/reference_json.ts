/**
 * A second reader of JSON, written to be obvious: it takes text that JSON.parse accepts, knows nothing of bytes, and
 * says what the scanner should have found. Offsets are in bytes.
 */

export interface ReferenceMember {
  readonly parent: number;
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly kind: string;
}

export interface Finding {
  readonly depth: number;
  readonly offset: number;
}

export interface Reference {
  readonly kind: string;
  readonly depth: number;
  readonly members: readonly ReferenceMember[];
  /** The shallowest of each, the first of several; depth 0 and offset -1 where there is none. */
  readonly duplicate: Finding;
  readonly surrogate: Finding;
}

interface Node {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly members: readonly { keyStart: number; keyEnd: number; key: string; value: Node }[];
  readonly elements: readonly Node[];
}

/** What is to be found in a text that JSON.parse accepts. */
export function readReference(text: string): Reference {
  const root = parse(text);
  const duplicates: Finding[] = [];
  const surrogates: Finding[] = [];
  visit(text, root, 0, duplicates, surrogates);
  return {
    kind: root.kind,
    depth: depthOf(root),
    members: outerMembers(text, root),
    duplicate: shallowest(text, duplicates),
    surrogate: shallowest(text, surrogates),
  };
}

function parse(text: string): Node {
  let at = 0;
  const tokens = /[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^ \t\r\n{}[\],:"]+)/suy;
  const next = (): { token: string; start: number } => {
    tokens.lastIndex = at;
    const token = tokens.exec(text)![1];
    at = tokens.lastIndex;
    return { token, start: at - token.length };
  };
  const peek = (): string => {
    const before = at;
    const { token } = next();
    at = before;
    return token;
  };
  const value = (): Node => {
    const { token, start } = next();
    if (token === "[") return array(start);
    if (token === "{") return object(start);
    return { kind: scalarKind(token), start, end: at, members: [], elements: [] };
  };
  const array = (start: number): Node => {
    const elements: Node[] = [];
    while (peek() !== "]") {
      elements.push(value());
      if (peek() === ",") next();
    }
    next();
    return { kind: "array", start, end: at, members: [], elements };
  };
  const object = (start: number): Node => {
    const members: { keyStart: number; keyEnd: number; key: string; value: Node }[] = [];
    while (peek() !== "}") {
      const key = next();
      next();
      const keyEnd = key.start + key.token.length - 1;
      members.push({ keyStart: key.start + 1, keyEnd, key: JSON.parse(key.token), value: value() });
      if (peek() === ",") next();
    }
    next();
    return { kind: "object", start, end: at, members, elements: [] };
  };
  return value();
}

function scalarKind(token: string): string {
  if (token[0] === '"') return "string";
  if (token === "null") return "null";
  return token === "true" || token === "false" ? "boolean" : "number";
}

function depthOf(node: Node): number {
  const inner = [...node.elements, ...node.members.map(({ value }) => value)].map(depthOf);
  return node.kind === "array" || node.kind === "object" ? 1 + Math.max(0, ...inner) : 0;
}

function visit(text: string, node: Node, around: number, duplicates: Finding[], surrogates: Finding[]): void {
  if (node.kind === "string") noteSurrogate(text, node.start, node.end, around, surrogates);
  const depth = around + 1;
  const seen = new Set<string>();
  for (const { key, keyStart, keyEnd, value } of node.members) {
    if (seen.has(key)) duplicates.push({ depth, offset: keyStart });
    seen.add(key);
    noteSurrogate(text, keyStart, keyEnd, depth, surrogates);
    visit(text, value, depth, duplicates, surrogates);
  }
  for (const element of node.elements) visit(text, element, depth, duplicates, surrogates);
}

function noteSurrogate(text: string, start: number, end: number, depth: number, found: Finding[]): void {
  const escapes = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\./g;
  for (const match of text.slice(start, end).matchAll(escapes)) {
    const unit = Number.parseInt(match[1] ?? "0", 16);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      found.push({ depth: Math.max(depth, 1), offset: start + match.index });
    }
  }
}

function outerMembers(text: string, root: Node): ReferenceMember[] {
  const members: ReferenceMember[] = [];
  const add = (node: Node, parent: number, isOuter: boolean) => {
    for (const { key, keyStart, keyEnd, value } of node.members) {
      const index = members.push({
        parent,
        key,
        keyStart: bytesBefore(text, keyStart),
        keyEnd: bytesBefore(text, keyEnd),
        valueStart: bytesBefore(text, value.start),
        valueEnd: bytesBefore(text, value.end),
        kind: value.kind,
      });
      if (isOuter) add(value, index - 1, false);
    }
  };
  add(root, -1, true);
  return members;
}

function shallowest(text: string, findings: readonly Finding[]): Finding {
  const first = findings.toSorted((a, b) => a.depth - b.depth || a.offset - b.offset)[0];
  return first === undefined
    ? { depth: 0, offset: -1 }
    : { ...first, offset: bytesBefore(text, first.offset) };
}

function bytesBefore(text: string, offset: number): number {
  return encoder.encode(text.slice(0, offset)).length;
}

const encoder = new TextEncoder();
