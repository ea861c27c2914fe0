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
  /**
   * What JSON.parse should give; of two keys alike, the last. JSON.parse itself is asked for scalars only: that of V8
   * 15.0 reads an escaped key as another one that it saw before (see `readJson`, whose tests have the case).
   */
  readonly value: unknown;
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
  /** The text of a scalar. */
  readonly token: string;
}

/** What is to be found in a text that JSON.parse accepts. */
export function readReference(text: string): Reference {
  const root = parse(text);
  const offsets = byteOffsets(text);
  const inBytes = (offset: number) => offsets[offset];
  const duplicates: Finding[] = [];
  const surrogates: Finding[] = [];
  visit(text, root, 0, duplicates, surrogates);
  return {
    kind: root.kind,
    value: valueOf(root),
    depth: depthOf(root),
    members: outerMembers(root, inBytes),
    duplicate: shallowest(duplicates, inBytes),
    surrogate: shallowest(surrogates, inBytes),
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
    return { kind: scalarKind(token), start, end: at, members: [], elements: [], token };
  };
  const array = (start: number): Node => {
    const elements: Node[] = [];
    while (peek() !== "]") {
      elements.push(value());
      if (peek() === ",") next();
    }
    next();
    return { kind: "array", start, end: at, members: [], elements, token: "" };
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
    return { kind: "object", start, end: at, members, elements: [], token: "" };
  };
  return value();
}

function scalarKind(token: string): string {
  if (token[0] === '"') return "string";
  if (token === "null") return "null";
  return token === "true" || token === "false" ? "boolean" : "number";
}

function valueOf(node: Node): unknown {
  if (node.kind === "array") return node.elements.map(valueOf);
  if (node.kind !== "object") return JSON.parse(node.token);
  const value = {};
  // defineProperty: an assignment to `__proto__` would not make a member.
  for (const { key, value: member } of node.members) {
    Object.defineProperty(value, key, {
      value: valueOf(member),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return value;
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

function outerMembers(node: Node, inBytes: (offset: number) => number, parent = -1): ReferenceMember[] {
  const members: ReferenceMember[] = [];
  for (const { key, keyStart, keyEnd, value } of node.members) {
    const index = members.push({
      parent,
      key,
      keyStart: inBytes(keyStart),
      keyEnd: inBytes(keyEnd),
      valueStart: inBytes(value.start),
      valueEnd: inBytes(value.end),
      kind: value.kind,
    }) - 1;
    if (parent === -1) members.push(...outerMembers(value, inBytes, index));
  }
  return members;
}

function shallowest(findings: readonly Finding[], inBytes: (offset: number) => number): Finding {
  const first = findings.toSorted((a, b) => a.depth - b.depth || a.offset - b.offset)[0];
  return first === undefined ? { depth: 0, offset: -1 } : { ...first, offset: inBytes(first.offset) };
}

/** How many bytes of UTF-8 stand before each code unit of the text. */
function byteOffsets(text: string): number[] {
  const offsets = [0];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isSurrogate = unit >= 0xd800 && unit <= 0xdfff; // two of them, and four bytes
    offsets.push(offsets[i] + (unit < 0x80 ? 1 : unit < 0x800 || isSurrogate ? 2 : 3));
  }
  return offsets;
}
